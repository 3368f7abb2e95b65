#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# marks.sh BUILD - what is marked on the wire when an application says what it sends.
# shellcheck disable=SC2016 # jq programs
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$(readlink -f -- "$0")")/lib.sh"

settings $'mode = inline\nprotection = srtp'
check 'the example ends well' run "$B/hint" 127.0.0.1 5004
check 'the shim answers it' grep -q 'the shim listens' "$T/out"
check 'hinted frames have counters, classes and bursts of their own' \
	same "$(marks 'map("\(.counter) \(.d)\(.p)\(.l) \(.bq)") | join(",")')" \
	'0 111 2,0 111 2,0 111 2,1 332 2,1 332 2,1 332 2,2 211 2,2 211 2,2 211 2'
check 'no hint was refused, none made its datagram native' same "$(total '.counts["hints-refused"] + .asides.control')" 0
check 'a C++ program gives hints' run "$B/tests/tools/hintcpp" 5004
check 'and they are on the wire' same "$(marks 'map("\(.counter) \(.d)\(.p)\(.l)") | join(",")')" '0 111,0 111,1 332'

# Policies by media identification (RFC 8843), id 4: of the first packet of a source; it counts until another comes. VP8 key
# frames begin with 10 00, others with 10 01. What cryptex encrypts is not read.
settings 'mode = inline' $'[payload]\n96 = vp8\n[extension]\nmid = 4\n[policy small]\nmids = thumb, other\nkey = 1, 2, 2\nbase = 2, 3, 2'
thumb=bede00024474$(printf humb | od -An -tx1 | tr -d ' \n')0000
check 'packets with media identifications' run "$B/tests/tools/hexpeer" \
	"906000010000010000000001${thumb}1000aabb" \
	80600002000002000000000110010102 \
	80600001000001000000000210000102 \
	906000030000030000000001c0de000244aabbccddeeff001001aabb \
	80600004000004000000000110010102 \
	906000050000050000000001bede0001427879791001aabb
check 'each has the policy of its source' same "$(marks 'map("\(.rtp.ssrc): \(.d)\(.p)\(.l)") | join(", ")')" \
	'1: 122, 1: 232, 2: 111, 1: 020, 1: 232, 1: 211'
settings 'mode = off'
check 'without a route the example works' run "$B/hint" 127.0.0.1 5004
finish
