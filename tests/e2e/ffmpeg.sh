#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# ffmpeg.sh BUILD - ffmpeg as sender: H.264, one send call for each datagram, RTCP from a socket of its own.
# shellcheck disable=SC2154,SC2317 # what lib.sh and stage.sh set
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$(readlink -f -- "$0")")/lib.sh"

# h264 [URL-OPTION] - FFmpeg fills 1500 octets unless told otherwise: without pkt_size nothing could be added.
h264() {
	stage_send ffmpeg -v error -nostdin -re -f lavfi -i testsrc2=size=320x240:rate=30 -frames:v "$frames" \
		-c:v libx264 -preset ultrafast -tune zerolatency -b:v 2M -g 30 -pix_fmt yuv420p \
		-f rtp "rtp://$stage_url:$STAGE_MEDIA?pkt_size=1200${1:-}"
}

for mode in tunnel inline; do
	for family in 4 6; do
		scene "FFmpeg H.264" $family $mode h264 60 h264
	done
done
cover=datagram
scene "FFmpeg H.264, connected, all of it under AUTH" 4 tunnel h264 60 h264 "&connect=1"
scene "FFmpeg H.264, connected, all of it under AUTH" 6 inline h264 60 h264 "&connect=1"
finish
