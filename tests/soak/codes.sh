#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# codes.sh BUILD - what the codes of a stream of five minutes (9000 pictures, played faster) tell an observer: within every set each code
# is used equally often; from the second codebook on, all codes above the smallest set size are used about equally often,
# whatever they mean; and no code appears in two codebooks. TAP; figures as comments.
# shellcheck disable=SC2034,SC2154,SC2317 # variables that provision_lib.sh reads and sets; functions that ok calls
if [ -n "${MD_SANITIZER:-}" ]; then
	echo "ok 1 - codes # SKIP GStreamer is not built for a sanitizer"
	echo "1..1"
	exit 0
fi
here=$(dirname "$(readlink -f -- "$0")")
# shellcheck source=tests/integration/provision_lib.sh
. "$here/../integration/provision_lib.sh"
PICTURES=9000 RATE=200

DOMAIN='epoch = 12
overlap = 3
lead = 4
drain = 0.5
codes = 800'
has_active() { [ "$(ask books '[.domains[].books[] | select(.state == "active")] | length')" = 1 ]; }
cat >"$T/shim.conf" <<-END
	[shim]
	processes = gst-launch-1.0
	stats_dir = $T/stats
	publish_dir = $T/publish
	[payload]
	96 = h264
	97 = audio
	[router near]
	address = 127.0.0.1
	port = 7002
	[route all]
	destination = 127.0.0.0/8
	router = near
	option = ofc
	domain = cap1
END
begin() {
	tcpdump --immediate-mode -n -s 2000 -B 131072 -i lo -Q in -Z root -w "$T/stream.pcap" udp dst port 7002 2>"$T/tcpdump" 8>&- &
	dump=$!
	until_ says 'listening on' "$T/tcpdump" && router_begin a 7001 && daemon_begin https://127.0.0.1:7001/v1 && until_ has_active
}
ok "a codebook is in force" begin

# The router keeps two books; all are wanted here.
keep_books() { cp -n "$T"/books.a/cap1.*.book "$T/all/" 2>/dev/null; }
stream() {
	mkdir "$T/all"
	LD_PRELOAD=$B/libmdshim.so MDSHIM_CONF=$T/shim.conf gst-launch-1.0 -q videotestsrc is-live=true num-buffers=$PICTURES pattern=snow ! \
		video/x-raw,width=320,height=180,framerate=$RATE/1 ! x264enc tune=zerolatency speed-preset=ultrafast bitrate=9000 \
		key-int-max=30 ! rtph264pay pt=96 mtu=500 config-interval=-1 ! udpsink host=127.0.0.1 port=5004 \
		audiotestsrc is-live=true num-buffers=$((PICTURES * 50 / RATE)) samplesperbuffer=960 ! audio/x-raw,rate=48000 ! opusenc ! \
		rtpopuspay pt=97 ! udpsink host=127.0.0.1 port=5006 >"$T/sender.log" 2>&1 8>&- &
	sender=$!
	while kill -0 "$sender" 2>/dev/null; do
		keep_books
		read -rt 0.3 _ <&8
	done
	wait "$sender" || return 1
	wrapped=$("$B/mdctl" stats --json --dir "$T/stats" | jq '[.processes[].wrapped] | add')
	seen=$("$B/mdctl" stats --json --dir "$T/stats" | jq '[.processes[].counts.seen] | add')
	[ "$wrapped" -gt $((PICTURES * 5)) ] && [ "$wrapped" = "$seen" ] || { echo "$wrapped of $seen"; cat "$T/sender.log"; return 1; }
}
ok "9000 pictures and their sound, every datagram with a code" stream
known() { kill -USR1 "$router_a" && read -rt 0.05 _ <&8; [ "$(jq .metadata "$T/a.json")" = "$wrapped" ]; }
# tcpdump says at each signal how many it has.
captured() { kill -USR1 "$dump" && read -rt 0.05 _ <&8; grep -q "^tcpdump: $wrapped packets captured" "$T/tcpdump"; }
all_there() {
	until_ known && until_ captured || { tail -3 "$T/tcpdump"; return 1; }
	kill -INT "$dump"
	wait "$dump"
}
ok "the router knew every code, and the capture has them all" all_there

# "CODE BOOK SET SIZE FLOOR" of every code; the sets of role "only" are one.
tail -qn +2 "$T"/all/*.book | jq -r '.book as $b | (.codes | map(.colour // 0) | max + 1) as $colours | [.codes[] |
	{c, set: (if (.s // 0) == 1 then "stream\(.stream)/\(.p)/\(.l)" elif .role == "only" then "only/\(.d // 0)/\(.p)/\(.l)"
		else "\(.role)\(.colour // 0)/\(.d // 0)/\(.p)/\(.l)" end), floor: (if .role == "only" then 5 * $colours else 5 end)}] |
	group_by(.set)[] | length as $n | .[] | "\(.c) \($b) \(.set) \($n) \(.floor)"' >"$T/sets"
"$B/tests/tools/capread" --mode tunnel --port 7002 "$T/stream.pcap" 2>/dev/null | jq -r 'select(.code) | .code' >"$T/codes"

# judge SKEW - Chi-squared over all sets, and how evenly the sets are used. Above 0 the codes are not those that were sent, but chosen again for
# the same meanings by a generator that prefers the first ones.
judge() {
	awk -v skew="$1" -v sets="$T/sets" '
		function erfc(x, t) { # Abramowitz and Stegun 7.1.26, to 1.5e-7
			if (x < 0) return 2 - erfc(-x)
			t = 1 / (1 + 0.3275911 * x)
			return ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t * exp(-x * x)
		}
		BEGIN {
			srand(1)
			while ((getline line < sets) > 0) {
				split(line, f, " ")
				if (f[1] in set) repeated++
				set[f[1]] = f[2] " " f[3]; size[f[2] " " f[3]] = f[4]; floor[f[2] " " f[3]] = f[5]
				member[f[2] " " f[3], ++members[f[2] " " f[3]]] = f[1]
			}
		}
		!($1 in set) { unknown++; next }
		{
			s = set[$1]; code = $1
			if (skew > 0) code = member[s, 1 + int(size[s] * rand() ^ (1 + skew))]
			use[code]++; total[s]++; split(s, f, " "); book[f[1]]++
		}
		END {
			for (s in total) {
				e = total[s] / size[s]
				for (i = 1; i <= size[s]; i++) { d = use[member[s, i]] - e; x += d * d / e }
				freedom += size[s] - 1
			}
			z = ((x / freedom) ^ (1 / 3) - (1 - 2 / (9 * freedom))) / sqrt(2 / (9 * freedom)) # Wilson and Hilferty
			for (b in book) { if (!first || b < first) first = b; if (book[b] > most) most = book[b] }
			for (b in book) {
				low = high = 0
				for (s in total) {
					split(s, f, " ")
					if (f[1] != b || size[s] <= floor[s]) continue
					mean = total[s] / size[s]; n[b]++
					if (!low || mean < low) low = mean
					if (mean > high) high = mean
				}
				for (s in size) { split(s, f, " "); if (f[1] == b && size[s] > floor[s] && !(s in total)) low = 0 }
				judged = b != first && book[b] >= most / 2
				ratio = low > 0 ? high / low : 0
				if (judged && (!ratio || ratio > worst)) worst = ratio ? ratio : 1e9
				epochs += judged
				printf "# codebook %s: %d datagrams, %d sets above the smallest size, use per code %.1f to %.1f, ratio %.2f%s\n", b, book[b],
					n[b], low, high, ratio, judged ? "" : b == first ? " (the first: not judged)" : " (cut short: not judged)"
			}
			printf "datagrams %d unknown %d repeated %d chi2 %.1f freedom %d p %.6f epochs %d worst %.3f\n", NR, unknown, repeated, x, freedom,
				erfc(z / sqrt(2)) / 2, epochs, worst
		}' "$T/codes"
}
judge 0 >"$T/figures"
judge 0.1 >"$T/skewed"
grep '^#' "$T/figures" | sort
echo "# $(tail -1 "$T/figures")"
echo "# the same with a generator that prefers the first codes a little: $(tail -1 "$T/skewed" | grep -o 'chi2.*epochs' | sed 's/ epochs//')"
value() { tail -1 "$T/$1" | tr ' ' '\n' | grep -A1 -x "$2" | tail -1; }
holds() { awk "BEGIN { exit !($1) }" || { cat "$T/figures"; return 1; }; }
ok "every datagram's code is in a book" eval '[ "$(value figures datagrams)" = "$wrapped" ] && [ "$(value figures unknown)" = 0 ]'
ok "within the sets, use is uniform: p > 0.0001" holds "$(value figures p) > 0.0001"
ok "a picker that is a little skewed fails that" holds "$(value skewed p) < 0.0001"
ok "no code is in two books" eval '[ "$(value figures repeated)" = 0 ]'
ok "three books or more were judged" holds "$(value figures epochs) >= 3"
ok "use per code of any two sets above the smallest size differs by less than 2" holds "$(value figures worst) > 0 && $(value figures worst) < 2"
plan
