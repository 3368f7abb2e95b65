#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# roq.sh BUILD - RTP inside QUIC datagrams, by Debian's ngtcp2, of a film that a real encoder made. As frames, where the
# configuration says so: boundaries and importance are those of the film. As streams: three streams and the datagrams have
# numbers of their own. What the program says it put into each packet, and FFmpeg of the film, are the truth.
# shellcheck disable=SC2016 # jq programs
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$(readlink -f -- "$0")")/lib.sh"

frames=90
ffmpeg -v error -f lavfi -i testsrc2=size=320x240:rate=30 -frames:v $frames -c:v libx264 -bf 0 -g 30 -y "$T/film.mkv" </dev/null
gst-launch-1.0 -q filesrc location="$T/film.mkv" ! matroskademux ! h264parse ! rtph264pay pt=96 mtu=900 ! rtpstreampay \
	! filesink location="$T/film.rtp" >"$T/err" 2>&1
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$T/server.key" -out "$T/server.crt" \
	-days 2 -subj /CN=localhost >/dev/null 2>&1
bound() { grep -q ": 0100007F:1151 " /proc/net/udp; } # port 4433

exchange() { # MODE GREASED - the client's lines in out
	local server rc
	"$B/tests/tools/roq" server 4433 "$T/server.crt" "$T/server.key" >"$T/got" 2>"$T/server.err" &
	server=$!
	poll bound
	shimmed timeout 60 "$B/tests/tools/roq" client 4433 "$T/film.rtp" "$1" "$2"
	rc=$?
	[ $rc -eq 0 ] || kill "$server"
	wait "$server"
	return $rc
}
arrived() { same "$(cat "$T/got")" "$(cat "$T/err")"; }

scene() { # NAME ROUTE MODE GREASED
	settings "$2" $'[payload]\n96 = h264'
	open_capture
	check "$1: the client sends all" exchange "$3" "$4"
	close_capture
	check "$1: all of it arrives as it was" arrived
	check "$1: it has all packets of the film" grep -q "^$(tail -c +1 "$T/got" | cut -d ' ' -f 1) datagrams" "$T/err"
	# The first packets may share a datagram with a long header, which is native.
	n=$(wc -l <"$T/marks.json")
	check "$1: each 1-RTT packet is wrapped" same "$n" "$(wc -l <"$T/out")"
	check "$1: the QUIC bit is cleared in none or all" same "$(grep -c '^[0-3]' "$T/out")" "$([ "$4" = plain ] && echo 0 || echo "$n")"
}

film_as_frames() { # NAME GREASED
	scene "$1" $'payload = quic\nmode = inline\nquic = frames' frames "$2"
	# Each RTP timestamp is an MDU; a packet without RTP is one by itself.
	awk '$2 == "datagram" { if (!($4 in number)) number[$4] = n++; print number[$4] % 256; next } { print n++ % 256 }' "$T/out" >"$T/want"
	check "$1: the MDU of each packet" same "$(marks 'map(.counter) | join(" ")')" "$(paste -sd ' ' "$T/want")"
	check "$1: S is 0 in each" same "$(jq -r .s "$T/marks.json" | sort -u)" 0
	paste -d ' ' "$T/out" <(jq -r '"\(.d)\(.p)\(.l)"' "$T/marks.json") >"$T/both"
	check "$1: acknowledgements are of class unknown" same "$(awk '$2 == "-" { print $NF }' "$T/both" | sort -u)" 020
	# The class of an MDU is that of its last packet.
	awk '$2 == "datagram" { if ($4 != last && said) print said; last = $4; said = $NF } END { print said }' "$T/both" >"$T/seen"
	echo "# $1: $n packets, $(grep -c datagram "$T/out") with RTP, $(wc -l <"$T/seen") frames, importance right of $(paste -d ' ' "$T/truth" "$T/seen" | awk '$1 == $2' | wc -l)"
	check "$1: importance of each frame as FFmpeg has it" same "$(paste -sd ' ' "$T/seen")" "$(paste -sd ' ' "$T/truth")"
}
ffprobe -v error -show_entries packet=flags -of csv=p=0 "$T/film.mkv" | awk '/[K_]/ { print /K/ ? "111" : "211" }' >"$T/truth"
check 'the film has its frames' same "$(wc -l <"$T/truth")" $frames
film_as_frames frames plain
film_as_frames 'frames, greased' greased

streams() { # NAME GREASED
	scene "$1" $'payload = quic\nmode = inline' mixed "$2"
	awk '{ key = $2 == "stream" ? $3 : $2 }
		key == "-" { print 0; next }
		{ if (!(key in number)) number[key] = n++; print number[key] }' "$T/out" >"$T/want"
	check "$1: the number of each packet" same "$(jq -r .counter "$T/marks.json" | paste -sd ' ')" "$(paste -sd ' ' "$T/want")"
	check "$1: three, and the datagrams" same "$(awk '{ print $2 == "stream" ? $3 : $2 }' "$T/out" | sort -u | grep -vcx -- -)" 4
	check "$1: all of medium priority" same "$(jq -r '"\(.s) \(.d)\(.p)\(.l)"' "$T/marks.json" | sort -u)" '1 020'
	echo "# $1: numbers: $(sort -n "$T/want" | uniq -c | awk '{ printf "%s%s of %s", n++ ? ", " : "", $1, $2 }')"
}
streams 'streams' plain
streams 'streams, greased' greased
finish
