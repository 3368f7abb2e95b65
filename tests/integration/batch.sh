#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# batch.sh BUILD - datagrams of one call that are signed together: on the wire they are what each would be alone, in order, the
# numbers of a flow without a gap; also where one of them cannot leave as it was wrapped.
# shellcheck disable=SC2046,SC2086,SC2317 # lists of sizes; what check() calls
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$(readlink -f -- "$0")")/lib.sh"
capture_only='udp and dst port 5004' # not what an engine tries itself with

# sizes N [SIZE AT] - of N datagrams, all different; SIZE at place AT
sizes() {
	local i
	for ((i = 0; i < $1; i++)); do
		if [ "$i" = "${3:-}" ]; then echo "$2"; else echo $((700 + i * 37 % 700)); fi
	done
}

# What the second reader found against the rules: MACs, sums, numbers, times. Nothing, that is.
sound() {
	cat "$T/read.err"
	[ "$(tail -1 "$T/all" | jq '.datagrams, .violations' | tr '\n' ' ')" = "$1 0 " ]
}

# Numbers of the application's datagrams in the order of their arrival, those that were marked in brackets.
arrived() {
	{
		jq -c '{ frame, marked: true }' "$T/marks.json"
		"$B/tests/tools/capread" --mode native "$T/lo.pcap" 2>/dev/null | grep -v '^{"summary"'
	} | jq -rs 'group_by(.frame) | map(add) | map(if .marked then "[\(.rtp.seq)]" else "\(.rtp.seq)" end) | join(" ")'
}

expected() { # N [AT]
	local i
	for ((i = 0; i < $1; i++)); do if [ "$i" = "${2:-}" ]; then echo "$i"; else echo "[$i]"; fi; done | tr '\n' ' ' | sed 's/ $//'
}

cases() { # WORDS
	for n in 1 2 7 8 9 16 31; do
		check "$1: one call of $n" run "$B/tests/tools/bursts" 5004 mmsg $(sizes $n)
		check "$1: all of them in order" same "$(arrived)" "$(expected $n)"
		check "$1: each of them right" sound $n
	done
	check "$1: a train of 40" run "$B/tests/tools/bursts" 5004 gso 1000 39500
	check "$1: all segments are right" sound 40
}

# The firewall refuses what is as long as the wrapped one, and the engine with it.
refused() { # WORDS
	if ! nft 'table ip odd { chain out { type filter hook output priority 0; ip length 1533 drop; }; }' 2>"$T/nft.err"; then
		skip "$1: a datagram that does not leave wrapped" "$(head -1 "$T/nft.err")"
		return
	fi
	for at in 0 1 7 8 11; do
		check "$1: datagram $at of 12 does not leave wrapped" run "$B/tests/tools/bursts" 5004 mmsg $(sizes 12 1500 $at)
		check "$1: it leaves as it came, in its place" same "$(arrived)" "$(expected 12 $at)"
		check "$1: and the numbers of those behind it have no gap" sound 11
	done
	check "$1: a train of which no segment leaves wrapped" run "$B/tests/tools/bursts" 5004 gso 1472 14720
	check "$1: leaves as it came" same "$(arrived | wc -w) $(wc -l <"$T/marks.json")" '10 0'
	nft delete table ip odd
}

# What the application does by one call, the kernel is asked for by few: eight datagrams each.
traced() { # OPTION, BURSTS-ARGUMENT...
	local option=$1
	shift
	strace -qq -E "LD_PRELOAD=$B/libmdshim.so" -E "MDSHIM_CONF=$T/shim.conf" -e signal=none -e trace=sendmmsg "$option" -o "$T/calls" \
		"$B/tests/tools/bursts" 5004 "$@"
}
asked_for() { # CALLS, DATAGRAMS that leave by them, BURSTS-ARGUMENT...
	local calls=$1 datagrams=$2
	shift 2
	traced -f "$@" || return 1
	same "$(awk '{ n++; sum += $NF } END { print n + 0, sum + 0 }' "$T/calls")" "$calls $datagrams"
}

# A filter of the process may let it send by sendmsg(2) alone.
refused_call() { # ERRNO
	local rc
	open_capture
	traced "--inject=sendmmsg:error=$1" gso 1000 39500
	rc=$?
	close_capture
	[ $rc = 0 ] && sound 40
}

settings 'mode = inline'
cases 'MAC over 64 octets'
refused 'MAC over 64 octets'
if strace -o "$T/try" true 2>"$T/strace.err"; then
	check 'messages of one call: eight by a system call' asked_for 4 32 mmsg $(sizes 32)
	check 'the segments of a train: the first finds out how, the others eight by a system call' asked_for 5 39 gso 1000 40000
	check 'where that system call is refused, each by itself' refused_call EPERM
	check 'where there is none, too' refused_call ENOSYS
else
	skip 'the system calls of one call' "$(head -1 "$T/strace.err")"
fi
sed -i 's/^cover = .*/cover = datagram/; s/^keyid = .*/keyid = 2/' "$T/shim.conf"
capture_arguments="--key AES-128-CMAC-96:$key:cover=datagram:id=2"
cases 'MAC over the datagram'
refused 'MAC over the datagram'
finish
