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

exchange() {
	local server rc
	LD_PRELOAD=$B/libmdshim.so MDSHIM_CONF=$T/shim.conf gtlsserver -q -d "$T/www" 127.0.0.1 4433 "$T/server.key" "$T/server.crt" \
		>"$T/server.out" 2>&1 &
	server=$!
	poll bound
	timeout 30 gtlsclient -q --exit-on-all-streams-close --no-quic-dump --no-http-dump --qlog-file="$T/client.qlog" \
		--download="$T" 127.0.0.1 4433 https://localhost/a https://localhost/b https://localhost/c >"$T/err" 2>&1
	rc=$?
	kill "$server"
	wait "$server"
	return $rc
}

# The streams of each 1-RTT packet the client received, in the order of packet numbers, as far as the server wrapped it: the
# first one came in a datagram with a long header. Streams are numbered in the order of first use.
expected() {
	tr '\036' ' ' <"$T/client.qlog" | jq -rs --argjson native "$1" '
		[.[] | select(.name == "transport:packet_received" and .data.header.packet_type == "1RTT")]
		| sort_by(.data.header.packet_number) | .[$native:]
		| map([.data.frames[] | select(.frame_type == "stream") | .stream_id] | if length > 0 then .[0] else null end)
		| reduce .[] as $s ({seen: [], out: []}; if $s == null then .out += [0]
			else (if .seen | index($s) then . else .seen += [$s] end) | .out += [.seen | index($s)] end)
		| .out | map(tostring) | join(" ")'
}

for mode in inline off; do
	settings $'payload = quic\nmode = '$mode
	open_capture
	check "three streams arrive, mode $mode" exchange
	close_capture
	for name in a b c; do
		check "file $name is the same, mode $mode" cmp "$T/www/$name" "$T/$name"
	done
	[ $mode = inline ] || continue
	check 'only datagrams with a long header are native' same \
		"$(total '.asides["not-media"]') $(total '.counts.seen - .wrapped')" "$(total '.asides["not-media"]') $(total '.asides["not-media"]')"
	check 'all are streams of medium priority' same "$(jq -r '"\(.s) \(.d)\(.p)\(.l)"' "$T/marks.json" | sort -u)" '1 020'
	check 'there are bursts of several packets' [ "$(jq 'select(.bq > 0)' -c "$T/marks.json" | wc -l)" -gt 100 ]
	marks=$(jq -rs 'map(.counter | tostring) | join(" ")' "$T/marks.json")
	want=$(expected 1)
	check 'the client logged most packets' [ "$(wc -w <<<"$want")" -gt 200 ]
	echo "# $(wc -w <<<"$marks") packets wrapped, $(wc -w <<<"$want") in the client's log; numbers: $(tr ' ' '\n' <<<"$marks" | sort | uniq -c | awk '{ printf "%s%s of %s", n++ ? ", " : "", $1, $2 }')"
	# The server's last packets, its farewell among them, may come after the client closed its log.
	check 'every 1-RTT packet has the number of its stream' same "$(cut -d ' ' -f "1-$(wc -w <<<"$want")" <<<"$marks")" "$want"
done
finish
