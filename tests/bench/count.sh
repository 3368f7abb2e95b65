#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# count.sh BUILD [NAME...] - user-space instructions that the shim adds to a datagram, by callgrind, against the limits in
# the file beside. TAP. A count is the difference of two runs, one twice as long, so that starting costs nothing; what the
# same program executes without the shim is taken off. Where the machine has other AES or AVX instructions than valgrind
# knows, the shim takes the way it takes without them.
set -u
B=${1:?usage: count.sh BUILD [NAME...]}; shift
case $B in /*) ;; *) B=$PWD/$B ;; esac
here=$(cd "$(dirname "$0")" && pwd) || exit 99
if [ "${1:-}" != --inside ]; then
	command -v valgrind >/dev/null || { echo "ok - instructions # SKIP valgrind is not installed"; echo 1..1; exit 0; }
	if unshare -mn true 2>/dev/null; then
		exec unshare -mn "$here/count.sh" "$B" --inside "$@"
	fi
	exec unshare -Urn "$here/count.sh" "$B" --inside "$@"
fi
shift
# shellcheck source=tests/bench/ns.sh
. "$here/ns.sh"
N=3200
work=$(mktemp -d) || exit 99
# shellcheck disable=SC2317 # called by the trap
away() {
	disarm
	[ -z "${lender:-}" ] || { kill "$lender" && wait "$lender"; } 2>/dev/null
	rm -rf "$work"
}
trap away EXIT
trap 'exit 99' INT TERM
link || { echo "not ok - instructions: no link: it takes ip, nft and veth"; echo 1..1; exit 1; }
config "$work" inline
config "$work" tunnel
config "$work" unserved nobody-is-called-like-this

# collected MODE COUNT ARGUMENTS... - instructions of one run; nothing if it failed. MODE@slow: with a clock that is as slow as
# valgrind makes everything else.
collected() {
	mode=${1%@slow} count=$2 clock=
	[ "$mode" = "$1" ] || clock=$B/tests/preload/libs/slowclock.so
	shift 2
	set -- valgrind --tool=callgrind --callgrind-out-file=/dev/null "$B/tests/bench/sender" "$@" "$count"
	if [ "$mode" = plain ]; then
		"$@" 2>"$work/err"
	else
		MDSHIM_CONF=$work/$mode.conf LD_PRELOAD="$clock $B/libmdshim.so" "$@" 2>"$work/err"
	fi && sed -n 's/.*Collected *: *\([0-9]*\).*/\1/p' "$work/err"
}

# each MODE ARGUMENTS... - instructions per datagram; remembered, as many names share a plain run. Both runs go at least
# once through all flows, the fourth argument, and the longer one once more: what it costs to make them depends on chance.
each() {
	memo=$work/memo.$(echo "$*" | tr ' /' '__')
	if [ ! -s "$memo" ]; then
		mode=$1 first=$N; shift
		[ "$4" -le $N ] || first=$4
		short=$(collected "$mode" "$first" "$@")
		long=$(collected "$mode" $((2 * first)) "$@")
		[ -n "$short" ] && [ -n "$long" ] || return 1
		echo "$short $long" | awk -v n=$first '{ printf "%.1f", ($2 - $1) / n }' >"$memo"
	fi
	cat "$memo"
}

# wrapped - datagrams that all runs so far have wrapped and sent by the engine of the moment, or one of several, as a number
engine='raw'
wrapped() {
	"$B/tests/tools/shimstats" "$work/stats" | awk -v engine="^engine[.](${1:-$engine})\$" '$1 ~ engine { n += $2 } END { print n + 0 }'
}

# lend - the configuration of a daemon that lends AF_XDP sockets here
lend() {
	cat <<-END
		[provisioner]
		state_dir = $work/state
		publish_dir = $work/books
		group =
		control_socket = $work/control
		broker_socket = $work/broker
		stats_dir = $work/stats
		[afxdp count]
		uid = $(id -u)
		interface = v0
	END
}

tests=0 failed=0
printf '# %-22s %9s %9s %9s %7s %7s\n' name with without shim limit goal

# count NAME MODE WRAPPED ARGUMENTS... - WRAPPED: what the two runs wrap at least
count() {
	name=$1 shim=$2 due=$3; shift 3
	case " $wanted " in '  ' | *" $name "*) ;; *) return ;; esac
	limit=$(awk -v name="$name" '$1 == name { print $2 }' "$here/limits")
	goal=$(awk -v name="$name" '$1 == name { print $3 }' "$here/limits")
	tests=$((tests + 1))
	before=$(wrapped)
	if ! with=$(each "$shim" "$@") || ! without=$(each plain "$@"); then
		echo "not ok - instructions: $name: a run failed"
		sed 's/^/# /' "$work/err"
		failed=$((failed + 1))
		return
	fi
	after=$(wrapped)
	own=$(echo "$with $without" | awk '{ printf "%.1f", $1 - $2 }')
	printf '# %-22s %9s %9s %9s %7s %7s\n' "$name" "$with" "$without" "$own" "${limit:--}" "${goal:--}"
	if [ $((after - before)) -ne "$due" ]; then
		echo "not ok - instructions: $name: $((after - before)) datagrams were wrapped, not $due"
	elif [ -z "$limit" ] || echo "$own $limit" | awk '{ exit !($1 <= $2) }'; then
		echo "ok - instructions: $name"; return
	else
		echo "not ok - instructions: $name: $own, the limit is $limit"
	fi
	failed=$((failed + 1))
}

# flat NAME MODE FLOWS ARGUMENTS... - what a datagram costs with so many flows is at most the limit, in percent of one flow
flat() {
	name=$1 mode=$2 flows=$3; shift 3
	case " $wanted " in '  ' | *" $name "*) ;; *) return ;; esac
	limit=$(awk -v name="$name" '$1 == name { print $2 }' "$here/limits")
	tests=$((tests + 1))
	if ! one=$(each "$mode@slow" "$@" 1 1) || ! many=$(each "$mode@slow" "$@" "$flows" 1); then
		echo "not ok - instructions: $name: a run failed"
		failed=$((failed + 1))
		return
	fi
	share=$(echo "$many $one" | awk '{ printf "%.1f", 100 * $1 / $2 }')
	printf '# %-22s %9s with %s flows, %s with one: %s %%, limit %s\n' "$name" "$many" "$flows" "$one" "$share" "$limit"
	if echo "$share ${limit:-0}" | awk '{ exit !($1 <= $2) }'; then
		echo "ok - instructions: $name"
	else
		echo "not ok - instructions: $name: $share %, the limit is ${limit:-missing}"
		failed=$((failed + 1))
	fi
}

wanted=$*
all=$((3 * N))
count raw-inline-sendto inline $all sendto 4 0 1 1
count raw-inline-sendto6 inline $all sendto 6 0 1 1
count raw-inline-connected inline $all sendto 4 1 1 1
count raw-inline-sendmmsg inline $all sendmmsg 4 0 1 1
count raw-inline-fan inline $all sendmmsg 4 0 1000 1
count raw-inline-train inline $all train 4 0 1 1
count raw-tunnel-sendto tunnel $all sendto 4 0 1 1
count raw-tunnel-sendmmsg tunnel $all sendmmsg 4 0 1 1
flat flat-sendto inline 100000 sendto 4 0
flat flat-sendmmsg inline 100000 sendmmsg 4 0
if arm "$work" >"$work/why"; then
	engine='patch'
	for mode in inline tunnel; do
		cp "$work/$mode.conf" "$work/patch-$mode.conf"
	done
	count patch-inline-sendto patch-inline $all sendto 4 0 1 1
	count patch-inline-sendto6 patch-inline $all sendto 6 0 1 1
	count patch-inline-connected patch-inline $all sendto 4 1 1 1
	count patch-inline-sendmmsg patch-inline $all sendmmsg 4 1 1 1
	count patch-tunnel-sendto patch-tunnel $all sendto 4 0 1 1
	count patch-tunnel-sendmmsg patch-tunnel $all sendmmsg 4 0 1 1
	disarm
	engine='raw'
else
	tests=$((tests + 1))
	echo "ok - instructions: the egress patch # SKIP $(cat "$work/why")"
fi
# Until it is lent the first datagrams of each run go by another engine: who lends is not to wait for a processor.
lend >"$work/afxdp.conf"
mkfifo "$work/lends"
nice -n -10 "$B/mdprovisiond" --config "$work/afxdp.conf" --ready-fd 9 9>"$work/lends" 2>"$work/lender" &
lender=$!
read -r ready <"$work/lends"
sed "s|^stats_dir.*|&\nbroker_socket = $work/broker\nengines = afxdp, raw|" "$work/tunnel.conf" >"$work/afxdp-tunnel.conf"
engine='afxdp|raw' before_afxdp=$(wrapped afxdp) before_raw=$(wrapped raw)
count afxdp-tunnel-sendto afxdp-tunnel $all sendto 4 0 1 1
count afxdp-tunnel-sendmmsg afxdp-tunnel $all sendmmsg 4 0 1 1
case " $wanted " in '  ' | *' afxdp-'*)
	tests=$((tests + 1))
	if [ $((wrapped_afxdp = $(wrapped afxdp) - before_afxdp)) -gt $((9 * ($(wrapped raw) - before_raw))) ]; then
		echo "ok - instructions: nearly all of these by afxdp"
	else
		echo "not ok - instructions: nearly all of these by afxdp: $wrapped_afxdp ($ready)"
		sed 's/^/# /' "$work/lender"
		failed=$((failed + 1))
	fi ;;
esac
engine='raw'
count no-route inline 0 sendto bare 0 1 1
count pass-tcp inline 0 tcp 4 1 1 1
count pass-unix inline 0 unix - 1 1 1
count pass-file inline 0 file - 0 1 1
count unserved unserved 0 sendto 4 0 1 1
echo "1..$tests"
[ "$failed" -eq 0 ]
