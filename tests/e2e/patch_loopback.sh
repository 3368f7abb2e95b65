#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# patch_loopback.sh BUILD - segment trains, and runs of equal messages, over the loopback interface by the egress patch: an
# ordinary socket gets exactly what was sent, in order; every datagram has its area where it reaches UDP; it all goes on when
# somebody takes out the part that gives segments their areas.
# shellcheck disable=SC2034,SC2154,SC2317 # what lib.sh and stage.sh set
# shellcheck source=tests/e2e/patch_lib.sh
. "$(dirname "$(readlink -f -- "$0")")/patch_lib.sh"
# shellcheck source=tests/e2e/patch_trains_lib.sh
. "$here/patch_trains_lib.sh"

# open_at_home FAMILY MODE ADDRESS [--gro] - sender and receiver, and in tunnel mode the router, all at that address.
open_at_home() {
	stage_open "$1" "$2" h264 || return 1
	at=$3
	sed -i "s,^destination = .*,destination = $at,; s,^address = .*,address = $at," "$stage/shim.conf"
	let_nobody_in
	spawn server dump "$B/tests/tools/udpdump" ${4:+"$4"} "$at" $STAGE_MEDIA "$stage/arrived.rtp" >"$stage/dump.out"
	poll 10 grep -qs ready "$stage/dump.out" || return 1
	if [ "$2" = tunnel ]; then
		spawn server router "$B/mdrouter" --listen "$([ "$1" = 4 ] && echo "$at" || echo "[$at]"):$STAGE_PORT" --cap "$at" --client "$at" \
			--auth-key "1:AES-128-CMAC-96:$stage/key:cover=64" --summary "$stage/summary.json" --ready-fd 9 9>"$stage/router.ready"
		ready router "$stage/router.ready" 10
	else
		spawn server areas python3 "$here/loopback_areas.py" "$at" $STAGE_MEDIA "$stage/areas.pcap" >"$stage/areas.out"
		poll 10 grep -qs ready "$stage/areas.out"
	fi
}

the_areas_are_right() {
	if [ "$stage_mode" = tunnel ]; then
		equal verified "$(figure summary.json .metadata)" "$stage_wrapped" \
			"lost, late, repeated" "$(figure summary.json '.lost + .late + .repeated')" 0
		return
	fi
	read_capture areas inline --port $STAGE_MEDIA --key "$stage_key" || return 1
	equal verified "$(figure areas.inline.sum .verified)" "$stage_wrapped" violations "$(figure areas.inline.sum .violations)" 0
}
all_captured() { [ "$stage_mode" = tunnel ] || stage_captured areas "$stage_wrapped"; }

# way NAME FAMILY MODE ADDRESS [--gro] [plain]
way() {
	local name="$1, $3, $4" gro='' arguments=()
	trains=$(count trains)
	[ "${5:-}" != --gro ] || gro=--gro
	[ "${5:-}" != plain ] || arguments=(plain)
	if ! { open_at_home "$2" "$3" "$4" $gro &&
		stage_send "$stage_from/trainsend" "$at" "$STAGE_MEDIA" "$stage/made.rtp" 40 "${arguments[@]}"; }; then
		check "$name: it runs" eval 'cat "$stage"/*.err; false'
		stage_close
		return
	fi
	"$B/mdctl" stats --json --dir "$stage/stats" >"$stage/stats.json"
	stage_wrapped=$(figure stats.json '[.processes[].wrapped] | add // 0')
	poll 20 same_size
	poll 10 all_captured
	stage_close
	trains=$(($(count trains) - trains))
	check "$name: the socket gets what was sent, in order" cmp "$stage/made.rtp" "$stage/arrived.rtp"
	check "$name: all by the patch" all_by_the_patch
	check "$name: every area is right" the_areas_are_right
	check "$name: they left as trains" the_trains_were 150
}

for mode in inline tunnel; do
	way "trains" 4 $mode 127.0.0.1
	way "trains" 6 $mode ::1
	# Addresses of the host's own are on the loopback interface, too.
	way "trains" 4 $mode 192.0.2.2
done
way "with others among them" 4 inline 127.0.0.1 plain
way "UDP_GRO" 4 inline 127.0.0.1 --gro
way "UDP_GRO" 6 inline ::1 --gro
"${arm[@]}" --off >/dev/null
"${arm[@]}" --clsact --cgroup "$cgroup" --netns "/proc/$MD_NET_SERVER/ns/net" >/dev/null
way "clsact" 4 inline 127.0.0.1
way "clsact" 6 tunnel ::1
"${arm[@]}" --off >/dev/null
check "clsact: nothing of ours is left at the interface" eval '[ -z "$(inside server tc filter show dev lo ingress; inside server tc filter show dev lo egress)" ]'
arm_server >/dev/null

# --- While media flow ---------------------------------------------------------------------------------------------------
trains_leave() { [ "$("${arm[@]}" --status --json | jq -r '.interfaces[] | select(.name == "lo") | .trains')" = "$1" ]; }

begin() {
	open_at_home 4 "$1" 127.0.0.1 || return 1
	sender_begins "$at"
	trains_go_on
}

for mode in inline tunnel; do
	if ! begin $mode; then check "$mode: trains leave" false; sender_ends; stage_close; continue; fi
	"${arm[@]}" --off >/dev/null
	check "$mode: everything is taken out under a sender: it goes on natively" others_go_on
	arm_server >/dev/null
	check "$mode: it is back: trains again" trains_go_on
	sender_ends
	check "$mode: the sender met no error" equal status $? 0
	poll 20 same_size
	stage_close
	check "$mode: the receiver got what was sent, no octet more, none less" it_got_all
done

# Somebody takes off what meets the segments: what is sent in a tenth of a second is lost, but nobody gets an area.
begin inline
check "trains leave" equal status $? 0
rm "$bpf"/m/ingress-*
check "what meets the segments is taken off: trains are shut, the sender goes on" eval 'poll 10 trains_leave shut && others_go_on'
arm_server >/dev/null
check "it is put back: trains again" eval 'trains_leave loopback && trains_go_on'
sender_ends
check "the sender met no error" equal status $? 0
stage_close
check "the receiver got nothing that was not sent" it_got_nothing_else

# A queue in front of the interface, in which trains wait whole.
if inside server tc qdisc add dev lo root tbf rate 24mbit burst 70000 limit 4000000 2>"$MD_NET_DIR/why"; then
	begin inline
	check "a slow queue: trains leave" equal status $? 0
	sender_ends
	poll 20 same_size
	stage_close
	check "a slow queue: the receiver got what was sent, in order" cmp "$stage/made.rtp" "$stage/arrived.rtp"
else
	skip_scene "a slow queue" "$(cat "$MD_NET_DIR/why")"
fi
finish
