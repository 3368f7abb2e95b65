#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# patch.sh BUILD - GStreamer and FFmpeg as a user without any capability, by the egress patch: the client gets exactly what
# was made, the router verifies all.
# shellcheck disable=SC2154,SC2317 # what lib.sh and stage.sh set
# shellcheck source=tests/e2e/patch_lib.sh
. "$(dirname "$(readlink -f -- "$0")")/patch_lib.sh"

gstreamer() {
	let_nobody_in
	printf '\200\310\000\006abcdTIME\000\000\000\000\000\000\000\000\000\000\000\001\000\000\000\001' >"$stage/reports"
	stage_send gst-launch-1.0 -q videotestsrc is-live=true num-buffers="$frames" pattern=smpte horizontal-speed=3 \
		! video/x-raw,width=320,height=240,framerate=30/1 \
		! x264enc tune=zerolatency speed-preset=ultrafast bitrate=2000 key-int-max=30 ! rtph264pay pt=96 mtu=1200 config-interval=-1 \
		! tee name=t ! queue ! udpsink host="$stage_client" port="$STAGE_MEDIA" \
		t. ! queue ! rtpstreampay ! filesink location="$stage/made.rtp" \
		filesrc location="$stage/reports" blocksize=28 ! udpsink host="$stage_client" port=$((STAGE_MEDIA + 1)) sync=false
}

ffmpeg_h264() {
	let_nobody_in
	rm -f "$stage/made.rtp"
	stage_send ffmpeg -v error -nostdin -re -f lavfi -i testsrc2=size=320x240:rate=30 -frames:v "$frames" \
		-c:v libx264 -preset ultrafast -tune zerolatency -b:v 2M -g 30 -pix_fmt yuv420p \
		-f rtp "rtp://$stage_url:$STAGE_MEDIA?pkt_size=1200${1:-}"
}

for mode in tunnel inline; do
	for family in 4 6; do
		scene "GStreamer, no capability" $family $mode h264 60 gstreamer
		check "GStreamer, no capability, $mode, IPv$family: all by the patch" all_by_the_patch
		scene "FFmpeg, no capability" $family $mode h264 60 ffmpeg_h264
		check "FFmpeg, no capability, $mode, IPv$family: all by the patch" all_by_the_patch
	done
done
scene "FFmpeg, connected" 4 inline h264 60 ffmpeg_h264 "&connect=1"
check "FFmpeg, connected, inline, IPv4: all by the patch" all_by_the_patch
scene "FFmpeg, connected" 6 tunnel h264 60 ffmpeg_h264 "&connect=1"
check "FFmpeg, connected, tunnel, IPv6: all by the patch" all_by_the_patch
finish
