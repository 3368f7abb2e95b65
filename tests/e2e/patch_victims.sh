#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# patch_victims.sh BUILD - preload victims again, by the egress patch and without CAP_NET_RAW: those that show what becomes of
# errors, backpressure, trains, control messages, forks, threads, and descriptors that the application takes from us.
set -u
B=$(readlink -f -- "${1:?build folder}")
cd "$(dirname "$(readlink -f -- "$0")")/../.." || exit 2
skip_all() { echo "ok 1 - patch_victims # SKIP $1"; echo 1..1; exit 0; }
[ "$(id -u)" -eq 0 ] || skip_all "needs root, to load programs into the kernel"
[ -z "${MD_SANITIZER:-}" ] || skip_all "not with the runtime of a sanitizer"
if [ "${MD_PATCH:-}" != own ]; then
	unshare -m true 2>/dev/null || skip_all "no mount namespace to be had"
	MD_PATCH=own exec unshare -mn "$0" "$B"
fi
work=$(mktemp -d) || exit 2
cgroups=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/self/mounts)
cgroup=$cgroups/mdshim-victims.$$
# shellcheck disable=SC2317
ended() {
	"$B/mdctl" arm --dir "$work/bpf/m" --off >/dev/null 2>&1
	umount "$work/bpf" 2>/dev/null
	rmdir "$cgroup" 2>/dev/null
	rm -rf "$work"
}
trap ended EXIT
mkdir "$work/bpf" && mount -t bpf bpf "$work/bpf" || skip_all "no BPF file system to be had"
[ -n "$cgroups" ] || skip_all "no file system of control groups is mounted"
mkdir "$cgroup" 2>/dev/null || skip_all "no control group to be had"
if ! why=$("$B/mdctl" arm --dir "$work/bpf/m" --cgroup "$cgroup" --netns /proc/self/ns/net 2>&1); then
	case $why in *"the kernel refuses"* | *"cannot be attached"*) skip_all "${why//$'\n'/ }" ;; esac
	echo "$why" >&2
	exit 1
fi
"$B/mdctl" arm --dir "$work/bpf/m" --off >/dev/null
VICTIM_BPF=$work/bpf VICTIM_CGROUP=$cgroup VICTIM_MODES='inline tunnel' tests/preload/driver.sh "$B" gso gso_sockopt doors carried \
	eagain_epoll nonblocking errno_parity icmp_refused refused_shapes recverr fd_stolen fd_stolen_range fork_both_send fork_kinds dup_family \
	iovecs many_iovecs sendmmsg_mixed mtu_told cork msg_more mapped one_to_many raw_syscall drop_privileges send_loop threads7
