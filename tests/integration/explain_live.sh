#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# explain_live.sh BUILD - mdctl explain of a running process: what it says of each datagram is what is on the wire, and it
# believes nothing of the file it reads.
# shellcheck disable=SC2016 # jq programs
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$(readlink -f -- "$0")")/lib.sh"

settings $'mode = inline\npolicy = film' $'[payload]\n96 = h264\n[policy film]\nbase = 2, 3, 2'
ffmpeg -v error -f lavfi -i testsrc2=size=320x240:rate=30 -t 20 -c:v libx264 -bf 2 -y "$T/film.mkv" </dev/null
counting() { [ -e "$T/stats/$sender.stats" ] && [ "$(total '.counts.seen')" -gt 0 ]; }
begin() { # COMMAND... - the sender, until it counts
	LD_PRELOAD=$B/libmdshim.so MDSHIM_CONF=$T/shim.conf "$@" >"$T/out" 2>"$T/err" </dev/null &
	sender=$!
	poll counting
}
explain() { MDSHIM_CONF=$T/shim.conf timeout 30 "$B/mdctl" explain "$@" >"$T/said" 2>"$T/said.err"; }
end() {
	kill "$sender"
	wait "$sender"
}

touch -d '10 seconds ago' "$T/shim.conf"
open_capture
begin ffmpeg -v error -re -i "$T/film.mkv" -c copy -f rtp -payload_type 96 'rtp://127.0.0.1:5004?pkt_size=600'
check 'a running process is explained' explain --json --count 150 "$sender"
check 'as text too' explain --count 20 "$sender"
cp "$T/said" "$T/text"
explain --json --count 150 "$sender"
cp "$T/said" "$T/more"
explain --json --count 150 "$sender"
cat "$T/more" >>"$T/said"
check 'the process does not notice' kill -0 "$sender"
end
close_capture
jq -c 'select(.ssrc) | [.seq, .mdu, .d, .p, .l, .bq, .end]' "$T/said" | sort >"$T/explained"
jq -c '[.rtp.seq, .counter, .d, .p, .l, .bq, .rtp.marker]' "$T/marks.json" | sort >"$T/wire"
check 'each mark it explained is the one on the wire' same "$(comm -23 "$T/explained" "$T/wire" | wc -l)" 0
check 'and none was missed' same "$(wc -l <"$T/said") $(grep -c missed "$T/said")" '300 0'
check 'what is not media is said to be not' same "$(jq -r 'select(.native) | "\(.native): \(.why)"' "$T/said" | sort -u | grep -vx \
	'RTCP: STUN, DTLS, RTCP, QUIC long headers and whatever else is not media')" ''
check 'it names route, policy and ground' same "$(jq -r 'select(.ssrc) | "\(.route) \(.policy) \(.format) \(.why)"' "$T/said" | sort -u)" \
	'here film h264 payload'
check 'and the policy is the one it names' same "$(jq -r 'select(.class == "base") | "\(.d)\(.p)\(.l)"' "$T/said" | sort -u)" 232
check 'a line for each' same "$(grep -c 'MDU.*, route here, policy film$' "$T/text")" 20
check 'what has ended is said to have ended' same "$(explain "$sender"; cat "$T/said.err")" "mdshim-explain: process $sender: has ended"
check 'what is not served is said to be not' same "$(explain $$; cat "$T/said.err")" \
	"mdshim-explain: process $$: has no counters: it does not run with libmdshim, or is not served"

# Datagrams that go as they came have their reason; a hint is named.
settings $'mode = inline\npayload = quic'
begin ffmpeg -v error -re -i "$T/film.mkv" -c copy -f rtp -payload_type 96 'rtp://127.0.0.1:5004?pkt_size=600'
explain --json --count 5 "$sender"
check 'native datagrams have a reason' same "$(jq -r 'select(.native == "RTP") | .why' "$T/said" | sort -u)" 'no route covers the destination, port, process and payload'

# A file that is not what it seems.
mkdir "$T/other"
cp "$T/stats/$sender.stats" "$T/other/"
size=$(stat -c %s "$T/other/$sender.stats")
garbage() {
	local i
	for ((i = 0; i < 200; i++)); do
		head -c 3000 /dev/urandom | dd of="$T/other/$sender.stats" bs=8 seek=$(((size - 3000) / 8)) conv=notrunc status=none
		read -rt 0.01 _ <>"$T/never"
	done
	rm "$T/other/$sender.stats"
	truncate -s 0 "$T/other/$sender.stats"
}
# shellcheck disable=SC2317
nonsense() {
	timeout 4 "$B/mdctl" explain --json --dir "$T/other" "$sender" >"$T/said" 2>&1
	local rc=$?
	[ $rc -eq 124 ] || { echo "it ended with $rc"; return 1; }
	jq -e -s 'all(has("missed"))' "$T/said"
}
garbage &
garbling=$!
check 'garbage in the file is passed over' nonsense
wait "$garbling"
check 'a file of another size is refused' same "$(explain --dir "$T/other" "$sender"; cat "$T/said.err")" \
	"mdshim-explain: process $sender: has no file of counters as this version of libmdshim makes it"
rm "$T/other/$sender.stats"
ln -s "$T/stats/$sender.stats" "$T/other/$sender.stats"
check 'a link is refused' same "$(explain --dir "$T/other" "$sender"; cat "$T/said.err")" \
	"mdshim-explain: process $sender: Too many levels of symbolic links"
rm "$T/other/$sender.stats"
ln "$T/stats/$sender.stats" "$T/other/$sender.stats"
check 'and a second name' same "$(explain --dir "$T/other" "$sender"; cat "$T/said.err")" \
	"mdshim-explain: process $sender: has no file of counters as this version of libmdshim makes it"
end
finish
