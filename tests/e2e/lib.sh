#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# rule: 86
# lib.sh - real senders under the shim, through the router, to a client that decodes; in namespaces. To be sourced first.
#
# The script that sources this runs again inside the namespaces, once they stand. TAP on standard output.
# shellcheck disable=SC2119,SC2154 # arguments of stage_receiver; what stage.sh sets
set -u
B=$(readlink -f -- "${1:?build folder}")
top=$(dirname "$(readlink -f -- "$0")")/../..
# shellcheck source=tests/tap.sh
. "$top/tests/tap.sh"

# A machine that lets nobody make namespaces is a reason to skip, and said loudly.
if [ -z "${MD_NET_DIR:-}" ]; then
	"$top/demo/net.sh" "$0" "$B"
	rc=$?
	[ $rc -ne 77 ] || echo "ok 1 - $(basename "$0" .sh) # SKIP $("$top/demo/net.sh" true 2>&1 | tr '\n' ' ')"
	[ $rc -ne 77 ] || { echo "1..1"; exit 0; }
	exit $rc
fi
# shellcheck source=demo/stage.sh
. "$top/demo/stage.sh"
capread=$B/tests/tools/capread

# equal "WHAT" ACTUAL EXPECTED [...]
equal() {
	local rc=0
	while [ $# -ge 3 ]; do
		[ "$2" = "$3" ] || { echo "$1: $2, expected $3"; rc=1; }
		shift 3
	done
	return $rc
}

every_media_datagram_is_wrapped() {
	equal wrapped "$stage_wrapped" "$stage_media" "MDUs opened" "$(figure stats.json '[.processes[].counts.mdus] | add')" "$frames" &&
		[ "$stage_wrapped" -gt "$frames" ] && return
	jq -c '[.processes[] | {program, counts, asides}]' "$stage/stats.json"
	return 1
}

the_router_verifies_all() {
	equal verified "$(figure summary.json .metadata)" "$stage_wrapped" dropped "$(figure summary.json .drop)" 0 \
		plain "$(figure summary.json .plain)" 0 MDUs "$(figure summary.json .mdus)" "$frames" \
		"lost, late, repeated" "$(figure summary.json '.lost + .late + .repeated')" 0 && return
	jq -c '{failures, outcomes}' "$stage/summary.json"
	return 1
}

# read_capture NAME MODE [OPTION...] - NAME.MODE.json, one line per datagram, and NAME.MODE.sum
read_capture() {
	local name=$1 mode=$2 rc
	shift 2
	"$capread" --mode "$mode" "$@" "$stage/$name.pcap" >"$stage/$name.$mode.all" 2>"$stage/$name.$mode.err"
	rc=$?
	cat "$stage/$name.$mode.err"
	grep '^{"summary"' "$stage/$name.$mode.all" >"$stage/$name.$mode.sum"
	grep -v '^{"summary"' "$stage/$name.$mode.all" >"$stage/$name.$mode.json"
	return $rc
}

the_capture_keeps_every_rule() {
	local port=$STAGE_PORT
	[ "$stage_mode" = tunnel ] || port=$STAGE_MEDIA
	read_capture link "$stage_mode" --port "$port" --key "$stage_key" --within 1000 || return 1
	equal verified "$(figure "link.$stage_mode.sum" .verified)" "$stage_wrapped" \
		violations "$(figure "link.$stage_mode.sum" .violations)" 0 \
		"RTP gaps" "$(figure "link.$stage_mode.sum" .rtp_gaps)" 0 \
		"RTP timestamps" "$(figure "link.$stage_mode.sum" .rtp_timestamps)" "$frames" \
		"Counter values" "$(figure "link.$stage_mode.sum" .mdus)" "$frames"
}

digests() { jq -r .digest "$stage/$1"; }

# Inner datagrams as they left the server (inline: whole datagrams with their options) against what reached the client.
the_client_gets_the_same_octets() {
	local mode=native ttl
	[ "$stage_mode" = tunnel ] || mode=inline
	read_capture client $mode --port $STAGE_MEDIA --key "$stage_key" || return 1
	digests "link.$stage_mode.json" >"$stage/left"
	digests "client.$mode.json" >"$stage/arrived"
	cmp "$stage/left" "$stage/arrived" || return 1
	ttl=$(jq -s 'map((.inner // .ip).ttl) | unique | if length == 1 then .[0] else "several" end' "$stage/link.$stage_mode.json")
	equal datagrams "$(wc -l <"$stage/arrived")" "$stage_wrapped" \
		TTL "$(jq -s 'map(.ip.ttl) | unique | tojson' -r "$stage/client.$mode.json")" "[$((ttl - 1))]"
}

rtcp_arrives_natively() {
	read_capture link native --port $((STAGE_MEDIA + 1)) && read_capture client native --port $((STAGE_MEDIA + 1)) || return 1
	digests link.native.json >"$stage/left"
	digests client.native.json >"$stage/arrived"
	cmp "$stage/left" "$stage/arrived" &&
		equal "RTCP datagrams, native" "$(figure client.native.sum .rtcp)" "$stage_not_media" \
			"RTCP received" "$(figure receiver.json .rtcp)" "$stage_not_media" || return 1
	[ "$stage_not_media" -gt 0 ] || { echo "the sender sent no RTCP"; return 1; }
}

the_client_decodes_every_frame() {
	equal frames "$(figure receiver.json .frames)" "$frames" packets "$(figure receiver.json .packets)" "$stage_media" \
		"lost, late, repeated" "$(figure receiver.json '.lost + .late + .duplicates')" 0 || { cat "$stage/receiver.err"; return 1; }
}

# What the payloader handed to udpsink, written beside it by the sender's own pipeline.
the_client_gets_what_was_made() {
	"$capread" --mode native --port $STAGE_MEDIA --dump "$stage/arrived.rtp" --quiet "$stage/client.pcap" >/dev/null 2>&1
	[ -s "$stage/made.rtp" ] && cmp "$stage/made.rtp" "$stage/arrived.rtp"
}

act() {
	stage_router && stage_capture router link south && stage_capture client client eth0 && stage_receiver && "$@" &&
		stage_settle && stage_close && return
	[ ! -e "$stage/shim.log" ] || cat "$stage/shim.log"
	stage_close
	return 1
}

# GStreamer as somebody else, whom let_nobody_in of patch_lib.sh or nft_lib.sh has let in, with RTCP beside: $frames of H.264.
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

# scene NAME FAMILY MODE CODEC FRAMES COMMAND... - one sender; all that has to hold for it. $cover: of the key, else 64.
scene() {
	local name="$1, $3, IPv$2"
	frames=$5
	stage_open "$2" "$3" "$4" "${cover:-64}" || { check "$name: the stage" false; return; }
	shift 5
	# Not in a subshell: what runs is remembered in variables.
	if ! act "$@" >"$MD_NET_DIR/said" 2>&1; then
		check "$name: it runs" eval "cat '$MD_NET_DIR/said'; false"
		return
	fi
	check "$name: every media datagram is wrapped" every_media_datagram_is_wrapped
	check "$name: the router verifies all" the_router_verifies_all
	check "$name: the capture keeps every rule" the_capture_keeps_every_rule
	check "$name: the client gets the same octets" the_client_gets_the_same_octets
	check "$name: RTCP arrives natively" rtcp_arrives_natively
	check "$name: the client decodes every frame" the_client_decodes_every_frame
	[ ! -e "$stage/made.rtp" ] || check "$name: the client gets what was made" the_client_gets_what_was_made
}
