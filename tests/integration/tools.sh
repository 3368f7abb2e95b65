#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# rule: 11 12 22 82
# tools.sh BUILD - mdshim-run, mdshim-check and mdctl as their users meet them. TAP.
# shellcheck disable=SC2016 # single quotes are for the shells that are started
set -u
B=${1:?build folder}
T=$(mktemp -d /tmp/mdshim-tools.XXXXXX)
trap 'rm -rf "$T"' EXIT
chmod 755 "$T"
n=0

# check SENTENCE COMMAND... - one test; what the last program said is shown if it fails.
check() {
	n=$((n + 1)) name=$1
	shift
	if "$@"; then
		echo "ok $n - $name"
	else
		echo "not ok $n - $name"
		printf '# exit status %s\n' "${status-}"
		sed 's/^/# /' "$T/out" "$T/err"
	fi
}

skip() { n=$((n + 1)); echo "ok $n - $1 # SKIP $2"; }

# run COMMAND... - leaves status, $T/out and $T/err; gives(STATUS) and says(PATTERN, of standard error) look at them.
run() {
	"$@" >"$T/out" 2>"$T/err" </dev/null
	status=$?
}
gives() { [ "$status" -eq "$1" ]; }
says() { grep -q -e "$1" "$T/err"; }
prints() { grep -q -e "$1" "$T/out"; }
refuses() { gives "$1" && says "$2" && [ ! -s "$T/out" ]; }
launch() { run "$T/bin/mdshim-run" -c "$T/good.conf" "$@"; }

# A place that every user can enter, with a library that does nothing: the launcher is what is tested.
mkdir "$T/bin" "$T/stats" "$T/a:b" "$T/a b"
cp "$B/mdshim-run" "$B/mdshim-check" "$B/mdctl" "$T/bin/"
chmod 755 "$T/bin/"*
echo 'int nothing;' >"$T/nothing.c"
gcc -shared -fPIC -o "$T/bin/libmdshim.so" "$T/nothing.c"
echo 000102030405060708090a0b0c0d0e0f >"$T/key"
chmod 600 "$T/key"
cat >"$T/good.conf" <<END
[shim]
stats_dir = $T/made/here
[auth]
key_file = $T/key
[router edge1]
address = 192.0.2.254
port = 49777
[route video]
destination = 203.0.113.0/24
router = edge1
payload = rtp, quic
END
sed 's/^key_file.*/auth = off/' "$T/good.conf" >"$T/open.conf"
sed 's/^port.*/port = 70000/; s/^payload/paylod/' "$T/good.conf" >"$T/bad.conf"

# --- mdshim-run starts what can be started --------------------------------------------------------------------------
launch sh -c 'printf "%s|%s" "$LD_PRELOAD" "$MDSHIM_CONF"'
check "command gets the library and the configuration" [ "$(cat "$T/out")" = "$T/bin/libmdshim.so|$T/good.conf" ]
check "nothing is said where nothing is wrong" [ ! -s "$T/err" ]
check "folder of the counters is made for everybody" [ "$(stat -c %a "$T/made/here")" = 1777 ]
launch sh -c 'exit 7'
check "exit status is the command's" gives 7
launch sh -c 'kill -TERM $$'
check "signal is the command's" gives 143
"$T/bin/mdshim-run" -c "$T/good.conf" sh -c 'echo $$' >"$T/out" 2>"$T/err" &
pid=$!
wait $pid
check "process is the command's" [ "$(cat "$T/out")" = "$pid" ]
launch -- printf '%s,' a 'b  c' '' '*'
check "arguments stay as they are" [ "$(cat "$T/out")" = 'a,b  c,,*,' ]
run env -C "$T" bin/mdshim-run -c good.conf sh -c 'printf "%s" "$MDSHIM_CONF"'
check "path of the configuration is made absolute" [ "$(cat "$T/out")" = "$T/good.conf" ]
run env MDSHIM_CONF="$T/good.conf" "$T/bin/mdshim-run" sh -c 'echo "$MDSHIM_CONF"'
check "configuration of the environment is taken" prints "^$T/good.conf\$"
ln -s bin/mdshim-run "$T/link"
run "$T/link" -c "$T/good.conf" true
check "library is found beside the file behind a symbolic link" gives 0
run env PATH="$T/bin:$PATH" mdshim-run -c "$T/good.conf" true
check "library is found when the launcher is found by PATH" gives 0
mkdir "$T/installed"
sed "s,@LIBDIR@,$T/bin," "$T/bin/mdshim-run" >"$T/installed/mdshim-run"
chmod 755 "$T/installed/mdshim-run"
run env PATH="$T/bin:$PATH" "$T/installed/mdshim-run" -c "$T/good.conf" sh -c 'echo "$LD_PRELOAD"'
check "library is found where it was installed" prints "^$T/bin/libmdshim.so\$"
if [ -n "${MD_SANITIZER:-}" ]; then
	skip "what was preloaded stays, sanitizers first, the library once" "this library does not go into env without its runtime"
else
	env LD_PRELOAD="/x/libother.so /y/libasan.so.8:$T/bin/libmdshim.so" "$T/bin/mdshim-run" -c "$T/good.conf" \
		env >"$T/out" 2>/dev/null
	check "what was preloaded stays, sanitizers first, the library once" \
		prints "^LD_PRELOAD=/y/libasan.so.8:$T/bin/libmdshim.so:/x/libother.so\$"
fi
printf '#!/bin/sh\necho script "$1"\n' >"$T/script"
chmod 755 "$T/script"
launch "$T/script" works
check "script is started" prints "^script works\$"

# --- and refuses what cannot work -----------------------------------------------------------------------------------
echo 'int main(void) { return 3; }' >"$T/three.c"
gcc -static -o "$T/static" "$T/three.c"
gcc -static-pie -o "$T/static-pie" "$T/three.c"
launch "$T/static"
check "static program is refused with the reason" refuses 126 "$T/static is statically linked"
launch "$T/static-pie"
check "static position independent program is refused" refuses 126 'statically linked'
launch --force "$T/static"
check "static program is started by --force, and that is said" eval 'gives 3 && says "without mdshim"'
printf '#!%s -x\n' "$T/static" >"$T/script2"
printf '#!/usr/bin/env -S A=1 %s\n' "$T/static" >"$T/script3"
printf '#!/nonexistent/sh\n' >"$T/script4"
chmod 755 "$T"/script?
launch "$T/script2"
check "script of a static interpreter is refused" refuses 126 "$T/static is statically linked"
launch "$T/script3"
check "script is followed through env" refuses 126 "$T/static is statically linked"
launch "$T/script4"
check "script without its interpreter is refused" refuses 126 'interpreter /nonexistent/sh is missing'
printf '\177ELF\001\001\001\000\000\000\000\000\000\000\000\000\002\000\003\000\001\000\000\000%28s' '' | tr ' ' '\000' >"$T/elf32"
chmod 755 "$T/elf32"
launch "$T/elf32"
check "program of another word size is refused" refuses 126 'another machine or word size (32 bits)'
launch nosuchprogram
check "program that is not there gives 127" refuses 127 'nosuchprogram: not found'
launch "$T/key"
check "file that may not be executed gives 126" refuses 126 'expected a program that may be executed'
launch "$T"
check "folder gives 126" refuses 126 'expected a program'
cp "$T/bin/libmdshim.so" "$T/a:b/"
cp "$T/bin/libmdshim.so" "$T/a b/"
launch --lib "$T/a:b/libmdshim.so" true
check "library path with a colon is refused" refuses 125 'cannot hold a path with a colon'
launch --lib "$T/a b/libmdshim.so" true
check "library path with a blank is refused" refuses 125 'cannot hold a path with a colon, a blank'
launch --lib "$T/nolib.so" true
check "missing library is refused" refuses 125 'found no such file'
launch --lib "$T/key" true
check "library that is none is refused" refuses 125 'expected a shared library'
launch --nosuch true
check "unknown option is refused" refuses 125 'expected an option of mdshim-run'
run "$T/bin/mdshim-run"
check "missing command is refused with the usage" refuses 125 '^usage'

# --- programs with more rights than their user ----------------------------------------------------------------------
nobody="setpriv --reuid=65534 --regid=65534 --clear-groups"
cp /bin/true "$T/suid" && cp /bin/true "$T/sgid" && cp /bin/true "$T/caps"
if [ "$(id -u)" -eq 0 ] && $nobody true 2>/dev/null; then
	chmod 4755 "$T/suid"
	chmod 2755 "$T/sgid"
	chmod 644 "$T/open.conf"
	run $nobody "$T/bin/mdshim-run" -c "$T/open.conf" "$T/suid"
	check "set-user-ID program is refused with advice" eval 'refuses 126 "is set-user-ID" && says AmbientCapabilities'
	run $nobody "$T/bin/mdshim-run" -c "$T/open.conf" "$T/sgid"
	check "set-group-ID program is refused" refuses 126 'is set-group-ID'
	run $nobody "$T/bin/mdshim-run" --force -c "$T/open.conf" "$T/suid"
	check "set-user-ID program is started by --force" eval 'gives 0 && says "without mdshim"'
	launch "$T/suid"
	check "set-user-ID program is started for its owner" gives 0
	run $nobody "$T/bin/mdshim-run" -c "$T/good.conf" true
	check "key file that the user cannot read is an error" refuses 125 'key_file: .*Permission denied'
	if setcap cap_net_raw=ep "$T/caps" 2>/dev/null; then
		run $nobody "$T/bin/mdshim-run" -c "$T/open.conf" "$T/caps"
		check "program with file capabilities is refused" refuses 126 'has file capabilities'
		launch "$T/caps"
		check "program with file capabilities is started for root" gives 0
	else
		skip "program with file capabilities is refused" "no setcap here"
		skip "program with file capabilities is started for root" "no setcap here"
	fi
else
	for sentence in "set-user-ID program is refused with advice" "set-group-ID program is refused" \
		"set-user-ID program is started by --force" "set-user-ID program is started for its owner" \
		"key file that the user cannot read is an error" "program with file capabilities is refused" \
		"program with file capabilities is started for root"; do
		skip "$sentence" "needs root and setpriv"
	done
fi

# --- the configuration ----------------------------------------------------------------------------------------------
launch --check
check "good configuration gives 0" gives 0
check "routes are summed up" prints '^route video: tunnel to edge1 192.0.2.254:49777, MED, rtp+quic, for 203.0.113.0/24$'
run "$T/bin/mdshim-run" --check -c "$T/bad.conf"
check "bad configuration gives 1 and nothing on standard output" eval 'gives 1 && [ ! -s "$T/out" ]'
check "errors name file and line" says "^$T/bad.conf:7: \[router edge1\] port: expected a number from 1 to 65535, found \"70000\"\$"
check "all errors are told" says "^$T/bad.conf:11: \[route video\] has no key \"paylod\"; expected "
run "$T/bin/mdshim-run" -c "$T/bad.conf" echo started
check "nothing is started with a bad configuration" refuses 125 ':7: .*port'
run env MDSHIM_DISABLE=1 "$T/bin/mdshim-run" -c "$T/bad.conf" echo started
check "switched off, the command is started all the same" prints started
run "$T/bin/mdshim-run" -c "$T/nosuch.conf" true
check "missing configuration is named" refuses 125 "$T/nosuch.conf: expected a file that can be read"
chmod 644 "$T/key"
launch --check
check "key file for everybody is a warning with file and line" eval 'gives 0 && says "good.conf:4: warning: .*every user"'
launch true
check "warnings do not disturb a start" [ ! -s "$T/err" ]
chmod 600 "$T/key"
run "$T/bin/mdshim-check" --get stats_dir "$T/good.conf"
check "single values can be asked for" prints "^$T/made/here\$"
run "$T/bin/mdshim-check"
check "mdshim-check without a file says how it is used" refuses 2 '^usage'

# --- mdctl ----------------------------------------------------------------------------------------------------------
# put SIZE NUMBER... - numbers with their low octet first, as on the machines we know;
# octets by printf, so that no other tool is needed.
put() {
	size=$1
	shift
	for number in "$@"; do
		at=0
		while [ $at -lt "$size" ]; do
			# shellcheck disable=SC2059
			printf "\\$(printf %03o $((number >> 8 * at & 255)))"
			at=$((at + 1))
		done
	done
}
zeros() { head -c "$1" /dev/zero; }
text() { printf "%s" "$1"; zeros $(($2 - ${#1})); }
# stats PID TICKS SEEN NAME - a file of counters: SEEN datagrams, 9 of them wrapped, 2 aside for not-media, 1 for busy.
stats() {
	{
		put 4 $((0x6d647374)) 1 "$1" 4096
		put 8 "$2" $(($(date +%s) - 3700))
		text "$4" 16
		text /etc/mdshim/shim.conf 256
		put 4 1 0 0 1
		put 8 "$3" 0 9
		zeros $((61 * 8))
		put 8 2
		zeros $((21 * 8))
		put 8 1
		zeros $((41 * 8))
		put 8 0 9
		zeros $((6 * 8))
		put 8 4 2
		zeros $((4096 - 1424))
	} >"$T/stats/$1.stats"
}
ticks() { sed 's/.*) //' "/proc/$1/stat" | cut -d' ' -f20; }
gone=4000000
stats $$ "$(ticks $$)" 12 'gst-launch-1.0'
stats $gone 5 0 "$(printf 'bad\033[31m')"
ctl() { run "$T/bin/mdctl" stats --dir "$T/stats" "$@"; }
ctl $$
check "process that runs is alive" prints "^$$ gst-launch-1.0: alive, up 1:01:"
check "what was wrapped is shown by option and mode" prints 'wrapped-med-tunnel  *9 '
check "reasons are shown with their counts" eval 'prints "not-media  *2 " && prints "busy  *1 " && ! prints no-route'
check "engine, flows and sockets are shown" eval 'prints "IPv4  *raw" && prints "flows now  *4 " && prints "sockets now  *2 "'
ctl
check "process that is gone has ended, its name is made fit to print" prints "^$gone bad?\[31m: ended\$"
check "program that sends past the library is told so" prints '0 datagrams seen: does the program send by io_uring'
ctl --json
value() { "$B/tests/tools/jsonget" "$T/out" "$@"; }
check "JSON is JSON" [ "$(value processes)" = 2 ]
check "JSON has process and state" [ "$(value processes 0 pid) $(value processes 0 alive)" = "$$ true" ]
check "JSON has the numbers" [ "$(value processes 0 wrapped) $(value processes 0 asides busy)" = "9 1" ]
check "JSON has what is zero too" [ "$(value processes 0 asides mtu)" = 0 ]
echo short >"$T/stats/11.stats"
head -c 4096 /dev/urandom >"$T/stats/12.stats"
cp "$T/stats/$$.stats" "$T/stats/13.stats"
ln -s "$$.stats" "$T/stats/14.stats"
mkfifo "$T/stats/15.stats"
mkdir "$T/stats/16.stats"
: >"$T/stats/x.stats"
ctl
check "bad files do not hide good ones" eval 'gives 0 && prints alive'
check "cut file is named" says '/11.stats: expected 4096 octets, found 6$'
check "garbage is named" says '/12.stats: expected counters of mdshim'
check "file under another number is named" says "/13.stats: expected counters of process 13, found those of $$"
check "symbolic link is not followed" says '/14.stats: expected a file, found a symbolic link'
check "pipe and folder are named" eval 'says "/15.stats: expected a file" && says "/16.stats: expected a file"'
ctl --json
check "JSON names the bad files" [ "$(value unreadable)" = 6 ]
ctl 17
check "process without counters is an error" refuses 1 'no counters of process 17 in'
ctl 12
check "process with bad counters is an error" refuses 1 '/12.stats: expected'
rmdir "$T/stats/16.stats"
rm "$T/stats"/1[1-5].stats
ctl --prune
check "counters of ended processes are removed" eval 'gives 0 && prints "^1 removed, 1 left" && [ ! -e "$T/stats/$gone.stats" ]'
check "counters of a living process stay" [ -e "$T/stats/$$.stats" ]
printf '[shim]\nstats_dir = %s ; comment\n[router x]\nwrong\n' "$T/stats" >"$T/dir.conf"
run env MDSHIM_CONF="$T/dir.conf" "$T/bin/mdctl" stats
check "folder is taken from the configuration" prints "^$$ gst-launch"
run "$T/bin/mdctl" stats --dir "$T/nosuch"
check "missing folder is an error" refuses 1 'No such file or directory'
run "$T/bin/mdctl" nosuch
check "unknown command is an error" refuses 2 'nosuch: expected a command'
run "$T/bin/mdctl" help stats
check "help explains a command" prints '^usage: mdctl stats'
echo "1..$n"
