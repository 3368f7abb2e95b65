#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# refused.sh BUILD - another host says that nobody listens: the send after that hears it, as it does without the library,
# whichever call and engine it is.
# rule: 43
# shellcheck disable=SC2317 # what is called by name
set -u
B=$(readlink -f -- "${1:?build folder}")
self=$(readlink -f -- "$0") tree=$(dirname "$0")/../..
# shellcheck source=tests/tap.sh
. "$tree/tests/tap.sh"
if [ "${2:-}" != inside ]; then
	if [ -n "${MD_SANITIZER:-}" ]; then
		skip "refused by another host" "Python cannot be run with the runtime of a sanitizer"
		finish
	fi
	if ! unshare -mn true 2>/dev/null; then
		skip "refused by another host" "it takes network namespaces, and with them root"
		finish
	fi
	exec unshare -mn "$self" "$B" inside
fi
# shellcheck source=tests/bench/ns.sh
. "$tree/tests/bench/ns.sh"
T=$(mktemp -d /tmp/mdshim-refused.XXXXXX)
peer=''
ended() {
	[ -z "$peer" ] || { kill -KILL "$peer"; wait "$peer"; } 2>/dev/null
	disarm
	rm -rf "$T"
}
trap ended EXIT
mkfifo "$T/orders" "$T/answers"
echo 000102030405060708090a0b0c0d0e0f >"$T/key"

cat >"$T/listen.py" <<'END'
import socket, sys
for family, host in ((socket.AF_INET, "192.0.2.2"), (socket.AF_INET6, "2001:db8::2")):
    for call in range(3):
        s = socket.socket(family, socket.SOCK_DGRAM)
        s.bind((host, 9000))
        print("listens", flush=True)
        sys.stdin.readline()
        s.close()
        print("closed", flush=True)
        sys.stdin.readline()
END
cat >"$T/send.py" <<'END'
import errno, os, select, socket, struct, sys, time
orders, answers = open(sys.argv[1], "w", buffering=1), open(sys.argv[2])
number = 0
def rtp():
    global number
    number += 1
    return struct.pack(">BBHII", 0x80, 0xE0, number, number * 3000, 7) + b"\x41\x9a" + bytes(600)
calls = ("send", lambda s: s.send(rtp())), ("sendmsg", lambda s: s.sendmsg([rtp()])), ("write", lambda s: os.write(s.fileno(), rtp()))
def outcome(call, s):
    try:
        return call(s)
    except OSError as e:
        return errno.errorcode[e.errno]
for family, host in ((socket.AF_INET, "192.0.2.2"), (socket.AF_INET6, "2001:db8::2")):
    for name, call in calls:
        answers.readline()
        s = socket.socket(family, socket.SOCK_DGRAM)
        s.connect((host, 9000))
        print(host, name, *{outcome(call, s) for _ in range(200)})
        orders.write("close\n")
        answers.readline()
        waiting = select.poll()
        waiting.register(s, select.POLLERR)
        print("nobody listens:", outcome(call, s), "announced:", bool(waiting.poll(10000)))
        since = time.monotonic()
        while time.monotonic() < since + 0.001: # longer than errors of other hosts may go unheard
            pass
        print("then:", outcome(call, s))
        s.close()
        orders.write("next\n")
END

peer_in() { nsenter --net="/proc/$peer/ns/net" -- "$@"; }
ip link set lo up
unshare -n sleep infinity &
peer=$!
until [ -e "/proc/$peer/ns/net" ] && [ "$(readlink "/proc/$peer/ns/net")" != "$(readlink /proc/self/ns/net)" ]; do kill -0 "$peer" || exit 1; done
scene() {
	ip link add v0 type veth peer name v1 netns "$peer" && ip link set v0 up && peer_in ip link set v1 up &&
		ip addr add 192.0.2.1/24 dev v0 && ip -6 addr add 2001:db8::1/64 dev v0 nodad &&
		peer_in ip addr add 192.0.2.2/24 dev v1 && peer_in ip -6 addr add 2001:db8::2/64 dev v1 nodad &&
		peer_in sysctl -qw net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0
}
check "two hosts" scene

# run NAME [ENGINES] - the transcript in $T/NAME, the counters in $T/NAME.stats
run() {
	local listens preload=''
	mkdir -p "$T/$1.d"
	[ -z "${2:-}" ] || preload=$B/libmdshim.so
	cat >"$T/$1.conf" <<-END
		[shim]
		processes = *
		stats_dir = $T/$1.d
		engines = ${2:-raw}
		[auth]
		keyid = 7
		key_file = $T/key
		[payload]
		96 = h264
		[route all]
		destination = 192.0.2.0/24, 2001:db8::/32
		mode = inline
	END
	peer_in /usr/bin/python3 "$T/listen.py" <"$T/orders" >"$T/answers" &
	listens=$!
	MDSHIM_CONF=$T/$1.conf LD_PRELOAD=$preload timeout 60 /usr/bin/python3 "$T/send.py" "$T/orders" "$T/answers" >"$T/$1" 2>&1
	kill "$listens" 2>/dev/null
	wait "$listens" 2>/dev/null
	"$B/tests/tools/shimstats" "$T/$1.d" >"$T/$1.stats"
}

heard() { grep -c '^then: ECONNREFUSED$' "$T/plain" | grep -qx 6 || { cat "$T/plain"; return 1; }; }
same() { diff "$T/plain" "$T/$1"; }
wrapped() { [ "$(awk '$1 == "wrapped" { print $2 }' "$T/$1.stats")" -ge 1200 ] || { cat "$T/$1.stats"; return 1; }; }

run plain
check "without the library: the send after the answer fails" heard
run raw raw
check "raw: the same" same raw
check "raw: all before were wrapped" wrapped raw
if arm "$T" >"$T/why"; then
	run patch patch
	check "patch: the same" same patch
	check "patch: all before were wrapped" wrapped patch
else
	skip "patch" "$(cat "$T/why")"
fi
finish
