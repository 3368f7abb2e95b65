#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# table.sh BUILD - the README's table of what a send call may ask for, held against what happens: each entry is sent with
# and without the shim, and is wrapped, or native and counted as the table says. TAP. In a network namespace.
# rule: 30 34 35 36 45 48
set -u
B=$(readlink -f -- "${1:?build folder}")
self=$(readlink -f -- "$0")
if [ -z "${VICTIM_OWN_NETNS:-}" ]; then
	for way in "unshare -n" "unshare -Urn"; do
		$way true 2>/dev/null && VICTIM_OWN_NETNS=1 exec $way -- "$self" "$B"
	done
	echo "ok 1 - table # SKIP network namespaces are refused here"
	echo 1..1
	exit 0
fi
export VICTIM_OWN_NETNS ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0"
cd "$(dirname "$self")/../.." || exit 2
ip link set lo up multicast on && ip route add 224.0.0.0/4 dev lo || exit 2
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
n=0 failed=0 runtime=
[ -z "${MD_SANITIZER:-}" ] || runtime=$(readlink -f "$(gcc -print-file-name="lib$MD_SANITIZER.so")"):
victim=$B/tests/preload/victims/carried
echo 000102030405060708090a0b0c0d0e0f >"$work/key"
cat >"$work/conf" <<END
[shim]
processes = *
stats_dir = $work/stats
[auth]
keyid = 7
key_file = $work/key
[payload]
96 = h264
[route all]
destination = 127.0.0.0/8, ::1/128, 224.0.0.0/4, 169.254.0.0/16
mode = inline
END

# entries - "NAME<tab>WHAT": the first column taken apart, and the counter of the second, or "wrapped".
entries() {
	sed -n '/^| call or control message /,/^$/p' README.md | sed -n '3,$s/^| \(.*\) | \(.*\) |$/\1\t\2/p' |
		while IFS=$'\t' read -r names what; do
			case $what in
			*'counted as `'*) what=${what#*counted as \`} what=${what%%\`*} ;;
			*) what=wrapped ;;
			esac
			prefix='' tail=' destinations'
			case $names in
			'socket options: '*) prefix='option ' names=${names#*: } ;;
			'UDP_SEGMENT, '*) prefix='UDP_SEGMENT, ' names=${names#*, } ;;
			esac
			names=${names%"$tail"} names=${names%% (*}
			names=${names// and /, } names=${names// or /, }
			while [ -n "$names" ]; do
				printf '%s%s\t%s\n' "$prefix" "${names%%, *}" "$what"
				case $names in *', '*) names=${names#*, } ;; *) names='' ;; esac
			done
		done
}

result() {
	n=$((n + 1))
	if [ -z "$2" ]; then
		echo "ok $n - $1"
	else
		failed=$((failed + 1))
		printf 'not ok %s - %s\n%s\n' "$n" "$1" "$2"
	fi
}
counter() { awk -v name="$1" '$1 == name { print $2 }' "$work/counters"; }

# send NAME - with and without; says what is wrong.
send() {
	rm -rf "$work/stats"; mkdir "$work/stats"
	"$victim" "$1" >"$work/plain" 2>&1
	LD_PRELOAD=$runtime$B/libmdshim.so MDSHIM_CONF=$work/conf "$victim" "$1" >"$work/shim" 2>&1
	"$B/tests/tools/shimstats" "$work/stats" >"$work/counters" 2>&1
	diff -U 1 "$work/plain" "$work/shim" | sed '1,2d; s/^/# /'
}

entries >"$work/entries"
raw=$((0x$(awk '/^CapEff/ { print $2 }' /proc/self/status) >> 13 & 1))
result 'the table and the program name the same' \
	"$(diff <(cut -f 1 "$work/entries" | sort) <("$victim" --list | sort) | sed 's/^/# /')"
while IFS=$'\t' read -r name what; do
	wrong=$(send "$name")
	seen=$(counter seen) wrapped=$(counter wrapped) aside=$(counter "aside.$what")
	if [ "$raw" -eq 0 ]; then
		what='not wrapped without CAP_NET_RAW'
	elif [ "$what" = wrapped ]; then
		[ "${seen:-0}" -gt 0 ] && [ "$wrapped" = "$seen" ] || wrong+="# seen ${seen:-nothing}, wrapped ${wrapped:-nothing}"
	else
		[ "${seen:-0}" -gt 0 ] && [ "$aside" = "$seen" ] || wrong+="# seen ${seen:-nothing}, ${aside:-nothing} counted as $what"
	fi
	result "$name: $what" "$wrong"
done <"$work/entries"
echo "1..$n"
[ "$failed" -eq 0 ]
