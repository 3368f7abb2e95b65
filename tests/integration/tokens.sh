#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# tokens.sh BUILD - network tokens on their way through the shim: in options toward the router, in STUN messages toward
# the peer. What arrives is held against the case files. TAP.
set -u
B=$(readlink -f -- "${1:?build folder}")
cd "$(dirname "$0")/../.." || exit 2
if [ "$(id -u)" -ne 0 ]; then echo "ok 1 - tokens # SKIP needs CAP_NET_RAW"; echo 1..1; exit 0; fi
if [ "${MD_TOKENS_NS:-}" != yes ]; then MD_TOKENS_NS=yes exec unshare -n "$0" "$B"; fi
ip link set lo up
tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT
n=0 failed=0 runtime=
[ -z "${MD_SANITIZER:-}" ] || runtime=$(readlink -f "$(gcc -print-file-name="lib$MD_SANITIZER.so")"):
export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0"

# same NAME GOT EXPECTED
same() {
	n=$((n + 1))
	if [ "$2" = "$3" ]; then echo "ok $n - $1"; else
		failed=$((failed + 1)); echo "not ok $n - $1"; printf 'got\n%s\nexpected\n%s\n' "$2" "$3" | sed 's/^/# /'
	fi
}

token=0000000165794a305a584e30496a6f786651
echo 000102030405060708090a0b0c0d0e0f >"$tmp/key"
chmod 600 "$tmp/key"
# config STUN-FORM RESPONSES
config() {
	cat >"$tmp/conf" <<-END
		[shim]
		stats_dir = $tmp
		[auth]
		key_file = $tmp/key
		[stun]
		type = 0xc0de
		responses = $2
		[router near]
		address = 127.0.0.1
		port = 49777
		mtu = 65535
		[route all]
		destination = 127.0.0.0/8
		router = near
		token = $token
		stun_token = $1
	END
}
peer() { MDSHIM_CONF=$tmp/conf LD_PRELOAD=$runtime$B/libmdshim.so "$B/tests/tools/hexpeer" "$@"; }
case_of() { jq -r --arg n "$1" '.cases[] | select(.name == $n) | .'"$2" tests/vectors/stun.json; }

name='request with MESSAGE-INTEGRITY and FINGERPRINT'
request=$(case_of "$name" in.message) with=$(case_of "$name" out.message)
response=0101${request:4}
config insert no
same "a request gets the token, octet for octet" "$(peer "$request")" "$with"
same "every request gets it" "$(peer "$request" "$request")" "$with
$with"
same "a response does not" "$(peer "$response")" "$response"
same "an indication does not" "$(peer "0011${request:4}")" "0011${request:4}"
broken=${request%?}0
same "a wrong FINGERPRINT: unchanged" "$(peer "$broken")" "$broken"
cut=${request:0:60}
same "a message that is cut: unchanged" "$(peer "$cut")" "$cut"
same "what has the token already: unchanged" "$(peer "$with")" "$with"
dtls=16fefd0000000000000000000500aabbcc
same "DTLS: unchanged" "$(peer "$dtls")" "$dtls"

config indication no
got=$(peer "$request" "$request" "$response")
same "one indication follows the first request of the flow" "$(wc -l <<<"$got") $(grep -c '^0011002' <<<"$got")" "4 1"
same "it comes right behind that request" "$(sed -n 2p <<<"$got" | cut -c 1-8)" 00110020
same "the messages are unchanged" "$(grep -v '^0011' <<<"$got")" "$request
$request
$response"
same "it holds the token" "$(sed -n 2p <<<"$got" | grep -c "c0de0012${token}0000")" 1

config off no
same "off: unchanged" "$(peer "$request")" "$request"

# In options: the first three wrapped datagrams of a flow carry the token.
mkfifo "$tmp/ready"
"$B/mdrouter" --listen 127.0.0.1:49777 --auth-key "1:aes-128-cmac-96:$tmp/key" --cap 127.0.0.0/8 --client 127.0.0.0/8 \
	--json "$tmp/json" --ready-fd 3 3>"$tmp/ready" 2>"$tmp/err" </dev/null &
router=$!
read -r _ <"$tmp/ready"
rtp() { printf '8060%04x000000000000000141%064d' "$1" 0; }
sent=$(for i in 1 2 3 4 5; do rtp $i; echo; done)
# shellcheck disable=SC2086
same "RTP arrives unchanged behind the router" "$(peer $sent)" "$sent"
kill "$router"; wait "$router"
same "three of five datagrams carried the token to the router" \
	"$(jq -r '.token_len // 0' "$tmp/json" | paste -sd ' ' -)" "18 18 18 0 0"
same "the router took all five" "$(jq -r .action "$tmp/json" | sort | uniq -c | awk '{ print $1, $2 }')" "5 metadata"

echo "1..$n"
[ "$failed" -eq 0 ]
