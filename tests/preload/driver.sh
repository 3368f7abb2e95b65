#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# driver.sh BUILD [VICTIM...] - runs the victims, each without the shim and then in every mode, and compares: what they
# say, what they print as errors, how they end, and what the shim counted. TAP on standard output; from the top of the
# checkout. MD_SANITIZER=asan|ubsan|tsan names the sanitizer that BUILD was made with.
#
# Modes: inline and tunnel (served), unarmed (served, without the privilege it takes), unserved (the program is not
# named), disabled (MDSHIM_DISABLE), badconf, noconf.
# With VICTIM_BPF and VICTIM_CGROUP, a folder in a BPF file system and a control group, the served modes run by the egress
# patch and without the privilege that engine raw takes. VICTIM_MODES: only these modes.
# rule: 10 82 83 84 86
set -u
here=tests/preload
modes=${VICTIM_MODES:-'inline tunnel unarmed unserved disabled badconf noconf'}

# --- Inside a network namespace: all modes of one victim ------------------------------------------------------------

# tag FILE NAME - the words behind "NAME:" in the victim's comment
tag() { sed -n "s,^.*[*] $2: *,,p" "$1" | sed 's, *[*]/.*$,,' | head -1; }

# config FILE MODE STATSDIR
config() {
	case $2 in unserved) processes=nobody-is-called-like-this ;; *) processes='*' ;; esac
	case $2 in tunnel) route='mode = tunnel
router = near' ;; *) route='mode = inline' ;; esac
	extra=$(tag "$source" route)
	cat >"$1" <<-END
		[shim]
		processes = $processes
		stats_dir = $3
		[auth]
		keyid = 7
		algorithm = aes-128-cmac-96
		key_file = $tmp/key
		[payload]
		96 = h264
		[router near]
		address = 127.0.0.1
		port = 49777
		mtu = 65535
		[route all]
		destination = 127.0.0.0/8, ::1/128, 192.0.2.0/24, 2001:db8::/32, 224.0.0.0/4, ff00::/8, 255.255.255.255/32
		$route
		$extra
	END
	[ "$2" != badconf ] || printf 'this is = not a configuration\n[route\n' >>"$1"
}

# start_router - sets router to its pid, or to nothing
start_router() {
	rm -f "$tmp/ready"; mkfifo "$tmp/ready"
	"$B/mdrouter" --listen 127.0.0.1:49777 --auth-key "7:aes-128-cmac-96:$tmp/key" --cap 127.0.0.0/8 --cap ::1/128 \
		--cap 192.0.2.0/24 --client 127.0.0.0/8 --client ::1/128 --client 192.0.2.0/24 --replay-window 4096 --summary "$tmp/summary" --ready-fd 3 \
		>"$tmp/router.log" 2>&1 3>"$tmp/ready" </dev/null &
	router=$!
	answer=
	read -r answer <"$tmp/ready" || answer=
	[ -n "$answer" ] || { wait "$router"; router=; }
}

# run MODE - leaves $tmp/MODE.out .err .rc and, served, the counters in $tmp/MODE.stats
run() {
	stats=$tmp/run-$1
	mkdir -p "$stats"
	preload=$runtime:$B/libmdshim.so:$libs
	set -- "$1" "VICTIM_TOP=$PWD"
	case $1 in
	plain) preload=${libs:+$runtime:$libs} ;;
	noconf) set -- "$@" "MDSHIM_CONF=$tmp/there-is-none" ;;
	*) config "$tmp/$1.conf" "$1" "$stats"; set -- "$@" "MDSHIM_CONF=$tmp/$1.conf" ;;
	esac
	case $1 in
	inline) set -- "$@" VICTIM_SERVED=inline ;;
	tunnel) set -- "$@" VICTIM_SERVED=tunnel VICTIM_ROUTED=1 ;;
	disabled) set -- "$@" MDSHIM_DISABLE=1 ;;
	esac
	if [ "$by" = dlopen ] && [ "$1" != plain ]; then
		set -- "$@" "VICTIM_SHIM=$B/libmdshim.so"
		preload=$runtime:$libs
	fi
	preload=$(printf %s "$preload" | sed 's/::*/:/g; s/^://; s/:$//')
	[ -z "$preload" ] || set -- "$@" "LD_PRELOAD=$preload"
	mode=$1; shift
	drop=
	[ "$mode" != unarmed ] && [ -z "${VICTIM_BPF:-}" ] || drop='setpriv --bounding-set -net_raw --inh-caps -net_raw'
	# shellcheck disable=SC2086
	( cd "$stats" && timeout -k 5 "$limit" $drop env "$@" "$B/$here/victims/$name" >"$tmp/$mode.out" 2>"$tmp/$mode.err" </dev/null
	  echo $? >"$tmp/$mode.rc" ) 2>/dev/null
	"$B/tests/tools/shimstats" "$stats" >"$tmp/$mode.stats" 2>>"$tmp/$mode.err"
}

# expected MODE WORDS... - says which expectation the counters do not meet
expected() {
	counters=$tmp/$1.stats; shift
	for word in "$@"; do
		printf '%s\n' "$word"
	done | awk -v counters="$counters" '
		BEGIN { while ((getline line < counters) > 0) { split(line, a, " "); value[a[1]] = a[2] } }
		{
			if (!match($0, /(>=|<=|==|>|<)/)) { print "cannot read: " $0; next }
			name = substr($0, 1, RSTART - 1); op = substr($0, RSTART, RLENGTH); want = substr($0, RSTART + RLENGTH) + 0
			if (!(name in value)) { print "no such counter: " name; next }
			v = value[name] + 0
			if ((op == ">=" && v >= want) || (op == "<=" && v <= want) || (op == "==" && v == want) ||
			    (op == ">" && v > want) || (op == "<" && v < want)) next
			print "expected " $0 ", it is " v
		}'
}

# verdict MODE - one TAP line, and why
verdict() {
	why=$tmp/why
	: >"$why"
	if ! cmp -s "$tmp/plain.out" "$tmp/$1.out"; then
		echo 'the transcript is another one (- without, + with the shim):' >>"$why"
		diff -U 1 "$tmp/plain.out" "$tmp/$1.out" | sed 1,2d | head -40 >>"$why"
	fi
	cmp -s "$tmp/plain.rc" "$tmp/$1.rc" || echo "exit status $(cat "$tmp/plain.rc") became $(cat "$tmp/$1.rc")" >>"$why"
	if ! cmp -s "$tmp/plain.err" "$tmp/$1.err"; then
		echo 'on standard error:' >>"$why"
		head -30 "$tmp/$1.err" >>"$why"
	fi
	case $1 in
	inline | tunnel)
		# Without a file of counters nothing proves that the shim was there at all.
		[ "$by" = dlopen ] || set -- "$1" 'processes>0'
		expected "$@" >>"$why"
		# shellcheck disable=SC2046
		expected "$1" $(tag "$source" expect) $(tag "$source" "expect $1") >>"$why"
		[ -n "$(tag "$source" interrupted)" ] || awk '{ v[$1] = $2 }
			END { if (v["seen"] != v["wrapped"] + v["asides"]) print "seen " v["seen"] " is not wrapped " v["wrapped"] " and aside " v["asides"] }' \
			"$tmp/$1.stats" >>"$why"
		case $1 in inline) other=tunnel ;; *) other=inline ;; esac
		expected "$1" "wrapped-med-$other==0" wrapped-ofc-tunnel==0 wrapped-ofc-inline==0 >>"$why" ;;
	unarmed) expected "$1" 'processes>0' wrapped==0 >>"$why" ;;
	*) expected "$1" seen==0 wrapped==0 >>"$why" ;;
	esac
	if [ -s "$why" ]; then
		echo "not ok - $name: $1"
		sed 's/^/#   /' "$why"
		[ "$1" != tunnel ] || sed 's/^/#   router: /' "$tmp/router.log" | head -5
	else
		echo "ok - $name: $1"
	fi
	case $1 in inline | tunnel)
		awk '$2 > 0 && $1 !~ /^(engine|mdus|flows|processes)/ { printf "%s%s %s", n++ ? ", " : "# ", $1, $2 } END { if (n) print "" }' \
			"$tmp/$1.stats" ;;
	esac
}

one() {
	name=$1
	source=$here/victims/$name.c
	tmp=$work/$name
	mkdir -p "$tmp"
	printf '000102030405060708090a0b0c0d0e0f\n' >"$tmp/key"
	limit=60 libs='' runtime='' router=
	by=$(tag "$source" by)
	wanted=$(tag "$source" modes)
	for lib in $(tag "$source" preload); do libs=$libs:$B/$here/libs/$lib.so; done
	if [ -n "${MD_SANITIZER:-}" ]; then
		limit=240
		runtime=$(readlink -f "$(gcc -print-file-name="lib$MD_SANITIZER.so")")
		case " $(tag "$source" 'not under') " in *" $MD_SANITIZER "*)
			echo "ok - $name # SKIP makes no sense under $MD_SANITIZER"
			return ;;
		esac
	fi
	run plain
	case $(cat "$tmp/plain.rc") in
	77) echo "ok - $name # SKIP $(tail -1 "$tmp/plain.out")"; return ;;
	99 | 98 | 124 | 126 | 127)
		echo "not ok - $name: without the shim"; sed 's/^/#   /' "$tmp/plain.out" "$tmp/plain.err" | tail -8; return ;;
	esac
	if grep -q 'not what was sent\|STRANGE\|errno became' "$tmp/plain.out"; then
		echo "not ok - $name: without the shim: $(grep -m 1 'not what was sent\|STRANGE\|errno became' "$tmp/plain.out")"
	fi
	for mode in $modes; do
		case " ${wanted:-$modes} " in *" $mode "*) ;; *) continue ;; esac
		case $mode in
		inline | tunnel)
			if [ "${VICTIM_RAW:-no}" = no ]; then
				echo "ok - $name: $mode # SKIP no CAP_NET_RAW here"
				continue
			fi ;;
		unarmed)
			# A victim that asks for privileges itself, or comes without LD_PRELOAD, shows nothing here.
			[ "$by" != dlopen ] || continue ;;
		esac
		if [ "$mode" = tunnel ]; then
			start_router
			if [ -z "$router" ]; then
				echo "not ok - $name: tunnel"; echo '#   the router does not start:'; sed 's/^/#   /' "$tmp/router.log"
				continue
			fi
		fi
		run "$mode"
		if [ -n "$router" ]; then
			kill "$router"; wait "$router"; router=
		fi
		verdict "$mode"
	done
	[ -n "${VICTIM_KEEP:-}" ] || rm -rf "$tmp"
}

# --- How many system calls a send makes -----------------------------------------------------------------------------

# calls MODE - the names of the calls between the marks of send_loop, by mark, from the trace of a mode
calls() {
	awk '
		/access\("\/mark\// { split($0, a, "\""); sub(/\/mark\//, "", a[2]); mark = a[2]; next }
		mark && mark != "end" { line = $0; sub(/^[0-9]+ +/, "", line); if (match(line, /^[a-z_0-9]+\(/)) print mark, substr(line, 1, RLENGTH - 1) }
	' "$tmp/trace.$1"
}

system_calls() {
	name=send_loop source=$here/victims/send_loop.c tmp=$work/system_calls limit=60 libs='' runtime='' router='' by=''
	mkdir -p "$tmp"
	if [ -n "${MD_SANITIZER:-}" ]; then
		echo "ok - system calls # SKIP a sanitizer makes calls of its own"
		return
	fi
	if ! strace -o "$tmp/try" true 2>/dev/null; then
		echo "ok - system calls # SKIP strace is not to be had or may not trace"
		return
	fi
	printf '000102030405060708090a0b0c0d0e0f\n' >"$tmp/key"
	for mode in plain $modes; do
		mkdir -p "$tmp/run-$mode"
		config "$tmp/$mode.conf" "$mode" "$tmp/run-$mode"
		set -- "MDSHIM_CONF=$tmp/$mode.conf"
		[ "$mode" = plain ] || set -- "$@" "LD_PRELOAD=$B/libmdshim.so"
		[ "$mode" != disabled ] || set -- "$@" MDSHIM_DISABLE=1
		[ "$mode" != noconf ] || set -- "$@" "MDSHIM_CONF=$tmp/there-is-none"
		[ "$mode" != tunnel ] || { start_router; [ -n "$router" ] || continue; }
		timeout 60 strace -f -o "$tmp/trace.$mode" -E VICTIM_ROUTED=1 env "$@" "$B/$here/victims/$name" >"$tmp/$mode.out" 2>&1 </dev/null
		[ -z "$router" ] || { kill "$router"; wait "$router"; router=; }
		calls "$mode" >"$tmp/$mode.calls"
		case $mode in
		unarmed) ;;
		plain) [ -s "$tmp/plain.calls" ] || { echo "not ok - system calls: the trace cannot be read"; return; } ;;
		inline | tunnel)
			echo "# system calls of a served send, $mode (16 sends, 16 messages, 16 writes to a file):"
			awk '{ n[$1 " " $2]++ } END { for (k in n) { split(k, a, " "); printf "#   %s: %s %d\n", a[1], a[2], n[k] } }' \
				"$tmp/$mode.calls" | sort
			if [ "$(grep -c '^file ' "$tmp/$mode.calls")" -eq 16 ]; then
				echo "ok - system calls: a write to a file is one call, $mode"
			else
				echo "not ok - system calls: a write to a file is one call, $mode"
			fi ;;
		*)
			if cmp -s "$tmp/plain.calls" "$tmp/$mode.calls"; then
				echo "ok - system calls: the same as without the shim, $mode"
			else
				echo "not ok - system calls: the same as without the shim, $mode"
				diff -U 1 "$tmp/plain.calls" "$tmp/$mode.calls" | sed '1,2d; s/^/#   /' | head -20
			fi ;;
		esac
	done
	[ -n "${VICTIM_KEEP:-}" ] || rm -rf "$tmp"
}

# --- Namespaces and the whole ---------------------------------------------------------------------------------------

# furnish - the loopback interface of a new namespace, with the routes that multicast needs
furnish() {
	ip link set lo up multicast on && ip route add 224.0.0.0/4 dev lo && ip -6 route add multicast ff00::/8 dev lo table local
	export VICTIM_OWN_NETNS=1 VICTIM_RAW=yes
	if [ -n "${VICTIM_BPF:-}" ]; then
		echo $$ >"$VICTIM_CGROUP/cgroup.procs" && "$B/mdctl" arm --dir "$VICTIM_BPF/m" --cgroup "$VICTIM_CGROUP" >/dev/null
	fi
}

B=${1:?usage: driver.sh BUILD [VICTIM...]}; shift
case $B in /*) ;; *) B=$PWD/$B ;; esac
export B
export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0" # the victims leave their records behind

if [ "${1:-}" = --one ]; then
	work=$2; shift 2
	[ "$namespace" = none ] || furnish
	case $1 in
	system-calls) system_calls ;;
	bystanders | neighbours) sh "$here/$1.sh" "$B" ;;
	*) one "$1" ;;
	esac >"$work/$1.tap"
	exit 0
fi

work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
trap 'exit 99' INT TERM
chmod 755 "$work"
if unshare -n true 2>/dev/null; then
	namespace=root
elif unshare -Urn true 2>/dev/null; then
	namespace=user
else
	namespace=none
	echo "# no network namespace of our own: on the host's loopback interface"
	[ "$(id -u)" -ne 0 ] || export VICTIM_RAW=yes
fi
[ -x "$B/libmdshim.so" ] || { echo "not ok - $B/libmdshim.so is not there"; echo 1..1; exit 1; }
if [ $# -gt 0 ]; then
	list=$*
else
	# The long ones first, so that none is left running alone at the end.
	list="bystanders neighbours churn system-calls closeall gso $(for f in "$here"/victims/*.c; do basename "$f" .c; done |
		grep -v '^churn$\|^closeall$\|^gso$')"
fi
export namespace work
at_once=2
[ "$namespace" != none ] || at_once=1
# shellcheck disable=SC2016
printf '%s\n' "$list" | tr -s ' \n' '\n' | xargs -P "$at_once" -I NAME sh -c '
	case $namespace in
	root) unshare -n "$0" "$B" --one "$work" NAME ;;
	user) unshare -Urn "$0" "$B" --one "$work" NAME ;;
	*) "$0" "$B" --one "$work" NAME ;;
	esac 2>"$work/NAME.driver" || echo "not ok - NAME: the driver itself failed" >>"$work/NAME.tap"' "$0"
for name in $list; do
	cat "$work/$name.tap"
	[ ! -s "$work/$name.driver" ] || sed 's/^/# driver: /' "$work/$name.driver"
done >"$work/tap"
cat "$work/tap"
count=$(grep -c '^ok\|^not ok' "$work/tap")
echo "# rules shown: $(sed -n 's,^.*[*] rule: *\([0-9 ]*\).*,\1,p' "$here"/victims/*.c | tr -s ' ' '\n' | sort -un | paste -sd ' ' -)"
echo "1..$count"
! grep -q '^not ok' "$work/tap"
