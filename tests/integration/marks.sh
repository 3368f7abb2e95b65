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
settings 'mode = off'
check 'without a route the example works' run "$B/hint" 127.0.0.1 5004
finish
