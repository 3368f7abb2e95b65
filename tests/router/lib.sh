# shellcheck shell=sh
# SPDX-License-Identifier: BSD-3-Clause
# lib.sh - for the router's test scripts: sourced with the build folder in $1. Everything runs in a network namespace of
# its own, so that no other program's ports and packets are in the way, and is over when the script ends; but not with
# MD_ROUTER_NS=no, for scripts that have namespaces already.
set -u
B=${1:?build folder}
case $B in /*) ;; *) B=$PWD/$B ;; esac
ROUTER=$B/mdrouter FORGE=$B/tests/tools/forge

if [ "${MD_ROUTER_NS:-}" = "" ]; then
	export MD_ROUTER_NS=yes
	if unshare -n true 2>/dev/null; then exec unshare -n "$0" "$B"; fi
	if unshare -rn true 2>/dev/null; then exec unshare -rn "$0" "$B"; fi
	echo "ok 1 - $(basename "$0") # SKIP network namespaces are refused here"
	echo 1..1
	exit 0
fi
[ "$MD_ROUTER_NS" = no ] || ip link set lo up

T=$(mktemp -d) router=''
# over - ends whatever a test left running.
over() {
	jobs -p >"$T/jobs"
	while read -r pid; do kill -KILL "$pid"; done <"$T/jobs" 2>/dev/null
	wait
}
finish() {
	over
	rm -rf "$T"
}
trap finish EXIT
trap 'exit 1' INT TERM

tests=0
# ok "NAME" COMMAND... - one test: the command succeeds. What it printed is shown when it does not, and nothing that it
# started goes on.
ok() {
	name=$1; shift
	tests=$((tests + 1))
	if "$@" >"$T/said.$tests" 2>&1; then
		echo "ok $tests - $name"
	else
		echo "not ok $tests - $name"
		sed 's/^/# /' "$T/said.$tests"
	fi
	over
}
plan() { echo "1..$tests"; }

CMAC=101112131415161718191a1b1c1d1e1f HMAC=202122232425262728292a2b2c2d2e2f30313233
echo $CMAC >"$T/cmac.key"
echo $HMAC >"$T/hmac.key"
# shellcheck disable=SC2034
CMAC_KEY=1:AES-128-CMAC-96:$CMAC HMAC_KEY=2:HMAC-SHA1-96:$HMAC

# router_start OPTION... - a router in the background: its number in $router, its words in $T/err. It has its sockets open
# when this returns, or has ended and this fails.
router_start() {
	[ -p "$T/ready" ] || mkfifo "$T/ready"
	"$ROUTER" --ready-fd 9 "$@" 9>"$T/ready" >"$T/out" 2>"$T/err" &
	router=$!
	read -r line <"$T/ready" && [ "$line" = ready ] && return 0
	cat "$T/err" >&2
	return 1
}

# router_stop - ends it in good order; its exit status.
router_stop() {
	kill -TERM "$router"
	wait "$router"
}

# figure PATH FILE - a value of a JSON file, or of the last line of a file of lines, such as .outcomes.tunnel.drop.ocs;
# absent: 0.
figure() { "$FORGE" figure "$1" "$2"; }

# same WANTED GOT
same() {
	[ "$1" = "$2" ] && return 0
	echo "expected: $1"
	echo "but got:  $2"
	return 1
}

# says TEXT FILE
says() {
	grep -qF -- "$1" "$2" && return 0
	echo "expected to read: $1"
	cat "$2"
	return 1
}
