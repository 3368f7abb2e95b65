#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# run.sh BUILD - the demo: a GStreamer sender that knows nothing of mdshim, the router behind it, and a client that decodes.
#
# Environment: MODE=tunnel (default), inline, ofc (tunnel with OFC in place of MED: codebooks by mdprovisiond, which change in the
# middle of the film), or native (without mdshim, to compare); FAMILY=4 (default) or 6;
# SECONDS=10, the length of the film. Leaves a contact sheet, the capture between server and router and the table of
# figures in demo/out. Exit status 1: a figure is wrong; 77: this machine does not let us make network namespaces.
length=${MD_SECONDS:-$SECONDS}
set -u
B=$(readlink -f -- "${1:-build}") || exit 2
here=$(dirname "$(readlink -f -- "$0")")
[ "$length" -gt 0 ] || length=10
MODE=${MODE:-tunnel} FAMILY=${FAMILY:-4}
export MODE FAMILY
case $MODE.$FAMILY in
tunnel.4 | tunnel.6 | inline.4 | inline.6 | native.4 | native.6) way=$MODE ;;
ofc.4 | ofc.6) way=tunnel ;;
*) echo "demo: MODE is tunnel, inline, ofc or native, FAMILY 4 or 6" >&2; exit 2 ;;
esac
for tool in mdrouter mdctl mdprovisiond mdshim-run libmdshim.so receive; do
	[ -e "$B/$tool" ] || { echo "demo: $B/$tool is not built; \"make demo\" does it" >&2; exit 2; }
done
for tool in gst-launch-1.0 tcpdump jq openssl; do
	command -v $tool >/dev/null || { echo "demo: $tool is not installed; \"make demo\" does it" >&2; exit 2; }
done
[ -n "${MD_NET_DIR:-}" ] || MD_SECONDS=$length exec "$here/net.sh" "$here/run.sh" "$B"
# shellcheck source=demo/stage.sh
. "$here/stage.sh"
# shellcheck source=demo/ofc.sh
. "$here/ofc.sh"

frames=$((length * 30))
out=$here/out
name=$MODE-ipv$FAMILY
table=$stage/table
wrong=

# row WHAT FIGURE [EXPECTED [WHY]] - a line of the table; a figure that is not the expected one is remembered.
row() {
	local mark=
	[ $# -lt 3 ] || mark=ok
	if [ $# -ge 3 ] && [ "$2" != "$3" ]; then
		mark="WRONG: expected $3"
		wrong="$wrong
  $1: $2, expected $3${4:+ ($4)}"
	fi
	printf '  %-46s %10s  %s\n' "$1" "$2" "$mark" >>"$table"
}

give_up() { echo "demo: failed: $*" >&2; exit 1; }

play() {
	stage_send gst-launch-1.0 -q videotestsrc is-live=true num-buffers="$frames" pattern=smpte horizontal-speed=3 \
		! video/x-raw,width=640,height=360,framerate=30/1 ! x264enc tune=zerolatency speed-preset=superfast bitrate=3000 \
		key-int-max=30 ! rtph264pay pt=96 mtu=1200 config-interval=-1 ! udpsink host="$stage_client" port="$STAGE_MEDIA"
}

# What the capture between server and router says, read by a program that shares no code with the product.
judge_capture() {
	local summary
	if [ "$MODE" = native ]; then
		row "capture: UDP datagrams" "$(tcpdump -n -r "$stage/link.pcap" 2>/dev/null | wc -l)" "$stage_media"
		return
	fi
	[ "$MODE" = inline ] || row "capture: datagrams to the router" \
		"$(tcpdump -n -r "$stage/link.pcap" "udp and dst port $STAGE_PORT" 2>/dev/null | wc -l)" "$stage_media"
	[ -x "$B/tests/tools/capread" ] || return 0
	[ "$MODE" != ofc ] || { judge_ofc; return; }
	"$B/tests/tools/capread" --mode "$MODE" --key "$stage_key" --within 1000 --quiet "$stage/link.pcap" \
		>"$stage/capread.json" 2>"$stage/capread.err"
	summary=capread.json
	row "capture: verified by a second implementation" "$(figure $summary .verified)" "$stage_media"
	row "capture: pictures (RTP timestamps)" "$(figure $summary .rtp_timestamps)" "$frames"
	row "capture: MDUs (Counter values)" "$(figure $summary .mdus)" "$frames"
	row "capture: missing RTP sequence numbers" "$(figure $summary .rtp_gaps)" 0
	row "capture: rules violated" "$(figure $summary .violations)" 0 "$(head -1 "$stage/capread.err")"
}

# The same with OFC: what the codes mean is looked up in the books that the router keeps.
judge_ofc() {
	local keys
	mapfile -t keys < <(ofc_keys)
	"$B/tests/tools/capread" --mode tunnel --port $STAGE_PORT "${keys[@]}" --within 1000 "$stage/link.pcap" >"$stage/all" 2>"$stage/capread.err"
	grep '^{"summary"' "$stage/all" >"$stage/capread.json"
	grep -v '^{"summary"' "$stage/all" >"$stage/capture.json"
	ofc_codes "$stage/capture.json" >"$stage/meanings"
	row "capture: verified by a second implementation" "$(figure capread.json .verified)" "$stage_media"
	row "capture: pictures (RTP timestamps)" "$(figure capread.json .rtp_timestamps)" "$frames"
	row "capture: missing RTP sequence numbers" "$(figure capread.json .rtp_gaps)" 0
	row "capture: rules violated" "$(figure capread.json .violations)" 0 "$(head -1 "$stage/capread.err")"
	row "capture: codes that are in no book" "$(grep -c none "$stage/meanings")" 0
	row "capture: MDUs (codes that say start or only)" "$(grep -cE ' (start|only) ' "$stage/meanings")" "$frames"
	row "capture: packets that carry MED" "$(jq -s 'map(select(.option != "ofc")) | length' "$stage/capture.json")" 0
	row "capture: codebooks used, one after another" "$(cut -d' ' -f1 "$stage/meanings" | uniq | wc -l)" 2
	row "capture: different codes" "$(jq -r .code "$stage/capture.json" | sort -u | wc -l)"
}

judge() {
	row "frames made by the sender" "$frames"
	if [ "$MODE" = native ]; then
		row "datagrams sent (kernel)" "$stage_media"
	else
		row "datagrams sent by the application" "$stage_seen"
		row "  of them media" "$stage_media"
		row "wrapped by mdshim" "$stage_wrapped" "$stage_media" "$(figure stats.json \
			'[.processes[].asides | to_entries[] | select(.value > 0 and .key != "not-media") | "\(.key) \(.value)"] | join(", ")')"
		row "MDUs opened by mdshim" "$(figure stats.json '[.processes[].counts.mdus] | add')" "$frames"
		row "verified by the router" "$(figure summary.json .metadata)" "$stage_media"
		row "MDUs seen by the router" "$(figure summary.json .mdus)" "$frames"
		row "dropped by the router" "$(figure summary.json .drop)" 0 "$(figure summary.json '.failures | tojson')"
		[ "$MODE" != ofc ] || row "codes unknown to the router" "$(figure summary.json '.failures["unknown-code"] // 0')" 0
		row "without usable metadata at the router" "$(figure summary.json .plain)" 0 "$(figure summary.json '.failures | tojson')"
		row "lost, late or repeated before the router" "$(figure summary.json '.lost + .late + .repeated')" 0
	fi
	row "datagrams received by the client" "$(figure receiver.json .packets)" "$stage_media"
	row "lost, late or repeated at the client" "$(figure receiver.json '.lost + .late + .duplicates')" 0
	row "frames decoded by the client" "$(figure receiver.json .frames)" "$frames"
	judge_capture
}

# Whole files under their final names only, also when two runs end at once.
keep() {
	local part
	mkdir -p "$out"
	for part in "sheet.png $name.png" "link.pcap $name.pcap" "table $name.txt"; do
		# shellcheck disable=SC2086
		set -- $part
		if ! cp "$stage/$1" "$out/.$2.$$" || ! mv "$out/.$2.$$" "$out/$2"; then give_up "cannot write $out/$2"; fi
	done
}

stage_progress=1
stage_open "$FAMILY" "$way" h264 || give_up "the stage cannot be set"
if [ "$MODE" = ofc ]; then ofc_open || give_up "certificates"; fi
if [ "$MODE" != native ]; then
	"$B/mdshim-run" --check -c "$stage/shim.conf" >"$stage/check" 2>&1 || { cat "$stage/check" >&2; give_up "shim.conf"; }
fi
stage_router || give_up "mdrouter"
stage_capture router link south || give_up "tcpdump"
stage_receiver --frames "$frames" --every $((frames > 20 ? frames / 20 : 1)) --pictures 20 --sheet "$stage/sheet.png" ||
	give_up "the client"
echo "demo: $MODE mode, IPv$FAMILY, $frames frames in $length s: gst-launch-1.0 $([ "$MODE" = native ] || echo "under mdshim-run ")-> mdrouter -> client"
# The second book takes over in the middle of the film, the third would long after it.
if [ "$MODE" = ofc ]; then ofc_provision $((length / 2 + 6)) 4 5 || give_up "mdprovisiond"; fi
play || give_up "the sender"
stage_settle || give_up "mdctl cannot read the counters"
stage_close || give_up "see above"
judge
echo
cat "$table"
echo
keep
echo "  demo/out/$name.png  what the client saw"
echo "  demo/out/$name.pcap what went from the server to the router"
[ -z "$wrong" ] || give_up "these figures are wrong:$wrong"
echo "demo: every figure is right"
