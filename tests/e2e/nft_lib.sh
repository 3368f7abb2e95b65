# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# nft_lib.sh - lib.sh, with a mdprovisiond that has no programs in the kernel, but marks sockets and lends raw ones; and a user
# without any capability. To be sourced first.
# shellcheck disable=SC2034,SC2154 # variables of lib.sh and for those who source this
if [ -z "${MD_NET_DIR:-}" ]; then
	skip_all() { echo "ok 1 - $(basename "$0" .sh) # SKIP $1"; echo 1..1; exit 0; }
	[ "$(id -u)" -eq 0 ] || skip_all "needs root, to change rules of nftables"
	[ -z "${MD_SANITIZER:-}" ] || skip_all "programs of the system cannot be run with the runtime of a sanitizer"
fi
here=$(dirname "$(readlink -f -- "${BASH_SOURCE[0]}")")
# shellcheck source=tests/e2e/lib.sh
. "$here/lib.sh"

broker=$MD_NET_DIR/broker
nobody=65534
stage_as=(setpriv --reuid "$nobody" --regid "$nobody" --clear-groups --inh-caps=-all --bounding-set=-all --no-new-privs)
# Somebody else may not even enter the build folder.
stage_from=$MD_NET_DIR/from
mkdir "$stage_from" && cp "$B/mdshim-run" "$B/mdshim-check" "$B/libmdshim.so" "$stage_from" || exit 1

# settings [LINE...] - the daemon's, with these lines behind.
settings() {
	cat >"$MD_NET_DIR/provisioner.conf" <<-END
		[provisioner]
		state_dir = $MD_NET_DIR/state
		publish_dir = $MD_NET_DIR/books
		group =
		control_socket = $MD_NET_DIR/control
		broker_socket = $broker
		stats_dir = $MD_NET_DIR
		verbose = yes
		arm_namespaces = all
	END
	printf '%s\n' "$@" >>"$MD_NET_DIR/provisioner.conf"
}

daemon_begins() {
	rm -f "$MD_NET_DIR/ready"
	"$B/mdprovisiond" --config "$MD_NET_DIR/provisioner.conf" --ready-fd 9 9>"$MD_NET_DIR/ready" >/dev/null \
		2>>"$MD_NET_DIR/daemon.log" 8>&- &
	echo $! >"$MD_NET_DIR/daemon"
	poll 10 grep -qs ready "$MD_NET_DIR/ready" || { cat "$MD_NET_DIR/daemon.log"; return 1; }
}
# It may be the child of a subshell, which cannot be waited for.
daemon_ends() {
	[ ! -e "$MD_NET_DIR/daemon" ] || { kill "-${1:-TERM}" "$(cat "$MD_NET_DIR/daemon")" && poll 10 daemon_is_gone; }
	rm -f "$MD_NET_DIR/daemon"
}
daemon_is_gone() { ! kill -0 "$(cat "$MD_NET_DIR/daemon")" 2>/dev/null; }
trap "daemon_ends" EXIT

tables() { inside "${1:-server}" nft list tables | grep -o 'mdshim_[0-9a-f]*' | tr '\n' ' '; }

# The sender reads its configuration, writes its counters and its copy of what it made, and finds the daemon. $engines: those it
# may use, if not the usual ones.
let_nobody_in() {
	sed -i "/^\[shim\]/a broker_socket = $broker" "$stage/shim.conf"
	[ -z "${engines:-}" ] || sed -i "/^\[shim\]/a engines = $engines" "$stage/shim.conf"
	chmod 755 "$MD_NET_DIR"
	chmod 777 "$stage" "$stage/stats"
	chmod 644 "$stage/key"
	touch "$stage/shim.log" "$stage/made.rtp"
	chmod 666 "$stage/shim.log" "$stage/made.rtp"
}

# all_by ENGINE - and none by another.
all_by() {
	equal "by $1" "$(figure stats.json "[.processes[].sent[\"$1\"]] | add")" "$stage_wrapped" \
		engine "$(figure stats.json "[.processes[] | select(.wrapped > 0) | .engine_v$stage_family] | unique | tojson")" "[\"$1\"]" && return
	jq -c '[.processes[] | {program, sent, refused_v4, refused_v6, asides}]' "$stage/stats.json"
	cat "$MD_NET_DIR/daemon.log"
	return 1
}

# own_scene NAME FAMILY MODE FRAMES ENGINE - GStreamer. $translated: not empty if its datagrams change on the way. Until the daemon has answered, the first datagrams go natively.
the_rest_is_wrapped() {
	local before
	before=$(figure stats.json '[.processes[].asides["no-engine"]] | add')
	equal "wrapped, and waiting for the daemon" $((stage_wrapped + before)) "$stage_media" && [ "$before" -lt $((stage_media / 2)) ] && return
	echo "$before of $stage_media went natively"
	jq -c '[.processes[] | {program, counts, asides, refused_v4, refused_v6}]' "$stage/stats.json"
	cat "$MD_NET_DIR/daemon.log"
	return 1
}
the_router_drops_none() {
	equal verified "$(figure summary.json .metadata)" "$stage_wrapped" dropped "$(figure summary.json .drop)" 0 \
		"lost, late, repeated" "$(figure summary.json '.lost + .late + .repeated')" 0 && return
	jq -c '{failures, outcomes}' "$stage/summary.json"
	return 1
}
the_capture_is_right() {
	local port=$STAGE_PORT
	[ "$stage_mode" = tunnel ] || port=$STAGE_MEDIA
	# The daemon may answer in the midst of a burst.
	read_capture link "$stage_mode" --port "$port" --key "$stage_key" --within 1000 --late || return 1
	equal verified "$(figure "link.$stage_mode.sum" .verified)" "$stage_wrapped" \
		violations "$(figure "link.$stage_mode.sum" .violations)" 0
}
# With $behind_nat not empty, too, both ends have a key that leaves the sender's address out of AUTH (wire format, section 5.6).
nat_key() {
	sed -i 's/^cover = .*/&\nnat = yes/' "$stage/shim.conf"
	stage_control=(--auth-key "1:AES-128-CMAC-96:$stage/key:cover=64:nat")
	stage_key=$stage_key:nat
}
own_scene() {
	local name="$1, $3, IPv$2"
	frames=$4
	stage_open "$2" "$3" h264 || { check "$name: the stage" false; return; }
	[ -z "${behind_nat:-}" ] || nat_key
	if ! act gstreamer >"$MD_NET_DIR/said" 2>&1; then
		check "$name: it runs" eval "cat '$MD_NET_DIR/said'; false"
		return
	fi
	check "$name: all but the first are wrapped" the_rest_is_wrapped
	check "$name: all by $5" all_by "$5"
	check "$name: the router verifies all" the_router_drops_none
	check "$name: the capture keeps every rule" the_capture_is_right
	# What an address translation behind the router changes is another datagram to those who compare.
	[ -n "${translated:-}" ] || check "$name: RTCP arrives natively" rtcp_arrives_natively
	check "$name: the client decodes every frame" the_client_decodes_every_frame
	check "$name: the client gets what was made" the_client_gets_what_was_made
}
