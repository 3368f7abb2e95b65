#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# forward.sh - a running router on loopback: what it forwards, what it refuses and why, and what it says about it.
# shellcheck disable=SC1091,SC2154
. "$(dirname "$0")/lib.sh"

V4="from=127.0.0.1:40001 to=127.0.0.1:49777 inner-from=127.0.0.1:40000 inner-to=127.0.0.1:50000"
V6="from=[::1]:40001 to=[::1]:49777 inner-from=[::1]:40000 inner-to=[::1]:50000"
KEYS="--auth-key 1:AES-128-CMAC-96:$T/cmac.key --auth-key 2:HMAC-SHA1-96:$T/hmac.key"
ENDS="--listen 127.0.0.1:49777 --listen [::1]:49777 --cap 127.0.0.0/8 --cap ::1 --client 127.0.0.0/8 --client ::1"

# begin OPTION... - a router that knows both keys.
# shellcheck disable=SC2086
begin() { router_start $KEYS $ENDS --summary "$T/summary" "$@"; }

# sent "RESULT" SETTING... - what forge says came of it.
sent() { result=$1; shift; same "$result" "$("$FORGE" send "$@")"; }

# count NUMBER PATH - a figure of the summary after the end.
count() { same "$1" "$(figure "$2" "$T/summary")"; }

# --- The way through -----------------------------------------------------------------------------------------------

# shellcheck disable=SC2086
passes() {
	begin && sent "sent 5 received 5 ttl 63 tos 0" count=5 "$@" && router_stop && count 6 .metadata &&
		count 6 .forward.packets && count 0 .dropped && count '{}' .failures
}
# shellcheck disable=SC2086
{
	ok "IPv4, CMAC" passes $V4 key=$CMAC_KEY
	ok "IPv6, CMAC" passes $V6 key=$CMAC_KEY
	ok "IPv4, HMAC" passes $V4 key=$HMAC_KEY
	ok "IPv6, HMAC" passes $V6 key=$HMAC_KEY
	ok "odd length" passes $V4 key=$CMAC_KEY len=101
	ok "IPv6 inside IPv4" passes $V4 key=$CMAC_KEY "inner-from=[::1]:40000" "inner-to=[::1]:50000"
	ok "IPv4 inside IPv6" passes $V6 key=$CMAC_KEY inner-from=127.0.0.1:40000 inner-to=127.0.0.1:50000
	ok "IPv4, unfinished checksum, as the kernel's own datagrams travel" passes $V4 key=$CMAC_KEY way=unfinished
	ok "IPv6, unfinished checksum" passes $V6 key=$CMAC_KEY way=unfinished
	ok "IPv6, extension header" passes $V6 key=$CMAC_KEY extension=yes
	ok "IPv6, extension header and unfinished checksum" passes $V6 key=$CMAC_KEY way=unfinished extension=yes
}

# The same octets as an unfinished checksum has, but nothing says that it is unfinished: then it is a wrong one.
# shellcheck disable=SC2086
not_unfinished() {
	begin && sent "sent 3 received 0 ttl 0 tos 0" $1 key=$CMAC_KEY count=3 spoil=sum && router_stop &&
		count 3 .outcomes.tunnel.drop.udp-checksum
}
ok "IPv4, what only looks like an unfinished checksum is a wrong one" not_unfinished "$V4"
ok "IPv6, what only looks like an unfinished checksum is a wrong one" not_unfinished "$V6"

# Behind an extension header the kernel's filter does not see the port; what is for another port is not ours.
# shellcheck disable=SC2086
other_port() {
	begin && "$FORGE" send $V6 key=$CMAC_KEY marker=no count=3 extension=yes "to=[::1]:49778" >"$T/said" &&
		"$FORGE" send $V6 key=$CMAC_KEY count=0 >"$T/said" && router_stop && count 1 .packets &&
		count 3 .receive.not_for_us
}
ok "IPv6, extension header, another port: not looked at" other_port

# --- Policy --------------------------------------------------------------------------------------------------------

# refusal "REASON" SETTING... - required: dropped; prefer: forwarded without metadata.
refusal() {
	reason=$1; shift
	begin && sent "sent 4 received 0 ttl 0 tos 0" count=4 "$@" && router_stop &&
		count 4 ".outcomes.tunnel.drop.$reason" && count 1 .metadata && count 1 .forward.packets || return 1
	says "mdrouter: dropped ($reason)" "$T/err" && says "mdrouter: tunnel, drop, $reason: 4" "$T/err" || return 1
	begin --auth prefer && sent "sent 4 received 4 ttl 63 tos 0" count=4 "$@" && router_stop &&
		count 4 ".outcomes.tunnel.plain.$reason" && count 1 .metadata && count 5 .forward.packets && count 4 .plain
}
# shellcheck disable=SC2086
{
	ok "wrong MAC" refusal auth-mac $V4 key=$CMAC_KEY spoil=mac
	ok "wrong OCS" refusal ocs $V4 key=$CMAC_KEY spoil=ocs
	ok "too old" refusal stale $V4 key=$CMAC_KEY age=2.5
	ok "from the future" refusal stale $V6 key=$CMAC_KEY age=-2.5
}

# Without a key there is no marker of forge's that a router with policy required would let through.
# shellcheck disable=SC2086
no_auth() {
	begin && "$FORGE" send $V4 count=3 marker=no && sent "sent 0 received 0 ttl 0 tos 0" $V4 key=$CMAC_KEY count=0 &&
		router_stop && count 3 .outcomes.tunnel.drop.auth-missing && count 1 .metadata || return 1
	begin --auth prefer && sent "sent 3 received 3 ttl 63 tos 0" $V4 count=3 && router_stop &&
		count 4 .outcomes.tunnel.plain.auth-missing && count 0 .metadata || return 1
	begin --auth off && sent "sent 3 received 3 ttl 63 tos 0" $V4 count=3 && router_stop && count 4 .metadata
}
ok "no AUTH: required drops, prefer forwards, off believes" no_auth

# shellcheck disable=SC2086
unknown_key() {
	begin && "$FORGE" send $V4 count=2 marker=no key=7:AES-128-CMAC-96:$CMAC && "$FORGE" send $V4 key=$CMAC_KEY count=0 \
		>"$T/said" && router_stop && count 2 .outcomes.tunnel.drop.auth-key
}
ok "a key the router does not have" unknown_key

# shellcheck disable=SC2086
replayed() {
	begin && sent "sent 10 received 10 ttl 63 tos 0" $V4 key=$CMAC_KEY count=10 copies=3 && router_stop &&
		count 20 .outcomes.tunnel.drop.replay && count 11 .metadata
}
ok "each datagram three times: forwarded once" replayed

# shellcheck disable=SC2086
wrong_checksum() {
	for policy in required prefer off; do
		begin --auth $policy && sent "sent 2 received 0 ttl 0 tos 0" $V6 key=$CMAC_KEY count=2 spoil=udp &&
			router_stop && count 2 .outcomes.tunnel.drop.udp-checksum || return 1
	done
}
ok "wrong UDP checksum: dropped under every policy" wrong_checksum

# shellcheck disable=SC2086
translated() {
	router_start --auth-key "1:AES-128-CMAC-96:$T/cmac.key:nat" $ENDS --summary "$T/summary" &&
		sent "sent 3 received 3 ttl 63 tos 0" $V4 key=$CMAC_KEY nat=yes count=3 &&
		sent "sent 3 received 3 ttl 63 tos 0" $V4 key=$CMAC_KEY nat=yes count=3 from=127.0.0.9:5 inner-from=127.0.0.9:5 &&
		router_stop && count 8 .metadata
}
ok "nat: the source may be anybody" translated

# --- The inner datagram --------------------------------------------------------------------------------------------

# inner "REASON" SETTING... - dropped after AUTH was found right.
inner() {
	reason=$1; shift
	begin && "$FORGE" send count=3 marker=no "$@" >"$T/said" || return 1
	# shellcheck disable=SC2086
	"$FORGE" send $V4 key=$CMAC_KEY count=0 >"$T/said" && router_stop && count 3 ".outcomes.tunnel.drop.$reason" &&
		count 1 .forward.packets && count '{}' .forward.errors
}
# shellcheck disable=SC2086
{
	ok "TTL 1 goes no further" inner inner-ttl $V4 key=$CMAC_KEY ttl=1
	ok "congestion marked outside, not supported inside" inner inner-ecn $V4 key=$CMAC_KEY outer-tos=3
	ok "a source that is not of the CAP" inner inner-prefix $V4 key=$CMAC_KEY inner-from=10.0.0.1:5
	ok "a destination that is no client" inner inner-prefix $V4 key=$CMAC_KEY inner-to=10.0.0.1:5
	ok "the router's own address and port, IPv4" inner inner-prefix $V4 key=$CMAC_KEY inner-to=127.0.0.1:49777
	ok "the router's own address and port, IPv6" inner inner-prefix $V4 key=$CMAC_KEY "inner-from=[::1]:5" \
		"inner-to=[::1]:49777"
}

# shellcheck disable=SC2086
congestion() {
	begin && sent "sent 2 received 2 ttl 63 tos 3" $1 key=$CMAC_KEY count=2 tos=2 outer-tos=3 &&
		sent "sent 2 received 2 ttl 6 tos 186" $1 key=$CMAC_KEY count=2 tos=186 outer-tos=186 ttl=7 seq=200 &&
		sent "sent 2 received 2 ttl 63 tos 1" $1 key=$CMAC_KEY count=2 tos=2 outer-tos=1 seq=300 && router_stop
}
ok "IPv4: ECN of outside and inside are combined, DSCP stays" congestion "$V4"
ok "IPv6: ECN of outside and inside are combined, traffic class stays" congestion "$V6"

# shellcheck disable=SC2086
cannot_send() {
	ip link add narrow type veth peer name far && ip link set far up &&
		ip link set narrow mtu 576 up && ip addr add 10.9.9.1/24 dev narrow || return 1
	router_start $KEYS --listen 127.0.0.1:49777 --cap 127.0.0.0/8 --client 127.0.0.0/8 --client 10.0.0.0/8 \
		--summary "$T/summary" || return 1
	"$FORGE" send $V4 key=$CMAC_KEY marker=no count=3 len=800 inner-to=10.9.9.2:5 >"$T/said"
	"$FORGE" send $V4 key=$CMAC_KEY marker=no count=2 inner-to=10.1.1.1:5 >"$T/said"
	"$FORGE" send $V4 key=$CMAC_KEY marker=no count=4 inner-to=10.9.9.2:5 >"$T/said"
	"$FORGE" send $V4 key=$CMAC_KEY count=0 >"$T/said"
	router_stop && count '{"EMSGSIZE": 3, "ENETUNREACH": 2}' .forward.errors && count 5 .forward.packets &&
		count 10 .metadata && says "EMSGSIZE 3" "$T/err"
}
ok "what cannot be sent on is counted by its error" cannot_send

# shellcheck disable=SC2086
not_forwarding() {
	begin --forward no --json - && "$FORGE" send $V4 key=$CMAC_KEY marker=no count=3 >"$T/said" && router_stop &&
		count 3 .metadata && count null .forward && same 3 "$(grep -c '"metadata"' "$T/out")"
}
ok "--forward no: counted, not forwarded" not_forwarding

# --- What it says --------------------------------------------------------------------------------------------------

# shellcheck disable=SC2086
figures_of_a_flow() {
	begin && sent "sent 100 received 91 ttl 63 tos 0" $V4 key=$CMAC_KEY count=100 lose=11 mdu=7 bq=17 && router_stop ||
		return 1
	# 99 is the last number lost of 0..99, and 100 the last one sent; the marker is a flow of its own.
	count 9 .lost && count 16 .mdus && count 0 .late && count 0 .repeated && count 2 .flows.begun || return 1
	count "127.0.0.1:40000>127.0.0.1:50000" .per_flow.1.flow && count 91 .per_flow.1.packets &&
		count 9 .per_flow.1.lost && count 15 .per_flow.1.mdus && count 51000 .per_flow.1.burst || return 1
	says "mdrouter: 92 packets in" "$T/err" && says "2 flows (0 evicted), 16 MDUs" "$T/err" &&
		says "lost 9 by sequence" "$T/err"
}
ok "the summary of a flow: losses, MDUs, burst" figures_of_a_flow

# line PATH WANTED - of the line of the first packet.
line() { same "$2" "$(figure "$1" "$T/first")"; }
# shellcheck disable=SC2086
json_line() {
	begin --json "$T/lines" && sent "sent 2 received 2 ttl 63 tos 0" $V4 key=$CMAC_KEY count=2 seq=65535 bq=3 token=0000000101 \
		&& router_stop && same 3 "$(wc -l <"$T/lines")" || return 1
	head -n 1 "$T/lines" >"$T/first"
	line .flow "127.0.0.1:40000>127.0.0.1:50000" && line .outer "127.0.0.1:40001>127.0.0.1:49777" &&
		line .mode tunnel && line .action metadata && line .reason null && line .option med && line .s 0 &&
		line .counter 0 && line .d 1 && line .p 1 && line .l 1 && line .bq 3 && line .burst 9000 &&
		line .seq 65535 && line .auth ok && line .keyid 1 && line .mdu_new true && line .track next &&
		line .inner_len 128 && line .token_len 5 && line .code 0
}
ok "a JSON line has every field" json_line

# shellcheck disable=SC2086
secrets() {
	code=00112233445566778899aabbccddeeff token=0000000165794a305a584e30
	begin --json "$T/lines" && sent "sent 3 received 3 ttl 63 tos 0" $V4 key=$CMAC_KEY count=3 code=$code token=$token &&
		router_stop && count 3 .outcomes.tunnel.plain.unknown-code && count 3 .tokens || return 1
	same 3 "$(grep -c '"option":"ofc"' "$T/lines")" && ! grep -iE "${code#0011}|${token#00000001}|$CMAC" "$T/lines" \
		"$T/err" "$T/summary" "$T/out"
}
ok "an OFC without a book is forwarded plain; codes, tokens and keys are written nowhere" secrets

# shellcheck disable=SC2086
disk_full() {
	begin --json /dev/full && sent "sent 5000 received 5000 ttl 63 tos 0" $V4 key=$CMAC_KEY count=5000 && router_stop &&
		count 5001 .metadata && same 1 "$(grep -c 'json: No space left on device; no more lines are written' "$T/err")"
}
ok "a full disk ends the JSON lines with one message, and nothing else" disk_full

# shellcheck disable=SC2086
log_is_limited() {
	begin --auth required && sent "sent 5000 received 0 ttl 0 tos 0" $V4 key=$CMAC_KEY count=5000 spoil=mac &&
		router_stop && count 5000 .outcomes.tunnel.drop.auth-mac || return 1
	lines=$(grep -c 'dropped (auth-mac)' "$T/err")
	[ "$lines" -le 60 ] || { echo "$lines log lines for 5000 packets"; return 1; }
}
ok "the log is limited in rate" log_is_limited

# A summary into a pipe: the reader waits for it, so nothing has to be waited for otherwise.
# shellcheck disable=SC2086
so_far() {
	mkfifo "$T/pipe"
	router_start $KEYS $ENDS --summary "$T/pipe" && "$FORGE" send $V4 key=$CMAC_KEY count=3 >"$T/said" || return 1
	kill -USR1 "$router"
	cat "$T/pipe" >"$T/summary"
	count 4 .metadata && "$FORGE" send $V4 key=$CMAC_KEY count=3 seq=500 >"$T/said" || return 1
	kill -TERM "$router"
	cat "$T/pipe" >"$T/summary"
	wait "$router"
	count 8 .metadata
}
ok "SIGUSR1: the summary so far" so_far

# --- Identifiers, limits, other traffic ---------------------------------------------------------------------------

# shellcheck disable=SC2086
identifiers() {
	begin --med-kind 120 && sent "sent 2 received 2 ttl 63 tos 0" $V4 key=$CMAC_KEY count=2 med-kind=120 && router_stop &&
		count 3 .metadata || return 1
	begin && sent "sent 2 received 0 ttl 0 tos 0" $V4 key=$CMAC_KEY count=2 med-kind=120 && router_stop &&
		count 2 .failures.no-metadata || return 1
	begin --auth off --med-exid 4660 && sent "sent 2 received 2 ttl 63 tos 0" $V4 count=2 med-exid=4660 && router_stop &&
		count 2 .metadata && count 1 .failures.no-metadata || return 1
	begin --legacy16 && sent "sent 2 received 2 ttl 63 tos 0" $V4 key=$CMAC_KEY count=2 legacy16=yes \
		code=00112233445566778899aabbccddeeff && router_stop && count 2 .failures.unknown-code || return 1
	begin && sent "sent 2 received 0 ttl 0 tos 0" $V4 key=$CMAC_KEY count=2 legacy16=yes \
		code=00112233445566778899aabbccddeeff && router_stop && count 2 .failures.bad-length-ofc
}
ok "ExIDs, kinds and the short OFC are read as configured" identifiers

# shellcheck disable=SC2086
limits() {
	begin --limit 10 && sent "sent 2 received 2 ttl 63 tos 0" $V4 key=$CMAC_KEY count=2 age=5 && router_stop || return 1
	begin --limit 0.5 && sent "sent 2 received 0 ttl 0 tos 0" $V4 key=$CMAC_KEY count=2 age=1 && router_stop &&
		count 2 .failures.stale
}
ok "--limit is the age that is accepted" limits

# shellcheck disable=SC2086
bounded_flows() {
	begin --flows 2 || return 1
	for port in 1 2 3 4 5; do
		"$FORGE" send $V4 key=$CMAC_KEY marker=no inner-from=127.0.0.1:4000$port >"$T/said"
	done
	"$FORGE" send $V4 key=$CMAC_KEY count=0 >"$T/said"
	router_stop && count 6 .flows.begun && count 2 .flows.kept && count 4 .flows.evicted && count 6 .mdus
}
ok "--flows bounds what is remembered" bounded_flows

# The shell's own UDP socket: an ordinary sender. A second send would fail if the first had been answered with ICMP.
ordinary() {
	bash -c "exec 3>/dev/udp/$1/49777 && echo one >&3 && echo two >&3"
}
# shellcheck disable=SC2086
ordinary_datagrams() {
	begin && ordinary 127.0.0.1 && ordinary ::1 && "$FORGE" send $V4 key=$CMAC_KEY count=0 >"$T/said" && router_stop &&
		count 4 .outcomes.tunnel.drop.no-options || return 1
	begin && bash -c 'echo one >/dev/udp/127.0.0.1/49778' && "$FORGE" send $V4 key=$CMAC_KEY count=0 >"$T/said" &&
		router_stop && count 1 .packets
}
ok "ordinary datagrams: dropped and counted at the router's port, unseen at others, never answered" ordinary_datagrams

# Stopped, the router cannot read; the kernel's buffer overflows, and that is visible.
# shellcheck disable=SC2086
overrun() {
	begin || return 1
	kill -STOP "$router"
	"$FORGE" send $V4 key=$CMAC_KEY marker=no count=60000 len=1000 >"$T/said"
	kill -CONT "$router"
	"$FORGE" send $V4 key=$CMAC_KEY count=0 >"$T/said" && router_stop || return 1
	drops=$(figure .receive.kernel_drops "$T/summary") seen=$(figure .packets "$T/summary")
	[ "$drops" -gt 0 ] || { echo "nothing was lost, $seen seen"; return 1; }
	same 60001 $((drops + seen)) && says "$drops lost in the kernel's buffer" "$T/err"
}
ok "what the router was too slow for is counted" overrun
plan
