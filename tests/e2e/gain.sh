#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# gain.sh BUILD - the short form of "make gain": it runs, the same recording gives the same figures again, nothing the client
# decoded differs from the whole stream; a sender that reacts; an interrupted run leaves nothing behind; and the page shows its
# plots in a browser. TAP.
set -u
B=$(readlink -f -- "${1:?build folder}")
cd "$(dirname "$(readlink -f -- "$0")")/../.." || exit 2
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
tests=0 failures=0
check() {
	local name=$1
	shift
	tests=$((tests + 1))
	if "$@" >"$work/said" 2>&1; then
		echo "ok $tests - $name"
	else
		failures=$((failures + 1))
		echo "not ok $tests - $name"
		tail -30 "$work/said" | sed 's/^/# /'
	fi
}
if ! demo/net.sh true 2>"$work/why" && [ -s "$work/why" ]; then
	echo "ok 1 - gain # SKIP $(tr '\n' ' ' <"$work/why")"
	echo "1..1"
	exit 0
fi

page=demo/out/gain-small
check "the short form runs" env SMALL=1 KEEP="$work/kept" demo/gain/gain.sh "$B"
cp "$page/gain.json" "$work/first.json" 2>/dev/null
check "the same recording and seeds give the same figures" eval 'SMALL=1 CAPTURE="$work/kept" demo/gain/gain.sh "$B" && cmp "$page/gain.json" "$work/first.json"'
figures() {
	jq -e '.[0] | (.arms | length) == 3 and ([.arms[].damaged] | add) == 0 and .frames == 180 and (.load > 0.55 and .load < 0.65) and
		([.arms[] | .in_time[0] > 0.1 and .in_time[0] <= 1 and .ssim[0] > 0.3 and .p95[0] > 10 and .tcp[0] > 0.1] | all)' "$page/gain.json" ||
		jq -c '.[0] | del(.seeds)' "$page/gain.json" | head -c 3000 | { cat; false; }
}
check "the figures are of three arms, and plausible" figures
# On six seconds only the direction is tested; how much it is, "make gain" tells.
check "MDU-aware is before CoDel and not behind tail drop" jq -e '.[0].differences | .["mdu-med/codel"].in_time[0] > 0 and .["mdu-med/tail"].in_time[0] > -0.01' \
	"$page/gain.json"
# Four seconds of a sender that reacts: everything it sent is accounted for, and it did react: its rate is no longer what it was.
mkdir "$work/loop"
cp "$work/kept/clip.mkv" "$work/loop/"
closed_loop() { echo "hard-a mdu 1 2760" | MD_GAIN_WORK=$work/loop demo/net.sh demo/gain/closed.sh "$B" 120; }
check "the closed loop runs" closed_loop
reacts() {
	jq -e '.frames == 120 and .damaged == 0 and .unmarked == 0 and .decodable > 0.1 and .ssim > 0.3 and .got > 1e5 and .sent >= .got and
		(.rates | length) > 10 and ([.rates[][1]] | min != max) and ([.rates[] | select(.[2] >= 0)] | length) > 5' "$work"/loop/closed-hard-a-mdu-1.json ||
		{ jq -c 'del(.usable)' "$work"/loop/closed-hard-a-mdu-1.json; false; }
}
check "the sender hears its client and changes its rate" reacts
both() {
	cp -r "$work/kept/"*.json "$work/kept/strips" "$work/loop/" && mkdir "$work/both" && python3 demo/gain/page.py "$work/loop" "$work/both" &&
		jq -e '.[-1] | .closed_loop == "hard-a" and (.arms | length) == 1 and .arms[0].got[0] > 1e5' "$work/both/gain.json" &&
		grep -q '^closed loop' "$work/both/gain.txt" && grep -q 'id="closed"' "$work/both/gain.html"
}
check "table, JSON and page tell of it" both
check "the causes of wasted airtime add up to it" jq -e '.[0] | ([.seeds[][] | (.waste | length) == 5 and ((.waste | add) - .wasted | fabs) < 1e-6] | all) and
	(.arms[] | select(.arm == "tail") | .waste.late[0] > 0.01)' "$page/gain.json"
check "no arm passes the bound" jq -e '.[0] | .bound[0] as $most | [.arms[] | .in_time[0] <= $most + 1e-9] | all' "$page/gain.json"
users() {
	"$B/gain/users" --seeds 2 >"$work/users" && cat "$work/users" &&
		awk '/fair queueing/ { fair = $8; part = $(NF - 6) } /of no use if late/ { mdu = $8; whole = $(NF - 6) }
			END { exit !(fair > 5 && mdu > fair + 0.5 && part > 10 && whole > 2 * part) }' "$work/users"
}
check "make gain-users: more users with marks than with fair queueing, and frames in time beyond that" users
check "the page needs nothing from elsewhere" eval '! grep -oE "(src|href)=\"?(https?:|//)[^\" ]*|@import|url\(" "$page/gain.html"'

# shot PAGE - how many pixels have a colour of the data: capacity, two of the lines, frames in time.
shot() {
	chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --user-data-dir="$work/profile" --window-size=1300,4000 \
		--screenshot="$work/shot.png" "file://$1" >"$work/chromium" 2>&1
	ffmpeg -v error -i "$work/shot.png" -f rawvideo -pix_fmt rgb24 - 2>&1 | python3 -c '
import sys
data = sys.stdin.buffer.read()
pixels = {}
for i in range(0, len(data) - 2, 3):
    rgb = data[i:i + 3]
    pixels[rgb] = pixels.get(rgb, 0) + 1
print(*(pixels.get(bytes.fromhex(c), 0) for c in ("cfe3f5", "b3541e", "7a4ea8", "0b6e4f")))'
}
drawn() {
	local full empty
	full=$(shot "$work/both/gain.html")
	# The same page without what is drawn: the counting itself is tested.
	sed 's,</style>,.data{display:none}.key{display:none}</style>,' "$work/both/gain.html" >"$work/empty.html"
	empty=$(shot "$work/empty.html")
	echo "capacity, tail drop, CoDel, MDU-aware: $full; without data: $empty"
	[ "$empty" = "0 0 0 0" ] && awk '{ exit !(NF == 4 && $1 > 5000 && $2 > 200 && $3 > 200 && $4 > 200) }' <<<"$full"
}
# Interrupted while senders send: neither processes nor namespaces nor folders stay.
interrupted() {
	local pid dir
	mkdir "$work/tmp"
	SMALL=1 TMPDIR=$work/tmp demo/gain/gain.sh "$B" >"$work/cut" 2>&1 &
	pid=$!
	for ((i = 0; i < 3000; i++)); do
		compgen -G "$work/tmp/mdshim-net.*/stage/link.pcap" >/dev/null && break
		kill -0 $pid || return 1
		read -rt 0.02 _ <>"$work/never"
	done
	kill -TERM $pid
	wait $pid
	[ $? = 143 ] || { echo "its status is not 143"; return 1; }
	ls -A "$work/tmp"
	[ -z "$(ls -A "$work/tmp")" ] || return 1
	for dir in /proc/[0-9]*; do
		tr '\0' ' ' <"$dir/environ" 2>/dev/null | grep -q "TMPDIR=$work/tmp" && { tr '\0' ' ' <"$dir/cmdline"; return 1; }
	done
	return 0
}
mkfifo "$work/never"
check "an interrupted run leaves nothing behind" interrupted
if command -v chromium >/dev/null; then
	check "headless Chromium shows the plots" drawn
else
	tests=$((tests + 1))
	echo "ok $tests - headless Chromium shows the plots # SKIP chromium is not installed"
fi
echo "1..$tests"
[ "$failures" -eq 0 ]
