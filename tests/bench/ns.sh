# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=sh
# ns.sh - to be sourced inside a new network namespace: a link whose far end drops everything, and configurations.

# Of whom what this shell makes is: its number, and that of the PID namespace in which that says something.
pid_space=$(readlink /proc/self/ns/pid | tr -dc 0-9)
mark=mdshim-bench.$$.$pid_space

# link [veth|null] - ($LINK_QUEUES: with so many queues to send by) v0 leads to 198.18.0.0/15, 203.0.113.0/24 and 2001:db8::/32. veth: v1 is its far end and drops at ingress;
# null: v0 drops what it is given. Trains are cut by the sender's kernel, as for a device that cannot: else they would
# never be datagrams at all here.
link() {
	ip link set lo up && "link_${1:-veth}" &&
	ip link set v0 gso_max_segs 1 up &&
	ip addr add 192.0.2.1/30 dev v0 && ip -6 addr add fd00:99::1/64 dev v0 nodad &&
	ip neigh add 192.0.2.2 lladdr 02:00:00:00:00:02 nud permanent dev v0 &&
	ip -6 neigh add fd00:99::2 lladdr 02:00:00:00:00:02 nud permanent dev v0 &&
	ip route add 198.18.0.0/15 via 192.0.2.2 && ip route add 203.0.113.0/24 via 192.0.2.2 &&
	ip -6 route add 2001:db8::/32 via fd00:99::2
}

link_veth() {
	ip link add v0 address 02:00:00:00:00:01 ${LINK_QUEUES:+numtxqueues $LINK_QUEUES} type veth peer name v1 address 02:00:00:00:00:02 && ip link set v1 up &&
	nft 'table netdev sink { chain in { type filter hook ingress device v1 priority 0; policy drop; }; }'
}

# A dummy, or a VXLAN device that knows nobody. An IFB, the last resort, queues what a program in the kernel has redirected to it,
# and drops some of it before it is counted.
link_null() {
	ip link add v0 address 02:00:00:00:00:01 ${LINK_QUEUES:+numtxqueues $LINK_QUEUES} type dummy 2>/dev/null ||
	{ ip link add v0 address 02:00:00:00:00:01 ${LINK_QUEUES:+numtxqueues $LINK_QUEUES} type vxlan id 1 dstport 4790 nolearning && ip link set v0 mtu 1500; } 2>/dev/null ||
	{ ip link add v0 address 02:00:00:00:00:01 type ifb && tc qdisc replace dev v0 root noqueue; }
}

# arm FOLDER - the egress patch for what this shell starts from now on, in a control group of its own; pins lie in FOLDER.
# The reason on standard output, if it cannot be. disarm - takes it away again, also if it is not there.
arm() {
	cgroup=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/self/mounts)
	[ -n "$cgroup" ] || { echo "no file system of control groups is mounted"; return 1; }
	armed=$1/bpf cgroup=$cgroup/$mark
	mkdir -p "$armed"
	if ! mount -t bpf bpf "$armed" 2>/dev/null; then
		echo "no BPF file system"
	elif ! mkdir "$cgroup" 2>/dev/null; then
		echo "no control group"
	elif ! "$B/mdctl" arm --dir "$armed/m" --cgroup "$cgroup" 2>&1 >/dev/null | tail -1 | grep .; then
		echo $$ >"$cgroup/cgroup.procs"
		return 0
	fi
	return 1
}

disarm() {
	[ -n "${armed:-}" ] || return 0
	"$B/mdctl" arm --dir "$armed/m" --off >/dev/null 2>&1
	umount "$armed" 2>/dev/null
	[ ! -d "$cgroup" ] || { echo $$ >"$cgroup/../cgroup.procs"; rmdir "$cgroup"; }
	armed=
}

# config FOLDER MODE [PROCESSES [PAYLOAD]] - FOLDER/MODE.conf, whose counters go to FOLDER/stats
config() {
	mkdir -p "$1/stats"
	printf '000102030405060708090a0b0c0d0e0f\n' >"$1/key"
	cat >"$1/$2.conf" <<-END
		[shim]
		processes = ${3:-sender}
		stats_dir = $1/stats
		flows = 131072
		[auth]
		keyid = 7
		algorithm = aes-128-cmac-96
		key_file = $1/key
		cover = 64
		[payload]
		${4:-96 = h264}
	END
	case $2 in
	tunnel) cat >>"$1/$2.conf" <<-END ;;
		[router four]
		address = 192.0.2.2
		port = 49777
		[router six]
		address = fd00:99::2
		port = 49777
		[route four]
		destination = 198.18.0.0/15
		mode = tunnel
		router = four
		[route six]
		destination = 2001:db8::/32
		mode = tunnel
		router = six
	END
	*) cat >>"$1/$2.conf" <<-END ;;
		[route all]
		destination = 198.18.0.0/15, 2001:db8::/32
		mode = inline
	END
	esac
}
