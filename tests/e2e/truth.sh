#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# truth.sh BUILD - real encoders, real payloaders, and what a decoder's own parser says of each frame against what is marked
# on the wire: where a frame starts and ends, and its importance. Prints a table.
# shellcheck disable=SC2016,SC2034 # jq programs; what lib.sh reads
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$(readlink -f -- "$0")")/../integration/lib.sh"

frames=60
film="-v error -f lavfi -i testsrc2=size=320x240:rate=30 -frames:v $frames -y"
payload=$'[payload]\n96 = FORMAT\n97 = audio\n33 = mpegts'
printf '# %-34s %7s %6s %6s %6s %6s %9s\n' stream packets MDUs frames starts ends importance >"$T/table"

# encode FILE ARGUMENT... - a film, by one of FFmpeg's encoders
encode() {
	local to=$1
	shift
	# shellcheck disable=SC2086
	ffmpeg $film "$@" "$to" </dev/null
}

# Importance of each frame, in the order they are sent, as D of the default policy: 1 key, 2 base, 3 discardable.
by_flags() { ffprobe -v error -select_streams "${2:-v}" -show_entries packet=flags -of csv=p=0 "$1" | awk '/[K_]/ { print /K/ ? 1 : 2 }'; }
of_audio() { ffprobe -v error -select_streams a -show_entries packet=flags -of csv=p=0 "$1" | sed -n 's/.*[K_].*/1/p'; }
all_unknown() { ffprobe -v error -select_streams v -show_entries packet=flags -of csv=p=0 "$1" | sed -n 's/.*[K_].*/0/p'; }

# FFmpeg reads the headers of each NAL unit; a picture nothing refers to says so in all of its slices. Parameter sets make
# the picture behind them a key.
headers() { ffmpeg -v verbose -i "$1" -map v -c copy -bsf:v trace_headers -f null - 2>&1 </dev/null | sed -n 's/^\[trace_headers[^]]*\] //p'; }
tell='function tell() { if (open) print key ? 1 : refs ? 2 : 3; open = refs = key = 0 } END { tell() }'
of_h264() {
	headers "$1" | awk "$tell"'
		$2 == "nal_ref_idc" { ref = $NF }
		$2 == "nal_unit_type" { type = $NF; if (type == 7 || type == 8) parameters = 1 }
		$2 == "first_mb_in_slice" {
			if ($NF == 0) { tell(); open = 1; key = parameters; parameters = 0 }
			if (type == 5) key = 1
			refs += ref > 0
		}'
}
of_h265() {
	headers "$1" | awk "$tell"'
		$2 == "nal_unit_type" { type = $NF; if (type >= 32 && type <= 34) parameters = 1 }
		$2 == "first_slice_segment_in_pic_flag" {
			if ($NF == 1) { tell(); open = 1; key = parameters; parameters = 0 }
			if (type >= 16 && type <= 23) key = 1
			refs += type >= 16 || type % 2
		}'
}

# On the wire: an MDU for each Counter; D as it is once the whole MDU was seen; a start where the RTP timestamp changes; an
# end where the marker is.
seen() {
	jq -rs '
		reduce .[] as $p ([]; if length > 0 and .[-1].counter == $p.counter then .[-1] |= (.d = $p.d | .packets += [$p.rtp])
			else . + [{counter: $p.counter, d: $p.d, packets: [$p.rtp]}] end)
		| . as $mdus | range(length) | . as $i | $mdus[$i]
		| [.d, (if $i == 0 or $mdus[$i - 1].packets[-1].ts != .packets[0].ts then 1 else 0 end),
			(if .packets[-1].marker and (.packets[:-1] | all(.marker | not)) then 1 else 0 end)] | join(" ")' "$T/marks.json"
}

# agree NAME TRUTH [START END] - compares the last run; without START or END that is not a picture's business (transport
# streams, audio).
agree() {
	local name=$1 truth=$2 start=${3:-1} end=${4:-1}
	seen >"$T/seen"
	cut -d ' ' -f 1 "$T/seen" >"$T/seen.d"
	local total right=0 starts ends
	total=$(wc -l <"$truth")
	right=$(paste -d ' ' "$truth" "$T/seen.d" | awk '$1 == $2 { n++ } END { print n + 0 }')
	starts=$(awk '{ n += $2 } END { print n + 0 }' "$T/seen") ends=$(awk '{ n += $3 } END { print n + 0 }' "$T/seen")
	[ "$start" = 1 ] || starts=-
	[ "$end" = 1 ] || ends=-
	printf '# %-34s %7d %6d %6d %6s %6s %7d %%\n' "$name" "$(wc -l <"$T/marks.json")" "$(wc -l <"$T/seen")" "$total" "$starts" "$ends" \
		"$((total ? 100 * right / total : 0))" >>"$T/table"
	[ "$starts" = - ] && starts=$total
	[ "$ends" = - ] && ends=$total
	check "$name: frames, starts, ends and importance agree" \
		same "$(wc -l <"$T/seen") $starts $ends $right" "$total $total $total $total"
}

# by_gst FILE ELEMENT... - from the file's first stream through a payloader to the wire.
by_gst() {
	local file=$1
	shift
	run gst-launch-1.0 -q filesrc location="$file" ! matroskademux ! "$@" ! udpsink host=127.0.0.1 port=5004 sync=false
}

# by_ffmpeg_sealed FILE - FFmpeg has its own SRTP, which nothing taps.
by_ffmpeg_sealed() {
	run ffmpeg -v error -i "$1" -c copy -strict experimental -f rtp -payload_type 96 -srtp_out_suite AES_CM_128_HMAC_SHA1_80 \
		-srtp_out_params AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd 'srtp://127.0.0.1:5004?pkt_size=1000'
}

# sealed NAME FORMAT FILE - what is left of a stream where the payload cannot be read, and the configuration says so.
sealed() {
	route=$'mode = inline\nprotection = srtp' scene "$1, SRTP by FFmpeg, no tap" "$2" "$3" all_unknown by_ffmpeg_sealed "$3"
	check "$1: and nothing else is said of it" same "$(jq -r '"\(.d)\(.p)\(.l)"' "$T/marks.json" | sort -u)" 020
}

# unannounced NAME FORMAT FILE - the same where nobody says that it is encrypted: it is found out within some pictures.
unannounced() {
	settings 'mode = inline' "${payload/FORMAT/$2}"
	check "$1, SRTP that nobody speaks of: it is sent" by_ffmpeg_sealed "$3"
	check "$1: it is found out" same "$(jq -rs '.[length / 2 | floor:][] | "\(.d)\(.p)\(.l)"' "$T/marks.json" | sort -u)" 020
}

scene() { # NAME FORMAT FILE TRUTH COMMAND...
	local name=$1 format=$2 file=$3 truth=$4
	shift 4
	settings "${route:-mode = inline}" "${payload/FORMAT/$format}"
	"$truth" "$file" >"$T/truth"
	check "$name: it is sent" "$@"
	agree "$name" "$T/truth" "${starts:-1}" "${ends:-1}"
}

encode "$T/h264.mkv" -c:v libx264 -bf 3 -x264-params b-pyramid=normal:keyint=20:slices=2
scene 'H.264, B-frames, b-pyramid' h264 "$T/h264.mkv" of_h264 by_gst "$T/h264.mkv" h264parse ! rtph264pay pt=96 mtu=600
scene 'H.264, the same, aggregated' h264 "$T/h264.mkv" of_h264 by_gst "$T/h264.mkv" h264parse ! rtph264pay pt=96 mtu=1400 aggregate-mode=zero-latency
scene 'H.264 by FFmpeg' h264 "$T/h264.mkv" of_h264 run ffmpeg -v error -i "$T/h264.mkv" -c copy -f rtp -payload_type 96 'rtp://127.0.0.1:5004?pkt_size=1200'

srtp='key=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d'
scene 'H.264, SRTP by srtpenc, tap' h264 "$T/h264.mkv" of_h264 by_gst "$T/h264.mkv" h264parse ! rtph264pay pt=96 mtu=600 ! srtpenc $srtp
route=$'mode = inline\nprotection = srtp'
scene 'H.264, the same, protection = srtp' h264 "$T/h264.mkv" of_h264 by_gst "$T/h264.mkv" h264parse ! rtph264pay pt=96 mtu=600 ! srtpenc $srtp
sealed H.264 h264 "$T/h264.mkv"
route=

encode "$T/h265.mkv" -c:v libx265 -x265-params log-level=none:bframes=3:keyint=20
scene 'H.265, B-frames' h265 "$T/h265.mkv" of_h265 by_gst "$T/h265.mkv" h265parse ! rtph265pay pt=96 mtu=600
scene 'H.265, SRTP by srtpenc, tap' h265 "$T/h265.mkv" of_h265 by_gst "$T/h265.mkv" h265parse ! rtph265pay pt=96 mtu=600 ! srtpenc $srtp
sealed H.265 h265 "$T/h265.mkv"
encode "$T/vp8.mkv" -c:v libvpx -b:v 600k -g 20 -deadline realtime
scene 'VP8' vp8 "$T/vp8.mkv" by_flags by_gst "$T/vp8.mkv" rtpvp8pay pt=96 mtu=600 picture-id-mode=2
scene 'VP8, SRTP by srtpenc, tap' vp8 "$T/vp8.mkv" by_flags by_gst "$T/vp8.mkv" rtpvp8pay pt=96 mtu=600 ! srtpenc $srtp
sealed VP8 vp8 "$T/vp8.mkv"
unannounced VP8 vp8 "$T/vp8.mkv"
encode "$T/vp9.mkv" -c:v libvpx-vp9 -b:v 600k -g 20 -deadline realtime -cpu-used 8 -lag-in-frames 0
scene 'VP9' vp9 "$T/vp9.mkv" by_flags by_gst "$T/vp9.mkv" vp9parse ! rtpvp9pay pt=96 mtu=600 picture-id-mode=2
scene 'VP9, SRTP by srtpenc, tap' vp9 "$T/vp9.mkv" by_flags by_gst "$T/vp9.mkv" vp9parse ! rtpvp9pay pt=96 mtu=600 picture-id-mode=2 ! srtpenc $srtp
sealed VP9 vp9 "$T/vp9.mkv"
unannounced VP9 vp9 "$T/vp9.mkv"
gst-launch-1.0 -q audiotestsrc num-buffers=100 samplesperbuffer=960 ! audio/x-raw,rate=48000 ! opusenc ! matroskamux \
	! filesink location="$T/opus.mkv" >/dev/null 2>&1
starts=1 ends=0 scene 'Opus' video "$T/opus.mkv" of_audio by_gst "$T/opus.mkv" rtpopuspay pt=97
starts=1 ends=0 scene 'Opus, SRTP by srtpenc, tap' video "$T/opus.mkv" of_audio by_gst "$T/opus.mkv" rtpopuspay pt=97 ! srtpenc $srtp
ffmpeg -v error -f lavfi -i "testsrc2=size=640x480:rate=30,noise=alls=40:allf=t" -frames:v $frames -c:v libx264 -preset ultrafast -g 20 -bf 0 \
	-y "$T/ts.mkv" </dev/null
starts=0 ends=0 scene 'MPEG-TS' video "$T/ts.mkv" by_flags by_gst "$T/ts.mkv" h264parse ! mpegtsmux alignment=7 ! rtpmp2tpay pt=33
starts=0 ends=0 scene 'MPEG-TS, SRTP by srtpenc, tap' video "$T/ts.mkv" by_flags by_gst "$T/ts.mkv" h264parse ! mpegtsmux alignment=7 ! rtpmp2tpay pt=33 \
	! srtpenc $srtp
export GST_PLUGIN_PATH=$B/gst GST_REGISTRY=$T/registry
check 'mdhint is a plugin like others' gst-inspect-1.0 mdhint
route=$'mode = inline\nprotection = srtp'
scene 'VP8 unknown to the shim, mdhint' video "$T/vp8.mkv" by_flags by_gst "$T/vp8.mkv" rtpvp8pay pt=96 mtu=600 ! mdhint ! srtpenc $srtp
route=
cat "$T/table"
finish
