#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# nft.sh BUILD - without programs in the kernel, as a user without any capability: GStreamer by the rule of nftables, and by raw
# sockets that the daemon lends; the client gets exactly what was made, the router verifies all.
# shellcheck disable=SC2034,SC2154,SC2317 # what lib.sh and stage.sh set
# shellcheck source=tests/e2e/nft_lib.sh
. "$(dirname "$(readlink -f -- "$0")")/nft_lib.sh"

refused() { figure stats.json "[.processes[] | select(.counts.seen > 0) | .refused_v${stage_family}[\"$1\"]] | unique | tojson"; }
errno() { python3 -c "import errno; print(errno.$1)"; }
says() { "$B/mdctl" stats --dir "$stage/stats" | grep -q -- "$1" || { "$B/mdctl" stats --dir "$stage/stats"; return 1; }; }
the_outer_source_is() {
	local address=192.0.2.77
	[ "$1" = 4 ] || address=2001:db8:1::77
	tcpdump -nr "$stage/link.pcap" "udp dst port $STAGE_PORT" 2>/dev/null >"$stage/outer"
	[ -s "$stage/outer" ] && ! grep -vE "IP6? ${address//./\\.}\.30[0-9]{3} > " "$stage/outer"
}
capabilities() { grep -q "^CapPrm:.*0000000000000000$" /proc/self/status; }
export -f capabilities

check "the sender has no capability" "${stage_as[@]}" bash -c capabilities

# By the rule.
settings 'nft = yes'
check "the daemon offers nft" daemon_begins
for family in 4 6; do
	own_scene "by nft" $family tunnel 45 nft
	check "by nft, IPv$family: the patch was refused, and why is said" eval '[ "$(refused patch)" != "[null]" ] && says "patch: refused"'
done
# Through an address translation that follows connections, as many servers stand behind one.
inside router nft -f - <<-END
	table ip nat {
		chain post { type nat hook postrouting priority 100; oifname north masquerade; }
		chain arriving { type filter hook prerouting priority 0; ct state invalid counter drop; }
	}
END
inside server nft -f - <<-END
	table ip nat {
		chain post { type nat hook postrouting priority 100; oifname eth0 snat to 192.0.2.2; }
		chain leaving { type filter hook output priority 0; ct state invalid counter drop; }
	}
END
translated=yes own_scene "by nft, behind conntrack and NAT" 4 tunnel 45 nft
inside server nft delete table ip nat
inside router nft flush ruleset

# One that gives the outer datagram another source, address and port: the rule comes behind it, and finds what it needs.
inside server ip addr add 192.0.2.77/24 dev eth0
inside server ip addr add 2001:db8:1::77/64 dev eth0 nodad preferred_lft 0
inside server nft -f - <<-END
	table inet nat {
		chain post {
			type nat hook postrouting priority 100;
			udp dport $STAGE_PORT meta nfproto ipv4 snat ip to 192.0.2.77:30000-30999
			udp dport $STAGE_PORT meta nfproto ipv6 snat ip6 to [2001:db8:1::77]:30000-30999
		}
		chain leaving { type filter hook output priority 0; ct state invalid counter drop; }
	}
END
for family in 4 6; do
	behind_nat=yes own_scene "by nft, the outer source translated" $family tunnel 45 nft
	check "by nft, the outer source translated, IPv$family: it was" the_outer_source_is "$family"
done
check "by nft, the outer source translated: nothing was invalid" eval 'inside server nft list table inet nat | grep -q "invalid counter packets 0 "'
inside server nft delete table inet nat
inside server ip addr del 192.0.2.77/24 dev eth0
inside server ip addr del 2001:db8:1::77/64 dev eth0

# Inline it is not for nft: no datagram goes by it, nothing is lost, and what is said is what there would have to be.
inline_natively() {
	frames=15
	stage_open 4 inline h264 && act gstreamer >"$MD_NET_DIR/said" 2>&1 || { cat "$MD_NET_DIR/said"; return 1; }
	equal wrapped "$stage_wrapped" 0 "natively, no engine" "$(figure stats.json '[.processes[].asides["no-engine"]] | add')" "$stage_media" \
		"client's datagrams" "$(figure receiver.json .packets)" "$stage_media" && the_client_gets_what_was_made &&
		says "nft (tunnel mode; inline mode is for patch or raw)" && says "raw: refused" && says "patch: refused"
}
check "inline mode: all goes natively, and why is said" inline_natively
check "the table is ours, and counts" eval '"$B/mdctl" arm --status --json --netns "/proc/$MD_NET_SERVER/ns/net" |
	jq -e ".nft | length == 1 and .[0].table == \"mdshim_40000000\" and .[0].cut > 100 and .[0].refused == 0" >/dev/null'
check "no other table is in the client's namespace" equal tables "$(tables client)" ""
daemon_ends
check "it stays when the daemon has ended" equal tables "$(tables)" "mdshim_40000000 "
check "--off takes it out" eval '"$B/mdctl" arm --off --broker "$broker" --netns "/proc/$MD_NET_SERVER/ns/net" && [ -z "$(tables)" ]'
check "and once more there is nothing" equal said "$("$B/mdctl" arm --off --broker "$broker" --netns "/proc/$MD_NET_SERVER/ns/net")" "nothing is armed"

# By lent descriptors.
settings '[raw media]' "uid = $nobody"
check "the daemon lends raw sockets" daemon_begins
# What strangers send along is closed again: the number of open descriptors after each answer is the same.
strangers() {
	python3 - "$broker" "$(cat "$MD_NET_DIR/daemon")" <<-'END'
		import array, os, socket, struct, sys
		def held():
		    return len(os.listdir("/proc/%s/fd" % sys.argv[2]))
		def ask(request, descriptors):
		    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
		    s.settimeout(10)
		    s.connect(sys.argv[1])
		    s.sendmsg([request], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))] if descriptors else [])
		    answer = s.recv(64)
		    while s.recv(64): # until it has closed, descriptors first
		        pass
		    return answer
		udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM).detach()
		null = os.open("/dev/null", os.O_RDWR)
		good = struct.pack("=HBB", 1, 1, 0)
		ask(good, [udp])
		before = held()
		for request in (good, b"", good[:3], good + bytes(9), bytes(4), struct.pack("=HBB", 1, 255, 9)):
		    for descriptors in ([], [null], [udp, null], [null] * 3, [udp] * 200):
		        if request or descriptors:
		            ask(request, descriptors)
		        if held() != before:
		            sys.exit("%r with %d: %d descriptors are open, were %d" % (request, len(descriptors), held(), before))
	END
}
check "whatever strangers send, no descriptor of theirs stays open" strangers
for family in 4 6; do
	own_scene "by a lent raw socket" $family tunnel 45 raw
	own_scene "by a lent raw socket" $family inline 45 raw
done
check "why nft was refused is said" eval '[ "$(refused nft)" = "[$(errno ENOPROTOOPT)]" ] && says "nft: refused: mdprovisiond does not offer it"'
daemon_ends

# To whom it is not due.
stage_family=4 # of what follows; each check has a shell of its own
sent_natively() {
	frames=15
	stage_open 4 inline h264 && act gstreamer >"$MD_NET_DIR/said" 2>&1 || { cat "$MD_NET_DIR/said"; return 1; }
	equal wrapped "$stage_wrapped" 0 "client's datagrams" "$(figure receiver.json .packets)" "$stage_media" && the_client_gets_what_was_made
}
settings '[raw others]' 'uid = 12345' '[raw group]' 'gid = 12345' "uid = $nobody" '[raw service]' 'cgroup = /no/such.service'
daemon_begins
check "nobody named: all goes natively" sent_natively
check "mdctl says why" eval '[ "$(refused raw)" = "[$(errno EACCES)]" ] && says "raw: refused: no CAP_NET_RAW, and \[raw\] of provisioner.conf does not name the process"'
check "the daemon's log says whom it refused" grep -q "process [0-9]* (uid $nobody, gid $nobody, control group .*) asked for a raw socket: no \[raw\] section names it" "$MD_NET_DIR/daemon.log"
daemon_ends

# By group and control group, bound to a device.
group=$(sed -n 's/^0:://p' /proc/self/cgroup)
settings '[raw media]' "gid = $nobody" "cgroup = ${group:-/}" 'device = eth0'
daemon_begins
own_scene "by a raw socket bound to a device" 4 inline 15 raw
check "the daemon says to whom it lent" grep -q "a raw socket for process [0-9]* (uid $nobody) by \[raw media\]" "$MD_NET_DIR/daemon.log"
daemon_ends
settings '[raw media]' "uid = $nobody" 'device = nosuch0'
daemon_begins
check "a device that is not there: all goes natively" sent_natively
check "and the daemon says so" grep -q "by \[raw media\]: No such device" "$MD_NET_DIR/daemon.log"
daemon_ends

# A namespace that it does not serve.
settings 'nft = yes' '[raw media]' "uid = $nobody"
sed -i 's/^arm_namespaces.*/arm_namespaces = own/' "$MD_NET_DIR/provisioner.conf"
daemon_begins
check "a namespace that is not served: all goes natively" sent_natively
check "and why is said" eval '[ "$(refused raw)" = "[$(errno EXDEV)]" ] && [ "$(refused nft)" = "[$(errno EXDEV)]" ]'
check "a second daemon at the same socket does not start" eval '
	sed "s,^state_dir.*,state_dir = $MD_NET_DIR/state2,; s,^control_socket.*,control_socket = $MD_NET_DIR/control2," "$MD_NET_DIR/provisioner.conf" >"$MD_NET_DIR/second.conf"
	! "$B/mdprovisiond" --config "$MD_NET_DIR/second.conf" 2>"$MD_NET_DIR/second.log" && grep -q "another mdprovisiond answers there" "$MD_NET_DIR/second.log"'
daemon_ends
finish
