#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# quic.sh BUILD - Debian's ngtcp2 server with three streams, GSO and the QUIC bit greased: every 1-RTT packet carries the
# right stream counter. What the client's own log says it received is the truth.
# shellcheck disable=SC2016 # jq programs
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$(readlink -f -- "$0")")/lib.sh"

PATH=$PATH:/usr/sbin
if ! command -v gtlsserver >/dev/null || ! command -v gtlsclient >/dev/null; then
	skip 'ngtcp2' 'ngtcp2-server and ngtcp2-client are not installed'
	finish
fi
mkdir "$T/www"
for name in a b c; do head -c 120000 /dev/urandom >"$T/www/$name"; done
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$T/server.key" -out "$T/server.crt" \
	-days 2 -subj /CN=localhost >/dev/null 2>&1
bound() { grep -q ": 0100007F:1151 " /proc/net/udp; } # port 4433

exchange() { # QUERY - what is behind the names of the files
	local server rc
	LD_PRELOAD=$B/libmdshim.so MDSHIM_CONF=$T/shim.conf gtlsserver -q -d "$T/www" 127.0.0.1 4433 "$T/server.key" "$T/server.crt" \
		>"$T/server.out" 2>&1 &
	server=$!
	poll bound
	timeout 30 gtlsclient -q --exit-on-all-streams-close --no-quic-dump --no-http-dump --qlog-file="$T/client.qlog" \
		--download="$T" 127.0.0.1 4433 "https://localhost/a${1:-}" "https://localhost/b${2:-}" https://localhost/c >"$T/err" 2>&1
	rc=$?
	kill "$server"
	wait "$server"
	return $rc
}

# The streams of each 1-RTT packet the client received, in the order of packet numbers, as far as the server wrapped it: the
# first one came in a datagram with a long header. Streams are numbered in the order of first use. A server that had to wait for
# its processor repeats what it takes for lost; a packet with nothing else counts as one without a stream.
packets() {
	tr '\036' ' ' <"$T/client.qlog" | jq -rs --argjson native "$1" '
		[.[] | select(.name == "transport:packet_received" and .data.header.packet_type == "1RTT")]
		| sort_by(.data.header.packet_number)
		| reduce .[] as $packet ({got: {}, out: []};
			.got as $got
			| [$packet.data.frames[] | select(.frame_type == "stream")
				| {id: .stream_id, end: (2 * ((.offset | tonumber) + (.length | tonumber)) + (if .fin then 1 else 0 end))}
				| select(.end > ($got[.id | tostring] // -1))] as $new
			| .out += [if $new | length > 0 then $new[0].id else null end]
			| .got += ($new | map({(.id | tostring): .end}) | add // {}))
		| .out | .[$native:]'"$2"
}
expected() {
	packets "$1" '
		| reduce .[] as $s ({seen: [], out: []}; if $s == null then .out += [0]
			else (if .seen | index($s) then . else .seen += [$s] end) | .out += [.seen | index($s)] end)
		| .out | map(tostring) | join(" ")'
}
# First octets of the server's 1-RTT packets on the wire: of those whose QUIC bit is set, or cleared (RFC 9287).
first_octets() { tcpdump -n -x -r "$T/lo.pcap" 'src port 4433 and udp[8] & 0xc0 = '"$1" 2>/dev/null | grep -c '^[0-9:.]* IP'; }

arrives() {
	for name in a b c; do
		check "$1: file $name is the same" cmp "$T/www/$name" "$T/$name"
	done
}

numbers() { # NAME - after an exchange
	local marks want
	marks=$(jq -rs 'map(.counter | tostring) | join(" ")' "$T/marks.json")
	want=$(expected 1)
	check "$1: the client logged most packets" [ "$(wc -w <<<"$want")" -gt 200 ]
	echo "# $1: $(wc -w <<<"$marks") packets wrapped, $(wc -w <<<"$want") in the client's log, $(total .counts.segmented) segment trains; numbers: $(tr ' ' '\n' <<<"$marks" | sort | uniq -c | awk '{ printf "%s%s of %s", n++ ? ", " : "", $1, $2 }')"
	# The server's last packets, its farewell among them, may come after the client closed its log.
	check "$1: every 1-RTT packet has the number of its stream" same "$(cut -d ' ' -f "1-$(wc -w <<<"$want")" <<<"$marks")" "$want"
}

inline() { # NAME - one exchange and all that holds of it
	arrives "$1"
	check "$1: only datagrams with a long header are native" same \
		"$(total '.asides["not-media"]') $(total '.counts.seen - .wrapped')" "$(total '.asides["not-media"]') $(total '.asides["not-media"]')"
	check "$1: all are streams" same "$(jq -r '"\(.s) \(.d) \(.l)"' "$T/marks.json" | sort -u)" '1 0 0'
	check "$1: the server sent segment trains" [ "$(total .counts.segmented)" -ge 5 ]
	check "$1: there are bursts of several packets" [ "$(jq 'select(.bq > 0)' -c "$T/marks.json" | wc -l)" -gt 100 ]
	numbers "$1"
}

# ngtcp2 tosses a coin for each connection whether its packets are greased: both kinds are to be seen.
settings $'payload = quic\nmode = inline'
greased=0 plain=0
for ((i = 1; i <= 30 && (greased == 0 || plain == 0); i++)); do
	open_capture
	check "connection $i: three streams arrive" exchange
	close_capture
	cleared=$(first_octets 0) set=$(first_octets 0x40)
	check "connection $i: the QUIC bit is cleared in none or all" same "$((cleared > 0 ? set : 0))" 0
	echo "# connection $i: the QUIC bit is cleared in $cleared packets, set in $set"
	[ "$cleared" -eq 0 ] || greased=$((greased + 1))
	[ "$cleared" -gt 0 ] || plain=$((plain + 1))
	inline "connection $i"
	check "connection $i: of medium priority" same "$(jq -r .p "$T/marks.json" | sort -u)" 2
done
check 'packets with the QUIC bit cleared were sent' [ "$greased" -gt 0 ]
check 'and with the QUIC bit set' [ "$plain" -gt 0 ]

# The server takes the urgency of a response from the query; streams 0 and 4 carry a and b.
# P of each packet by the number of its stream.
by_stream() { packets 1 '| map(if . == 0 then 1 elif . == 4 then 3 else 2 end | tostring) | join(" ")'; }
urgent() { same "$(jq -rs 'map(.p | tostring) | join(" ")' "$T/marks.json" | cut -d ' ' -f "1-$(by_stream | wc -w)")" "$(by_stream)"; }
settings $'payload = quic\nmode = inline\nquic_priority = yes'
open_capture
check 'urgency: it arrives' exchange '?u=1' '?u=6'
close_capture
inline 'urgency'
check 'urgency: 0 to 2 is high priority, 4 to 7 low, 3 medium' urgent
settings $'payload = quic\nmode = inline\nquic_priority = yes' $'[policy first]\nstreams = 0\nunknown = 0, 3, 1'
open_capture
check 'urgency: it arrives beside a policy' exchange '?u=1' '?u=6'
close_capture
check 'urgency: a policy of the stream wins' same "$(jq -r '"\(.p)\(.l)"' "$T/marks.json" | sort -u | paste -sd ' ')" '20 30 31'
settings $'payload = quic\nmode = inline'
open_capture
check 'urgency: it arrives where nobody asks for it' exchange '?u=1' '?u=6'
close_capture
check 'urgency: all of medium priority then' same "$(jq -r .p "$T/marks.json" | sort -u)" 2

settings $'payload = quic\nmode = off'
open_capture
check 'mode off: three streams arrive' exchange
close_capture
arrives 'mode off'
finish
