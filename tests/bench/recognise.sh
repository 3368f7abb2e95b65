#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# recognise.sh BUILD - user-space instructions that recognising costs a datagram, by callgrind, over the captures of real
# encoders and over streams made here with the encoders and payloaders of tests/e2e/truth.sh; each is sent in one piece and
# with the RTP header in a piece of its own, as GStreamer does. Counted is what the shim executes on the way of a real send:
# each instruction that the debug information gives to recognise/ and to what recognisers read octets with; beside it what
# the choice among them takes (classify.c). TAP; limits in the file beside.
set -u
B=${1:?usage: recognise.sh BUILD}
case $B in /*) ;; *) B=$PWD/$B ;; esac
here=$(cd "$(dirname "$0")" && pwd) || exit 99
if [ "${2:-}" != --inside ]; then
	command -v valgrind >/dev/null || { echo "ok - recognisers # SKIP valgrind is not installed"; echo 1..1; exit 0; }
	if unshare -n true 2>/dev/null; then
		exec unshare -n "$here/recognise.sh" "$B" --inside
	fi
	exec unshare -Urn "$here/recognise.sh" "$B" --inside
fi
# shellcheck source=tests/bench/ns.sh
. "$here/ns.sh"
captures=$here/../captures
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
trap 'exit 99' INT TERM
link || { echo "not ok - recognisers: no link: it takes ip, nft and veth"; echo 1..1; exit 1; }
TIMES=5 # over: the first packets of an SSRC are judged, and a stream is longer than a capture
: >"$work/counts"
failed=0
printf '# %-28s %9s  %-19s  %s\n' '' '' 'recognisers' 'with the choice'
printf '# %-28s %9s %9s %9s %9s %9s\n' stream datagrams 'one piece' two 'one piece' two

# spent FILE - their instructions in a callgrind dump; what is called is counted where it stands
spent() {
	awk '
		# A name stands behind its number once, and the number alone afterwards.
		function known(text, names,   number) {
			number = text
			sub(/\).*/, "", number)
			if (sub(/^[^)]*\) /, "", text))
				names[number] = text
			return names[number]
		}
		/^cf[il]=/ { known(substr($0, 5), file); next }
		/^cfn=/ { known(substr($0, 5), fn); next }
		/^f[lie]=/ {
			path = known(substr($0, 4), file)
			in_file = path ~ /shim\/(recognise\/[a-z0-9_]*\.c|recognise\.h|octets\.h)$/
			chooses = path ~ /shim\/classify\.c$/
			next
		}
		/^fn=/ { in_fn = known(substr($0, 4), fn) ~ /^oct(et|ets_behind)_far/; next }
		/^calls=/ { getline; next }
		/^[-+*0-9]/ && (in_file || in_fn) { sum += $2; next }
		/^[-+*0-9]/ && chooses { choice += $2 }
		END { printf "%d %d\n", sum, choice }' "$1"
}

# replay FILE PIECES - "datagrams instructions choice"; nothing if it failed
replay() {
	MDSHIM_CONF=$work/inline.conf LD_PRELOAD=$B/libmdshim.so valgrind --tool=callgrind --callgrind-out-file="$work/dump" \
		"$B/tests/bench/replay" "$1" $TIMES "$2" >"$work/sent" 2>"$work/err" || return 1
	read -r sent <"$work/sent"
	echo "$sent $(spent "$work/dump")"
}

wrapped() {
	"$B/tests/tools/shimstats" "$work/stats" | awk '$1 == "wrapped" { print $2 }'
}

refused() {
	echo "not ok - recognisers: $1"
	failed=$((failed + 1))
}

# stream NAME FILE WRAPPED PAYLOAD - PAYLOAD: lines of that section; WRAPPED: how many of each pass have to be, or all
stream() {
	rm -rf "$work/stats"
	config "$work" inline replay "$4"
	if ! one=$(replay "$2" 1) || ! two=$(replay "$2" 2); then
		refused "$1: a run failed"
		sed 's/^/# /' "$work/err"
		return
	fi
	due=$3
	[ "$due" != all ] || due=$((${one%% *} / TIMES))
	if [ "$(wrapped)" -ne $((2 * TIMES * due)) ]; then
		refused "$1: $(wrapped) datagrams were wrapped, not $((2 * TIMES * due))"
	elif ! echo "$one $two" | awk -v name="$1" -v times=$TIMES '
		{ printf "# %-28s %9d %9.1f %9.1f %9.1f %9.1f\n", name, $1 / times, $2 / $1, $5 / $4, ($2 + $3) / $1, ($5 + $6) / $4 }
		{ exit !($2 && $3 && $5 && $6) }'; then
		refused "$1: the debug information names no recogniser"
	fi
	echo "$one $two" >>"$work/counts"
}

# judge NAME INSTRUCTIONS
judge() {
	limit=$(awk -v name="$1" '$1 == name { print $2 }' "$here/limits")
	printf '# average, %-18s %9s %9s (limit %s)\n' "$1" '' "$2" "${limit:--}"
	if [ -n "$limit" ] && echo "$2 $limit" | awk '{ exit !($1 <= $2) }'; then
		echo "ok - instructions: $1"
	else
		refused "$1: $2 instructions, the limit is ${limit:-missing}"
	fi
}

stream 'H.264 GStreamer' "$captures/gst-h264.pcap" 300 '96 = h264'
stream 'H.264 FFmpeg' "$captures/ffmpeg-h264-rtcp.pcap" 259 '96 = h264'
stream 'H.264 SRTP' "$captures/gst-srtp-h264.pcap" 300 '96 = h264'
stream 'H.265 GStreamer' "$captures/gst-h265.pcap" 243 '97 = h265'
stream 'VP8 GStreamer' "$captures/gst-vp8.pcap" 243 '98 = vp8'
stream 'VP8, Opus, RTCP' "$captures/gst-bundle-vp8-opus-rtcp.pcap" 298 "98 = vp8
111 = audio"
stream 'VP8 DTLS-SRTP Chromium' "$captures/chromium-dtls-srtp-vp8.pcap" 260 '96 = vp8'
stream 'VP9 GStreamer' "$captures/gst-vp9.pcap" 243 '99 = vp9'
stream 'VP9 FFmpeg' "$captures/ffmpeg-vp9-rtcp.pcap" 259 '96 = vp9'
stream 'AV1, Opus, RTX Chromium' "$captures/chromium-plain-av1.pcap" 276 "45 = av1
46 = rtx
111 = audio"
stream 'MPEG-TS GStreamer' "$captures/gst-mp2t.pcap" 196 '33 = mpegts'
stream 'Opus GStreamer' "$captures/gst-opus.pcap" 197 '111 = audio'

# The truth test's streams. Frames and their packets are enough here; nobody has to play them.
film() { ffmpeg -v error -f lavfi -i testsrc2=size=320x240:rate=30 -frames:v 60 "$@" </dev/null; }
packets() { # FILE ELEMENT... - through a payloader, packet by packet, into FILE.rtp
	from=$1; shift
	gst-launch-1.0 -q filesrc location="$work/$from.mkv" ! matroskademux ! "$@" ! rtpstreampay \
		! filesink location="$work/$from.rtp" >/dev/null 2>"$work/err"
}
film -c:v libx264 -bf 3 -x264-params b-pyramid=normal:keyint=20:slices=2 "$work/h264.mkv"
packets h264 h264parse ! rtph264pay pt=96 mtu=600
stream 'H.264 B-frames, made here' "$work/h264.rtp" all '96 = h264'
packets h264 h264parse ! rtph264pay pt=96 mtu=1400 aggregate-mode=zero-latency
stream 'H.264 aggregated, made here' "$work/h264.rtp" all '96 = h264'
film -c:v libx265 -x265-params log-level=none:bframes=3:keyint=20 "$work/h265.mkv"
packets h265 h265parse ! rtph265pay pt=96 mtu=600
stream 'H.265 B-frames, made here' "$work/h265.rtp" all '96 = h265'
film -c:v libvpx -b:v 600k -g 20 -deadline realtime "$work/vp8.mkv"
packets vp8 rtpvp8pay pt=96 mtu=600 picture-id-mode=2
stream 'VP8, made here' "$work/vp8.rtp" all '96 = vp8'
film -c:v libvpx-vp9 -b:v 600k -g 20 -deadline realtime -cpu-used 8 -lag-in-frames 0 "$work/vp9.mkv"
packets vp9 vp9parse ! rtpvp9pay pt=96 mtu=600 picture-id-mode=2
stream 'VP9, made here' "$work/vp9.rtp" all '96 = vp9'

average() { awk "{ n += \$1 + \$4; i += $1 } END { if (n) printf \"%.1f\", i / n }" "$work/counts"; }
judge recognisers "$(average '$2 + $5')"
judge recognisers-chosen "$(average '$2 + $3 + $5 + $6')"
echo "1..$((failed > 2 ? failed : 2))"
[ "$failed" -eq 0 ]
