#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# gstreamer.sh BUILD - gst-launch-1.0 as sender: H.264 and VP8, one sendmmsg call for each picture.
# shellcheck disable=SC2154,SC2317 # what lib.sh and stage.sh set
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$(readlink -f -- "$0")")/lib.sh"

# Three sender reports. Not by rtpbin: its pipelines come to no end now and then, without us too.
reports() {
	local i
	for i in 1 2 3; do
		printf '\200\310\000\006abcdTIME\000\000\000\000\000\000\000\000\000\000\000%d\000\000\000\001' "$i"
	done
}

# send ELEMENT... - encoder and payloader; what the payloader makes also goes to a file.
send() {
	reports >"$stage/reports"
	stage_send gst-launch-1.0 -q videotestsrc is-live=true num-buffers="$frames" pattern=smpte horizontal-speed=3 \
		! video/x-raw,width=320,height=240,framerate=30/1 ! "$@" ! tee name=t \
		! queue ! udpsink host="$stage_client" port="$STAGE_MEDIA" \
		t. ! queue ! rtpstreampay ! filesink location="$stage/made.rtp" \
		filesrc location="$stage/reports" blocksize=28 ! udpsink host="$stage_client" port=$((STAGE_MEDIA + 1)) sync=false
}

h264() { send x264enc tune=zerolatency speed-preset=ultrafast bitrate=2000 key-int-max=30 ! rtph264pay pt=96 mtu=1200 config-interval=-1; }
vp8() { send vp8enc deadline=1 target-bitrate=1500000 keyframe-max-dist=30 ! rtpvp8pay pt=96 mtu=1200 picture-id-mode=2; }

for mode in tunnel inline; do
	for family in 4 6; do
		scene "GStreamer H.264" $family $mode h264 60 h264
		scene "GStreamer VP8" $family $mode vp8 60 vp8
	done
done
finish
