#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# patch.sh BUILD - GStreamer and FFmpeg as a user without any capability, by the egress patch: the client gets exactly what
# was made, the router verifies all.
# shellcheck disable=SC2154,SC2317 # what lib.sh and stage.sh set
# shellcheck source=tests/e2e/patch_lib.sh
. "$(dirname "$(readlink -f -- "$0")")/patch_lib.sh"

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

# As on kernels before 6.6.
"${arm[@]}" --off >/dev/null
"${arm[@]}" --clsact --cgroup "$cgroup" --netns "/proc/$MD_NET_SERVER/ns/net" >/dev/null
check "clsact: the interfaces are armed by filters" equal hooks "$("${arm[@]}" --status --json | jq -c '[.interfaces[].hook] | unique')" '["clsact"]'
scene "GStreamer, clsact" 4 inline h264 60 gstreamer
check "GStreamer, clsact, inline, IPv4: all by the patch" all_by_the_patch
"${arm[@]}" --off >/dev/null
check "clsact: no filter is left" equal filters "$(inside server tc filter show dev eth0 egress)" ""
finish
