#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# patch_numbers.sh BUILD - calls of which some datagrams cannot leave as they were wrapped, among others that wait to be sent together or
# as a segment train: they go as they came, and the numbers of those that are wrapped have no gap.
# shellcheck disable=SC2034,SC2154,SC2317 # what lib.sh and stage.sh set
# shellcheck source=tests/e2e/patch_lib.sh
. "$(dirname "$(readlink -f -- "$0")")/patch_lib.sh"
cp "$B/tests/tools/bursts" "$stage_from"
# As root, so that another engine is there when the patch is refused.
# shellcheck disable=SC2016
stage_as=(bash -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$cgroup" env BURSTS_TO=203.0.113.2)

count() { "${arm[@]}" --status --json | jq ".counts[\"$1\"]"; }

# way NAME COVER REFUSED WRAPPED SIZE... - IP lengths of the datagrams; the firewall refuses what is as long as one of REFUSED with its
# area, and trains. WRAPPED at least: of what was to be a train, those behind the first that is refused go as they came.
way() {
	local name="$1, cover = $2" refused=$3 wrapped=$4 cover=$2
	shift 4
	inside server nft "table ip odd { chain out { type filter hook output priority 0; ip length { $refused, 1501-65535 } drop; }; }"
	stage_open 4 inline h264 "$cover" && stage_router && stage_capture client client eth0 &&
		stage_send "$stage_from/bursts" "$STAGE_MEDIA" later "$@" && stage_settle
	local rc=$?
	inside server nft delete table ip odd
	check "$name: it runs" [ $rc = 0 ]
	stage_close
	check "$name: others are wrapped" [ "$stage_wrapped" -ge "$wrapped" ]
	check "$name: their numbers have no gap" equal verified "$(figure summary.json .metadata)" "$stage_wrapped" "lost, late, repeated" "$(figure summary.json '.lost + .late + .repeated')" 0
	check "$name: the client gets all of them" equal datagrams "$(tcpdump -n -r "$stage/client.pcap" udp 2>/dev/null | wc -l)" $#
}
for cover in 64 datagram; do
	# 33 octets more: the sixth of the call.
	way "the last of a train" $cover 794 8 500 1000 1000 1000 1000 1000 761 900 901
	way "the last of a train, others behind it" $cover 794 16 500 1000 1000 1000 1000 1000 761 900 901 902 903 904 905 906 907 908 909
	way "one of a row" $cover 794 16 500 1000 1001 1002 1003 1004 761 900 901 902 903 904 905 906 907 908 909
	way "trains of several sizes" $cover 794,1233 10 500 1000 1000 1000 1000 761 1200 1200 1200 1200 761 1000 1000 1000 1000 1000 1000 1000 999 998 997 996 995
	way "everything of one length" $cover 1033 4 500 1000 1000 1000 1000 1000 900 901 902 903
done
finish
