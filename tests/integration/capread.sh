#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# capread.sh BUILD - the second reader against the case files: what they sign it verifies, what they break it refuses.
set -u
B=$(readlink -f -- "${1:?build folder}")
cd "$(dirname "$(readlink -f -- "$0")")/../vectors" || exit 2
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
tests=0 failures=0

# One line per case: name, hex digits of the packet, mode, key, port, and whether a sender may send it so.
{
	jq -r '.cases[] | select(.in.op == "sign") | [.name, .out.ip_packet, (if (.name | startswith("inline")) then "inline" else "tunnel" end),
		"\(.in.alg):\(.in.master_key):cover=\(.in.cover)\(if .in.nat then ":nat" else "" end):id=\(.in.keyid)", .in.dport,
		(if (.name | test("NOP|legal to receive")) then "unusual" else "right" end)] | @tsv' auth.json
	jq -r '.cases[] | select(.out.reason != "no-options" or .in.mode == "tunnel") | [.name, .in.ip_packet, .in.mode, (.in.keys[0] |
		"\(.alg):\(.key):cover=\(.cover)\(if .nat then ":nat" else "" end):id=\(.keyid)"), 0,
		(if (.name | test("no closing EOL|UDP checksum zero on v4|no AUTH, off|wrong MAC, off")) then "unusual"
		elif .out.reason == null or (.out.reason | test("^(unknown-code|stale)$")) or (.name | test("token only|empty option area")) then
			(if (.name | test("timestamp 0")) then "wrong" else "right" end)
		else "wrong" end)] | @tsv' router.json
} >"$work/cases"

while IFS=$'\t' read -r name packet mode key port verdict; do
	tests=$((tests + 1))
	echo "$packet" >"$work/packet"
	[ "$mode.$port" != tunnel.0 ] || port=49777
	kinds=
	case $name in *"kind form"*) kinds="--kinds 120,121" ;; esac
	# shellcheck disable=SC2086
	"$B/tests/tools/capread" --mode "$mode" --port "$port" $kinds --key "$key" --hints --hex --quiet "$work/packet" \
		>"$work/out" 2>"$work/err"
	rc=$?
	expected=$([ "$verdict" = right ] && echo 0 || echo 1)
	if [ $rc -eq "$expected" ] && { [ $rc -eq 1 ] || [ "$(jq '.violations' "$work/out")" = 0 ]; }; then
		echo "ok $tests - $name: $verdict"
	else
		failures=$((failures + 1))
		echo "not ok $tests - $name: exit status $rc, a $verdict datagram"
		sed 's/^/# /' "$work/err"
	fi
done <"$work/cases"
# --- The rules between datagrams: a reader that cannot find fault proves nothing ---------------------------------------

# sum HEX... - the Internet checksum field of the octets.
sum() {
	local all=$* n=0 i
	all=${all// /}
	[ $((${#all} % 4)) -eq 0 ] || all=${all}00
	for ((i = 0; i < ${#all}; i += 4)); do n=$((n + 0x${all:i:4})); done
	while ((n >> 16)); do n=$(((n & 0xffff) + (n >> 16))); done
	printf %04x $((~n & 0xffff))
}

# udp SRC DST SPORT DPORT LENGTH DATA - header and data
udp() {
	local head
	head=$(printf '%04x%04x%04x' "$3" "$4" "$5")
	echo "$head$(sum "$1$2" 0011 "$(printf %04x "$5")" "${head}0000$6")$6"
}

ip() { local head; head=$(printf '4500%04x000040004011' $((20 + $3))); echo "$head$(sum "${head}0000$1$2")$1$2"; }

# packet RES S COUNTER D P L BQ SEQ TS RTP-TS - 12 octets of RTP in the tunnel, MED in EXP form, no AUTH.
packet() {
	local rtp inner area outer server=c0000202 router=c0000201 client=cb007102
	rtp=$(printf '80600001%08x00000001' "${10}")
	inner=$(ip $server $client 20)$(udp $server $client 40000 5004 20 "$rtp")
	area=$(printf '7f0efffe%02x%02x%02x%02x%04x%08x00' $(($1 * 2 + $2)) "$3" $(($4 * 32 + $5 * 4 + $6)) "$7" "$8" "$9")
	outer=$(ip $server $router $((48 + 17)))$(udp $server $router 40001 49777 48 "$inner")
	echo "$outer$(sum 0011 "$area")$area"
}

# rule NAME MESSAGE [OPTION] - packets, one list of ten numbers a line; MESSAGE "" if they keep every rule
rule() {
	local numbers
	tests=$((tests + 1))
	# shellcheck disable=SC2086
	while read -r numbers; do packet $numbers; done >"$work/packet"
	"$B/tests/tools/capread" --hex --no-auth --quiet ${3:+"$3"} "$work/packet" >"$work/out" 2>"$work/err"
	rc=$?
	if [ -z "$2" ] && [ $rc -eq 0 ] || { [ -n "$2" ] && [ $rc -eq 1 ] && [ "$(wc -l <"$work/err")" -eq 1 ] && grep -q "$2" "$work/err"; }; then
		echo "ok $tests - $1"
		return
	fi
	failures=$((failures + 1))
	echo "not ok $tests - $1: exit status $rc"
	sed 's/^/# /' "$work/err"
}

rule "two pictures and a late packet of the first" "" <<-END
	0 0 255 1 1 1 1 65534 100 9000
	0 0 255 1 1 1 1 65535 100 9000
	0 0 0 2 1 1 0 0 101 12000
	0 0 255 1 1 1 0 1 101 9000
	0 0 1 2 1 1 0 2 101 15000
END
rule "a Sequence Number is missing" "Sequence Number 8, expected 7" <<-END
	0 0 1 1 1 1 0 6 100 9000
	0 0 1 1 1 1 0 8 100 9000
END
rule "a Timestamp goes back" "goes back by 1 ticks" <<-END
	0 0 1 1 1 1 0 6 100 9000
	0 0 1 1 1 1 0 7 99 9000
END
rule "64 equal Timestamps" "" < <(for i in {1..64}; do echo "0 0 1 1 1 1 0 $i 100 9000"; done)
rule "65 equal Timestamps" "more than 64" < <(for i in {1..65}; do echo "0 0 1 1 1 1 0 $i 100 9000"; done)
rule "a Timestamp of 0" "Timestamp is 0" <<<"0 0 1 1 1 1 0 6 0 9000"
rule "Counter changes inside a picture" "inside RTP timestamp 9000" <<-END
	0 0 1 1 1 1 0 6 100 9000
	0 0 2 1 1 1 0 7 100 9000
END
rule "Counter stays at a new picture" "Counter 1, expected 2" <<-END
	0 0 1 1 1 1 0 6 100 9000
	0 0 1 1 1 1 0 7 100 12000
END
rule "Counter leaves one out" "Counter 3, expected 2" <<-END
	0 0 1 1 1 1 0 6 100 9000
	0 0 3 1 1 1 0 7 100 12000
END
rule "S changes" "S changes to 1" <<-END
	0 0 1 1 1 1 0 6 100 9000
	0 1 1 0 1 1 0 7 100 9000
END
rule "D with S 1" "D 1 with S 1" <<<"0 1 0 1 1 1 0 6 100 9000"
rule "RES" "RES is 5" <<<"5 0 1 1 1 1 0 6 100 9000"
rule "D 4" "undefined value: D 4" <<<"0 0 1 4 1 1 0 6 100 9000"
rule "P 0" "undefined value: D 1 P 0" <<<"0 0 1 1 0 1 0 6 100 9000"
rule "L 3" "undefined value: D 1 P 1 L 3" <<<"0 0 1 1 1 3 0 6 100 9000"
rule "a burst of one datagram" "Burst Quantum 1 does not fit" <<<"0 0 1 1 1 1 1 6 100 9000"
rule "a burst that is said too big" "Burst Quantum 2 does not fit" <<-END
	0 0 1 1 1 1 2 6 100 9000
	0 0 1 1 1 1 2 7 100 9000
END
rule "the rest of a burst" "" --late <<-END
	0 0 1 1 1 1 2 6 100 9000
	0 0 1 1 1 1 2 7 100 9000
	0 0 1 1 1 1 0 8 100 9000
END
rule "the rest of a burst, not at the beginning" "Burst Quantum 2 does not fit" --late <<-END
	0 0 1 1 1 1 0 5 100 9000
	0 0 1 1 1 1 2 6 100 9000
	0 0 1 1 1 1 2 7 100 9000
END
echo "1..$tests"
[ "$failures" -eq 0 ] && [ "$tests" -gt 110 ]
