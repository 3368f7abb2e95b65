#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# gain.sh BUILD - what the marks buy: real video, encoded once, sent once through the shim, played over emulated radio links with
# each queue policy. Leaves table, JSON and a page in demo/out/gain. QUICK=1: a short film and fewer seeds.
# FIRST_SEED=N: other seeds than 1 and on. SMALL=1: one trace, one codec, for "make demo". KEEP=FOLDER keeps the recording, CAPTURE=FOLDER plays it again.
# shellcheck disable=SC2154,SC2016 # what stage.sh and net.sh set; programs of other shells
set -u
here=$(dirname "$(readlink -f -- "$0")")
B=$(readlink -f -- "${1:?build folder}")
export B
out=$here/../out/gain
give_up() { echo "gain: failed: $*" >&2; exit 1; }

traces="hard-a hard-b hard-c mild" codecs="h264 vp8" length=60 seeds=5 options="med ofc"
policies=tail,tail200,codel,dscp,mdu
[ -z "${QUICK:-}" ] || length=20 seeds=3
[ -z "${SMALL:-}" ] || { traces=hard-a codecs=h264 options=med length=6 seeds=2 policies=tail,codel,mdu out=$here/../out/gain-small; }
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

authority() {
	local san
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=ca -keyout "$stage/ca.key" -out "$stage/ca.pem" \
		-addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign 2>/dev/null || return 1
	for san in router=IP:192.0.2.1 provisioner=DNS:provisioner.test; do
		openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=${san%%=*}" -keyout "$stage/${san%%=*}.key" \
			-out "$stage/csr" 2>/dev/null && echo "subjectAltName=${san#*=}" >"$stage/ext" &&
			openssl x509 -req -in "$stage/csr" -CA "$stage/ca.pem" -CAkey "$stage/ca.key" -CAcreateserial -extfile "$stage/ext" \
				-days 2 -out "$stage/${san%%=*}.pem" 2>/dev/null || return 1
	done
}

provisioner_conf() {
	cat <<-END
		[provisioner]
		state_dir = $stage/state
		publish_dir = $stage/publish
		group =
		control_socket = $stage/sock
		stats_dir = $stage/stats
		verbose = yes
		[domain gain]
		epoch = 3600
		[controller router]
		domain = gain
		url = https://192.0.2.1:8443/mdshim/v1
		ca = $stage/ca.pem
		certificate = $stage/provisioner.pem
		key = $stage/provisioner.key
	END
}

book_in_force() { "$B/mdctl" books --json --socket "$stage/sock" 2>/dev/null | grep -q '"state": *"active"'; }

record() {
	local t c o pids=() failed=0 pid
	# shellcheck source=demo/stage.sh
	. "$here/../stage.sh"
	stage_open 4 tunnel h264 || return 1
	sed -i "s/^96 = h264/96 = h264\n97 = vp8/; s,^stats_dir.*,&\npublish_dir = $stage/publish," "$stage/shim.conf"
	sed 's/^option = med/option = ofc\ndomain = gain/' "$stage/shim.conf" >"$stage/shim.ofc.conf"
	authority || { stage_say "openssl cannot make certificates"; return 1; }
	spawn router router "$B/mdrouter" --listen 192.0.2.1:$STAGE_PORT --auth-key "1:AES-128-CMAC-96:$stage/key:cover=64" \
		--cap 192.0.2.0/24 --client 203.0.113.0/24 --summary "$stage/summary.json" --control 192.0.2.1:8443 \
		--tls-cert "$stage/router.pem" --tls-key "$stage/router.key" --client-ca "$stage/ca.pem" --domain gain --books "$stage/books" \
		--ready-fd 9 9>"$stage/router.ready"
	ready router "$stage/router.ready" 10 || return 1
	provisioner_conf >"$stage/provisioner.conf"
	spawn server provisioner "$B/mdprovisiond" --config "$stage/provisioner.conf"
	poll 20 book_in_force || { stage_say "no codebook came into force:"; cat "$stage/provisioner.err" >&2; return 1; }
	stage_capture router link south || return 1
	for o in $options; do for t in $traces; do for c in $codecs; do
		inside server "$B/mdshim-run" -c "$stage/shim.$([ "$o" = med ] || echo ofc.)conf" -- gst-launch-1.0 -q \
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
# A phase takes its share of the whole: encoding, recording, playing. Shares are of time, as it is usually.
began=$SECONDS
bar() { # PERCENT WHAT
	local left=0 p=$1 i line=
	[ "$p" -lt 1 ] || left=$(((SECONDS - began) * (100 - p) / p))
	for ((i = 0; i < 40; i++)); do if [ $((i * 100)) -lt $((p * 40)) ]; then line+='#'; else line+=.; fi; done
	if [ -t 2 ]; then
		printf '\r  [%s] %3d %%  about %d:%02d left  %-24s' "$line" "$p" $((left / 60)) $((left % 60)) "$2" >&2
	elif [ "$p" -ge "${said:-0}" ]; then
		printf '  %3d %%  about %d:%02d left  %s\n' "$p" $((left / 60)) $((left % 60)) "$2" >&2
		said=$((p + 10))
	fi
}
# follow PID FROM TO TOTAL PATTERN WHAT - draws while a process works; done are the files of the pattern
follow() {
	local n
	while kill -0 "$1" 2>/dev/null; do
		n=$(find "$work" -name "$5" | wc -l)
		bar $(($2 + ($3 - $2) * n / $4)) "$6"
		read -rt 1 _ <>"$work/never"
	done
	wait "$1"
}

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
mkfifo "$work/never"
export MD_GAIN_WORK=$work
mkdir -p "$out" "$work/strips"
jobs_of() { for t in $traces; do for c in $codecs; do echo "$t $c"; done; done; }
films=$(jobs_of | wc -l)

encode_and_record() {
	local rc
	ffmpeg -v error -y -f lavfi -i "mandelbrot=s=640x360:rate=30:maxiter=300:end_pts=400:start_scale=3:end_scale=0.01,noise=alls=6:allf=t" \
		-f lavfi -i "testsrc2=s=320x180:r=30" -filter_complex "[0][1]overlay=x='160+150*sin(t*2)':y='90+80*cos(t*3)'" -t $length \
		-c:v libx264 -preset ultrafast -crf 14 -pix_fmt yuv420p "$work/clip.mkv" </dev/null || give_up "the clip"
	jobs_of | while read -r t c; do echo "$t $c ${rate[$t]}"; done | xargs -P "$(nproc)" -L 1 sh -c \
		'"$B/gain/film" "$1" "$2" "$MD_GAIN_WORK/clip.mkv" "$MD_GAIN_WORK/$0-$1.gdp" >"$MD_GAIN_WORK/$0-$1.rate"' &
	follow $! 2 30 "$films" '*.rate' "encoding" || give_up "encoding"
	"$here/../net.sh" "$here/gain.sh" "$B" record &
	follow $! 30 40 1 wrapped "sending through the shim"
	rc=$?
	[ $rc -ne 77 ] || { echo "gain: skipped: no namespaces here"; exit 77; }
	[ $rc -eq 0 ] || give_up "the recording"
}
# CAPTURE=FOLDER plays once more what a run with KEEP=FOLDER recorded; the same seeds give the same figures.
if [ -n "${CAPTURE:-}" ]; then
	cp -r "$CAPTURE"/clip.mkv "$CAPTURE"/link.pcap "$CAPTURE"/key "$CAPTURE"/books "$work/" || give_up "$CAPTURE holds no recording"
else
	encode_and_record
fi
for o in $options; do jobs_of | sed "s/\$/ $o/"; done | while read -r t c o; do
	echo "$t $c $o $(port_of "$t" "$c" "$o") $([ "$o" = med ] && echo $policies || echo mdu)"
done >"$work/jobs"
xargs -P "$(nproc)" -L 1 sh -c '"$B/gain/play" --capture "$MD_GAIN_WORK/link.pcap" --auth-key "1:AES-128-CMAC-96:$MD_GAIN_WORK/key:cover=64" \
	--books "$MD_GAIN_WORK/books" --domain gain --codec "$1" --trace "$0" --option "$2" --port "$3" --policies "$4" \
	--source "$MD_GAIN_WORK/clip.mkv" --first-seed "${FIRST_SEED:-1}" --seeds '$seeds' --strip "$MD_GAIN_WORK/strips" >"$MD_GAIN_WORK/$0-$1-$2.part" &&
	mv "$MD_GAIN_WORK/$0-$1-$2.part" "$MD_GAIN_WORK/$0-$1-$2.json"' <"$work/jobs" &
follow $! 40 99 "$(wc -l <"$work/jobs")" '*.json' "playing and decoding" || give_up "playing"
bar 100 "done"
[ ! -t 2 ] || echo >&2
python3 "$here/page.py" "$work" "$out" || give_up "the page"
[ -z "${KEEP:-}" ] || { mkdir -p "$KEEP" && (cd "$work" && cp -r clip.mkv link.pcap key books ./*.json "$KEEP/"); }
echo
cat "$out/gain.txt"
echo
echo "  $((SECONDS - began)) s; demo/out/$(basename "$out")/gain.html, gain.json, gain.txt"
