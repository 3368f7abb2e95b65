# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# patch_trains_lib.sh - a sender of segment trains and of runs of equal messages, an ordinary socket that gets them, and what
# has to hold for both. To be sourced behind patch_lib.sh.
# shellcheck disable=SC2034,SC2154,SC2317 # what patch_lib.sh and stage.sh set; for those who source this
chmod 755 "$MD_NET_DIR"
cp "$B/tests/tools/trainsend" "$stage_from"

count() { "${arm[@]}" --status --json | jq ".counts[\"$1\"]"; }
own() { figure stats.json "[.processes[].counts[\"$1\"]] | add // 0"; }
same_size() { [ "$(stat -c %s "$stage/made.rtp")" = "$(stat -c %s "$stage/arrived.rtp")" ]; }
let_it_write() { let_nobody_in; touch "$stage/made2.rtp"; chmod 666 "$stage/made2.rtp"; }
receive() {
	spawn client "dump$1" "$B/tests/tools/udpdump" ${3:+"$3"} "$stage_any" "$2" "$stage/arrived$1.rtp" >"$stage/dump$1.out" &&
		poll 10 grep -qs ready "$stage/dump$1.out"
}
# open_scene NAME FAMILY MODE ROUNDS [--gro]
open_scene() {
	stage_open "$2" "$3" h264 && stage_router && let_it_write && receive '' $STAGE_MEDIA "${5:-}" && return
	stage_close
	return 1
}

# the_trains_were N - more than N, as many in the kernel as in the sender; $trains: in the kernel.
the_trains_were() {
	equal "trains in the kernel" "$trains" "$(own trains)" || return 1
	[ "$trains" -gt "$1" ] || { echo "$trains trains"; return 1; }
}

# A sender without end, and what it does meanwhile.
sender_begins() {
	stage_send "$stage_from/trainsend" "${1:-$stage_client}" "$STAGE_MEDIA" "$stage/made.rtp" 0 &
	sender=$!
}
sender_ends() {
	kill "$("$B/mdctl" stats --json --dir "$stage/stats" | jq '.processes[] | select(.program == "trainsend" and .alive) | .pid')"
	wait "$sender"
}
more_trains() { [ "$(count trains)" -gt "$1" ]; }
trains_go_on() { poll 20 more_trains $(($(count trains) + 20)) || { echo "no more trains"; return 1; }; }
seen_now() { "$B/mdctl" stats --json --dir "$stage/stats" | jq '[.processes[].counts.seen] | add // 0'; }
more_seen() { [ "$(seen_now)" -gt "$1" ]; }
others_go_on() { poll 20 more_seen $(($(seen_now) + 2000)) || { echo "no more datagrams"; return 1; }; }

records() {
	python3 -c 'import sys
octets = open(sys.argv[1], "rb").read()
at = 0
while at + 2 <= len(octets):
    end = at + 2 + int.from_bytes(octets[at:at + 2], "big")
    print(octets[at:end].hex())
    at = end' "$1" | sort
}
sorted_records() {
	records "$stage/made.rtp" >"$stage/made.sorted"
	records "$stage/arrived.rtp" >"$stage/arrived.sorted"
	[ -s "$stage/arrived.sorted" ]
}
# In order, too; but natively the client is nearer than by the tunnel, and something may overtake where the way changes.
it_got_all() {
	[ "$stage_mode" = tunnel ] || { cmp "$stage/made.rtp" "$stage/arrived.rtp"; return; }
	sorted_records && cmp "$stage/made.sorted" "$stage/arrived.sorted"
}
it_got_nothing_else() { sorted_records && [ -z "$(comm -13 "$stage/made.sorted" "$stage/arrived.sorted" | head -c 200)" ]; }
