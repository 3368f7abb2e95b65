#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# patch_trains.sh BUILD - segment trains, and runs of equal messages, by the segmentation detour: an ordinary UDP socket at the
# end gets exactly what was sent, in order; also where the detour is missing, and when it goes while media flow.
# shellcheck disable=SC2034,SC2154,SC2317 # what lib.sh and stage.sh set
# shellcheck source=tests/e2e/patch_lib.sh
. "$(dirname "$(readlink -f -- "$0")")/patch_lib.sh"
# shellcheck source=tests/e2e/patch_trains_lib.sh
. "$here/patch_trains_lib.sh"

# way NAME FAMILY MODE ROUNDS [--gro] ARGUMENT... - one sender to its end, and what its receiver gets.
way() {
	local name="$1, $3, IPv$2" gro=''
	trains=$(count trains)
	[ "${5:-}" != --gro ] || { gro=--gro; set -- "${@:1:4}" "${@:6}"; }
	if ! { open_scene "$1" "$2" "$3" "$4" "$gro" &&
		stage_send "$stage_from/trainsend" "$stage_client" "$STAGE_MEDIA" "$stage/made.rtp" "$4" "${@:5}"; }; then
		check "$name: it runs" false
		stage_close
		return
	fi
	"$B/mdctl" stats --json --dir "$stage/stats" >"$stage/stats.json"
	stage_wrapped=$(figure stats.json '[.processes[].wrapped] | add // 0')
	poll 20 same_size
	poll 10 stage_lines "$stage_wrapped"
	stage_close
	trains=$(($(count trains) - trains))
	check "$name: the socket gets what was sent, in order" cmp "$stage/made.rtp" "$stage/arrived.rtp"
	check "$name: all by the patch" all_by_the_patch
	check "$name: the router verifies all" equal verified "$(figure summary.json .metadata)" "$stage_wrapped" \
		"lost, late, repeated" "$(figure summary.json '.lost + .late + .repeated')" 0
}
way_in_trains() {
	way "$@"
	check "$1, $3, IPv$2: they left as trains" the_trains_were 150
}

check "the detour is shown" equal open "$("${arm[@]}" --status --json | jq -c '[.detours[].open]')" '[true]'
for family in 4 6; do
	way_in_trains "trains" $family inline 40
	way_in_trains "trains" $family tunnel 40
	way_in_trains "with others among them" $family inline 40 plain
done

for state in on off; do
	offload $state
	for family in 4 6; do
		way_in_trains "transmit checksum offload $state" $family inline 40
		way_in_trains "transmit checksum offload $state" $family tunnel 40
	done
done
offload on

inside client ethtool -K eth0 gro on >/dev/null
for family in 4 6; do
	way_in_trains "UDP_GRO" $family inline 40 --gro
	way_in_trains "UDP_GRO" $family tunnel 40 --gro
done
inside client ethtool -K eth0 gro off >/dev/null

translation_begins
for family in 4 6; do
	way_in_trains "address translation" $family inline 40
done
check "address translation: nothing is invalid" translated
translation_ends

# A bridge of the server's own: what comes back from the detour leaves by the bridge, and its port lets it be.
bridge_begins
for family in 4 6; do
	way_in_trains "a bridge" $family inline 40
	way_in_trains "a bridge" $family tunnel 40
done
bridge_ends

# As on kernels before 6.6.
"${arm[@]}" --off >/dev/null
"${arm[@]}" --clsact --cgroup "$cgroup" --netns "/proc/$MD_NET_SERVER/ns/net" >/dev/null
way_in_trains "clsact" 4 inline 40
way_in_trains "clsact" 6 tunnel 40
"${arm[@]}" --off >/dev/null
arm_server >/dev/null

# One call to two clients of one router: in tunnel mode that is one train all the same.
two_clients() {
	open_scene "" 4 tunnel && receive 2 $((STAGE_MEDIA + 2)) && trains=$(count trains) &&
		stage_send "$stage_from/trainsend" "$stage_client" "$STAGE_MEDIA" "$stage/made.rtp" 40 $((STAGE_MEDIA + 2)) \
			"$stage/made2.rtp" || return 1
	"$B/mdctl" stats --json --dir "$stage/stats" >"$stage/stats.json"
	poll 20 same_size
	poll 10 cmp -s "$stage/made2.rtp" "$stage/arrived2.rtp"
	stage_close
	trains=$(($(count trains) - trains))
	cmp "$stage/made.rtp" "$stage/arrived.rtp" && cmp "$stage/made2.rtp" "$stage/arrived2.rtp" && [ -s "$stage/made2.rtp" ]
}
two_clients >"$MD_NET_DIR/said" 2>&1 # not in a subshell: it sets variables
rc=$?
check "two clients of one router: each gets what was sent to it, in order" eval "cat '$MD_NET_DIR/said'; exit $rc"
check "two clients of one router: in trains" the_trains_were 150

# --- While media flow ---------------------------------------------------------------------------------------------------
detour_is() { [ "$("${arm[@]}" --status --json | jq -c '[.detours[].open]')" = "$1" ]; }
refusals() { "${arm[@]}" --status --json | jq '.counts | ."refused-trains" + ."refused-interface"'; }
refused() { [ "$(refusals)" -gt "$1" ]; }
pair_is_gone() { ! inside server ip link show mdshim-gso0 >/dev/null 2>&1; }

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

story() {
	local before
	check "$mode: trains leave by the detour" trains_go_on
	before=$(refusals)
	check "$mode: an interface without the patch takes over: they go otherwise" eval "another_way && others_go_on && refused $before"
	the_old_way
	check "$mode: trains again" trains_go_on
	inside server "$B/mdctl" arm --dir "$bpf/m2" --cgroup "$cgroup" >/dev/null
	check "$mode: a second one, with a folder of its own, has a pair of its own" inside server ip link show mdshim-gso1
	"$B/mdctl" arm --dir "$bpf/m2" --off >/dev/null
	check "$mode: which goes with it" eval '! inside server ip link show mdshim-gso1 2>/dev/null && trains_go_on'
	"${arm[@]}" --off >/dev/null
	armed=
	check "$mode: everything is taken out, the pair too: they go natively" eval 'pair_is_gone && others_go_on'
	arm_server >/dev/null
	armed=yes
	check "$mode: it is back: trains again" trains_go_on
}

for mode in inline tunnel; do
	if ! open_scene "" 4 $mode; then check "$mode: the stage" false; continue; fi
	sender_begins
	story
	sender_ends
	check "$mode: the sender met no error" equal status $? 0
	poll 20 same_size
	stage_close
	check "$mode: the client got what was sent, no octet more, none less" it_got_all
done

# Somebody takes the pair down: what is in it is lost, but not for long.
taken_down() {
	open_scene "" 4 inline || return 1
	sender_begins
	trains_go_on && inside server ip link set mdshim-seg0 down && poll 10 detour_is '[false]' && others_go_on &&
		arm_server >/dev/null && detour_is '[true]' && trains_go_on
	local rc=$?
	sender_ends
	stage_close
	return "$rc"
}
check "the pair is taken down: it is shut, and opened again when it is back" taken_down
finish
