#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# stage.sh - what the demo and the end-to-end tests put into the namespaces of net.sh: keys, configuration, the router,
# captures, a receiver, and a sender under the shim. To be sourced, in a COMMAND of net.sh, with B set to the build folder.
#
# One act:  stage_open, stage_router, stage_capture, stage_receiver, stage_send, stage_settle, stage_close.
# Everything of it lies in the folder $stage. A function that fails says why and returns 1. With stage_progress set the
# receiver talks to standard error.
# shellcheck disable=SC2016,SC2034,SC2154 # awk programs; variables of those who source this; variables set by printf -v

STAGE_PORT=49777            # of the router
STAGE_MEDIA=5004            # of the client, RTCP one above
stage=$MD_NET_DIR/stage

stage_say() { echo "$*" >&2; }

# poll SECONDS COMMAND... - until the command succeeds; there is no other waiting here.
poll() {
	local i n=$(($1 * 50))
	shift
	for ((i = 0; i < n; i++)); do
		"$@" && return 0
		read -rt 0.02 _ <>"$MD_NET_DIR/never"
	done
	return 1
}

# inside NAME COMMAND...
inside() {
	local name=MD_NET_${1^^}
	shift
	nsenter -t "${!name}" -n -- "$@"
}

# spawn NAMESPACE NAME COMMAND... - in the background; its number is in pid_NAME, what it says in NAME.err.
spawn() {
	local name=MD_NET_${1^^} what=$2
	shift 2
	if [ "$what" = receiver ] && [ -n "${stage_progress:-}" ]; then
		nsenter -t "${!name}" -n -- "$@" <&0 8>&- &
	else
		nsenter -t "${!name}" -n -- "$@" <&0 2>"$stage/$what.err" 8>&- &
	fi
	printf -v "pid_$what" %d $!
	stage_running="$stage_running $what"
}

# ready NAME FILE SECONDS - until the process has written to the file; a process that ended first is an error.
is_ready_or_gone() { [ -s "$2" ] || ! kill -0 "$1" 2>/dev/null; }
ready() {
	local name=pid_$1
	poll "$3" is_ready_or_gone "${!name}" "$2" && [ -s "$2" ] && return
	stage_say "$1 did not start:"
	cat "$stage/$1.err" >&2 2>/dev/null
	return 1
}

# stage_open FAMILY MODE CODEC [COVER] - a fresh folder with key and shim.conf. MODE native: without the shim.
stage_open() {
	local near
	stage_family=$1 stage_mode=$2 stage_codec=$3 stage_running='' stage_control=()
	rm -rf "$stage"
	mkdir -p "$stage/stats"
	case $1 in
	4) near=192.0.2.1 stage_client=203.0.113.2 stage_url=203.0.113.2 stage_any=0.0.0.0 ;;
	6) near=2001:db8:1::1 stage_client=2001:db8:3::2 stage_url="[2001:db8:3::2]" stage_any=:: ;;
	*) stage_say "FAMILY is 4 or 6, not $1"; return 1 ;;
	esac
	(umask 077; od -An -v -tx1 -N16 /dev/urandom | tr -d ' ' >"$stage/key")
	cat >"$stage/shim.conf" <<-END
		[shim]
		processes = *
		stats_dir = $stage/stats
		log_file = $stage/shim.log
		[auth]
		keyid = 1
		algorithm = aes-128-cmac-96
		key_file = $stage/key
		cover = ${4:-64}
		[payload]
		96 = $3
		[router near]
		address = $near
		port = $STAGE_PORT
		[route clients]
		destination = $stage_client
		mode = $([ "$2" = native ] && echo off || echo "$2")
		$([ "$2" = tunnel ] && echo "router = near")
		option = med
	END
	stage_key="AES-128-CMAC-96:$(cat "$stage/key"):cover=${4:-64}:id=1"
	mkfifo "$stage/tell"
	exec 8<>"$stage/tell"
}

# stage_router [ARGUMENT...] - the router, with these arguments too; stage_quiet set: it writes no line for each packet.
stage_router() {
	local inline='' lines=(--json "$stage/router.json") keys=(--auth-key "1:AES-128-CMAC-96:$stage/key:$(grep -o 'cover = .*' "$stage/shim.conf" | tr -d ' ')")
	[ "$stage_mode" != inline ] || inline="--inline south"
	[ -z "${stage_quiet:-}" ] || lines=()
	[ ${#stage_control[@]} -eq 0 ] || keys=("${stage_control[@]}")
	# shellcheck disable=SC2086
	spawn router router "$B/mdrouter" --listen 192.0.2.1:$STAGE_PORT --listen "[2001:db8:1::1]:$STAGE_PORT" $inline "${keys[@]}" \
		--cap 192.0.2.0/24 --cap 2001:db8:1::/64 --client 203.0.113.0/24 --client 2001:db8:3::/64 \
		"${lines[@]}" --summary "$stage/summary.json" --ready-fd 9 "$@" 9>"$stage/router.ready"
	ready router "$stage/router.ready" 10
}

# stage_capture NAMESPACE NAME INTERFACE - all UDP that arrives on the interface, in NAME.pcap.
stage_capture() {
	local user=
	[ "$(id -u)" -ne 0 ] || user="-Z root"
	# shellcheck disable=SC2086
	spawn "$1" "$2" tcpdump --immediate-mode -U -n -s 0 -B 16384 -i "$3" -Q in $user -w "$stage/$2.pcap" udp
	poll 10 grep -qs 'listening on' "$stage/$2.err" && return
	stage_say "tcpdump did not start:"
	cat "$stage/$2.err" >&2
	return 1
}

# stage_receiver ARGUMENT... - the client that decodes.
stage_receiver() {
	spawn client receiver "$B/receive" --address "$stage_any" --port $STAGE_MEDIA --codec "$stage_codec" \
		--json "$stage/receiver.json" --ready-fd 9 "$@" 9>"$stage/receiver.ready" <"$stage/tell"
	ready receiver "$stage/receiver.ready" 30
}

# stage_send COMMAND... - the unmodified sender, to its end; by the command stage_as, if one is set (as another user, say), who
# finds mdshim-run in the folder stage_from then.
stage_as=() stage_from=$B
stage_send() {
	local run=("${stage_as[@]}" "$stage_from/mdshim-run" -c "$stage/shim.conf" --)
	[ "$stage_mode" != native ] || run=("${stage_as[@]}")
	inside server "${run[@]}" "$@" 8>&- </dev/null >"$stage/sender.out" 2>"$stage/sender.err" && return
	stage_say "the sender failed:"
	tail -20 "$stage/sender.err" >&2
	return 1
}

# What the kernel of the server says it sent of UDP, whoever asked: for the runs without the shim.
stage_kernel_sent() {
	if [ "$stage_family" = 4 ]; then
		inside server awk '/^Udp:/ { if (n++) print $5 }' /proc/net/snmp
	else
		inside server awk '/^Udp6OutDatagrams/ { print $2 }' /proc/net/snmp6
	fi
}

# figure FILE FILTER - a number out of a JSON file.
figure() { jq -r "$2" "$stage/$1" 2>/dev/null || echo "?"; }

stage_lines() { [ "$(wc -l <"$stage/router.json")" -ge "$1" ]; }
stage_captured() { [ "$(tcpdump -n -r "$stage/$1.pcap" 2>/dev/null | wc -l)" -ge "$2" ]; }

# stage_settle - after the sender has ended: reads its counters, and waits until all of it has arrived everywhere.
# What is late is no error here: the figures will show it.
stage_settle() {
	local capture
	"$B/mdctl" stats --json --dir "$stage/stats" >"$stage/stats.json" || return 1
	stage_seen=$(figure stats.json '[.processes[].counts.seen] | add // 0')
	stage_wrapped=$(figure stats.json '[.processes[].wrapped] | add // 0')
	stage_not_media=$(figure stats.json '[.processes[].asides["not-media"]] | add // 0')
	stage_media=$((stage_seen - stage_not_media))
	[ "$stage_mode" != native ] || stage_media=$(stage_kernel_sent) stage_seen=$stage_media
	echo "$stage_media" >&8
	poll 10 stage_lines "$stage_wrapped"
	for capture in $stage_running; do
		[ ! -e "$stage/$capture.pcap" ] || poll 10 stage_captured "$capture" "$stage_seen"
	done
}

# stage_stop NAME SIGNAL
stage_stop() {
	local name=pid_$1
	kill "-$2" "${!name}" 2>/dev/null
	wait "${!name}"
}

# stage_close - ends what runs, the receiver by its own will; returns 1 if one of them failed.
stage_close() {
	local name failed=0
	for name in $stage_running; do
		case $name in
		receiver) wait "$pid_receiver" || failed=1 ;;
		*) stage_stop "$name" TERM || { stage_say "$name failed:"; cat "$stage/$name.err" >&2; failed=1; } ;;
		esac
	done
	stage_running=
	exec 8>&-
	return $failed
}
