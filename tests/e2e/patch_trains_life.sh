#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# patch_trains_life.sh BUILD - the daemon is killed again and again while segment trains flow by the detour it made: the programs
# live on, the next daemon takes them over as they are; everything is taken out at the end. The client gets exactly what was sent.
# shellcheck disable=SC2034,SC2154,SC2317 # what lib.sh and stage.sh set
armed_by_hand=no
# shellcheck source=tests/e2e/patch_lib.sh
. "$(dirname "$(readlink -f -- "$0")")/patch_lib.sh"
# shellcheck source=tests/e2e/patch_daemon_lib.sh
. "$here/patch_daemon_lib.sh"
# shellcheck source=tests/e2e/patch_trains_lib.sh
. "$here/patch_trains_lib.sh"

detours() { "${arm[@]}" --status --json | jq -c '[.detours[] | [.in, .out, .open]]'; }
program() { bpftool -j prog show pinned "$bpf/m/$1" | jq .id; }
programs() { echo "$(program patch) $(program segment) $(program home)"; }
now() { "$B/mdctl" stats --json --dir "$stage/stats" | jq "[.processes[]$1] | add // 0"; }
otherwise() { now '.asides | (.["no-engine"] + .["engine-error"])'; }

# Trains go on, and not one datagram goes otherwise.
nothing_but_trains() { trains_go_on && equal "sent natively" "$(otherwise)" "$before" refused "$(count refused-trains)" "$refused"; }
all_is_as_it_was() { equal programs "$(programs)" "$loaded" "the detour, open" "$(detours)" "$pair"; }

story() {
	check "$mode: the daemon comes, trains leave by its detour" eval 'daemon_begins && trains_go_on'
	before=$(otherwise) refused=$(count refused-trains) loaded=$(programs) pair=$(detours)
	for i in 1 2 3; do
		daemon_is_killed
		check "$mode: the daemon is killed ($i): trains go on, and nothing otherwise" nothing_but_trains
		check "$mode: nobody took anything out" all_is_as_it_was
		daemon_begins
		check "$mode: the next daemon ($i): trains go on, and nothing otherwise" nothing_but_trains
		check "$mode: it took over what was there" all_is_as_it_was
	done
	# At once, so that it dies somewhere on its way to being ready.
	for i in 1 2 3 4 5; do
		daemon_is_killed
		"$B/mdprovisiond" --config "$MD_NET_DIR/provisioner.conf" >/dev/null 2>>"$MD_NET_DIR/daemon.log" 8>&- &
		echo $! >"$MD_NET_DIR/daemon"
	done
	daemon_is_killed
	check "$mode: killed as they begin, one after another: trains go on, and nothing otherwise" nothing_but_trains
	daemon_begins
	check "$mode: one that stays takes over what was there" eval 'nothing_but_trains && all_is_as_it_was'
	daemon_is_killed
	check "$mode: everything is taken out, no daemon there: they go natively" eval '"${arm[@]}" --off && others_go_on'
}

for mode in inline tunnel; do
	settings
	if ! open_scene "" 4 $mode; then check "$mode: the stage" false; continue; fi
	sender_begins
	poll 10 more_seen 5
	story
	sender_ends
	check "$mode: the sender met no error" equal status $? 0
	poll 20 same_size
	stage_close
	check "$mode: the client got what was sent, no octet more, none less" it_got_all
done
finish
