#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# patch_empty.sh BUILD - a flow of which some datagrams cannot be told about: they go natively, but with an empty option area, so that
# a receiver which lets the kernel merge datagrams (UDP_GRO) gets all of them in the order in which they were sent.
# shellcheck disable=SC2034,SC2154,SC2317 # what lib.sh and stage.sh set
# shellcheck source=tests/e2e/patch_lib.sh
. "$(dirname "$(readlink -f -- "$0")")/patch_lib.sh"
cp "$B/tests/tools/streamsend" "$stage_from"
nobody=("${stage_as[@]}")
same_size() { [ "$(stat -c %s "$stage/made.quic")" = "$(stat -c %s "$stage/arrived.quic")" ]; }
areas_of_46() { # as tcpdump counts them: IP payload less UDP Length
	case $stage_family in
	4) echo "udp dst port $STAGE_MEDIA and ip[2:2] - ((ip[0] & 15) << 2) - udp[4:2] = 46" ;;
	6) echo "ip6 proto 17 and ip6[42:2] = $STAGE_MEDIA and ip6[4:2] - ip6[44:2] = 46" ;;
	esac
}
captured() { tcpdump -n -r "$stage/client.pcap" "${1:-udp dst port $STAGE_MEDIA}" 2>/dev/null | wc -l; }

# Headers alone: with little to keep of each, none is missed.
capture() {
	spawn client client tcpdump --immediate-mode -U -n -s 128 -B 32768 -i eth0 -Q in -Z root -w "$stage/client.pcap" udp
	poll 10 grep -qs 'listening on' "$stage/client.err"
}

open_scene() {
	stage_open "$1" inline h264 || return
	sed -i "/^\[auth\]/,/^cover/d; s/^option = med/option = ofc\ndomain = cap1\npayload = quic/; s,^stats_dir.*,&\npublish_dir = $stage/publish," "$stage/shim.conf"
	sed -i "s,^stats_dir.*,&\nengines = $2," "$stage/shim.conf"
	mkdir "$stage/publish" && "$B/tests/tools/lackbook" "$stage/publish/cap1.book" "$stage/key" && let_nobody_in || return
	touch "$stage/made.quic" && chmod 666 "$stage/made.quic"
	stage_control=(--auth-key "1:AES-128-CMAC-96:$stage/key:cover=64")
	stage_router && capture || return
	spawn client dump "$B/tests/tools/udpdump" --gro "$stage_any" $STAGE_MEDIA "$stage/arrived.quic" >"$stage/dump.out" &&
		poll 10 grep -qs ready "$stage/dump.out"
}
# way ENGINE FAMILY
way() {
	local name="engine $1, IPv$2" told told_not
	if ! { open_scene "$2" "$1" && stage_send "$stage_from/streamsend" "$stage_client" "$STAGE_MEDIA" "$stage/made.quic" 60; }; then
		check "$name: it runs" eval "cat '$stage'/*.err; false"
		stage_close
		return
	fi
	read -r told told_not <"$stage/sender.out"
	"$B/mdctl" stats --json --dir "$stage/stats" >"$stage/stats.json"
	poll 20 same_size
	poll 10 stage_lines "$told"
	poll 10 eval '[ "$(captured)" -ge $((told + told_not)) ]'
	stage_close
	check "$name: the receiver gets what was sent, in order" cmp "$stage/made.quic" "$stage/arrived.quic"
	check "$name: the book lacks codes for some, which are sent with an empty area" equal \
		wrapped "$(figure stats.json '[.processes[].wrapped] | add')" "$told" \
		no-code "$(figure stats.json '[.processes[].asides["no-code"]] | add')" "$told_not" \
		empty-areas "$(figure stats.json '[.processes[].counts["empty-areas"]] | add')" "$told_not" \
		"by the engine" "$(figure stats.json "[.processes[].sent.$1] | add")" $((told + told_not))
	check "$name: all of them have an area, of one length" equal \
		all "$(captured)" $((told + told_not)) "with 46 octets" "$(captured "$(areas_of_46)")" $((told + told_not))
	check "$name: the router forwards them, tells them from the others, and misses none" equal \
		"with a code" "$(figure summary.json '.failures["unknown-code"]')" "$told" \
		"with an empty area" "$(figure summary.json '.failures["auth-missing"]')" "$told_not" \
		dropped "$(figure summary.json .drop)" 0 "lost, late, repeated" "$(figure summary.json '.lost + .late + .repeated')" 0
}

# As a receiver does that waits for more to merge: what it has got stays for two milliseconds, or until something of the flow comes
# that it cannot merge.
waits_for_more() {
	inside client ethtool -K eth0 gro on >/dev/null
	inside client unshare -m sh -c 'mount -t sysfs sysfs /sys && echo 1 >/sys/class/net/eth0/napi_defer_hard_irqs &&
		echo 2000000 >/sys/class/net/eth0/gro_flush_timeout'
}
check "the receiver's interface waits for more to merge" waits_for_more
for family in 4 6; do
	stage_as=("${nobody[@]}")
	way patch $family
	stage_as=()
	way raw $family
done
finish
