#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# neighbours.sh BUILD - other libraries that people preload, in front of the shim and behind it: an allocator, one that
# turns the clock, one that makes sockets into something else, one that hooks file calls. What the victims say is what they
# say with the neighbour alone, and media is wrapped where there are UDP sockets at all. TAP lines, no plan.
# rule: 4 5 17 25
set -u
B=${1:?usage: neighbours.sh BUILD}
if [ -n "${MD_SANITIZER:-}" ]; then
	echo "ok - neighbours # SKIP allocators and interposers of others cannot be run with the runtime of a sanitizer"
	exit 0
fi
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
trap 'exit 99' INT TERM
printf '000102030405060708090a0b0c0d0e0f\n' >"$tmp/key"
cat >"$tmp/conf" <<END
[shim]
processes = *
stats_dir = $tmp/stats
[auth]
keyid = 7
algorithm = aes-128-cmac-96
key_file = $tmp/key
[payload]
96 = h264
[route all]
destination = 127.0.0.0/8, ::1/128
mode = inline
END

library() { dpkg -L "$1" 2>/dev/null | grep -m 1 "/$2\$"; }

run() { # NAME PRELOAD VICTIM VARIABLE...
	out=$1 preload=$2 victim=$3; shift 3
	rm -rf "$tmp/stats" "$tmp/sockets"; mkdir "$tmp/stats" "$tmp/sockets"
	( cd "$tmp" && timeout -k 5 60 env "$@" LD_PRELOAD="$preload" MDSHIM_CONF="$tmp/conf" "$B/tests/preload/victims/$victim" \
		>"$tmp/$out.out" 2>"$tmp/$out.err" </dev/null; echo $? >"$tmp/$out.rc" ) 2>/dev/null
	"$B/tests/tools/shimstats" "$tmp/stats" >"$tmp/$out.stats" 2>&1
}
counter() { awk -v name="$1" '$1 == name { print $2 }' "$tmp/$2.stats"; }

# neighbour NAME WRAPPED LIBRARY "VICTIM..." VARIABLE...
neighbour() {
	name=$1 wanted=$2 library=$3 victims=$4; shift 4
	if [ -z "$library" ]; then
		echo "ok - neighbour $name # SKIP it is not installed"
		return
	fi
	[ "${VICTIM_RAW:-no}" = yes ] || wanted=no
	for victim in $victims; do
		run alone "$library" "$victim" "$@"
		for order in before behind; do
			case $order in
			before) run with "$library:$B/libmdshim.so" "$victim" "$@" ;;
			behind) run with "$B/libmdshim.so:$library" "$victim" "$@" ;;
			esac
			for part in out err rc; do
				diff -U 1 "$tmp/alone.$part" "$tmp/with.$part"
			done | head -40 >"$tmp/why"
			case $(cat "$tmp/alone.rc") in
			77 | 9[89] | 12[4-7]) echo "without the shim it ends with $(cat "$tmp/alone.rc")" >>"$tmp/why" ;;
			esac
			[ "$(counter processes with)" -gt 0 ] || echo 'the shim was not there' >>"$tmp/why"
			wrapped=$(counter wrapped with)
			case $wanted in
			yes) [ "$wrapped" -gt 0 ] || echo 'nothing was wrapped' >>"$tmp/why" ;;
			*) [ "$wrapped" -eq 0 ] || echo "$wrapped were wrapped" >>"$tmp/why" ;;
			esac
			if [ -s "$tmp/why" ]; then
				echo "not ok - neighbour $name $order the shim: $victim"
				sed 's/^/#   /' "$tmp/why"
			else
				echo "ok - neighbour $name $order the shim: $victim, $wrapped wrapped"
			fi
		done
	done
}

# Queues of UNIX sockets are short; this holds for the namespace we are in.
[ -z "${VICTIM_OWN_NETNS:-}" ] || echo 1000 2>/dev/null >/proc/sys/net/unix/max_dgram_qlen
several="send_loop sendmmsg_mixed doors gso dup_family raw_syscall fork_both_send fork_kinds threads7 fd_reuse_close send_at_exit"
neighbour jemalloc yes "$(library libjemalloc2 libjemalloc.so.2)" "$several"
neighbour libfaketime yes "$(library libfaketime libfaketime.so.1)" "$several" FAKETIME=+1h
neighbour libeatmydata yes "$(library libeatmydata1 'libeatmydata\.so\.[0-9.]*')" "$several write_udp"
if [ -n "${VICTIM_OWN_NETNS:-}" ]; then
	neighbour socket_wrapper no "$(library libsocket-wrapper libsocket_wrapper.so)" "pingpong" \
		SOCKET_WRAPPER_DIR="$tmp/sockets" SOCKET_WRAPPER_DEFAULT_IFACE=1
else
	echo "ok - neighbour socket_wrapper # SKIP needs a network namespace of its own"
fi
