#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# rule: 21 22
# coverage.sh BUILD - what mdctl coverage says of programs whose ways of sending are known. TAP. On the loopback interface.
# shellcheck disable=SC2317 # functions that check calls
set -u
B=$(readlink -f -- "${1:?build folder}")
T=$(mktemp -d /tmp/mdshim-coverage.XXXXXX)
chmod 755 "$T"
n=0 failed=0 started=()
ended() {
	[ ${#started[@]} -eq 0 ] || kill -KILL "${started[@]}" 2>/dev/null
	rm -rf "$T"
}
trap ended EXIT
mkdir "$T/stats"
mkfifo "$T/hold"
exec 7<>"$T/hold"

check() {
	n=$((n + 1)) name=$1
	shift
	if "$@"; then
		echo "ok $n - $name"
	else
		failed=$((failed + 1))
		echo "not ok $n - $name"
		sed 's/^/# /' "$T/text" "$T/err" 2>/dev/null
	fi
}
skip() { n=$((n + 1)); echo "ok $n - $1 # SKIP $2"; }

# about ARGUMENT... - text in $T/text, JSON in $T/json
about() {
	"$B/mdctl" coverage "$@" >"$T/text" 2>"$T/err" && "$B/mdctl" coverage --json "$@" >"$T/json" 2>>"$T/err"
	status=$?
}
# field FILTER VALUE - of the JSON text
field() { [ "$(jq -r "$1" "$T/json")" = "$2" ] || { echo "$1: $(jq -c "$1" "$T/json"), expected $2" >"$T/err"; false; }; }
prints() { grep -q -e "$1" "$T/text"; }
gives() { [ "$status" -eq "$1" ]; }
verdict() { gives 0 && field .verdict "$1"; }

# start PATTERN COMMAND... - in the background, until it has said so; its number is in pid
start() {
	mkfifo "$T/said"
	"${@:2}" <"$T/hold" >"$T/said" 2>"$T/start.err" &
	pid=$!
	started+=("$pid")
	read -r said <"$T/said"
	rm "$T/said"
	[ "$said" = "$1" ] || { echo "# it said $said"; sed 's/^/# /' "$T/start.err"; }
}
stop() {
	kill -KILL "$pid"
	wait "$pid" 2>/dev/null
	started=()
}

port=$((20000 + $$ % 20000))
echo 000102030405060708090a0b0c0d0e0f >"$T/key"
cat >"$T/shim.conf" <<END
[shim]
processes = uring_sender
stats_dir = $T/stats
[auth]
keyid = 7
key_file = $T/key
[payload]
96 = h264
[route here]
destination = 127.0.0.0/8
mode = inline
END
sender=$B/tests/tools/uring_sender
run=("$B/mdshim-run" -c "$T/shim.conf")
runtime=
if [ -n "${MD_SANITIZER:-}" ]; then
	runtime=$(readlink -f "$(gcc -print-file-name="lib$MD_SANITIZER.so")")
	export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0"
	run=(env "LD_PRELOAD=$runtime" "${run[@]}")
	# The runtime of TSan ends programs that are not built for it, the shell that is mdshim-run among them.
	[ "$MD_SANITIZER" != tsan ] || run=(env "LD_PRELOAD=$runtime:$B/libmdshim.so" "MDSHIM_CONF=$T/shim.conf")
fi

# --- Commands, which are not run ------------------------------------------------------------------------------------
about -- gst-launch-1.0 videotestsrc '!' udpsink
check "gst-launch-1.0 can be attached" verdict can-attach
check "its libraries are known" field '.libraries_known and .libraries_missing == 0' true
check "GLib's sendmsg is named" field '.files[] | select(.path | test("libglib-2")) | .seen | contains(["sendmsg"])' true
check "what plugins do is said not to be known" prints 'plugins'
check "libc is no sender" field '[.files[] | select(.path | test("libc.so")) | .seen[]] | length' 0

echo 'int main(void) { return 0; }' >"$T/empty.c"
gcc -static -o "$T/static" "$T/empty.c"
about -- "$T/static"
check "a static program cannot" verdict cannot-attach
check "the evidence is PT_INTERP" prints 'PT_INTERP'
cat >"$T/go.s" <<'END'
	.section .note.go.buildid,"a",@note
	.long 4, 4, 4
	.asciz "Go\0"
	.long 0
	.section .note.GNU-stack,"",@progbits
END
gcc -o "$T/go" "$T/empty.c" "$T/go.s"
about -- "$T/go"
check "a Go program cannot, dynamically linked or not" verdict cannot-attach
check "the sign of it is named" field '.files[0] | [.interpreter, .go != null] | tojson' '[true,true]'
strip -R .note.go.buildid "$T/go" -o "$T/went" 2>"$T/err"
about -- "$T/went"
check "without the sign it is a program like others" verdict can-attach
printf '#!/usr/bin/env -S %s/static -x\n' "$T" >"$T/script"
chmod 755 "$T/script"
printf '#!%s/script\n' "$T" >"$T/outer"
chmod 755 "$T/outer"
about -- "$T/outer"
check "scripts are followed to their interpreter" field '.files[0].path' "$T/static"
about -- "$sender"
check "a program that sends by io_uring shows signs of it" verdict can-attach-partly
check "they are named" prints 'uring_sender: system calls of its own.*of io_uring'
if [ "$(id -u)" -eq 0 ]; then
	cp "$(type -P cat)" "$T/cat"
	chmod 4755 "$T/cat"
	cp "$B/mdctl" "$T/mdctl"
	setpriv --reuid=65534 --regid=65534 --clear-groups env ${runtime:+"LD_PRELOAD="} "$T/mdctl" coverage --json -- "$T/cat" >"$T/json" 2>"$T/err"
	status=$?
	check "a set-user-ID program cannot" verdict cannot-attach
	check "the reason is given" field '.secure | test("set-user-ID")' true
else
	skip "a set-user-ID program" "needs root to make one of another user"
fi
about -- "$T/key"
check "a file that cannot be executed" gives 1
printf '\177ELF\002\001\001garbage' >"$T/garbage"
chmod 755 "$T/garbage"
about -- "$T/garbage"
check "a broken program" gives 1
about
check "without an argument: wrong usage" gives 2
about 1 2
check "with two: wrong usage" gives 2
about 4194303
check "a process that is not there" gives 1

# --- Processes ------------------------------------------------------------------------------------------------------
about $$
check "the shell that runs this is not attached" verdict not-attached
check "because the library is not loaded" field .process.loaded false

cp "$sender" "$T/sender"
start ready "$T/sender" --plain --wait 127.0.0.1 "$port" 0
cp "$(type -P true)" "$T/other"
mv "$T/other" "$T/sender"
about "$pid"
check "a program that was replaced since is looked at itself" prints 'uring_sender\|sender: system calls of its own.*of io_uring'
check "its socket is counted" field '.process.sockets | [.udp, .udp_connected] | tojson' '[1,1]'
stop

# One datagram: nobody listens there, and a second would be refused.
start ready "${run[@]}" "$sender" --plain --wait 127.0.0.1 "$port" 1
about "$pid"
check "counted sends make an attached program" verdict attached
check "with the count" field '.process.counters.seen' 1
check "its settings are shown" field '[.environment[] | select(test("^MDSHIM_CONF="))] | length' 1
check "the file of counters is named" field .process.counters_file "$T/stats/$pid.stats"
rm "$T/stats/$pid.stats"
about "$pid"
check "without the file nothing is claimed" verdict unknown
stop
start ready "${run[@]}" "$sender" --plain --wait 127.0.0.1 "$port" 0
about "$pid"
check "loaded, but nothing sent: not attached" verdict not-attached
check "and said so" prints 'not one datagram was seen'
stop
if [ "${MD_SANITIZER:-}" = tsan ]; then
	skip "loaded, but not served" "programs of the system cannot be run with the runtime of this sanitizer"
else
	start $'\x01' "${run[@]}" "$(command -v bash)" -c "printf '\\1\\n'; read -r _"
	about "$pid"
	check "loaded, but not served: not attached" verdict not-attached
	check "and why" prints 'loaded, but not serving'
	stop
fi

if [ "$("$sender" 127.0.0.1 "$port" 0)" = io_uring ]; then
	start ready "${run[@]}" "$sender" --wait 127.0.0.1 "$port" 1
	about "$pid"
	check "a program with an open ring: not attached" verdict not-attached
	check "the ring is counted" field .process.io_uring_rings 1
	check "and named as the reason" prints 'has an io_uring open'
	stop
	if [ "${MD_SANITIZER:-}" = tsan ]; then
		skip "io_uring refused" "mdshim-run cannot be run with the runtime of this sanitizer"
	else
		start ready "${run[@]}" --no-io-uring "$sender" --wait 127.0.0.1 "$port" 1
		about "$pid"
		check "with io_uring refused it is attached" verdict attached
		check "the filter is seen" field .process.seccomp 2
		stop
	fi
else
	skip "a program with an open ring" "this kernel refuses io_uring"
fi
if [ "$(id -u)" -eq 0 ]; then
	mkfifo "$T/said"
	# The program opens the pipe itself, so that it is known to run.
	setpriv --reuid=65534 --regid=65534 --clear-groups env -u LD_PRELOAD "$T/cat" "$T/said" >/dev/null &
	pid=$!
	started+=("$pid")
	exec 6>"$T/said"
	about "$pid"
	check "a process in secure-execution mode is known" field '.secure | test("AT_SECURE")' true
	exec 6>&-
	wait "$pid"
	started=()
fi
echo "1..$n"
[ "$failed" -eq 0 ]
