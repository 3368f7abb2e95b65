# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# patch_lib.sh - lib.sh, with the egress patch in the kernel for the server's namespace, and a user without any capability.
# To be sourced first. What is attached goes with the test: the BPF file system with its pins is mounted for this script
# alone, and the control group holds nothing but its senders.
# shellcheck disable=SC2034,SC2154 # variables of lib.sh and for those who source this
if [ "${MD_PATCH:-}" != own ] && [ -z "${MD_NET_DIR:-}" ]; then
	skip_all() { echo "ok 1 - $(basename "$0" .sh) # SKIP $1"; echo 1..1; exit 0; }
	[ "$(id -u)" -eq 0 ] || skip_all "needs root, to load programs into the kernel"
	[ -z "${MD_SANITIZER:-}" ] || skip_all "programs of the system cannot be run with the runtime of a sanitizer"
	export MD_PATCH=own
	unshare -m true 2>/dev/null || skip_all "no mount namespace to be had"
	exec unshare -m "$0" "$1"
fi
here=$(dirname "$(readlink -f -- "${BASH_SOURCE[0]}")")
# shellcheck source=tests/e2e/lib.sh
. "$here/lib.sh"

bpf=$MD_NET_DIR/bpf
cgroups=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/self/mounts)
cgroup=$cgroups/mdshim-test.$$
arm=("$B/mdctl" arm --dir "$bpf/m")
armed=

arm_away() {
	[ -z "$armed" ] || "${arm[@]}" --off >/dev/null
	umount "$bpf" 2>/dev/null
	rmdir "$cgroup" 2>/dev/null
}
trap arm_away EXIT

skip_scene() { tests=$((tests + 1)); echo "ok $tests - $1 # SKIP $2"; finish; }

mkdir -p "$bpf" && mount -t bpf bpf "$bpf" 2>"$MD_NET_DIR/why" || skip_scene "the patch" "no BPF file system: $(cat "$MD_NET_DIR/why")"
[ -n "$cgroups" ] || skip_scene "the patch" "no file system of control groups is mounted"
mkdir "$cgroup" 2>"$MD_NET_DIR/why" || skip_scene "the patch" "no control group: $(cat "$MD_NET_DIR/why")"

# arm_server - arms the server's namespace for what runs in the control group.
arm_server() { "${arm[@]}" --cgroup "$cgroup" --netns "/proc/$MD_NET_SERVER/ns/net"; }
# With armed_by_hand=no the script arms by itself, once it is known that the kernel lets it.
if why=$(arm_server 2>&1); then
	armed=yes
	[ "${armed_by_hand:-yes}" = yes ] || "${arm[@]}" --off >/dev/null
else
	case $why in
	*"the kernel refuses"* | *"cannot be attached"*) skip_scene "the patch" "${why//$'\n'/ }" ;;
	esac
	echo "$why" >&2
	exit 1
fi

# shellcheck disable=SC2016
stage_as=(bash -c 'echo $$ >"$0/cgroup.procs" && exec setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all --bounding-set=-all --no-new-privs "$@"' "$cgroup")

# Somebody else may not even enter the build folder.
stage_from=$MD_NET_DIR/from
mkdir "$stage_from" && cp "$B/mdshim-run" "$B/mdshim-check" "$B/libmdshim.so" "$stage_from" || exit 1

# The sender reads its configuration, writes its counters and its copy of what it made.
let_nobody_in() {
	chmod 755 "$MD_NET_DIR"
	chmod 777 "$stage" "$stage/stats"
	chmod 644 "$stage/key"
	touch "$stage/shim.log" "$stage/made.rtp"
	chmod 666 "$stage/shim.log" "$stage/made.rtp"
}

all_by_the_patch() {
	equal "by the patch" "$(figure stats.json '[.processes[].sent.patch] | add')" "$stage_wrapped" \
		"by raw" "$(figure stats.json '[.processes[].sent.raw] | add')" 0 \
		engine "$(figure stats.json "[.processes[] | select(.wrapped > 0) | .engine_v$stage_family] | unique | tojson")" '["patch"]' && return
	jq -c '[.processes[] | {program, sent, refused_v4, refused_v6, asides}]' "$stage/stats.json"
	return 1
}

# --- What lies on the way ---------------------------------------------------------------------------------------------------

# offload on|off - transmit checksum offload, everywhere.
offload() {
	inside server ethtool -K eth0 tx "$1" >/dev/null
	inside router ethtool -K south tx "$1" >/dev/null
	inside router ethtool -K north tx "$1" >/dev/null
	inside client ethtool -K eth0 tx "$1" >/dev/null
}

# translation_begins / translation_ends - address translation in the router, with everything dropped that connection tracking
# calls invalid; translated: nothing was.
translation_begins() {
	inside router nft -f - <<-END
		table inet nat {
			chain post { type nat hook postrouting priority srcnat; oifname "north" masquerade; }
			chain pass { type filter hook forward priority filter; ct state invalid counter drop; }
		}
	END
}
translated() { inside router nft list table inet nat | grep -q 'invalid counter packets 0 '; }
translation_ends() { inside router nft delete table inet nat; }

# bridge_begins / bridge_ends - a bridge of the server's own: both its interface and the port below have the patch.
addresses_to() {
	inside server sh -c 'sysctl -qw "net.ipv6.conf.$0.accept_dad=0" && ip addr add 192.0.2.2/24 dev "$0" &&
		ip addr add 2001:db8:1::2/64 dev "$0" nodad && ip route replace default via 192.0.2.1 &&
		ip -6 route replace default via 2001:db8:1::1' "$1"
}
bridge_begins() {
	inside server sh -c 'ip link add br0 type bridge && ip link set br0 up && ip link set eth0 master br0 && ip addr flush dev eth0' &&
		addresses_to br0 && arm_server >/dev/null
}
bridge_ends() { inside server ip link del br0 && addresses_to eth0; }
