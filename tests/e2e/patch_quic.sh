#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# patch_quic.sh BUILD - an ngtcp2 server with GSO, as a user without any capability, by the egress patch: three files arrive
# as they are.
# shellcheck disable=SC2154,SC2317 # what lib.sh and stage.sh set
# shellcheck source=tests/e2e/patch_lib.sh
. "$(dirname "$(readlink -f -- "$0")")/patch_lib.sh"

PATH=$PATH:/usr/sbin
command -v gtlsserver >/dev/null && command -v gtlsclient >/dev/null || skip_scene ngtcp2 "ngtcp2-server and ngtcp2-client are not installed"
work=$MD_NET_DIR/quic
mkdir -p "$work/www" && chmod 755 "$MD_NET_DIR" "$work" "$work/www"
for name in a b c; do head -c 300000 /dev/urandom >"$work/www/$name"; done
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$work/key" -out "$work/crt" \
	-days 2 -subj /CN=localhost >/dev/null 2>&1
chmod 644 "$work/key"

bound() { inside server grep -q ":1151 " /proc/net/udp /proc/net/udp6; } # port 4433
served() { "$B/mdctl" stats --json --dir "$stage/stats" 2>/dev/null | jq -r '.processes[] | select(.program == "gtlsserver" and .alive) | .pid'; }

exchange() {
	local rc at=192.0.2.2
	[ "$stage_family" = 4 ] || at=2001:db8:1::2
	let_nobody_in
	stage_send gtlsserver -q --no-pmtud -d "$work/www" "$at" 4433 "$work/key" "$work/crt" &
	poll 10 bound
	inside client timeout 30 gtlsclient -q --exit-on-all-streams-close --no-quic-dump --no-http-dump --download="$work" \
		"$at" 4433 https://localhost/a https://localhost/b https://localhost/c >"$work/client.out" 2>&1
	rc=$?
	kill "$(served)"
	wait "$!"
	[ $rc = 0 ] || cat "$work/client.out" "$stage/sender.err"
	return $rc
}

trains() { "${arm[@]}" --status --json | jq '.counts.trains'; }

for mode in inline tunnel; do
	for family in 4 6; do
		name="ngtcp2, $mode, IPv$family"
		stage_open $family $mode h264 && echo "payload = quic" >>"$stage/shim.conf" && stage_router
		rm -f "$work"/[abc]
		before=$(trains)
		check "$name: three streams arrive" exchange
		"$B/mdctl" stats --json --dir "$stage/stats" >"$stage/stats.json"
		stage_wrapped=$(figure stats.json '[.processes[].wrapped] | add // 0')
		stage_close
		for file in a b c; do check "$name: file $file is the same" cmp "$work/www/$file" "$work/$file"; done
		check "$name: all by the patch" all_by_the_patch
		check "$name: only datagrams with a long header are native" equal native "$(figure stats.json '[.processes[].aside] | add')" \
			"$(figure stats.json '[.processes[].asides["not-media"]] | add')"
		check "$name: trains were wrapped" [ "$stage_wrapped" -gt 500 ]
		check "$name: as trains, and the kernel saw them" eval "equal 'trains in the kernel' $(($(trains) - before)) '$(figure stats.json '[.processes[].counts.trains] | add // 0')' &&
			[ $(($(trains) - before)) -ge 5 ] || { echo $(($(trains) - before)); false; }"
		check "$name: the router verifies all" equal verified "$(figure summary.json .metadata)" "$stage_wrapped"
	done
done
finish
