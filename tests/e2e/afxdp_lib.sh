# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# afxdp_lib.sh - nft_lib.sh, and a sender that can be told what to do while it sends. To be sourced first.
# shellcheck disable=SC2034,SC2154 # variables of lib.sh and for those who source this
# shellcheck source=tests/e2e/nft_lib.sh
. "$(dirname "$(readlink -f -- "${BASH_SOURCE[0]}")")/nft_lib.sh"

engines='afxdp, raw'
cp "$top/tests/e2e/afxdp_talk.py" "$MD_NET_DIR/talk.py" && chmod 644 "$MD_NET_DIR/talk.py" || exit 1

# Figures of the senders that run.
now() { "$B/mdctl" stats --json --dir "$stage/stats" | jq "[.processes[]$1] | add // 0"; }
by_afxdp() { now '.sent.afxdp'; }
by_raw() { now '.sent.raw'; }
seen() { now '.counts.seen'; }
natively() { now '.asides | [to_entries[].value] | add // 0'; }
mtu() { now '.asides.mtu'; }
above() { [ "$($1)" -gt "$2" ]; }
report() { "$B/mdctl" stats --dir "$stage/stats"; tail -5 "$MD_NET_DIR/daemon.log"; }
# goes_on ENGINE - another 20 datagrams by it.
goes_on() { poll 30 above "by_$1" $(($(by_$1) + 20)) && return; echo "no more by $1"; report; return 1; }
# Another 20 by it, and none otherwise meanwhile.
only() {
	local before other=by_raw
	[ "$1" = afxdp ] || other=by_afxdp
	before=$(($(natively) + $($other)))
	goes_on "$1" && equal "sent otherwise" $(($(natively) + $($other))) "$before"
}
says() { "$B/mdctl" stats --dir "$stage/stats" | grep -q -- "$1"; }
refused_for() { poll 10 says "afxdp: $1" || { report; return 1; }; }

# begin FAMILY [SIZES [MODE]] - sizes of payloads from - to, in octets
begin() {
	stage_open "$1" "${3:-tunnel}" h264 && stage_router && stage_capture client client eth0 || return 1
	let_nobody_in
	mkfifo -m 666 "$stage/orders" "$stage/orders.child"
	exec 7<>"$stage/orders" 6<>"$stage/orders.child"
	stage_send python3 "$MD_NET_DIR/talk.py" "$stage_client" "$STAGE_MEDIA" "$stage/orders" "$stage/made" ${2:+"$2"} 6>&- 7>&- &
	sender=$!
	poll 20 above seen 5
}

end() {
	echo end >&6
	echo end >&7
	wait "$sender"
	exec 6>&- 7>&-
	stage_settle
	stage_close
}

arrived() { tshark -r "$stage/client.pcap" -Y "udp.dstport == $STAGE_MEDIA" -T fields -e udp.payload 2>/dev/null | tr -d : | sort; }

# Each datagram once at the client; and at the router whatever was wrapped, without a gap.
the_client_gets_all() {
	cat "$stage"/made.* | sort >"$stage/sent.lines"
	arrived >"$stage/arrived.lines"
	cmp "$stage/sent.lines" "$stage/arrived.lines" || {
		echo "missing $(comm -23 "$stage/sent.lines" "$stage/arrived.lines" | wc -l), more $(comm -13 "$stage/sent.lines" "$stage/arrived.lines" | wc -l)"
		return 1
	}
	[ -s "$stage/sent.lines" ]
}
none_is_lost() { the_client_gets_all && the_router_drops_none; }
stolen() { [ "$(now '.counts["descriptors-stolen"]')" -gt 0 ]; }
