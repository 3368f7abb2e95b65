#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# bits.sh - a running router on loopback, and a wrapped datagram of either family with each of its bits flipped: as it is,
# and with IP checksum, UDP checksum and OCS made right again, so that AUTH has to refuse it. It is refused, or the bit is
# outside AUTH by design; these are named.
# shellcheck disable=SC1091
. "$(dirname "$0")/lib.sh"

# family COVER VERSION LISTEN PREFIX
family() {
	router_start --listen "$3" --auth-key "1:AES-128-CMAC-96:$T/cmac.key:cover=$1" --cap "$4" --client "$4" \
		--summary "$T/summary" || return 1
	"$FORGE" bits "$2" 49777 "$CMAC_KEY" "$5" >"$T/bits"
	rc=$?
	router_stop || rc=1
	return $rc
}

# The figures of the router agree with what came through: markers, and the bits outside AUTH.
figures() {
	sent=$(sed -n 's/^# sent \([0-9]*\) .*/\1/p' "$T/bits")
	through=$(sed -n 's/^# outside AUTH.*, \([0-9]*\) bits/\1/p' "$T/bits" | awk '{ n += $1 } END { print n + 0 }')
	same $((sent + through)) "$(figure .forward.packets "$T/summary")" &&
		same $((sent + through)) "$(figure .metadata "$T/summary")" &&
		same 0 "$(figure .receive.kernel_drops "$T/summary")" &&
		same '{}' "$(figure .forward.errors "$T/summary")"
}

trial() {
	ok "$1, router and forge run to their end" family "$2" "$3" "$4" "$5" "$6"
	grep '^#' "$T/bits"
	ok "$1, as it is: refused, but for what is named" grep -q '^ok 1 ' "$T/bits"
	ok "$1, sums made right again: refused, but for what is named" grep -q '^ok 2 ' "$T/bits"
	ok "$1, the router's figures agree" figures
	echo "# refused, by reason: $(figure .failures "$T/summary")"
}

trial "IPv4, cover datagram" datagram 4 127.0.0.1:49777 127.0.0.0/8 0
trial "IPv6, cover datagram" datagram 6 '[::1]:49777' ::1/128 0
trial "IPv4, cover 64" 64 4 127.0.0.1:49777 127.0.0.0/8 64
trial "IPv6, cover 64" 64 6 '[::1]:49777' ::1/128 64
plan
