#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# auth.sh BUILD - what AUTH costs where eight datagrams are signed side by side: instructions of an area, by callgrind, and
# its time as a share of one that is signed alone, measured in turn. TAP; limits in the file beside.
set -u
B=${1:?usage: auth.sh BUILD}
case $B in /*) ;; *) B=$PWD/$B ;; esac
here=$(cd "$(dirname "$0")" && pwd) || exit 99
if [ "${2:-}" != --inside ]; then
	if unshare -n true 2>/dev/null; then
		exec unshare -n "$here/auth.sh" "$B" --inside
	fi
	exec unshare -Urn "$here/auth.sh" "$B" --inside
fi
# shellcheck source=tests/bench/ns.sh
. "$here/ns.sh"
work=$(mktemp -d) || exit 99
link || { echo "not ok - auth: no link: it takes ip, nft and veth"; echo 1..1; exit 1; }
trap 'rm -rf "$work"' EXIT
trap 'exit 99' INT TERM
N=8000 tests=0 failed=0

# judge NAME VALUE WORDS - whether it is at most the limit
judge() {
	limit=$(awk -v name="$1" '$1 == name { print $2 }' "$here/limits")
	tests=$((tests + 1))
	printf '# %-22s %9s  limit %s  %s\n' "$1" "${2:-?}" "${limit:-missing}" "$3"
	if [ -n "$2" ] && [ -n "$limit" ] && echo "$2 $limit" | awk '{ exit !($1 <= $2) }'; then
		echo "ok - auth: $1"
	else
		echo "not ok - auth: $1: ${2:-the run failed}, the limit is ${limit:-missing}"
		sed 's/^/# /' "$work/err"
		failed=$((failed + 1))
	fi
}

# collected HOW VERSION COVER COUNT - instructions of one run; nothing if it failed
collected() {
	valgrind --tool=callgrind --callgrind-out-file=/dev/null "$B/tests/bench/auth" "$@" 2>"$work/err" &&
		sed -n 's/.*Collected *: *\([0-9]*\).*/\1/p' "$work/err"
}

# each HOW VERSION COVER - instructions of an area
each() {
	short=$(collected "$@" "$N") && long=$(collected "$@" $((2 * N))) && [ -n "$short" ] && [ -n "$long" ] &&
		echo $(((long - short) / N))
}

"$B/tests/bench/auth" one 4 64 8 2>"$work/err"
case $? in
0) command -v valgrind >/dev/null || { echo "ok - auth # SKIP valgrind is not installed"; echo 1..1; exit 0; } ;;
77) echo "ok - auth # SKIP $(cat "$work/err")"; echo 1..1; exit 0 ;;
*) echo "not ok - auth: $(cat "$work/err")"; echo 1..1; exit 1 ;;
esac
for cover in 64 0; do
	words="of user data under the MAC"
	case $cover in 0) name=all; words="all $words" ;; *) name=64; words="64 octets $words" ;; esac
	for version in 4 6; do
		judge "auth-$name-v$version" "$(each batch "$version" "$cover")" "instructions, $words"
		# Whatever else the machine does brings the two closer together, so the best of three counts.
		best=$(for _ in 1 2 3; do "$B/tests/bench/auth" ratio "$version" "$cover" 0; done | sort -n | head -1)
		# shellcheck disable=SC2086
		set -- $best
		judge "auth-time-$name-v$version" "${1:-}" "percent of the time alone: ${2:-?} ns, alone ${3:-?} ns"
	done
done

# Whether the shim does it: a call of 32 datagrams with all of their octets under the MAC is signed by four batches.
signed() {
	export MDSHIM_CONF="$work/inline.conf"
	config "$work" inline && sed -i "s/^cover = .*/cover = $1/" "$MDSHIM_CONF" || return 1
	LD_PRELOAD=$B/libmdshim.so valgrind --tool=callgrind --callgrind-out-file="$work/calls" \
		"$B/tests/bench/sender" sendmmsg 4 0 1 1 3200 2>"$work/err" || return 1
	# The line behind the name of what is called says how often.
	awk '/^c?fn=/ { called = known($0) && /^cfn=/ } /^calls=/ && called { sub(/calls=/, ""); n += $1 } END { print n + 0 }
		function known(line,   number) {
			number = line
			sub(/^c?fn=/, "", number)
			sub(/\).*/, "", number)
			if (line ~ /\) cmac_lanes$/)
				lanes[number] = 1
			return number in lanes
		}' "$work/calls"
}
for case in datagram:400 64:0; do
	tests=$((tests + 1))
	batches=$(signed "${case%:*}")
	if [ "$batches" = "${case#*:}" ]; then
		echo "ok - auth: 3200 datagrams with cover = ${case%:*} are signed by ${case#*:} batches"
	else
		echo "not ok - auth: 3200 datagrams with cover = ${case%:*}: ${batches:-a run failed}, not ${case#*:} batches"
		sed 's/^/# /' "$work/err"
		failed=$((failed + 1))
	fi
done
echo "1..$tests"
[ "$failed" -eq 0 ]
