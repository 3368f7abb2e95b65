#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# rule: 21
# nouring.sh BUILD - mdshim-run --no-io-uring with a program that really sends by io_uring. TAP. On the loopback interface.
# shellcheck disable=SC2016,SC2317 # single quotes are for the shells that are started; checks are called by name
set -u
B=$(readlink -f -- "${1:?build folder}")
T=$(mktemp -d /tmp/mdshim-nouring.XXXXXX)
trap 'rm -rf "$T"' EXIT
chmod 755 "$T"
n=0 failed=0

check() {
	n=$((n + 1)) name=$1
	shift
	if "$@"; then
		echo "ok $n - $name"
	else
		failed=$((failed + 1))
		echo "not ok $n - $name"
		sed 's/^/# /' "$T/out" "$T/err" "$T/counters" 2>/dev/null
	fi
}
skip() { n=$((n + 1)); echo "ok $n - $1 # SKIP $2"; }
finish() { echo "1..$n"; [ "$failed" -eq 0 ]; exit; }

sender=$B/tests/tools/uring_sender
port=$((30000 + $$ % 20000)) count=50
mkdir "$T/stats"
chmod 1777 "$T/stats"
echo 000102030405060708090a0b0c0d0e0f >"$T/key"
cat >"$T/shim.conf" <<END
[shim]
processes = *
stats_dir = $T/stats
[auth]
keyid = 7
key_file = $T/key
[payload]
96 = h264
[route here]
destination = 127.0.0.1
remote_port = $port
mode = inline
END
if [ "${MD_SANITIZER:-}" = tsan ]; then
	skip "io_uring refused" "mdshim-run cannot be run with the runtime of this sanitizer"
	finish
fi
if [ -n "${MD_SANITIZER:-}" ]; then
	LD_PRELOAD=$(readlink -f "$(gcc -print-file-name="lib$MD_SANITIZER.so")")
	export LD_PRELOAD ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0"
fi

# run ARGUMENT... - the sender under the shim; leaves status, $T/out, $T/err and its counters
run() {
	rm -f "$T/stats/"*
	"$B/mdshim-run" -c "$T/shim.conf" "$@" >"$T/out" 2>"$T/err" </dev/null
	status=$?
	"$B/tests/tools/shimstats" "$T/stats" >"$T/counters" 2>&1
}
sent_by() { [ "$status" -eq 0 ] && [ "$(cat "$T/out")" = "$1" ]; }
counts() { [ "$(awk -v name="$1" '$1 == name { print $2 }' "$T/counters")" = "$2" ]; }
says() { grep -q -e "$1" "$T/err"; }
quiet() { [ ! -s "$T/err" ]; }
gives() { [ "$status" -eq "$1" ]; }
# shellcheck disable=SC2317
sees_nothing() { "$B/mdctl" stats --dir "$T/stats" | grep -q '0 datagrams seen: does the program send by io_uring'; }
children_keep_privileges() { grep -q '^NoNewPrivs:.*0$' "$T/out"; }

# --- The filter -----------------------------------------------------------------------------------------------------
raw=no
[ $((0x$(awk '/^CapEff/ { print $2 }' /proc/self/status) >> 13 & 1)) -eq 0 ] || raw=yes
"$B/mdshim-nouring" true 2>"$T/err" || {
	skip "io_uring refused" "no seccomp filters here: $(cat "$T/err")"
	finish
}
run --no-io-uring sh -c 'exit 7'
check "exit status is the command's" gives 7
run --no-io-uring "$T/nothing-here"
check "a command that is not there" gives 127
"$B/mdshim-nouring" "$T/key" >"$T/out" 2>"$T/err"
status=$?
check "a file that cannot be executed" gives 126
"$B/mdshim-nouring" 2>"$T/err"
status=$?
check "without a command: wrong usage" gives 125
run --no-io-uring sh -c 'sh -c "grep Seccomp: /proc/self/status"'
check "grandchildren have the filter too" grep -q '2$' "$T/out"
if [ $((0x$(awk '/^CapEff/ { print $2 }' /proc/self/status) >> 21 & 1)) -eq 1 ]; then
	run --no-io-uring grep NoNewPrivs /proc/self/status
	check "root's set-user-ID children keep their privileges" children_keep_privileges
	check "nothing is said where nothing is lost" quiet
	run setpriv --bounding-set=-sys_admin --inh-caps=-sys_admin -- "$B/mdshim-nouring" grep NoNewPrivs /proc/self/status
	check "without CAP_SYS_ADMIN no_new_privs is taken" grep -q '1$' "$T/out"
	check "no_new_privs is said" says 'set-user-ID programs'
else
	skip "no_new_privs" "needs CAP_SYS_ADMIN to compare"
fi

# --- A program that sends by io_uring -------------------------------------------------------------------------------
"$sender" 127.0.0.1 "$port" 0 >"$T/out" 2>"$T/err"
if [ "$(cat "$T/out")" != io_uring ]; then
	skip "a sender with io_uring" "this kernel refuses io_uring to everybody"
	finish
fi
"$B/mdshim-nouring" "$sender" 127.0.0.1 "$port" 0 >"$T/out" 2>"$T/err"
status=$?
check "refused, it falls back" sent_by sendmsg
# Something has to listen: ECONNREFUSED would end the sender.
mkfifo "$T/tell" "$T/ready"
exec 8<>"$T/tell"
"$B/receive" --address 127.0.0.1 --port "$port" --json "$T/receiver.json" --ready-fd 9 <"$T/tell" 9>"$T/ready" 2>"$T/receiver.err" &
receiver=$!
read -r _ <"$T/ready" || check "the receiver starts" false
run "$sender" 127.0.0.1 "$port" $count
check "without the option it sends by io_uring" sent_by io_uring
check "not one of its datagrams is seen" counts seen 0
check "mdctl stats says so" sees_nothing
run --no-io-uring "$sender" 127.0.0.1 "$port" $count
check "with the option it sends by sendmsg" sent_by sendmsg
check "all of its datagrams are seen" counts seen $count
if [ $raw = yes ]; then
	check "all of them are wrapped" counts wrapped $count
else
	skip "all of them are wrapped" "no CAP_NET_RAW here"
fi
exec 8>&-
kill -TERM $receiver 2>/dev/null
wait $receiver
finish
