#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# explain.sh BUILD - mdctl explain, over captures of real senders. TAP.
set -u
B=$(readlink -f -- "${1:?build folder}")
cd "$(dirname "$(readlink -f -- "$0")")/../.." || exit 2
T=$(mktemp -d) || exit 2
trap 'rm -rf "$T"' EXIT
n=0 failures=0

check() {
	n=$((n + 1))
	if [ "$2" = "$3" ]; then
		echo "ok $n - $1"
	else
		failures=$((failures + 1))
		echo "not ok $n - $1"
		printf '# it is %s\n# expected is %s\n' "$2" "$3"
	fi
}

cat >"$T/conf" <<-END
	[auth]
	auth = off
	[payload]
	96 = h264
	97 = vp8
	111 = audio
	[route all]
	destination = 0.0.0.0/0, ::/0
	mode = inline
	policy = p
	[policy p]
	base = 2, 3, 2
END
export MDSHIM_CONF=$T/conf
explain() { "$B/mdctl" explain --json "tests/captures/$1" >"$T/json" 2>"$T/err"; }
figure() { jq -rs "$1" "$T/json"; }

explain gst-h264.pcap
check 'it reads a capture' "$? $(cat "$T/err")" '0 '
check 'each packet once, in order' "$(figure 'map(.frame) == (map(.frame) | sort | unique)')" true
check 'MDUs are pictures' "$(figure 'map(select(.opened)) | length')" "$(figure 'map(select(.ts)) | map(.ts) | unique | length')"
check 'classes by the payload' "$(figure 'map(.why) | unique | join(",")')" payload
check 'D, P and L by the policy' "$(figure 'map(select(.class == "base") | "\(.d)\(.p)\(.l) \(.policy)") | unique | join(",")')" '232 p'
check 'no picture ends twice' "$(figure 'map(select(.end) | .ts) | length == (unique | length)')" true
explain quic-ngtcp2.pcap
check 'QUIC handshakes stay as they are' "$(figure 'map(select(.native == "QUIC long header")) | length > 0')" true
explain chromium-dtls-srtp-vp8.pcap
check 'DTLS makes what follows encrypted' "$(figure '[.[] | select(.native == "DTLS")] | length > 0')" true
check 'and then nothing is known of classes' "$(figure 'map(select(.why == "encrypted: timestamp and marker") | .class) | unique | join(",")')" unknown
"$B/mdctl" explain tests/captures/gst-h264.pcap >"$T/text"
check 'as text, a line for each packet' "$(wc -l <"$T/text")" "$("$B/mdctl" explain --json tests/captures/gst-h264.pcap | wc -l)"
head -c 3000 tests/captures/gst-h264.pcap >"$T/short"
"$B/mdctl" explain "$T/short" >/dev/null 2>"$T/err"
check 'a capture cut short is an error' "$? $(cat "$T/err")" "1 mdshim-explain: $T/short: ends within a packet"
"$B/mdctl" explain "$T/conf" >/dev/null 2>"$T/err"
check 'so is any other file' "$? $(cat "$T/err")" "1 mdshim-explain: $T/conf: no capture file"
"$B/mdctl" explain "$T/none" >/dev/null 2>"$T/err"
check 'and none' "$? $(cat "$T/err")" "1 mdshim-explain: $T/none: cannot be opened"
"$B/mdctl" explain --config "$T/short" "$T/short" >/dev/null 2>"$T/err"
check 'and a configuration that is none' "$?" 1
"$B/mdctl" explain >/dev/null 2>&1
check 'without a capture it says how' "$?" 2
echo "1..$n"
[ "$failures" -eq 0 ]
