#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# loopback.sh BUILD - sender, router and client on the loopback interface as it is: no namespace, ports that are free.
set -u
B=$(readlink -f -- "${1:?build folder}")
work=$(mktemp -d) || exit 2
chmod 755 "$work"
mkfifo "$work/never" "$work/tell"
tests=0 failures=0 router='' client=''
# shellcheck disable=SC2317
ended() {
	[ -z "$router" ] || kill -TERM "$router"
	[ -z "$client" ] || kill -TERM "$client"
	rm -rf "$work"
}
trap ended EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

check() {
	tests=$((tests + 1))
	if [ "$2" = "$3" ]; then
		echo "ok $tests - $1"
	else
		failures=$((failures + 1))
		echo "not ok $tests - $1: $2, expected $3"
		cat "$work"/*.err "$work/shim.log" 2>/dev/null | sed 's/^/# /'
	fi
}

# poll COMMAND...
poll() {
	local i
	for ((i = 0; i < 500; i++)); do
		"$@" && return
		read -rt 0.02 _ <>"$work/never"
	done
	return 1
}

# A free UDP port, and the next one free too: nobody has them in either family.
free_port() {
	local port
	for ((port = 20000 + $$ % 20000; port < 60000; port += 2)); do
		grep -qi -e ":$(printf %04X "$port") " -e ":$(printf %04X $((port + 1))) " /proc/net/udp /proc/net/udp6 || break
	done
	echo "$port"
}

figure() { jq -r "$2" "$work/$1"; }
lines() { [ "$(wc -l <"$work/router.json")" -ge "$1" ]; }

settings() {
	od -An -v -tx1 -N16 /dev/urandom | tr -d ' ' >"$work/key"
	cat >"$work/shim.conf" <<-END
		[shim]
		processes = *
		stats_dir = $work/stats
		log_file = $work/shim.log
		[auth]
		keyid = 7
		algorithm = aes-128-cmac-96
		key_file = $work/key
		cover = 64
		[payload]
		96 = h264
		[router near]
		address = $1
		port = $2
		[route here]
		destination = $1
		remote_port = $3
		mode = tunnel
		router = near
		option = med
	END
}

# scene ADDRESS IN-URL PREFIX SENDER
scene() {
	local name="$4 to $1" port media wrapped rc
	rm -rf "$work/stats" "$work"/*.json "$work"/*.ready
	mkdir "$work/stats"
	port=$(free_port) media=$((port + 4))
	settings "$1" "$port" "$media"
	"$B/mdrouter" --listen "$2:$port" --auth-key "7:AES-128-CMAC-96:$work/key:cover=64" --cap "$3" --client "$3" \
		--json "$work/router.json" --summary "$work/summary.json" --ready-fd 9 9>"$work/router.ready" 2>"$work/router.err" &
	router=$!
	exec 8<>"$work/tell"
	"$B/receive" --address "$1" --port "$media" --json "$work/receiver.json" --ready-fd 9 <"$work/tell" 9>"$work/client.ready" \
		2>"$work/client.err" 8>&- &
	client=$!
	if ! poll test -s "$work/router.ready" || ! poll test -s "$work/client.ready"; then
		check "$name: it starts" no yes
		return
	fi
	"$4" "$2" "$1" "$media" 8>&- >"$work/sender.out" 2>"$work/sender.err" </dev/null
	check "$name: the sender ends well" $? 0
	"$B/mdctl" stats --json --dir "$work/stats" >"$work/stats.json"
	wrapped=$(figure stats.json '[.processes[].wrapped] | add')
	echo "$wrapped" >&8
	poll lines "$wrapped"
	wait "$client"
	rc=$? client=
	exec 8>&-
	kill -TERM "$router" && wait "$router"
	router=
	check "$name: the client ends by itself" $rc 0
	check "$name: all media wrapped" "$wrapped" "$(figure stats.json '([.processes[].counts.seen] | add) - ([.processes[].asides["not-media"]] | add)')"
	check "$name: all verified" "$(figure summary.json '"\(.metadata) \(.plain) \(.drop)"')" "$wrapped 0 0"
	check "$name: all received" "$(figure receiver.json .packets)" "$wrapped"
	check "$name: MDUs are frames" "$(figure summary.json .mdus)" 30
	check "$name: every frame decoded" "$(figure receiver.json .frames)" 30
}

gst-launch() {
	"${run[@]}" -c "$work/shim.conf" -- gst-launch-1.0 -q videotestsrc is-live=true num-buffers=30 \
		! video/x-raw,width=320,height=240,framerate=30/1 ! x264enc tune=zerolatency speed-preset=ultrafast \
		! rtph264pay pt=96 mtu=1200 ! udpsink host="$2" port="$3"
}

ffmpeg() {
	"${run[@]}" -c "$work/shim.conf" -- ffmpeg -v error -nostdin -re -f lavfi -i testsrc2=size=320x240:rate=30 \
		-frames:v 30 -c:v libx264 -preset ultrafast -tune zerolatency -pix_fmt yuv420p -f rtp "rtp://$1:$3?pkt_size=1200"
}

# CAP_NET_RAW is bit 13.
effective=0x$(awk '/^CapEff/ { print $2 }' /proc/self/status)
if [ $((effective >> 13 & 1)) -eq 0 ]; then
	echo "ok 1 - loopback # SKIP needs CAP_NET_RAW, for the shim and for the router"
	echo "1..1"
	exit 0
fi
run=("$B/mdshim-run")
case ${MD_SANITIZER:-} in
asan)
	# The senders are not ours, and neither are their leaks.
	run=(env "LD_PRELOAD=$(readlink -f "$(gcc -print-file-name=libasan.so)")" "$B/mdshim-run")
	export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0"
	;;
tsan)
	echo "ok 1 - loopback # SKIP GStreamer and FFmpeg are not built for this sanitizer"
	echo "1..1"
	exit 0
	;;
esac
for sender in gst-launch ffmpeg; do
	scene 127.0.0.1 127.0.0.1 127.0.0.0/8 $sender
	scene ::1 '[::1]' ::1/128 $sender
done
echo "1..$tests"
[ "$failures" -eq 0 ]
