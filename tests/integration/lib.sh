# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# lib.sh - a sender under the shim in inline mode, if nothing else is said, on the loopback interface of a namespace of its own, and what a capture of
# it says. To be sourced, with the build folder as argument: the script that sources this runs again inside the namespace.
# TAP on standard output.
set -u
B=$(readlink -f -- "${1:?build folder}")
# shellcheck source=tests/tap.sh
. "$(dirname "$(readlink -f -- "${BASH_SOURCE[0]}")")/../tap.sh"
if [ -n "${MD_SANITIZER:-}" ]; then
	echo "ok 1 - $(basename "$0" .sh) # SKIP programs of the system cannot be run with the runtime of a sanitizer"
	echo 1..1
	exit 0
fi
if [ "${MD_LOOPBACK:-}" != own ]; then
	export MD_LOOPBACK=own
	unshare -n true 2>/dev/null && exec unshare -n "$0" "$B"
	unshare -Urn true 2>/dev/null && exec unshare -Urn "$0" "$B"
	echo "ok 1 - $(basename "$0" .sh) # SKIP no network namespace to be had"
	echo 1..1
	exit 0
fi
T=$(mktemp -d) || exit 2
tcpdump=''
# shellcheck disable=SC2317
ended() {
	[ -z "$tcpdump" ] || kill "$tcpdump"
	rm -rf "$T"
}
trap ended EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
chmod 755 "$T"
ip link set lo up
ethtool -K lo tx-udp-segmentation off >/dev/null 2>&1
mkfifo "$T/never"
mkdir "$T/stats"
key=000102030405060708090a0b0c0d0e0f
echo $key >"$T/key"

diagnosis() {
	printf '%s\n' "$1" | head -20 | sed 's/^/# /'
	tail -5 "$T/err" | sed 's/^/# | /'
}

same() { [ "$1" = "$2" ] || { echo "it is       $1"; echo "expected is $2"; return 1; }; }

# poll COMMAND... - until it succeeds, ten seconds at most.
poll() {
	local i
	for ((i = 0; i < 500; i++)); do
		"$@" && return
		read -rt 0.02 _ <>"$T/never"
	done
	return 1
}

# settings ROUTE-KEYS [MORE-SECTIONS] - shim.conf: one route for everything on the loopback interface.
settings() {
	cat >"$T/shim.conf" <<-END
		[shim]
		processes = *
		stats_dir = $T/stats
		log_file = $T/shim.log
		[auth]
		keyid = 1
		key_file = $T/key
		cover = 64
		${2:-}
		[route here]
		destination = 127.0.0.0/8, ::1/128
		$1
	END
}

figure() { jq -r "$2" "$T/$1"; }
total() { "$B/mdctl" stats --json --dir "$T/stats" | jq -r "[.processes[] | $1] | add // 0"; }
captured() { [ "$(tcpdump -n -r "$T/lo.pcap" 2>/dev/null | wc -l)" -ge "$1" ]; }

# open_capture / close_capture - all UDP of the interface in lo.pcap; once, at the receiver's side.
open_capture() {
	local user=()
	[ "$(id -u)" -ne 0 ] || user=(-Z root)
	rm -rf "$T"/*.pcap "$T/stats" "$T"/*.json "$T/tcpdump.err"
	mkdir "$T/stats"
	tcpdump --immediate-mode -U -n -s 4000 -B 32768 -i lo -Q in "${user[@]}" -w "$T/lo.pcap" "${capture_only:-udp}" 2>"$T/tcpdump.err" &
	tcpdump=$!
	poll grep -qs 'listening on' "$T/tcpdump.err"
}

# shellcheck disable=SC2086
close_capture() {
	poll captured "$(total .counts.seen)"
	kill "$tcpdump"
	wait "$tcpdump"
	tcpdump=''
	"$B/tests/tools/capread" --mode inline --hints --key "AES-128-CMAC-96:$key:cover=64:id=1" \
		${capture_arguments:-} "$T/lo.pcap" >"$T/all" 2>"$T/read.err"
	grep -v '^{"summary"' "$T/all" | grep '"option":"med"' >"$T/marks.json"
}

# shimmed COMMAND... - its standard output in out, its errors in err.
shimmed() {
	LD_PRELOAD=$B/libmdshim.so MDSHIM_CONF=$T/shim.conf "$@" >"$T/out" 2>"$T/err" </dev/null
}

# run COMMAND... - one sender; its marks in marks.json.
run() {
	local rc
	open_capture
	shimmed "$@"
	rc=$?
	close_capture
	return $rc
}

# marks FILTER - what each datagram was marked with, relative to the first counter ($c), on one line.
marks() {
	jq -rs '.[0].counter as $c | map(.counter = (.counter - $c + 256) % 256) | '"$1" "$T/marks.json"
}
