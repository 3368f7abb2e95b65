#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# bursts.sh BUILD - the burst size of each datagram on the wire: known from the shape of the call, the same on all packets of
# the burst, 0 where nobody knows. The cases of calls are those of tests/vectors/burst.json.
# shellcheck disable=SC2016,SC2046,SC2086 # jq programs; lists of sizes
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$(readlink -f -- "$0")")/lib.sh"

vectors=$(dirname "$(readlink -f -- "$0")")/../vectors/burst.json
bursts() { jq -rs 'map("\(.ip.dport - 5004):\(.bq)") | group_by(.) | map("\(length) of \(.[0])") | join(" ")' "$T/marks.json"; }
settings $'mode = inline'
calls=$(jq '[.cases[] | select(.in.op == "call")] | length' "$vectors")
check 'there are cases' [ "$calls" -ge 5 ]
for ((i = 0; i < calls; i++)); do
	case=$(jq -c "[.cases[] | select(.in.op == \"call\")][$i]" "$vectors")
	name=$(jq -r .name <<<"$case")
	check "$name: it is sent" run "$B/tests/tools/bursts" 5004 mmsg $(jq -r '.in.inner_sizes | join(" ")' <<<"$case")
	check "$name: each datagram has the size" same "$(bursts)" "$(jq -r '"\(.in.inner_sizes | length) of 0:\(.out.bq)"' <<<"$case")"
done
check 'one datagram alone' run "$B/tests/tools/bursts" 5004 single 1400
check 'is no burst' same "$(bursts)" '1 of 0:0'
check 'a segmented send' run "$B/tests/tools/bursts" 5004 gso 1000 9500
# Ten datagrams, 9500 octets and ten times 28 of headers: 9780.
check 'is a burst of its datagrams' same "$(bursts)" '10 of 0:4'
check 'of one segment' run "$B/tests/tools/bursts" 5004 gso 1000 900
check 'it is none' same "$(bursts)" '1 of 0:0'
check 'several segmented sends in one call' run "$B/tests/tools/bursts" 5004 trains 1000 4500 3
check 'are one burst' same "$(bursts)" '15 of 0:5' # 13500 and 15 times 28
check 'a call to two destinations, with STUN in it' run "$B/tests/tools/bursts" 5004 mixed
check 'is a burst to each, without what is not wrapped' same "$(bursts)" '3 of 0:1 3 of 1:2'
settings $'mode = inline' $'[option]\nbq_unit = 500'
check 'the unit is what the configuration says' run "$B/tests/tools/bursts" 5004 mmsg 1000 1001
check 'and rounded up' same "$(bursts)" '2 of 0:5'

# GStreamer sends the buffer list of a frame by one call.
settings $'mode = inline' $'[payload]\n96 = vp8'
check 'GStreamer sends buffer lists' run gst-launch-1.0 -q videotestsrc num-buffers=30 ! vp8enc deadline=1 target-bitrate=2000000 \
	! rtpvp8pay pt=96 mtu=500 ! udpsink host=127.0.0.1 port=5004 sync=false
jq -rs 'group_by(.rtp.ts) | map([length, (map(.ip.ip_length - .surplus) | add), (map(.bq) | unique)]) | .[] | @json' "$T/marks.json" >"$T/frames"
check 'all packets of a frame have one size, that of the frame' same \
	"$(jq -r 'if .[2] == [if .[0] > 1 then (.[1] / 3000 | ceil) else 0 end] then "right" else "wrong: \(.)" end' "$T/frames" | sort | uniq -c | tr -s ' ')" ' 30 right'
check 'some of several packets' [ "$(jq 'select(.[0] > 3)' -c "$T/frames" | wc -l)" -gt 5 ]
finish
