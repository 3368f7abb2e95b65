#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# nft_life.sh BUILD - what happens while media flow by the rule of nftables, and by a lent raw socket: the daemon is killed and
# comes again, the rule is taken away behind everybody's back, it is taken out properly. No client ever gets an octet more than
# was made.
# shellcheck disable=SC2034,SC2154,SC2317 # what lib.sh and stage.sh set
# shellcheck source=tests/e2e/nft_lib.sh
. "$(dirname "$(readlink -f -- "$0")")/nft_lib.sh"

# Figures of the sender that runs.
now() { "$B/mdctl" stats --json --dir "$stage/stats" | jq "[.processes[]$1] | add // 0"; }
by_nft() { now '.sent.nft'; }
by_raw() { now '.sent.raw'; }
seen() { now '.counts.seen'; }
natively() { now '.asides["no-engine"]'; }
above() { [ "$($1)" -gt "$2" ]; }

# goes_on ENGINE - another 20 datagrams by it.
goes_on() { poll 20 above "by_$1" $(($(by_$1) + 20)) && return; echo "no more by $1"; "$B/mdctl" stats --dir "$stage/stats"; cat "$MD_NET_DIR/daemon.log"; return 1; }
# Another 20 by it, and none otherwise meanwhile.
only() {
	local before
	before=$(natively)
	goes_on "$1" && equal "sent natively" "$(natively)" "$before"
}
all_natively() {
	poll 20 above natively $(($(natively) + 20)) && return
	echo "they do not go natively"
	"$B/mdctl" stats --dir "$stage/stats"
	return 1
}

the_sender() {
	stage_send gst-launch-1.0 -q -e videotestsrc is-live=true num-buffers=7200 pattern=smpte horizontal-speed=3 \
		! video/x-raw,width=320,height=240,framerate=60/1 \
		! x264enc tune=zerolatency speed-preset=ultrafast bitrate=1000 key-int-max=30 ! rtph264pay pt=96 mtu=1200 config-interval=-1 \
		! tee name=t ! queue ! udpsink host="$stage_client" port="$STAGE_MEDIA" \
		t. ! queue ! rtpstreampay ! filesink buffer-mode=2 location="$stage/made.rtp"
}

begin() {
	stage_open 4 tunnel h264 && stage_router && stage_capture client client eth0 || return 1
	let_nobody_in
	the_sender &
	sender=$!
	poll 20 above seen 5
}

end() {
	local gst
	gst=$("$B/mdctl" stats --json --dir "$stage/stats" | jq '.processes[] | select(.program == "gst-launch-1.0" and .alive) | .pid')
	kill -INT "$gst" 2>/dev/null
	wait "$sender"
	stage_settle
	stage_close
}

# Packets that were made, and those that arrived, as lines; the made ones have a length in front of each.
packets() {
	local format=$1 file=$2
	if [ "$format" = made ]; then
		python3 -c '
import sys
data = open(sys.argv[1], "rb").read()
at = 0
while at + 2 <= len(data):
    n = int.from_bytes(data[at:at + 2], "big")
    print(data[at + 2:at + 2 + n].hex())
    at += 2 + n' "$file"
	else
		tshark -r "$file" -Y "udp.dstport == $STAGE_MEDIA" -T fields -e udp.payload 2>/dev/null
	fi
}

# Whether what arrived is among what was made, octet for octet, and how many are missing.
nothing_else_arrives() {
	packets made "$stage/made.rtp" | sort >"$stage/made.lines"
	packets arrived "$stage/client.pcap" | tr -d : | sort >"$stage/arrived.lines"
	[ -s "$stage/arrived.lines" ] || { echo "nothing arrived"; return 1; }
	strange=$(comm -13 "$stage/made.lines" "$stage/arrived.lines" | wc -l)
	missing=$(comm -23 "$stage/made.lines" "$stage/arrived.lines" | wc -l)
	dropped=$(figure summary.json .drop)
	echo "$missing" >"$stage/missing"
	equal "that were never made" "$strange" 0 "missing, but for what the router dropped" "$missing" "$dropped" && return
	comm -13 "$stage/made.lines" "$stage/arrived.lines" | head -3
	return 1
}

# Daemon killed, and taken out properly: none is lost.
settings 'nft = yes' '[raw media]' "uid = $nobody"
begin
check "no daemon: they go natively" all_natively
check "the daemon comes: nft takes over" eval 'daemon_begins && goes_on nft && only nft'
check "the daemon is killed: nft goes on" eval 'daemon_ends KILL && only nft'
check "the daemon comes again: nft goes on" eval 'daemon_begins && only nft'
check "another table beside ours changes nothing" eval 'inside server nft add table inet other && only nft && inside server nft delete table inet other'
check "it is taken out: raw takes over" eval '"$B/mdctl" arm --off --broker "$broker" --netns "/proc/$MD_NET_SERVER/ns/net" && goes_on raw'
check "it stays out" eval 'goes_on raw && [ -z "$(tables)" ]'
check "the daemon reads its configuration again: nft takes over" eval 'kill -HUP "$(cat "$MD_NET_DIR/daemon")" && goes_on nft'
daemon_ends KILL
end
check "none is lost, and nothing else arrives" eval 'nothing_else_arrives && equal missing "$(cat "$stage/missing")" 0'

# The rule is taken away behind everybody's back.
settings 'nft = yes'
begin
check "nft takes over" eval 'daemon_begins && goes_on nft'
check "the rules are flushed: it is noticed, and the daemon puts its table in again" eval '
	inside server nft flush ruleset && poll 20 eval "[ -n \"\$(tables)\" ]" && goes_on nft && only nft'
daemon_ends KILL
check "flushed again, and no daemon: it is noticed, they go natively" eval 'inside server nft flush ruleset && all_natively'
end
check "the client gets nothing but what was made; the rest the router dropped" nothing_else_arrives
check "and that was not for long" eval 'equal "less than half" $(($(cat "$stage/missing") < $(wc -l <"$stage/made.lines") / 2)) 1'

# A program with privilege that begins to use marks of its own, and stops: a rule of the operator may send it another way by that.
marks() {
	stage_as=()
	cat >"$stage/marks.py" <<-'END'
		import select, socket, struct, sys
		out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		told = open(sys.argv[2])
		number = 0
		while True:
		    if select.select([told], [], [], 0.01)[0]:
		        word = told.readline().strip()
		        if word == "end":
		            break
		        out.setsockopt(socket.SOL_SOCKET, 36, int(word))
		    number += 1
		    out.sendto(struct.pack(">BBHII", 128, 224, number & 65535, number * 1500, 7) + b"\x41" + bytes(500), (sys.argv[1], 5004))
	END
	mkfifo "$stage/marks"
	exec 7<>"$stage/marks"
	sed -i '/^\[shim\]/a engines = nft' "$stage/shim.conf"
	stage_send python3 "$stage/marks.py" "$stage_client" "$stage/marks" 7>&- &
	sender=$!
}
none_by_nft() {
	local before
	all_natively || return 1
	before=$(by_nft)
	all_natively && equal "by nft meanwhile" "$(by_nft)" "$before"
}
settings 'nft = yes'
daemon_begins
stage_open 4 tunnel h264 && stage_router && stage_capture client client eth0
let_nobody_in
marks
check "a program with privilege: by nft" goes_on nft
echo 5 >&7
check "it sets a mark of its own: natively" none_by_nft
echo 0 >&7
check "it takes it back: by nft again" only nft
echo end >&7
exec 7>&-
wait "$sender"
stage_settle
stage_close
check "the router got all of it whole" equal verified "$(figure summary.json .metadata)" "$stage_wrapped" dropped "$(figure summary.json .drop)" 0

# The rule is looked at once a second, by whichever thread comes first, and by the loopback interface, which may take its time (here
# behind what somebody else sends there, as fast as its queue lets him). Meanwhile holds what was seen last.
slow_loopback() {
	inside server tc qdisc add dev lo root tbf rate 80kbit burst 400 limit 20000 2>"$MD_NET_DIR/why" || { cat "$MD_NET_DIR/why"; return 1; }
	inside server python3 - <<-'END' &
		import socket
		out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		out.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
		out.connect(("127.0.0.1", 9))
		while True:
		    try:
		        out.send(bytes(100))
		    except ConnectionRefusedError:
		        pass
	END
	filler=$!
}
filler=
trap '[ -z "$filler" ] || kill "$filler" 2>/dev/null; daemon_ends' EXIT
two_threads() {
	cat >"$stage/threads.py" <<-'END'
		import socket, struct, sys, threading
		going = True
		def send(ssrc):
		    out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		    number = 0
		    while going:
		        number += 1
		        out.sendto(struct.pack(">BBHII", 128, 224, number & 65535, number * 1500 & 0xffffffff, ssrc) + b"\x41" + bytes(500), (sys.argv[1], 5004))
		threads = [threading.Thread(target=send, args=(ssrc,)) for ssrc in (7, 8)]
		for t in threads:
		    t.start()
		open(sys.argv[2]).read()
		going = False
		for t in threads:
		    t.join()
	END
	mkfifo "$stage/until"
	sed -i '/^\[shim\]/a engines = nft' "$stage/shim.conf"
	stage_send python3 "$stage/threads.py" "$stage_client" "$stage/until" &
	sender=$!
}
# For some seconds: so often the rule is looked at.
none_goes_natively() {
	local before since=$SECONDS
	before=$(natively)
	while [ $((SECONDS - since)) -lt 4 ]; do
		goes_on nft || return 1
	done
	equal "sent natively" "$(natively)" "$before" && return
	"$B/mdctl" stats --dir "$stage/stats"; inside server tc -s qdisc show dev lo; inside server ss -uanm
	return 1
}
stage_open 4 tunnel h264 && stage_router
let_nobody_in
two_threads
check "two threads at once: by nft" poll 20 eval 'only nft >/dev/null'
slow_loopback
check "all goes by nft, also while the rule is looked at" none_goes_natively
kill "$filler"
filler=
inside server tc qdisc del dev lo root
: >"$stage/until"
wait "$sender"
stage_settle
stage_close
finish
