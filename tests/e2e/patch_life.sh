#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# patch_life.sh BUILD - what happens to the patch while media flow: the daemon comes, is killed, comes again; an interface
# without the patch takes over; it gets the patch; everything is taken out. The client gets exactly what was made.
# shellcheck disable=SC2034,SC2154,SC2317 # what lib.sh and stage.sh set
armed_by_hand=no
# shellcheck source=tests/e2e/patch_lib.sh
. "$(dirname "$(readlink -f -- "$0")")/patch_lib.sh"

settings() {
	cat >"$MD_NET_DIR/provisioner.conf" <<-END
		[provisioner]
		state_dir = $MD_NET_DIR/state
		publish_dir = $MD_NET_DIR/books
		group =
		control_socket = $MD_NET_DIR/control
		stats_dir = $MD_NET_DIR
		verbose = yes
		arm = yes
		arm_namespaces = all
		arm_dir = $bpf/m
		arm_cgroup = $cgroup
	END
}

daemon_begins() {
	rm -f "$MD_NET_DIR/ready"
	"$B/mdprovisiond" --config "$MD_NET_DIR/provisioner.conf" --ready-fd 9 9>"$MD_NET_DIR/ready" >/dev/null \
		2>>"$MD_NET_DIR/daemon.log" 8>&- &
	echo $! >"$MD_NET_DIR/daemon"
	poll 10 grep -qs ready "$MD_NET_DIR/ready" || { cat "$MD_NET_DIR/daemon.log"; return 1; }
}
# It may be the child of a subshell, which cannot be waited for.
daemon_ends() { kill "-${1:-TERM}" "$(cat "$MD_NET_DIR/daemon")" && poll 10 daemon_is_gone; }
daemon_is_gone() { ! kill -0 "$(cat "$MD_NET_DIR/daemon")" 2>/dev/null; }
daemon_is_killed() { daemon_ends KILL; }

# Figures of the sender that runs.
now() { "$B/mdctl" stats --json --dir "$stage/stats" | jq "[.processes[]$1] | add // 0"; }
patched() { now '.sent.patch'; }
aside() { now '.aside'; }
seen() { now '.counts.seen'; }
above() { [ "$($1)" -gt "$2" ]; }

# Another 20 datagrams by the patch, and none otherwise meanwhile.
only_the_patch() {
	local from before
	from=$(patched) before=$(now '.asides | (.["no-engine"] + .["engine-error"])')
	poll 15 above patched $((from + 20)) || { echo "no more datagrams by the patch"; return 1; }
	equal "sent otherwise" "$(now '.asides | (.["no-engine"] + .["engine-error"])')" "$before"
}

natively() {
	local from
	from=$(seen)
	poll 15 above seen $((from + 20)) || { echo "no more datagrams"; return 1; }
}

the_patch_goes_on() { poll 15 above patched "$(patched)" && only_the_patch; }

# A second way to the client, by an interface that the patch does not know.
another_way() {
	inside server ip link add eth1 type veth peer name north2 netns "$MD_NET_ROUTER" &&
		inside server ip addr add 198.18.0.2/24 dev eth1 && inside router ip addr add 198.18.0.1/24 dev north2 &&
		inside server ip link set eth1 up && inside router ip link set north2 up &&
		inside server ip route replace 203.0.113.0/24 via 198.18.0.1 dev eth1 src 192.0.2.2 &&
		inside server ip route replace 192.0.2.1/32 via 198.18.0.1 dev eth1 src 192.0.2.2
}
the_old_way() {
	inside server ip route del 192.0.2.1/32
	inside server ip link del eth1
	inside server ip route replace 203.0.113.0/24 via 192.0.2.1
}

count() { "${arm[@]}" --status --json | jq ".counts[\"$1\"]"; }
refusals() { [ "$(count refused-interface)" -gt 0 ]; }

interfaces() { "${arm[@]}" --status --json | jq -r '.interfaces[].name' | sort | uniq | tr '\n' ' '; }

has() { [[ $(interfaces) == *$1* ]]; }
has_not() { [[ $(interfaces) != *$1* ]]; }

story() {
	check "an unserved namespace: they go natively" natively
	check "the daemon comes, the sender asks, the patch takes over" eval 'daemon_begins && the_patch_goes_on'
	daemon_is_killed
	check "the daemon is killed: the patch goes on" only_the_patch
	daemon_begins
	check "the daemon comes again: the patch goes on" only_the_patch
	daemon_ends
	check "an interface without the patch takes over: they go natively" eval 'another_way && poll 10 refusals && natively'
	daemon_begins
	check "the interface gets the patch" eval 'poll 10 has eth1 && the_patch_goes_on'
	program=$(bpftool -j prog show pinned "$bpf/m/patch" | jq .id)
	inside server ip link add late type veth peer name late2
	check "an interface that comes later is armed" poll 10 has late2
	inside server ip link del late
	check "one that goes is forgotten" poll 10 has_not late
	check "everything is taken out" eval '"${arm[@]}" --off && [ "$("${arm[@]}" --status)" = "nothing is armed" ]'
	check "they go natively again" natively
	daemon_ends
	check "nothing is left in the kernel" poll 10 eval '! bpftool prog show id "$program" >/dev/null 2>&1'
}

the_sender() {
	printf '\200\310\000\006abcdTIME\000\000\000\000\000\000\000\000\000\000\000\001\000\000\000\001' >"$stage/reports"
	stage_send gst-launch-1.0 -q -e videotestsrc is-live=true num-buffers=3600 pattern=smpte horizontal-speed=3 \
		! video/x-raw,width=320,height=240,framerate=60/1 \
		! x264enc tune=zerolatency speed-preset=ultrafast bitrate=1000 key-int-max=30 ! rtph264pay pt=96 mtu=1200 config-interval=-1 \
		! tee name=t ! queue ! udpsink host="$stage_client" port="$STAGE_MEDIA" \
		t. ! queue ! rtpstreampay ! filesink buffer-mode=2 location="$stage/made.rtp"
}

for mode in inline tunnel; do
	settings
	stage_open 4 $mode h264 && stage_router && stage_capture client client eth0 || { check "$mode: the stage" false; continue; }
	let_nobody_in
	the_sender &
	sender=$!
	poll 10 above seen 5
	story
	gst=$("$B/mdctl" stats --json --dir "$stage/stats" | jq '.processes[] | select(.program == "gst-launch-1.0" and .alive) | .pid')
	kill -INT "$gst" 2>/dev/null
	wait "$sender"
	the_old_way
	stage_settle
	stage_close
	check "$mode: the client got what was made, no octet more, none less" the_client_gets_what_was_made
done

# Segment trains, by the detour that the daemon has made.
cp "$B/tests/tools/trainsend" "$stage_from"
trains() { count trains; }
trains_go_on() {
	local from
	from=$(trains)
	poll 15 above trains $((from + 20)) || { echo "no more trains"; return 1; }
}
same_size() { [ "$(stat -c %s "$stage/made.rtp")" = "$(stat -c %s "$stage/arrived.rtp")" ]; }
trains_begin() {
	settings
	daemon_begins && stage_open 4 inline h264 && stage_router && let_nobody_in &&
		spawn client dump "$B/tests/tools/udpdump" "$stage_any" $STAGE_MEDIA "$stage/arrived.rtp" >"$stage/dump.out" &&
		poll 10 grep -qs ready "$stage/dump.out"
}
if trains_begin; then
	stage_send "$stage_from/trainsend" "$stage_client" "$STAGE_MEDIA" "$stage/made.rtp" 0 &
	sender=$!
	check "trains leave by the detour" trains_go_on
	daemon_is_killed
	check "the daemon is killed: trains go on" trains_go_on
	daemon_begins
	check "the daemon comes again: trains go on" trains_go_on
	kill "$("$B/mdctl" stats --json --dir "$stage/stats" | jq '.processes[] | select(.program == "trainsend" and .alive) | .pid')"
	wait "$sender"
	check "the sender met no error" equal status $? 0
	poll 20 same_size
	check "the client got what was sent, in order" cmp "$stage/made.rtp" "$stage/arrived.rtp"
	stage_close
	"${arm[@]}" --off >/dev/null
	daemon_ends
else
	check "trains: the stage" false
fi
finish
