#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# afxdp_life.sh BUILD - what happens while media flow by an AF_XDP socket: the daemon comes, is killed, comes again, and takes the
# socket back; the interface goes down and is deleted; the program closes the descriptor, or forks; another process wants the same
# queue; the next hop changes. The router gets every datagram once and in order, the client what was made.
# shellcheck disable=SC2034,SC2154,SC2317 # what lib.sh and stage.sh set
# shellcheck source=tests/e2e/afxdp_lib.sh
. "$(dirname "$(readlink -f -- "$0")")/afxdp_lib.sh"

# A second way from the server to the router, which no route leads by: what is sent there goes the other way without loss when it
# is down.
far=02:00:5e:00:53:01
second_way() {
	inside server ip link add eth1 type veth peer name second address "$far" netns "$MD_NET_ROUTER" &&
		inside router ip link set second up && inside server ip link set eth1 up &&
		poll 10 eval 'inside server ip -o link show eth1 | grep -q "state UP"'
}
inside router sh -c 'for f in all default south; do echo 0 >/proc/sys/net/ipv4/conf/$f/rp_filter; done'

# By the route's next hop; the daemon comes and goes.
settings '[raw media]' "uid = $nobody" '[afxdp media]' "uid = $nobody" 'interface = eth0'
begin 4
check "no daemon: they go natively, and why is said" refused_for 'refused: no mdprovisiond'
check "the daemon comes: afxdp takes over" eval 'daemon_begins && goes_on afxdp && only afxdp'
check "the daemon is killed: another engine takes over" eval 'daemon_ends KILL && goes_on raw && only raw'
check "the daemon comes again: afxdp takes over" eval 'daemon_begins && goes_on afxdp && only afxdp'
settings '[raw media]' "uid = $nobody"
check "it reads that afxdp is not to be: another engine takes over" eval 'kill -HUP "$(cat "$MD_NET_DIR/daemon")" && goes_on raw && only raw'
check "and why is said" refused_for 'refused: mdprovisiond does not offer it'
daemon_ends
end
check "none is lost" none_is_lost

# By an interface of its own.
settings '[raw media]' "uid = $nobody" '[afxdp media]' "uid = $nobody" 'interface = eth1' "next_hop = $far"
daemon_begins
begin 6
check "no such interface: another engine, and why is said" eval 'goes_on raw && refused_for "refused: the interface that .* is not there"'
check "the daemon says what it expected" grep -q 'line [0-9]*: \[afxdp media\] interface: expected an interface of the network namespace of process [0-9]*, found "eth1"' "$MD_NET_DIR/daemon.log"
check "the interface comes: afxdp takes over" eval 'second_way && goes_on afxdp && only afxdp'
check "it goes down: another engine takes over" eval 'inside server ip link set eth1 down && goes_on raw && refused_for "refused: the interface is down"'
check "it comes up: afxdp takes over" eval 'inside server ip link set eth1 up && goes_on afxdp && only afxdp'
check "its other end goes down: another engine takes over" eval 'inside router ip link set second down && goes_on raw && only raw'
check "it comes up: afxdp takes over" eval 'inside router ip link set second up && goes_on afxdp && only afxdp'
check "it is deleted: another engine takes over" eval 'inside server ip link del eth1 && goes_on raw && only raw'
check "it comes again: afxdp takes over" eval 'second_way && goes_on afxdp && only afxdp'
check "the daemon is killed: with a link address that is given it goes on" eval 'daemon_ends KILL && only afxdp && only afxdp'
check "the daemon comes again: it goes on" eval 'daemon_begins && only afxdp'
echo steal >&7
check "the program closes the descriptor: it is noticed, and afxdp comes again" eval 'poll 10 stolen && goes_on afxdp && only afxdp'
daemon_ends
end
check "by an interface of its own: none is lost" none_is_lost
inside server ip link del eth1

# A child of the program does not have its parent's queue, until it is alone.
settings '[raw media]' "uid = $nobody" '[afxdp media]' "uid = $nobody" 'interface = eth0'
daemon_begins
begin 4 500-500
check "one process: by afxdp" goes_on afxdp
echo fork >&7
check "its child wants the queue too: it goes by another engine, and why is said" eval 'refused_for "refused: another process sends by the queue" && goes_on raw'
check "the parent goes on" goes_on afxdp
end
check "none of either is lost" none_is_lost

# The tunnel's own socket goes too, and the datagrams have another port from then on.
begin 4 500-500
check "by afxdp" goes_on afxdp
echo 'steal all' >&7
check "the program closes all descriptors: afxdp comes again" eval 'poll 10 stolen && goes_on afxdp'
end
check "the client gets all" the_client_gets_all
daemon_ends

# The router gets another link address.
settings '[afxdp one]' "uid = $nobody" 'interface = eth0'
daemon_begins
begin 4
check "by the neighbour" goes_on afxdp
verified() { [ "$(wc -l <"$stage/router.json")" -gt "$1" ]; }
check "the neighbour's address changes: it is followed" eval 'inside router ip link set south address 02:00:5e:00:53:77 &&
	inside server ip neigh replace 192.0.2.1 lladdr 02:00:5e:00:53:77 nud permanent dev eth0 && goes_on afxdp && poll 10 verified $(($(wc -l <"$stage/router.json") + 20)) && only afxdp'
check "the route goes: natively, that is nowhere" eval 'inside server ip route replace unreachable 192.0.2.1 && refused_for "refused: "'
check "the route comes: afxdp again" eval 'inside server ip route del unreachable 192.0.2.1 && goes_on afxdp'
end
daemon_ends
finish
