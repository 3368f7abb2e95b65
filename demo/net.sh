#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# net.sh COMMAND... - runs COMMAND with three network namespaces beside it, and removes them however it ends.
#
#     server 192.0.2.2 ---- 192.0.2.1 router 203.0.113.1 ---- 203.0.113.2 client
#     2001:db8:1::2 ---- 2001:db8:1::1       2001:db8:3::1 ---- 2001:db8:3::2
#
# The interfaces are eth0 in the server and in the client, south and north in the router. The router forwards, duplicate address detection is off, and nothing is offloaded, so that a
# capture shows what a wire would carry.
#
# The namespaces have no names: a process that waits holds each. COMMAND finds their numbers in MD_NET_SERVER,
# MD_NET_ROUTER and MD_NET_CLIENT, enters one with "nsenter -t N -n", and may keep files in MD_NET_DIR, a private folder
# that is removed at the end. Any number of runs work side by side. Without root everything happens in a user namespace.
#
# What a killed run left behind, the next run removes: only if the owner it notes is dead.
set -u

# The start of a process in ticks: with the number it names a process for good. Nothing if it is dead, buried or not.
born() {
	local stat
	{ read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
	stat=${stat##*) }
	# shellcheck disable=SC2086
	set -- $stat
	[ "$1" != Z ] && [ "$1" != X ] && echo "${20}"
}

# alive "PID START"
alive() { [ -n "${1:-}" ] && [ "$(born "${1% *}")" = "${1#* }" ]; }

# gone DIR PID... - until none of them is there any more; they were killed, so that takes a moment.
gone() {
	local dir=$1 i pid left
	shift
	for ((i = 0; i < 500; i++)); do
		left=
		for pid; do born "$pid" >/dev/null && left=$pid; done
		[ -n "$left" ] || return
		read -rt 0.01 _ <>"$dir/never"
	done
}

# Every process in the namespace that a holder holds, then the holder, then the folder.
take_down() {
	local dir=$1 name holder space other killed=()
	for name in server router client; do
		holder=$(cat "$dir/$name" 2>/dev/null) || continue
		alive "$holder" || continue
		holder=${holder% *}
		space=$(readlink "/proc/$holder/ns/net") || continue
		[ "$space" != "$(readlink /proc/self/ns/net)" ] || continue
		for other in /proc/[0-9]*; do
			[ "$(readlink "$other/ns/net" 2>/dev/null)" = "$space" ] || continue
			[ "${other#/proc/}" = "$holder" ] || { kill -KILL "${other#/proc/}" && killed+=("${other#/proc/}"); } 2>/dev/null
		done
		kill -KILL "$holder" 2>/dev/null && killed+=("$holder")
	done
	gone "$dir" "${killed[@]}"
	rm -rf "$dir"
}

sweep() {
	local dir owner
	for dir in "${TMPDIR:-/tmp}"/mdshim-net.*; do
		if [ ! -d "$dir" ] || [ ! -O "$dir" ] || [ -L "$dir" ]; then continue; fi
		owner=$(cat "$dir/owner" 2>/dev/null) || continue
		alive "$owner" && continue
		echo "net.sh: removing what run ${owner% *}, which is dead, left behind" >&2
		take_down "$dir"
	done
}

# hold NAME - a process that waits in a network namespace of its own, until it is killed or we are gone.
hold() {
	local pid i
	# shellcheck disable=SC2016
	unshare -n -- bash -c 'echo $$ >"$1"; read -r _ <>"$2"' hold "$dir/$1.pid" "$dir/never" </dev/null >/dev/null 2>&1 &
	disown
	for ((i = 0; i < 500; i++)); do
		pid=$(cat "$dir/$1.pid" 2>/dev/null)
		[ -n "$pid" ] && break
		kill -0 $! 2>/dev/null || break
		read -rt 0.01 _ <>"$dir/never"
	done
	[ -n "$pid" ] || fail "cannot make a network namespace: CAP_SYS_ADMIN or unprivileged user namespaces are needed"
	rm "$dir/$1.pid"
	echo "$pid $(born "$pid")" >"$dir/$1"
}

fail() { echo "net.sh: $*" >&2; exit 77; }

enter() { local name; name=$(cat "$dir/$1"); shift; nsenter -t "${name% *}" -n -- "$@"; }

# setting NAME KEY VALUE
# shellcheck disable=SC2016
setting() { enter "$1" sh -c 'echo "$2" >"/proc/sys/$1"' sh "net/$2" "$3" 2>/dev/null || fail "cannot set net/$2"; }

# link OUTER ROUTER-SIDE V4-NET V6-NET
link() {
	local outer=$1 side=$2 v4=$3 v6=$4 name router
	name=$(cat "$dir/$outer") router=$(cat "$dir/router")
	enter "$outer" ip link add eth0 type veth peer name "$side" netns "${router% *}" || fail "cannot make a veth link"
	for name in "$outer eth0 2" "router $side 1"; do
		# shellcheck disable=SC2086
		set -- $name
		setting "$1" "ipv6/conf/$2/accept_dad" 0
		setting "$1" "ipv6/conf/$2/accept_ra" 0
		enter "$1" ethtool -K "$2" tx off gso off gro off tso off >/dev/null 2>&1
		enter "$1" ip addr add "$v4.$3/24" dev "$2"
		enter "$1" ip addr add "$v6::$3/64" dev "$2" nodad
		enter "$1" ip link set "$2" up
		enter "$1" ip link set lo up
	done
	enter "$outer" ip route add default via "$v4.1"
	enter "$outer" ip route add default via "$v6::1"
}

# A link is usable when its four ends say so, not when the command that raised them returns.
wait_for_links() {
	local i pair
	for pair in "server eth0" "router south" "router north" "client eth0"; do
		# shellcheck disable=SC2086
		set -- $pair
		for ((i = 0; i < 500; i++)); do
			[ "$(enter "$1" ip -o link show dev "$2" | grep -c 'state UP')" = 1 ] &&
				[ -z "$(enter "$1" ip -6 addr show dev "$2" tentative)" ] && continue 2
			read -rt 0.01 _ <>"$dir/never"
		done
		fail "the link $2 of the $1 does not come up"
	done
}

up() {
	local name
	for name in server router client; do hold $name; done
	setting router ipv4/ip_forward 1
	setting router ipv6/conf/all/forwarding 1
	link server south 192.0.2 2001:db8:1
	link client north 203.0.113 2001:db8:3
	wait_for_links
}

missing=
for tool in ip ethtool unshare nsenter setpriv; do
	command -v $tool >/dev/null || missing="$missing $tool"
done
[ -z "$missing" ] || fail "not installed:$missing (Debian packages iproute2 ethtool util-linux)"
[ $# -gt 0 ] || { sed -n '3,/^set/s/^# \{0,1\}//p' "$0" >&2; exit 2; }

# The user keeps the number it has and gets the capabilities: a mapped root has no groups to give up, at which tcpdump ends.
if [ "$(id -u)" -ne 0 ] && [ -z "${MD_NET_INNER:-}" ]; then
	user="-Unm --map-current-user --keep-caps"
	# shellcheck disable=SC2086
	unshare $user true 2>/dev/null ||
		fail "this needs root, or unprivileged user namespaces (kernel.unprivileged_userns_clone, user.max_user_namespaces)"
	# shellcheck disable=SC2086
	MD_NET_INNER=1 exec unshare $user -- "$0" "$@"
fi

sweep
dir=$(mktemp -d "${TMPDIR:-/tmp}/mdshim-net.$$.XXXXXX") || exit 77
echo "$$ $(born $$)" >"$dir/owner"
mkfifo "$dir/never"
child=
# shellcheck disable=SC2317
ended() {
	trap '' INT TERM HUP
	[ -z "$child" ] || { kill -TERM "$child" && wait "$child"; } 2>/dev/null
	take_down "$dir"
}
trap ended EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP
up
MD_NET_DIR=$dir
for name in server router client; do
	read -r "MD_NET_${name^^}" _ <"$dir/$name"
done
export MD_NET_DIR MD_NET_SERVER MD_NET_ROUTER MD_NET_CLIENT
# In the background, so that a signal is acted upon at once; with the signals a background command would ignore.
env --default-signal=INT,QUIT setpriv --pdeathsig TERM -- "$@" <&0 &
child=$!
wait "$child"
rc=$?
child=
exit $rc
