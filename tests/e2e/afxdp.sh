#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# afxdp.sh BUILD - by the AF_XDP socket that the daemon lends to a user without any capability: GStreamer, IPv4 and IPv6, and datagrams
# of every size that fits; the client gets exactly what was made, the router verifies all. Nobody gets one who did not ask for it.
# shellcheck disable=SC2034,SC2154,SC2317 # what lib.sh and stage.sh set
# shellcheck source=tests/e2e/afxdp_lib.sh
. "$(dirname "$(readlink -f -- "$0")")/afxdp_lib.sh"

capabilities() { grep -q "^CapPrm:.*0000000000000000$" /proc/self/status; }
export -f capabilities
check "the sender has no capability" "${stage_as[@]}" bash -c capabilities

settings '[afxdp media]' "uid = $nobody" 'interface = eth0' '[raw media]' "uid = $nobody"
check "the daemon lends AF_XDP sockets" daemon_begins
# Whoever is named may say what it likes: nothing of it stays, and the queue is free again.
cat >"$MD_NET_DIR/strange.py" <<-'END'
	import array, os, socket, struct, sys
	broker = sys.argv[1]
	def udp(connected=True):
	    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
	    if connected:
	        s.connect(("192.0.2.1", 49777))
	    return s
	def say(s, octets, descriptors):
	    s.sendmsg([octets], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))] if descriptors else [])
	def begin():
	    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
	    s.settimeout(20)
	    s.connect(broker)
	    return s
	def request(what, router=0, version=1):
	    return struct.pack("=HBB", version, what, router)
	def answer(s):
	    octets, came, _, _ = s.recvmsg(64, socket.CMSG_SPACE(8))
	    lent = array.array("i")
	    for level, kind, data in came:
	        lent.frombytes(data)
	    return (struct.unpack("=HBBiI", octets)[3] if octets else None), list(lent)
	null, first = os.open("/dev/null", os.O_RDWR), udp()
	for octets, descriptors in ((request(4), [udp(False).fileno()]), (request(4, 32), [first.fileno()]), (request(4), [null]), (request(4), []), (request(5), []), (request(5), [first.fileno()])):
	    s = begin()
	    say(s, octets, descriptors)
	    error, lent = answer(s)
	    if not error or lent:
	        sys.exit("%r got %r and %r" % (octets, error, lent))
	for then in ((b"\0", []), (request(4)[:3], []), (request(4) + b"x", [null]), (request(4, 0, 2), []), (request(1), [first.fileno()]), (request(3), []), (request(4), []), (request(4, 33), [first.fileno()]), (request(4), [null]), (request(4), [null] * 50), "bound", "gone"):
	    s = begin()
	    say(s, request(4, 31), [first.fileno()])
	    error, lent = answer(s)
	    if error or len(lent) != 2:
	        sys.exit("got %r and %r" % (error, lent))
	    try: # it may have closed by the time that we speak or listen
	        if then == "bound":
	            say(s, request(5), [])
	            then = (request(5), [])
	        if then != "gone":
	            say(s, *then)
	            if s.recv(64):
	                sys.exit("%r has an answer" % (then,))
	    except ConnectionError:
	        pass
	    s.close()
	    for fd in lent:
	        os.close(fd)
END
chmod 755 "$MD_NET_DIR" && chmod 644 "$MD_NET_DIR/strange.py"
held() { ls "/proc/$(cat "$MD_NET_DIR/daemon")/fd" | wc -l; }
holds() { [ "$(held)" -eq "$1" ]; }
strange() { inside server "${stage_as[@]}" /usr/bin/python3 "$MD_NET_DIR/strange.py" "$broker"; }
before=$(held)
check "whatever it is told, the daemon gives nothing twice" strange
check "and it keeps no descriptor" poll 10 holds "$before"

engines=afxdp
for family in 4 6; do
	own_scene "by afxdp" $family tunnel 45 afxdp
done

# Up to the largest that fits the path, and beyond: IP and UDP twice, and 33 octets of options.
for family in 4 6; do
	largest=$((1500 - 33 - (family == 4 ? 2 * 28 : 2 * 48)))
	begin $family $((largest - 20))-$((largest + 19))
	check "sizes, IPv$family: by afxdp" goes_on afxdp
	check "sizes, IPv$family: all of them" poll 30 above seen 160
	end
	waited=$(figure stats.json '[.processes[].asides["no-engine"]] | add')
	check "sizes, IPv$family: what fits is wrapped, what does not goes as it came" equal "not wrapped" \
		"$(figure stats.json '[.processes[].asides.mtu] | add')" \
		"$(awk -v largest=$largest -v waited="$waited" 'NR > waited && length($0) / 2 > largest { n++ } END { print n + 0 }' "$stage/made.7")" \
		"the others" "$(awk -v largest=$largest -v waited="$waited" 'NR > waited && length($0) / 2 <= largest { n++ } END { print n + 0 }' "$stage/made.7")" \
		"$(figure stats.json '[.processes[].sent.afxdp] | add')"
	check "sizes, IPv$family: none is lost" none_is_lost
done

# An interface that takes less than the path.
inside server ip link set eth0 mtu 1400
begin 4 1280-1319
check "a smaller interface: by afxdp" goes_on afxdp
check "a smaller interface: larger ones go as they came" eval 'poll 30 above mtu 20 || { report; false; }'
end
check "a smaller interface: none is lost" none_is_lost
# Many by one call, and such among them as it does not take.
for family in 4 6; do
	largest=$((1400 - 33 - (family == 4 ? 2 * 28 : 2 * 48)))
	begin $family $((largest - 60))-$((largest + 9))
	check "rows, IPv$family: by afxdp" goes_on afxdp
	echo rows >&7
	check "rows, IPv$family: go on by afxdp" eval 'poll 30 above by_afxdp $(($(by_afxdp) + 1000)) || { report; false; }'
	check "rows, IPv$family: what is too long among them goes as it came" eval 'poll 30 above mtu 100 || { report; false; }'
	end
	check "rows, IPv$family: none is lost" none_is_lost
done
inside server ip link set eth0 mtu 1500

# Only where both configurations say so, and in tunnel mode.
engines=
lent() { grep -c "sends by eth0" "$MD_NET_DIR/daemon.log"; }
before=$(lent)
own_scene "not named in shim.conf" 4 tunnel 15 raw
check "and it was not even asked for" equal refused "$(figure stats.json '[.processes[].refused_v4.afxdp] | unique | tojson')" '[null]' \
	"lent by then" "$(lent)" "$before"
engines='afxdp, raw'
begin 4 500-500 inline
check "inline mode: by another engine" only raw
check "inline mode: why is said" refused_for 'not asked for yet: with the first datagram of a tunnel'
end
daemon_ends

# What is not to be had, and how that is said.
settings '[afxdp one]' "uid = $nobody" 'interface = eth0' 'queue = 7'
daemon_begins
begin 4 500-500
check "no such queue: natively, and why is said" refused_for 'refused: the interface has no such queue'
end
daemon_ends
settings '[afxdp one]' 'uid = 12345' 'interface = eth0'
daemon_begins
begin 4 500-500
check "nobody named: natively, and why is said" refused_for 'refused: no \[afxdp\] of provisioner.conf names the process'
end
daemon_ends
settings '[afxdp one]' "uid = $nobody" 'interface = lo'
daemon_begins
begin 4 500-500
check "no Ethernet: natively, and why is said" refused_for 'refused: the interface that .* is no Ethernet'
end
daemon_ends
inside server ip link add eth1 type veth peer name eth2
inside server ip link set eth1 up
inside server ip link set eth2 up
settings '[afxdp one]' "uid = $nobody" 'interface = eth1'
daemon_begins
begin 4 500-500
check "the route leads elsewhere: natively, and why is said" refused_for 'refused: the route to the router does not lead by the interface'
end
daemon_ends
inside server ip link del eth1
finish
