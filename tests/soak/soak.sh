#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# soak.sh BUILD - GStreamer and FFmpeg send through the shim while its system calls fail, its descriptors vanish, the clock
# jumps, processes fork and start, and its files are cut, removed and replaced. Every datagram that a send call said it had
# sent must arrive once and unaltered, and every send call must give what it gives without the shim. TAP.
#
# SOAK_FAULTS: faults at least (10000). SEED: of the dice (1); the same seed rolls the same dice, but threads and timing
# are the machine's. SOAK_ACTS: names of acts, for only those. SOAK_KEEP: shows the counters too. Everything happens in a
# network and mount namespace.
# shellcheck disable=SC2317 # functions that check calls
set -u
B=$(readlink -f -- "${1:?build folder}")
self=$(readlink -f -- "$0")
if [ -z "${SOAK_INNER:-}" ]; then
	space=
	for way in "unshare -nm" "unshare -Urnm"; do
		$way true 2>/dev/null && { space=$way; break; }
	done
	why=
	[ -n "$space" ] || why="no namespaces of our own here"
	[ -z "${MD_SANITIZER:-}" ] || why="GStreamer and FFmpeg are not built for a sanitizer"
	if [ -n "$why" ]; then
		echo "ok 1 - soak # SKIP $why"
		echo "1..1"
		exit 0
	fi
	SOAK_INNER=1 exec $space -- "$self" "$B"
fi

T=$(mktemp -d "${TMPDIR:-/tmp}/mdshim-soak.XXXXXX") || exit 99
running=()
ended() {
	[ ${#running[@]} -eq 0 ] || kill -KILL "${running[@]}" 2>/dev/null
	umount "$T/full" 2>/dev/null
	rm -rf "$T"
}
trap ended EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
chmod 755 "$T"
ip link set lo up || exit 99
n=0 failed=0 faults=0 seed=${SEED:-1} target=${SOAK_FAULTS:-10000}
datagrams=0 wrapped_all=0 native_all=0
declare -A total=()
count=$B/tests/tools/soakcount
PORT=5004

check() {
	local name=$1
	n=$((n + 1))
	shift
	if "$@"; then
		echo "ok $n - $name"
	else
		failed=$((failed + 1))
		echo "not ok $n - $name"
		sed 's/^/# /' "$W/said" "$W/figures" 2>/dev/null
		tail -5 "$W/sender.err" 2>/dev/null | sed 's/^/# sender: /'
	fi
}

# figure NAME - of the report; lines are "name value"
figure() { awk -v name="$1" '$1 == name { print $2; found = 1 } END { if (!found) print 0 }' "$W/figures"; }
# word NAME - of soakcount's line
word() { tr ' ' '\n' <"$W/arrived" | awk -v name="$1" 'take { print; exit } $1 == name { take = 1 }'; }

# --- The stage --------------------------------------------------------------------------------------------------------

# settings FAMILY MODE - shim.conf, and what it is replaced by: another good one, a bad one, an empty one, one that is missing
settings() {
	local address=127.0.0.1
	[ "$1" = 4 ] || address=::1
	cat >"$W/conf.0" <<-END
		[shim]
		processes = *
		stats_dir = $W/stats
		log_file = $W/shim.log
		[auth]
		keyid = 1
		key_file = $T/key
		cover = 64
		[payload]
		96 = h264
		[router near]
		address = $address
		port = 49777
		mtu = 65535
		[route clients]
		destination = $address
		remote_port = $PORT
		mode = $2
		$([ "$2" = tunnel ] && echo "router = near")
	END
	sed 's/^mode = .*/mode = off/; /^router = /d' "$W/conf.0" >"$W/conf.1"
	printf '[route\nnothing = of use\n' >"$W/conf.2"
	: >"$W/conf.3"
	cp "$W/conf.0" "$W/conf"
	sink=$address
}

# The receiver says "ready" at its start and its figures at its end, on descriptor 6; the router "ready" on descriptor 7.
open_stage() {
	W=$T/$1
	rm -rf "$W"
	mkdir "$W" "$W/stats"
	[ -e "$T/key" ] || (umask 077; od -An -v -tx1 -N16 /dev/urandom | tr -d ' ' >"$T/key")
	settings "$2" "$3"
	mkfifo "$W/tell" "$W/figures.pipe" "$W/router.pipe"
	exec 8<>"$W/tell" 6<>"$W/figures.pipe" 7<>"$W/router.pipe"
	"$count" "$W/ledger" "$sink" $PORT $((PORT + 1)) <"$W/tell" >"$W/figures.pipe" 8>&- 6<&- 7<&- &
	receiver=$! running=("$!") router=
	read -r _ <&6
	[ "$3" = tunnel ] || return
	"$B/mdrouter" --listen 127.0.0.1:49777 --listen '[::1]:49777' --auth prefer \
		--auth-key "1:aes-128-cmac-96:$T/key:cover=64" --cap 127.0.0.0/8 --cap ::1/128 --client 127.0.0.0/8 --client ::1/128 \
		--summary "$W/summary.json" --ready-fd 9 9>"$W/router.pipe" 2>"$W/router.err" 8>&- 6<&- 7<&- &
	router=$! running+=("$!")
	read -r _ <&7
}

close_stage() {
	exec 8>&-
	IFS= read -r line <&6
	echo "$line" >"$W/arrived"
	wait $receiver
	[ -z "$router" ] || { kill -TERM $router && wait $router; }
	exec 6<&- 7<&-
	running=()
	"$count" --report "$W/report" >"$W/figures"
	"$B/tests/tools/shimstats" "$W/stats" >"$W/counters" 2>/dev/null
	[ -z "$router" ] || figures_of_router=$(jq -c '{packets, metadata, plain, drop, outcomes}' "$W/summary.json")
}

# faulty FAULTS RATE COMMAND... - the command, with the library of faults in front of the shim
faulty() {
	env LD_PRELOAD="$B/tests/preload/libs/faults.so:$B/libmdshim.so" MDSHIM_CONF="$W/conf" FAULTS="$1" FAULTS_RATE="$2" \
		FAULTS_SEED="$seed" FAULTS_REPORT="$W/report" FAULTS_LEDGER="$W/ledger" FAULTS_STATS="$W/stats" \
		FAULTS_CONFIG="$W/conf" "${@:3}" 8>&- </dev/null
}

# --- Senders ----------------------------------------------------------------------------------------------------------

url() { [ "$sink" = ::1 ] && echo '[::1]' || echo "$sink"; }
gstreamer() {
	faulty "$1" "$2" gst-launch-1.0 -q videotestsrc is-live=true num-buffers="$3" pattern=snow \
		! video/x-raw,width=320,height=240,framerate=60/1 ! x264enc tune=zerolatency speed-preset=ultrafast bitrate=16000 \
		! rtph264pay pt=96 mtu=1200 config-interval=-1 ! udpsink host="$sink" port=$PORT
}
# Two branches of one program, each with a thread that sends, on one socket.
gstreamer_two() {
	faulty "$1" "$2" gst-launch-1.0 -q funnel name=f ! udpsink host="$sink" port=$PORT \
		videotestsrc is-live=true num-buffers="$3" pattern=snow ! video/x-raw,width=320,height=240,framerate=60/1 \
		! x264enc tune=zerolatency speed-preset=ultrafast bitrate=8000 ! rtph264pay pt=96 mtu=1200 ! f. \
		videotestsrc is-live=true num-buffers="$3" pattern=snow ! video/x-raw,width=320,height=240,framerate=60/1 \
		! vp8enc deadline=1 cpu-used=8 target-bitrate=4000000 ! rtpvp8pay pt=97 mtu=1200 ! f.
}
ffmpeg_rtp() {
	faulty "$1" "$2" ffmpeg -v error -nostdin -re -f lavfi -i "testsrc2=size=320x240:rate=60,noise=alls=60:allf=t" \
		-frames:v "$3" -c:v libx264 -preset ultrafast -tune zerolatency -qp 12 -pix_fmt yuv420p -f rtp \
		"rtp://$(url):$PORT?pkt_size=1200"
}

# --- Acts -------------------------------------------------------------------------------------------------------------

nothing() { [ "$(figure "$1")" = 0 ]; }
all_arrived() {
	[ "$(word sent)" -gt 0 ] && [ "$(word sent)" = "$(word received)" ] && [ "$(word lost)" = 0 ] &&
		[ "$(word strange)" = 0 ] && [ "$(word repeated)" = 0 ]
}
the_router_forwards() { [ "$(jq '"\(.packets) \(.drop) \(.metadata + .plain)"' -r "$W/summary.json")" = "$1 0 $1" ]; }
some() { [ "$1" -gt 0 ]; }

# judge NAME STATUS - what has to hold after every act; adds up.
judge() {
	local name=$1 key value
	{
		cat "$W/arrived"
		echo "exit status $2"
		[ -z "$router" ] || echo "router $figures_of_router"
		awk '$2 > 0' "$W/counters" | tr '\n' ' '
		echo
		[ ! -s "$W/shim.log" ] || head -3 "$W/shim.log"
	} >"$W/said"
	[ -z "${SOAK_KEEP:-}" ] || cat "$W/said"
	check "$name: the sender ends well" [ "$2" = 0 ]
	check "$name: every datagram arrives once and unaltered" all_arrived
	check "$name: every send gives what it gives without the shim" nothing results
	check "$name: errno stays" nothing errnos
	check "$name: children end well" nothing children_failed
	while read -r key value; do
		case $key in fault* | refused*) total[$key]=$((${total[$key]:-0} + value)) ;; esac
	done <"$W/figures"
	faults=$((faults + $(figure faults))) datagrams=$((datagrams + $(word sent)))
	wrapped=$(figure wrapped)
	native=$(($(word sent) - wrapped))
	wrapped_all=$((wrapped_all + wrapped)) native_all=$((native_all + native))
	echo "# $name: $(cat "$W/arrived"), wrapped $wrapped, native $native, $(figure faults) faults"
}

# act NAME FAMILY MODE FAULTS RATE FRAMES SENDER
act() {
	local name=$1
	case " ${SOAK_ACTS:-$name} " in *" $name "*) ;; *) return ;; esac
	open_stage "$name" "$2" "$3"
	"$7" "$4" "$5" "$6" >"$W/sender.out" 2>"$W/sender.err"
	status=$?
	close_stage
	judge "$name" $status
	[ "$4" = none ] || check "$name: faults happen" some "$(figure faults)"
	check "$name: some are wrapped nevertheless" some "$wrapped"
	[ -z "$router" ] || check "$name: the router forwards all that was wrapped" the_router_forwards "$wrapped"
	seed=$((seed + 1))
}

# Every call that the shim makes at its start and in its first sends, refused one after the other, each in a process of its
# own that sends three datagrams. $1: tunnel or inline.
starts() {
	local name=starts k=1 bad=0 status=0 first=$seed
	case " ${SOAK_ACTS:-$name} " in *" $name "*) ;; *) return ;; esac
	open_stage $name 4 "$1"
	while [ $k -le 150 ]; do
		seed=$k FAULTS_NTH=$k faulty "calls start" 0 "$B/tests/tools/uring_sender" --plain $sink $PORT 3 >"$W/sender.out" 2>>"$W/sender.err" ||
			{ status=$?; bad=$((bad + 1)); }
		k=$((k + 1))
	done
	seed=$first
	[ $bad -eq 0 ] || echo "# $bad of 150 ended badly, the last with $status"
	close_stage
	judge $name $status
	seed=$((seed + 1))
}

# The same with little memory, few descriptors or small files, against the same without the shim. A limit that the loader
# itself cannot live with proves nothing.
limits() {
	local name=limits limit with without bad=0 big=0
	case " ${SOAK_ACTS:-$name} " in *" $name "*) ;; *) return ;; esac
	open_stage $name 4 inline
	for limit in as={4,5,6,7,8,10,12,16,24,32,48,64,96,128,192,256}000000 nofile={4,5,6,7,8,9,12,16,24,32,64} \
		fsize={0,100,4095,4096} nproc=1 stack=100000 data={0,100000,1000000,10000000} memlock=0 sigpending=0; do
		prlimit "--$limit" "$B/tests/tools/uring_sender" --plain $sink $((PORT + 1)) 3 >/dev/null 2>&1
		without=$?
		prlimit "--$limit" env LD_PRELOAD="$B/libmdshim.so" MDSHIM_CONF="$W/conf" \
			"$B/tests/tools/uring_sender" --plain $sink $((PORT + 1)) 3 >/dev/null 2>"$W/sender.err"
		with=$?
		faults=$((faults + 1))
		[ $with = $without ] && continue
		case $limit in fsize=*) big=$((big + 1)) ;; *) bad=$((bad + 1)) ;; esac
		echo "# $limit: without the shim $without, with it $with: $(tail -1 "$W/sender.err")"
	done
	exec 8>&- 6<&- 7<&-
	kill $receiver && wait $receiver
	running=()
	check "$name: no limit of memory or descriptors ends a program that lives without the shim" [ $bad -eq 0 ]
	check "$name: nor does a limit of file sizes" [ $big -eq 0 ]
	seq 100 >"$W/log"
	prlimit --fsize=100 env LD_PRELOAD="$B/libmdshim.so" MDSHIM_CONF="$W/conf.2" MDSHIM_LOG="$W/log" true 2>/dev/null
	with=$?
	check "$name: nor does a log that is longer already" [ $with -eq 0 ]
}

# What is still there when the disk is full: no counters, no log, all media.
full_disk() {
	local name=full-disk
	case " ${SOAK_ACTS:-$name} " in *" $name "*) ;; *) return ;; esac
	mkdir -p "$T/full"
	mount -t tmpfs -o size=16k,mode=1777 none "$T/full" || { n=$((n + 1)); echo "ok $n - $name # SKIP cannot mount here"; return; }
	dd if=/dev/zero of="$T/full/it" bs=4k >/dev/null 2>&1
	open_stage $name 4 inline
	sed -i "s,^stats_dir.*,stats_dir = $T/full,; s,^log_file.*,log_file = $T/full/log," "$W/conf"
	gstreamer "calls exec fork" 100 120 >"$W/sender.out" 2>"$W/sender.err"
	status=$?
	close_stage
	judge $name $status
	check "$name: some are wrapped nevertheless" some "$wrapped"
	umount "$T/full"
	seed=$((seed + 1))
}

round() {
	act quiet 4 tunnel none 0 60 gstreamer
	act calls 4 inline calls 150 400 gstreamer
	act tunnel-calls 4 tunnel calls 150 400 gstreamer
	act descriptors 4 tunnel "calls descriptors" 50 400 ffmpeg_rtp
	act six 6 inline "calls descriptors" 100 300 ffmpeg_rtp
	act storm 6 tunnel "calls start fork exec config" 150 300 ffmpeg_rtp
	act threads 4 tunnel "calls start fork exec clock" 150 300 gstreamer_two
	act clock 4 tunnel "calls clock" 100 300 ffmpeg_rtp
	act files 4 inline "calls start remove cut config exec fork" 100 300 gstreamer
	act cut 4 inline "cut" 200 120 gstreamer
	starts tunnel
	limits
	full_disk
}

before=$SECONDS
rounds=0
while [ $rounds -eq 0 ] || { [ $faults -lt "$target" ] && [ $failed -eq 0 ]; }; do
	round
	rounds=$((rounds + 1))
done
echo "# seed ${SEED:-1}, $rounds round(s), $((SECONDS - before)) s: $faults faults, $datagrams datagrams, $wrapped_all wrapped, $native_all native"
for key in "${!total[@]}"; do
	[ "${total[$key]}" = 0 ] || echo "#   $key ${total[$key]}"
done | sort
check "$target faults at least" [ $faults -ge "$target" ]
echo "1..$n"
[ $failed -eq 0 ]
