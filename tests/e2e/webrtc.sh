#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# webrtc.sh BUILD - Chromium sends to itself under the shim, with temporal and spatial layers, with and without dependency
# descriptors, in clear and as DTLS-SRTP; what its encoders say of each frame against what is marked on the wire: where a
# frame starts and ends, its importance, and that its packets hold its octets and no others. Prints a table.
# shellcheck disable=SC2016,SC2034 # jq programs; what lib.sh reads
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$(readlink -f -- "$0")")/../integration/lib.sh"

here=$(dirname "$(readlink -f -- "$0")")/webrtc
# What another user may read.
cp "$here/page.html" "$B/libmdshim.so" "$T"
frames=48
# Chromium looks for an interface besides the loopback; what it sends to its own address passes by the loopback all the same.
ip link add ice type veth peer name idle && ip addr add 198.51.100.1/24 dev ice && ip link set ice up && ip link set idle up
# Not what the shim sends to itself when it starts.
capture_only='udp and net 198.51.100.0/24'
mkfifo "$T/console"
nobody=65534
browser=''
# shellcheck disable=SC2317
leave() {
	[ -z "$browser" ] || kill "$browser"
	ended
}
trap leave EXIT

# The renderers, which hold encoders and decoders, if they run with the shim in their sandbox.
# shellcheck disable=SC2317
sandboxed() {
	local pid
	for pid in $(pgrep -f -- --type=renderer); do
		grep -qsF "$T/libmdshim.so" "/proc/$pid/maps" && grep -qs '^Seccomp:[[:space:]]*2' "/proc/$pid/status" && echo "$pid"
	done
}

# browse PLAN [ARGUMENT...] - Chromium, until its page has done all of the plan; what the page says in said.
browse() {
	local address tee rc
	address=$(jq -rn --arg p "$1" '$p | @uri')
	shift
	rm -rf "${T:?}/home"
	mkdir "$T/home"
	chmod 777 "$T/home" "$T/stats"
	HOME=$T/home LD_PRELOAD=$preload MDSHIM_CONF=$T/shim.conf "${as[@]}" chromium --headless --disable-gpu --no-first-run \
		--disable-background-networking --user-data-dir="$T/home/profile" --use-fake-device-for-media-stream=fps=30 \
		--use-fake-ui-for-media-stream --enable-logging=stderr "$@" "file://$T/page.html#$address" >"$T/console" 2>&1 </dev/null &
	browser=$!
	timeout 90 grep -q -m 1 'CONSOLE.*"MD \(end\|error\) ' < <(exec tee -p "$T/console.log" <"$T/console")
	rc=$?
	tee=$!
	sandboxed >"$T/sandboxed"
	kill "$browser"
	wait "$browser"
	browser=''
	wait "$tee"
	sed -n 's/.*CONSOLE:[0-9]*\] "MD \(.*\)", source: .*/\1/p' "$T/console.log" >"$T/said"
	grep -v ' "MD \(frame\|signalled\)' "$T/console.log" | tail -40 >"$T/err"
	[ "$rc" = 0 ] && ! grep '^error' "$T/said"
}

said() { sed -n "s/^$1 //p" "$T/said"; }

# All that the page was told to offer, to learn what the numbers stand for: the shim is told what the signalling agreed on.
preload='' as=()
check 'Chromium runs' browse '[]' --no-sandbox
said sdp | jq -r . | tr -d '\r' >"$T/sdp"
number() { sed -n "s/^a=rtpmap:\([0-9]*\) $1\/90000/\1/p" "$T/sdp"; }
payload='[payload]'
for codec in vp8 vp9 av1 h264; do
	for pt in $(number "${codec^^}"); do payload+=$'\n'"$pt = $codec"; done
done
every=''
for pt in $(number rtx); do payload+=$'\n'"$pt = rtx" every+=" --audio $pt"; done
for pt in $(number 'VP9') $(number 'AV1') $(number 'H264'); do every+=" --layers $pt"; done
id=$(sed -n 's/^a=extmap:\([0-9]*\) .*dependency-descriptor.*/\1/p' "$T/sdp")
check 'it offers VP8, VP9, AV1 and H.264' same "$(grep -o ' = [vah].*' <<<"$payload" | sort -u | xargs)" '= av1 = h264 = vp8 = vp9'
check 'and the dependency descriptor' test -n "$id"
settings 'mode = inline' "$payload"$'\n[extension]\ndependency_descriptor = '"$id"
sed -i 's/^destination = .*/&, 198.51.100.0\/24/' "$T/shim.conf"
preload=$T/libmdshim.so

printf '# %-36s %7s %5s %6s %7s %6s %6s %11s\n' stream packets MDUs frames octets starts ends importance >"$T/table"

# row NAME CODEC MODE KEY... - one stream of the next run. Keys: described (with dependency descriptors), picture (layers cannot
# be told apart), unseen (nor what nothing refers to), sealed (payloads are encrypted), blind (and nothing else tells).
row() {
	jq -cn --arg name "$1" --arg codec "$2" --arg mode "$3" --arg keys "${*:4}" --argjson frames $frames '
		($keys | split(" ")) as $k | {$name, $codec, $mode, $frames, unit: (if $k | index("picture") then "picture" else "layer" end)}
		+ ($k | map({key: ., value: true}) | from_entries)' >>"$T/rows"
}

# A stream in which not every class occurs shows little.
agrees() {
	jq -e '.frames > 0 and (.classes | . == {unknown: .unknown} or (.key > 1 and .base > 0 and .enhancement > 0))
		and ([.mdus, .right_frame, .right_starts, .right_ends, .right_importance] | unique) == [.frames]' <<<"$1" >/dev/null && return
	jq -c 'del(.wrong), .wrong[]' <<<"$1"
	return 1
}

# act NAME [ARGUMENT...] - the rows, in one run of the browser, and each against its truth.
act() {
	local name=$1 line
	shift
	jq -cs . "$T/rows" >"$T/plan"
	rm "$T/rows"
	open_capture
	check "$name: all streams are sent" browse "$(<"$T/plan")" "$@"
	capture_arguments="--payload $every" close_capture
	check "$name: the ids are the ones configured" same \
		"$(said signalled | jq -r . | sed -n 's/^a=extmap:\([0-9]*\) .*dependency-descriptor.*/\1/p' | sort -u)" "$id"
	check "$name: no rule of the wire is broken" test ! -s "$T/read.err"
	MDSHIM_CONF=$T/shim.conf "$B/mdctl" explain --json "$T/lo.pcap" >"$T/explained" 2>"$T/err"
	said frame | jq -s . >"$T/truth"
	jq -n --slurpfile truth "$T/truth" --slurpfile marks "$T/marks.json" --slurpfile explained "$T/explained" \
		'{truth: $truth[0], $marks, $explained}' >"$T/input"
	jq -c --slurpfile rows "$T/plan" '$rows[0] as $rows | '"$(cat "$here/truth.jq")" "$T/input" >"$T/verdict"
	while read -r line; do
		jq -r '[.name, .packets, .mdus, .frames, .right_frame, .right_starts, .right_ends, .right_importance] | @tsv' <<<"$line" |
			awk -F '\t' '{ printf "# %-36s %7d %5d %6d %7d %6d %6d %9d %%\n", $1, $2, $3, $4, $5, $6, $7, $4 ? int(100 * $8 / $4) : 0 }' >>"$T/table"
		check "$(jq -r .name <<<"$line"): frames, octets, starts, ends and importance agree" agrees "$line"
	done <"$T/verdict"
	check "$name: there is a verdict on each stream" same "$(wc -l <"$T/verdict")" "$(jq length "$T/plan")"
}

row 'VP8 L1T3' VP8 L1T3
row 'VP9 L1T3' VP9 L1T3
row 'VP9 L3T3' VP9 L3T3
row 'VP9 L3T3_KEY' VP9 L3T3_KEY
row 'AV1 L1T3' AV1 L1T3 unseen
row 'AV1 L3T3, layers in one' AV1 L3T3 picture unseen
row 'VP8 L1T3, descriptor' VP8 L1T3 described
row 'VP9 L3T3, descriptor' VP9 L3T3 described
row 'H.264 L1T3, descriptor' H264 L1T3 described sealed
row 'AV1 L1T3, descriptor' AV1 L1T3 described
row 'AV1 L3T3, descriptor' AV1 L3T3 described
row 'AV1 L3T3_KEY, descriptor' AV1 L3T3_KEY described
act 'in clear' --no-sandbox --disable-webrtc-encryption

row 'DTLS-SRTP, VP8 L1T3' VP8 L1T3 sealed blind
row 'DTLS-SRTP, VP9 L3T3' VP9 L3T3 sealed blind picture
row 'DTLS-SRTP, AV1 L3T3, descriptor' AV1 L3T3 sealed described
# As users run it: not as root, in its sandbox, which kills whoever makes a system call too many. Inline mode needs raw sockets.
as=(setpriv --reuid="$nobody" --regid="$nobody" --clear-groups --inh-caps=+net_raw --ambient-caps=+net_raw)
why=''
"${as[@]}" true 2>/dev/null || why='only root can become another user'
[ -n "$why" ] || "${as[@]}" unshare -U true 2>/dev/null || why='the sandbox needs user namespaces, which are refused here'
if [ -z "$why" ]; then
	act 'DTLS-SRTP'
	check 'DTLS-SRTP: the shim was in sandboxed renderers' test -s "$T/sandboxed"
else
	as=()
	act 'DTLS-SRTP' --no-sandbox
	skip 'DTLS-SRTP: the shim was in sandboxed renderers' "$why"
fi
cat "$T/table"
finish
