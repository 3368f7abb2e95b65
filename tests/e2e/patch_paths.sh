#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# patch_paths.sh BUILD - the ways that patched datagrams go: address translation with connection tracking, a bridge,
# fragments, transmit checksum offload on and off, receivers with UDP_GRO. An ordinary UDP socket at the end gets exactly
# what was made, in order.
# shellcheck disable=SC2034,SC2154,SC2317 # what lib.sh and stage.sh set
# shellcheck source=tests/e2e/patch_lib.sh
. "$(dirname "$(readlink -f -- "$0")")/patch_lib.sh"

# sender MTU - RTP of at most so many octets.
sender() {
	let_nobody_in
	stage_send gst-launch-1.0 -q videotestsrc num-buffers=120 pattern=smpte horizontal-speed=3 \
		! video/x-raw,width=320,height=240,framerate=30/1 \
		! x264enc tune=zerolatency speed-preset=ultrafast bitrate=4000 key-int-max=30 ! rtph264pay pt=96 mtu="$1" config-interval=-1 \
		! tee name=t ! queue ! udpsink host="$stage_client" port="$STAGE_MEDIA" \
		t. ! queue ! rtpstreampay ! filesink location="$stage/made.rtp"
}

same_size() { [ "$(stat -c %s "$stage/made.rtp")" = "$(stat -c %s "$stage/arrived.rtp")" ]; }

# way NAME FAMILY MODE MTU [--gro] - one sender, and what its receiver gets.
way() {
	local name="$1, $3, IPv$2"
	stage_open "$2" "$3" h264
	if ! { stage_router && spawn client dump "$B/tests/tools/udpdump" ${5:+"$5"} "$stage_any" $STAGE_MEDIA "$stage/arrived.rtp" \
		>"$stage/dump.out" && poll 10 grep -qs ready "$stage/dump.out" && sender "$4"; }; then
		check "$name: it runs" false
		stage_close
		return
	fi
	"$B/mdctl" stats --json --dir "$stage/stats" >"$stage/stats.json"
	stage_wrapped=$(figure stats.json '[.processes[].wrapped] | add // 0')
	poll 10 same_size
	stage_close
	check "$name: the socket gets what was made" cmp "$stage/made.rtp" "$stage/arrived.rtp"
	check "$name: all by the patch" all_by_the_patch
	check "$name: something was wrapped" [ "$stage_wrapped" -gt 100 ]
}
asides() { figure stats.json "[.processes[].asides[\"$1\"]] | add // 0"; }

for state in on off; do
	offload $state
	for family in 4 6; do
		way "transmit checksum offload $state" $family inline 1200
		way "transmit checksum offload $state" $family tunnel 1200
	done
done
offload on

# Larger than the link: those are fragmented, and never wrapped.
for family in 4 6; do
	way "fragments" $family inline 3000
	check "fragments, IPv$family: the large ones were not wrapped" [ "$(asides mtu)" -gt 100 ]
done

inside client ethtool -K eth0 gro on >/dev/null
for family in 4 6; do
	way "UDP_GRO" $family inline 1200 --gro
	way "UDP_GRO" $family tunnel 1200 --gro
done
inside client ethtool -K eth0 gro off >/dev/null

translation_begins
for state in on off; do
	offload $state
	way "address translation, offload $state" 4 inline 1200
	way "address translation, offload $state" 6 inline 1200
	check "address translation, offload $state: nothing is invalid" translated
done
translation_ends
offload on

bridge_begins
for family in 4 6; do
	way "a bridge" $family inline 1200
	way "a bridge" $family tunnel 1200
done
finish
