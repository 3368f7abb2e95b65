#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# rule: 18 52
# run.sh BUILD - the speed of send calls with the shim as ratios to the same calls without: a table, and
# BUILD/bench/pair.json. QUICK=1: shorter slices; ONLY=CALL: one kind
# of call (sendto sendmsg sendmmsg train tcp unix file). ENGINE=patch: by the egress patch, which needs root; else by raw
# sockets. Needs root (or a user namespace), nft and ip.
set -u
B=${1:?usage: run.sh BUILD}
case $B in /*) ;; *) B=$PWD/$B ;; esac
here=$(cd "$(dirname "$0")" && pwd) || exit 2
if [ "${2:-}" != --inside ]; then
	[ "${ENGINE:-}" != patch ] || exec unshare -mn "$here/run.sh" "$B" --inside
	if unshare -n true 2>/dev/null; then
		exec unshare -n "$here/run.sh" "$B" --inside
	fi
	exec unshare -Urn "$here/run.sh" "$B" --inside
fi
# shellcheck source=tests/bench/ns.sh
. "$here/ns.sh"
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
trap 'exit 2' INT TERM
link || { echo "run.sh: no link: it takes ip, nft and veth" >&2; exit 2; }
config "$work" inline
config "$work" tunnel
if [ "${ENGINE:-}" = patch ]; then
	cgroup=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/self/mounts)/mdshim-bench.$$
	mkdir "$work/bpf" "$cgroup" && mount -t bpf bpf "$work/bpf" || exit 2
	trap '"$B/mdctl" arm --dir "$work/bpf/m" --off >/dev/null; umount "$work/bpf"; rm -rf "$work"
		echo $$ >"$cgroup/../cgroup.procs"; rmdir "$cgroup"' EXIT
	"$B/mdctl" arm --dir "$work/bpf/m" --cgroup "$cgroup" && echo $$ >"$cgroup/cgroup.procs" || exit 2
fi
mkdir -p "$B/bench"
slice=40
[ -z "${QUICK:-}" ] || slice=10
"$B/tests/bench/pair" "$B/tests/bench/sender" "$B/libmdshim.so" "$work" "$B/bench/pair.json" 11 "$slice" ${ONLY:+"$ONLY"}
rc=$?
echo "ratios of speed to the same call without the shim (1.0: as fast); $B/bench/pair.json"
exit "$rc"
