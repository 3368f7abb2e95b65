#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# closed.sh BUILD FRAMES - the closed loop, inside the namespaces of net.sh: for each line "TRACE POLICY SEED KBITS" of standard input, a
# sender that follows its client's feedback, under the shim, through mdrouter's radio link in real time. Leaves
# closed-TRACE-POLICY-SEED.json in $MD_GAIN_WORK, where the film lies (clip.mkv).
#
# The client answers from an RTP session of GStreamer's with transport-wide feedback for each frame; its way back is not narrowed.
# shellcheck disable=SC2154 # what stage.sh sets
set -u
here=$(dirname "$(readlink -f -- "$0")")
B=$(readlink -f -- "${1:?build folder}")
frames=${2:?frames}
# shellcheck source=demo/stage.sh
. "$here/../stage.sh"
least=150 # kbit/s
stage_quiet=1

# What the kernel of the client says: is somebody there?
bound() { inside client grep -qi "^ *[0-9]*: [0-9A-F]*:$(printf %04X $STAGE_MEDIA) " /proc/net/udp; }
# Nothing waits for the radio any more; the router writes its summary at the signal.
drained() {
	kill -USR1 "$pid_router" && [ "$(figure summary.json .metadata)" = "$wrapped" ] && [ "$(figure summary.json .radio.waiting)" = 0 ]
}

client() {
	spawn client listener gst-launch-1.0 -q rtpsession name=s rtp-profile=avpf bandwidth=4000000 rtcp-fraction=0.05 rtcp-min-interval=20000000 \
		udpsrc port=$STAGE_MEDIA buffer-size=4000000 caps='application/x-rtp,media=video,encoding-name=H264,clock-rate=90000,payload=96,extmap-1=(string)"http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"' \
		! s.recv_rtp_sink s.recv_rtp_src ! fakesink sync=false async=false \
		s.send_rtcp_src ! udpsink host=192.0.2.2 port=$((STAGE_MEDIA + 1)) sync=false async=false </dev/null
	poll 20 bound || { stage_say "the client did not start:"; cat "$stage/listener.err" >&2; return 1; }
}

# run TRACE POLICY SEED KBITS
run() {
	local wrapped out=$MD_GAIN_WORK/closed-$1-$2-$3
	stage_open 4 tunnel h264 || return 1
	stage_router --radio "$1" --radio-policy "$2" --radio-seed "$3" && client && stage_capture router sent south && stage_capture client got eth0 ||
		return 1
	inside server "$B/mdshim-run" -c "$stage/shim.conf" -- "$B/gain/adapt" "$MD_GAIN_WORK/clip.mkv" "$stage_client" $STAGE_MEDIA "$frames" \
		"$4" $least $(($4 * 3)) 8>&- </dev/null >"$stage/rates" 2>"$stage/sender.err" ||
		{ stage_say "the sender failed:"; cat "$stage/sender.err" >&2; return 1; }
	"$B/mdctl" stats --json --dir "$stage/stats" >"$stage/stats.json" || return 1
	wrapped=$(figure stats.json '[.processes[].wrapped] | add // 0')
	poll 20 drained || { stage_say "the router did not get all, or does not empty its queue:"; cat "$stage/summary.json" >&2; return 1; }
	if ! poll 10 stage_captured sent "$wrapped" || ! poll 10 stage_captured got "$(figure summary.json .radio.sent)"; then
		stage_say "a capture is not whole"
		return 1
	fi
	stage_stop listener TERM # gst-launch has no exit status for that
	stage_running=" router sent got"
	stage_close || return 1
	nice "$B/gain/closed" --sent "$stage/sent.pcap" --got "$stage/got.pcap" --rates "$stage/rates" --auth-key "1:AES-128-CMAC-96:$stage/key:cover=64" \
		--port $STAGE_MEDIA --source "$MD_GAIN_WORK/clip.mkv" --frames "$frames" --policy "$2" --trace "$1" --seed "$3" >"$out.part" &&
		mv "$out.part" "$out.json"
}

while read -r job; do
	# shellcheck disable=SC2086
	run $job </dev/null || { stage_say "closed loop: $job failed"; exit 1; }
done
