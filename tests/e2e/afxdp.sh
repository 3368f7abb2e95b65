#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# afxdp.sh BUILD - by the AF_XDP socket that the daemon lends to a user without any capability: GStreamer, IPv4 and IPv6; the client
# gets exactly what was made, the router verifies all.
# shellcheck disable=SC2034,SC2154,SC2317 # what lib.sh and stage.sh set
# shellcheck source=tests/e2e/nft_lib.sh
. "$(dirname "$(readlink -f -- "$0")")/nft_lib.sh"

engines=afxdp
settings '[afxdp media]' "uid = $nobody" 'interface = eth0'
check "the daemon lends AF_XDP sockets" daemon_begins
for family in 4 6; do
	own_scene "by afxdp" $family tunnel 45 afxdp
done
daemon_ends
finish
