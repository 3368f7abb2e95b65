# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# patch_daemon_lib.sh - a mdprovisiond that puts the egress patch into the kernel. To be sourced behind patch_lib.sh, with
# armed_by_hand=no in front.
# shellcheck disable=SC2154,SC2317 # what patch_lib.sh and stage.sh set; functions for those who source this
settings() {
	cat >"$MD_NET_DIR/provisioner.conf" <<-END
		[provisioner]
		state_dir = $MD_NET_DIR/state
		publish_dir = $MD_NET_DIR/books
		group =
		control_socket = $MD_NET_DIR/control
		stats_dir = $MD_NET_DIR
		verbose = yes
		arm = yes
		arm_namespaces = all
		arm_dir = $bpf/m
		arm_cgroup = $cgroup
	END
}

daemon_begins() {
	rm -f "$MD_NET_DIR/ready"
	"$B/mdprovisiond" --config "$MD_NET_DIR/provisioner.conf" --ready-fd 9 9>"$MD_NET_DIR/ready" >/dev/null \
		2>>"$MD_NET_DIR/daemon.log" 8>&- &
	echo $! >"$MD_NET_DIR/daemon"
	poll 10 grep -qs ready "$MD_NET_DIR/ready" || { cat "$MD_NET_DIR/daemon.log"; return 1; }
}
# It may be the child of a subshell, which cannot be waited for.
daemon_ends() { kill "-${1:-TERM}" "$(cat "$MD_NET_DIR/daemon")" && poll 10 daemon_is_gone; }
daemon_is_gone() { ! kill -0 "$(cat "$MD_NET_DIR/daemon")" 2>/dev/null; }
daemon_is_killed() { daemon_ends KILL; }
