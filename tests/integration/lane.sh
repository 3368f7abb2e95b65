#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# lane.sh BUILD - the short ways of the usual datagram (shim/lane.c) and of those like the one before (shim/follow.c) do what the long way does: the same random calls once
# with the library and once with one that has no short way, and what they returned, what left and what was counted has to
# be the same. SEED, ROUNDS and COUNT choose others and more.
set -u
B=$(readlink -f -- "${1:?build folder}")
if [ -n "${MD_SANITIZER:-}" ]; then
	echo "ok 1 - lane # SKIP the library without a short way is not built for sanitizers"
	echo 1..1
	exit 0
fi
if [ "${MD_LANE:-}" != own ]; then
	export MD_LANE=own
	unshare -mn true 2>/dev/null && exec unshare -mn "$0" "$B"
	unshare -Urmn true 2>/dev/null && exec unshare -Urmn "$0" "$B"
	echo "ok 1 - lane # SKIP no network namespace to be had"
	echo 1..1
	exit 0
fi
# shellcheck source=tests/bench/ns.sh
. "$(dirname "$0")/../bench/ns.sh"
T=$(mktemp -d) || exit 2
# shellcheck disable=SC2317
ended() {
	disarm
	rm -rf "$T"
}
trap ended EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
ip link set lo mtu 1500 up
ethtool -K lo tx-udp-segmentation off >/dev/null 2>&1
echo 000102030405060708090a0b0c0d0e0f >"$T/key"
seed=${SEED:-1} rounds=${ROUNDS:-4} count=${COUNT:-1500}
tests=0 failures=0
link || { echo "not ok 1 - no link: it takes ip, nft and veth"; echo 1..1; exit 1; }

# settings FILE STATS - one configuration for the short way and one for the long way, which differ in their counters' place
settings() {
	cat >"$1" <<-END
		[shim]
		processes = sendmix
		stats_dir = $2
		[auth]
		keyid = 7
		algorithm = aes-128-cmac-96
		key_file = $T/key
		cover = $([ "$cover" -gt 0 ] && echo "$cover" || echo datagram)
		[payload]
		96 = h264
		97 = vp8
		111 = audio
		[router here]
		address = $router
		port = 49777
		mtu = 1500
		[route all]
		destination = $there
		$1route
	END
	case $mode in
	tunnel) sed -i 's/^.*route$/mode = tunnel\nrouter = here/' "$1" ;;
	*) sed -i 's/^.*route$/mode = inline/' "$1" ;;
	esac
}

# one WAY LIBRARY - what sendmix says to $T/WAY, counters to $T/WAY.stats
one() {
	rm -rf "$T/stats"
	mkdir "$T/stats"
	settings "$T/conf" "$T/stats"
	# The router's port is the tool's own.
	# shellcheck disable=SC2086
	MDSHIM_CONF=$T/conf LD_PRELOAD=$2 "$B/tests/tools/sendmix" "$seed" "$count" "$cover" $where >"$T/$1" 2>"$T/$1.err" || return 1
	# How much left in trains depends on when the agreement with the kernel was renewed.
	"$B/tests/tools/shimstats" "$T/stats" | grep -v '^processes\|^trains\|^segmented' >"$T/$1.stats"
	[ ! -s "$T/$1.err" ]
}

same() {
	tests=$((tests + 1))
	if one short "$B/libmdshim.so" && one long "$B/tests/longway/libmdshim.so" && cmp -s "$T/short" "$T/long" &&
		cmp -s "$T/short.stats" "$T/long.stats" && grep -q 'mac right' "$T/short" && ! grep -q "$never" "$T/short"; then
		echo "ok $tests - the same by the short way: $1, $mode, cover $cover, seed $seed ($(grep -c 'mac right' "$T/short") wrapped)"
	else
		failures=$((failures + 1))
		echo "not ok $tests - the same by the short way: $1, $mode, cover $cover, seed $seed"
		{
			cat "$T"/*.err
			diff -U 2 "$T/long" "$T/short" | head -30
			diff "$T/long.stats" "$T/short.stats"
			grep -m 3 "$never" "$T/short"
		} 2>&1 | sed 's/^/# /'
	fi
}

all() {
	for ((i = 0; i < rounds; i++, seed++)); do
		for mode in inline tunnel; do
			cover=$((i % 2 ? 0 : 64))
			same "$1"
		done
	done
}

where='' router=127.0.0.1 there='127.0.0.0/8, ::1/128'
never='mac wrong\|went back\|is wrong'
all raw
where=single
if arm "$T" >"$T/why"; then
	all patch
	# Trains too, which are datagrams again at the other end of a link.
	where=far router=198.18.0.9 there='198.18.0.0/15, 2001:db8::/32' count=$((count / 4))
	all 'patch, far'
else
	tests=$((tests + 1))
	echo "ok $tests - the egress patch # SKIP $(cat "$T/why")"
fi
echo "1..$tests"
[ "$failures" -eq 0 ]
