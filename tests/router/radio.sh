#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# radio.sh - the emulated radio link inside a running router, and GTP-U: what it carries, drops and says. TAP.
# shellcheck disable=SC1091,SC2154
. "$(dirname "$0")/lib.sh"

V4="from=127.0.0.1:40001 to=127.0.0.1:49777 inner-from=127.0.0.1:40000 inner-to=127.0.0.1:50000 key=$CMAC_KEY"
KEYS="--auth-key 1:AES-128-CMAC-96:$T/cmac.key"
ENDS="--listen 127.0.0.1:49777 --cap 127.0.0.0/8 --client 127.0.0.0/8"
# shellcheck disable=SC2086
begin() { rm -f "$T/summary"; router_start $KEYS $ENDS --summary "$T/summary" "$@"; }
sent() { result=$1; shift; same "$result" "$("$FORGE" send "$@")"; }
count() { same "$1" "$(figure "$2" "$T/summary")"; }

# --- Through the link ----------------------------------------------------------------------------------------------------
seq 5 5 100 >"$T/steady"
# shown FIGURE NUMBER - waits until the summary says so.
shown() {
	tries=0
	while kill -USR1 "$router" && [ "$(figure "$1" "$T/summary" 2>/dev/null)" != "$2" ] && [ $tries -lt 200 ]; do
		tries=$((tries + 1))
		timeout 0.05 cat "$T/ready" >/dev/null
	done
	[ $tries -lt 200 ]
}
# shellcheck disable=SC2086
carried() {
	begin --radio "$T/steady" --radio-policy "$1" && "$FORGE" send $V4 marker=no count=5 >"$T/said" && shown .radio.sent 5 &&
		router_stop && count 5 .radio.packets && count 0 .radio.dropped && count 5 .forward.packets &&
		same "\"$1\"" "$(jq .radio.policy "$T/summary")"
}
for policy in tail codel dscp fair mdu; do
	ok "a trace file, policy $policy: all arrives, unchanged" carried $policy
done
# shellcheck disable=SC2086
named() {
	begin --radio mild --radio-seed 3 --radio-delay 0 && sent "sent 20 received 20 ttl 63 tos 0" $V4 count=20 && router_stop && count 21 .radio.sent
}
ok "a named trace" named

# One opportunity in an hour: four wait, the others are lost, and the end does not wait for them.
echo 3600000 >"$T/never.trace"
# shellcheck disable=SC2086
bounded() {
	begin --radio "$T/never.trace" --radio-policy tail --radio-queue 4 && "$FORGE" send $V4 marker=no count=10 >"$T/said" && shown .radio.packets 10 &&
		router_stop && count 10 .radio.packets && count 6 .radio.dropped && count 4 .radio.waiting && count 0 .radio.sent
}
ok "the queue is bounded in packets" bounded

# --- Mistakes ----------------------------------------------------------------------------------------------------------------
refused() { # TEXT OPTION...
	text=$1; shift
	# shellcheck disable=SC2086
	if "$ROUTER" $KEYS $ENDS "$@" >"$T/out" 2>"$T/err"; then echo "it started"; return 1; fi
	says "$text" "$T/err"
}
printf '1\n2\nx\n' >"$T/bad"
ok "a bad line of a trace file is named" refused "$T/bad:3: expected a whole number of milliseconds" --radio "$T/bad"
ok "a trace file that is not there" refused "$T/none: No such file" --radio "$T/none"
ok "a policy that is not there" refused "--radio-policy 'red': expected tail, codel, dscp, fair or mdu" --radio mild --radio-policy red
ok "a queue of nothing" refused "--radio-queue '0': expected a number from 1 to 1000000" --radio-queue 0
ok "--gtpu without --teid" refused "expected both or none" --gtpu 127.0.0.2
ok "--gtpu with a name" refused "--gtpu 'ran': expected a unicast address" --gtpu ran
ok "--gtpu and --radio" refused "expected one of them" --gtpu 127.0.0.2 --teid 1 --radio mild

# --- GTP-U, as tshark reads it -----------------------------------------------------------------------------------------------------
captured() { [ "$(tcpdump -n -r "$T/pcap" 2>/dev/null | wc -l)" -ge "$1" ]; }
# shellcheck disable=SC2086
gtpu() {
	tcpdump --immediate-mode -U -n -s 0 -i lo -w "$T/pcap" -Z root udp dst port 2152 2>"$T/tcpdump" &
	watcher=$!
	tries=0
	while ! grep -qs 'listening on' "$T/tcpdump" && [ $tries -lt 200 ]; do tries=$((tries + 1)); timeout 0.05 cat "$T/ready" >/dev/null 2>&1; done
	begin --gtpu 127.0.0.2 --teid 0x01020304 --qfi 9 || return 1
	"$FORGE" send $V4 marker=no count=3 mdu=2 d=3 p=3 l=2 >"$T/said" || return 1
	tries=0
	while ! captured 3 && [ $tries -lt 200 ]; do tries=$((tries + 1)); timeout 0.05 cat "$T/ready" >/dev/null 2>&1; done
	kill -INT $watcher
	wait $watcher
	router_stop && count 3 .gtpu.packets && count 0 .gtpu.failed
}
ok "three datagrams leave as G-PDUs" gtpu
fields() {
	tshark -n -r "$T/pcap" -T fields -E separator=, -e gtp.message -e gtp.teid -e gtp.ext_hdr.pdu_ses_con.pdu_type \
		-e gtp.ext_hdr.pdu_ses_con.qos_flow_id -e gtp.ext_hdr.next -e _ws.malformed 2>"$T/tshark"
}
dissected() {
	fields >"$T/fields"
	same 3 "$(grep -c '^0xff,0x01020304,0,9,' "$T/fields")" || { cat "$T/fields" "$T/tshark"; return 1; }
	! grep -i malformed "$T/fields"
}
ok "tshark reads message, TEID, container and QFI, and finds nothing malformed" dissected
# From the GTP-U header to the end of the extension headers, after IP and UDP.
heads() {
	tcpdump -n -r "$T/pcap" -xx 2>/dev/null | awk '/^[0-9]/ { if (l) print substr(l, 85, 48); l = ""; next } { sub(/^[^:]*: */, ""); gsub(/ /, ""); l = l $0 } END { print substr(l, 85, 48) }'
}
octets() {
	heads >"$T/heads"
	# flags, G-PDU, length; TEID; container 0x85 with QFI 9; 0x04: flags, QFI and PSSN, PSI, PSN, padding, no next
	awk '{ print substr($0, 1, 4) substr($0, 9) }' "$T/heads" >"$T/got"
	printf '%s\n' 34ff010203040000008501000904020024000f000000 34ff010203040000008501000904020024000f010000 \
		34ff010203040000008501000904020024010f000000 >"$T/want"
	diff "$T/want" "$T/got"
}
ok "PDU Set information, octet for octet" octets
plan
