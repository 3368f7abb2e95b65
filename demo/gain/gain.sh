#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# gain.sh BUILD - what the marks buy: real video, encoded once, sent once through the shim, played over emulated radio links with
# each queue policy; and a sender that reacts, in real time. Leaves table, JSON and a page in demo/out/gain. QUICK=1: a short film and
# fewer seeds. FIRST_SEED=N: other seeds than 1 and on. SMALL=1: one trace, one codec, no closed loop, for "make demo". KEEP=FOLDER keeps the recording, CAPTURE=FOLDER plays it again.
# shellcheck disable=SC2154,SC2016 # what stage.sh and net.sh set; programs of other shells
set -u
here=$(dirname "$(readlink -f -- "$0")")
B=$(readlink -f -- "${1:?build folder}")
export B
out=$here/../out/gain
give_up() { echo "gain: failed: $*" >&2; exit 1; }

traces="hard-a hard-b hard-c mild" codecs="h264 vp8" length=60 seeds=20 options="med ofc"
policies=tail,tail200,codel,dscp,mdu
closed_trace=hard-a closed_policies="tail codel mdu" closed_seeds=5 closed_length=20
[ -z "${QUICK:-}" ] || length=20 seeds=3 closed_seeds=1 closed_length=10
[ -z "${SMALL:-}" ] || { closed_policies='' traces=hard-a codecs=h264 options=med length=6 seeds=2 policies=tail,codel,mdu out=$here/../out/gain-small; }
# Six seconds are few: some in which each policy brings something through.
[ -z "${SMALL:-}" ] || : "${FIRST_SEED:=22}"
export FIRST_SEED=${FIRST_SEED:-1}
# kbit/s: 0.6 of the mean of the trace
declare -A rate=([hard-a]=2760 [hard-b]=10020 [hard-c]=3000 [mild]=3120)

# --- Inside the namespaces: one sender for each film and option, all at once -------------------------------------------------------
port_of() { # TRACE CODEC OPTION
	local n=5004 t c o
	for o in med ofc; do for t in hard-a hard-b hard-c mild; do for c in h264 vp8; do
		[ "$t $c $o" = "$1 $2 $3" ] && { echo $n; return; }
		n=$((n + 2))
	done; done; done
}

record() {
	local t c o pids=() failed=0 pid
	# shellcheck source=demo/stage.sh
	. "$here/../stage.sh"
	# shellcheck source=demo/ofc.sh
	. "$here/../ofc.sh"
	stage_open 4 tunnel h264 || return 1
	sed -i "s/^96 = h264/96 = h264\n97 = vp8/" "$stage/shim.conf"
	cp "$stage/shim.conf" "$stage/shim.med.conf"
	ofc_open || { stage_say "openssl cannot make certificates"; return 1; }
	stage_control+=(--auth-key "1:AES-128-CMAC-96:$stage/key:cover=64")
	export stage_quiet=1
	stage_router || return 1
	# One book for the whole recording.
	ofc_provision 3600 5 10 || return 1
	stage_capture router link south || return 1
	for o in $options; do for t in $traces; do for c in $codecs; do
		inside server "$B/mdshim-run" -c "$stage/shim.$([ "$o" = ofc ] || echo med.)conf" -- gst-launch-1.0 -q \
			filesrc location="$MD_GAIN_WORK/$t-$c.gdp" ! gdpdepay ! udpsink host="$stage_client" port="$(port_of "$t" "$c" "$o")" \
			8>&- </dev/null >>"$stage/sender.out" 2>&1 &
		pids+=($!)
	done; done; done
	for pid in "${pids[@]}"; do wait "$pid" || failed=1; done
	[ $failed -eq 0 ] || { stage_say "a sender failed:"; cat "$stage/sender.out" >&2; return 1; }
	"$B/mdctl" stats --json --dir "$stage/stats" >"$stage/stats.json" || return 1
	wrapped=$(figure stats.json '[.processes[].wrapped] | add // 0')
	poll 10 stage_captured link "$wrapped" || { stage_say "the capture is not whole"; return 1; }
	stage_close || return 1
	[ "$(figure summary.json .metadata)" = "$wrapped" ] || { stage_say "the router believed $(figure summary.json .metadata) of $wrapped"; return 1; }
	cp -r "$stage/link.pcap" "$stage/key" "$stage/books" "$MD_GAIN_WORK/" && echo "$wrapped" >"$MD_GAIN_WORK/wrapped"
}
if [ "${2:-}" = record ]; then record; exit; fi

# --- Progress -------------------------------------------------------------------------------------------------------------------
# A phase takes its share of the whole, up to a percentage each. Shares are of time, as it is usually.
began=$SECONDS encoded=11 sent=20 played=80
[ -z "${QUICK:-}${SMALL:-}" ] || encoded=18 sent=35 played=72
bar() { # PERCENT WHAT
	local left p=$1 i line=
	# The first percents are too few to tell from.
	left=$(((SECONDS - began) * (100 - p) / (p > 0 ? p : 1)))
	if [ "$p" -lt 4 ]; then left='?:??'; else printf -v left %d:%02d $((left / 60)) $((left % 60)); fi
	for ((i = 0; i < 40; i++)); do if [ $((i * 100)) -lt $((p * 40)) ]; then line+='#'; else line+=.; fi; done
	if [ -t 2 ]; then
		printf '\r  [%s] %3d %%  about %s left  %-28s' "$line" "$p" "$left" "$2" >&2
	elif [ "$p" -ge "${said:-0}" ]; then
		printf '  %3d %%  about %s left  %s\n' "$p" "$left" "$2" >&2
		said=$((p + 10))
	fi
}
files() { find "$work" -name "$1" | wc -l; }
octets() { stat -c %s "$1" 2>/dev/null || echo 0; }
since() { echo $((SECONDS - $1)); }
# follow FROM TO TOTAL WHAT COMMAND... - draws while the background job $! works; the command says how much is done
follow() {
	local n pid=$! from=$1 to=$2 total=$3 what=$4
	shift 4
	while kill -0 "$pid" 2>/dev/null; do
		n=$("$@")
		bar $((from + (to - from) * (n < total ? n : total) / total)) "$what"
		read -rt 0.5 _ <>"$work/never"
	done
	wait "$pid"
}

# Every job is a process group of its own, so that all of one can be told to end: xargs and what it started, the namespaces.
set -m
work=$(mktemp -d) || exit 1
clear_up() {
	local group groups
	trap '' INT TERM HUP
	exec 2>/dev/null # bash names what it ended
	mapfile -t groups < <(jobs -p)
	for group in "${groups[@]}"; do kill -TERM -- "-$group"; done 2>/dev/null
	wait
	rm -rf "$work"
}
trap clear_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP
mkfifo "$work/never"
export MD_GAIN_WORK=$work
mkdir -p "$out" "$work/strips"
jobs_of() { for t in $traces; do for c in $codecs; do echo "$t $c"; done; done; }
films=$(jobs_of | wc -l)

encode() {
	ffmpeg -v error -y -f lavfi -i "mandelbrot=s=640x360:rate=30:maxiter=300:end_pts=400:start_scale=3:end_scale=0.01,noise=alls=6:allf=t" \
		-f lavfi -i "testsrc2=s=320x180:r=30" -filter_complex "[0][1]overlay=x='160+150*sin(t*2)':y='90+80*cos(t*3)'" -t $length \
		-c:v libx264 -preset ultrafast -crf 14 -pix_fmt yuv420p "$work/clip.mkv" </dev/null &
	follow 1 2 $((length / 3)) "the clip" since $SECONDS || give_up "the clip"
	jobs_of | while read -r t c; do echo "$t $c ${rate[$t]}"; done >"$work/films"
	xargs -P "$(nproc)" -L 1 sh -c \
		'"$B/gain/film" "$1" "$2" "$MD_GAIN_WORK/clip.mkv" "$MD_GAIN_WORK/$0-$1.gdp" >"$MD_GAIN_WORK/$0-$1.part" &&
		mv "$MD_GAIN_WORK/$0-$1.part" "$MD_GAIN_WORK/$0-$1.rate"' <"$work/films" &
	follow 2 $encoded "$films" "encoding" files '*.rate' || give_up "encoding"
}

send() {
	local rc
	"$here/../net.sh" "$here/gain.sh" "$B" record </dev/null &
	follow $encoded $sent $((length + 5)) "sending through the shim" since $SECONDS
	rc=$?
	[ $rc -ne 77 ] || { echo "gain: skipped: no namespaces here"; exit 77; }
	[ $rc -eq 0 ] || give_up "the recording"
}

# All arms of a recording: films, options, policies, seeds.
play() {
	for o in $options; do jobs_of | sed "s/\$/ $o/"; done | while read -r t c o; do
		echo "$t $c $o $(port_of "$t" "$c" "$o") $([ "$o" = med ] && echo $policies || echo mdu)"
	done >"$work/jobs"
	xargs -P "$(nproc)" -L 1 sh -c '"$B/gain/play" --capture "$MD_GAIN_WORK/link.pcap" --auth-key "1:AES-128-CMAC-96:$MD_GAIN_WORK/key:cover=64" \
		--books "$MD_GAIN_WORK/books" --domain demo --codec "$1" --trace "$0" --option "$2" --port "$3" --policies "$4" --progress "$MD_GAIN_WORK/played" \
		--source "$MD_GAIN_WORK/clip.mkv" --first-seed "${FIRST_SEED:-1}" --seeds '$seeds' --strip "$MD_GAIN_WORK/strips" >"$MD_GAIN_WORK/$0-$1-$2.part" &&
		mv "$MD_GAIN_WORK/$0-$1-$2.part" "$MD_GAIN_WORK/$0-$1-$2.json"' <"$work/jobs" &
	follow $sent "$1" $((seeds * $(awk '{ n += split($5, a, ",") } END { print n }' "$work/jobs"))) "playing and decoding" octets "$work/played" ||
		give_up "playing"
}

# The closed loop: in real time, so two at once only, and nothing else beside them.
closed() {
	local s p lane n=0
	for s in $(seq "$closed_seeds"); do for p in $closed_policies; do
		lane=$((n % 2))
		n=$((n + 1))
		echo "$closed_trace $p $s ${rate[$closed_trace]}" >>"$work/lane.$lane"
	done; done
	printf '0\n1\n' | here=$here length=$closed_length xargs -P 2 -L 1 sh -c '"$here/../net.sh" "$here/closed.sh" "$B" $((length * 30)) \
		<"$MD_GAIN_WORK/lane.$0" >"$MD_GAIN_WORK/lane.$0.out" 2>&1' &
	follow "$1" 99 "$n" "the closed loop" files 'closed-*.json' || { cat "$work"/lane.*.out >&2; give_up "the closed loop"; }
}

# CAPTURE=FOLDER plays once more what a run with KEEP=FOLDER recorded; the same seeds give the same figures.
if [ -n "${CAPTURE:-}" ]; then
	cp -r "$CAPTURE"/clip.mkv "$CAPTURE"/link.pcap "$CAPTURE"/key "$CAPTURE"/books "$work/" || give_up "$CAPTURE holds no recording"
else
	encode
	send
fi
if [ -n "$closed_policies" ] && [ -z "${CAPTURE:-}" ]; then
	play $played
	closed $played
else
	play 99
fi
bar 100 "done"
[ ! -t 2 ] || echo >&2
python3 "$here/page.py" "$work" "$out" || give_up "the page"
[ -z "${KEEP:-}" ] || { mkdir -p "$KEEP" && (cd "$work" && cp -r clip.mkv link.pcap key books strips ./*.json "$KEEP/"); }
echo
cat "$out/gain.txt"
echo
echo "  $((SECONDS - began)) s; demo/out/$(basename "$out")/gain.html, gain.json, gain.txt"
