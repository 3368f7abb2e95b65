#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# paths.sh - server, router and client in namespaces of their own: tunnel traffic on its way through, inline traffic that
# the kernel forwards and the router only watches.
if [ -z "${MD_NET_DIR:-}" ]; then
	here=$(cd "$(dirname "$0")" && pwd)
	case $1 in /*) B=$1 ;; *) B=$PWD/$1 ;; esac
	"$here/../../demo/net.sh" "$here/paths.sh" "$B"
	rc=$?
	[ $rc -eq 77 ] || exit $rc
	echo "ok 1 - paths.sh # SKIP network namespaces are refused here"
	echo 1..1
	exit 0
fi
# shellcheck disable=SC2034
MD_ROUTER_NS=no
# shellcheck disable=SC1091
. "$(dirname "$0")/lib.sh"
SERVER="nsenter -t $MD_NET_SERVER -n --" CLIENT="nsenter -t $MD_NET_CLIENT -n --"
KEY="--auth-key 1:AES-128-CMAC-96:$T/cmac.key:cover=64"
IN4="mode=inline from=192.0.2.2:40000 to=203.0.113.2:50000"
IN6="mode=inline from=[2001:db8:1::2]:40000 to=[2001:db8:3::2]:50000"

# The router of lib.sh, in its namespace: nsenter replaces itself, so that the number is the router's.
real=$ROUTER
ROUTER=$T/mdrouter
printf '#!/bin/sh\nexec nsenter -t %s -n -- "%s" "$@"\n' "$MD_NET_ROUTER" "$real" >"$ROUTER"
chmod +x "$ROUTER"

# listen VERSION NUMBER - the client, ready to hear that many datagrams; heard waits for it.
listen() {
	[ -p "$T/client" ] || mkfifo "$T/client"
	$CLIENT "$FORGE" listen "$1" 50000 "$2" >"$T/client" 2>&1 &
	listener=$!
	exec 5<"$T/client"
	read -r line <&5 && same ready "$line"
}
heard() { cat <&5 >"$T/heard"; exec 5<&-; wait "$listener"; }

# watch OPTION... - a router whose lines come through a pipe; lines N waits for that many.
watch() {
	[ -p "$T/lines" ] || mkfifo "$T/lines"
	cat "$T/lines" >"$T/seen" &
	reader=$!
	# shellcheck disable=SC2086
	router_start $KEY --json "$T/lines" --summary "$T/summary" "$@"
}
ended() { router_stop && wait "$reader"; }
count() { same "$1" "$(figure "$2" "$T/summary")"; }

# through VERSION OUTER-FROM OUTER-TO INNER-FROM INNER-TO
through() {
	router_start --listen "$3" --auth-key "1:AES-128-CMAC-96:$T/cmac.key:cover=64" --cap 192.0.2.0/24 \
		--cap 2001:db8:1::/64 --client 203.0.113.0/24 --client 2001:db8:3::/64 --summary "$T/summary" &&
		listen "$1" 20 || return 1
	$SERVER "$FORGE" send from="$2" to="$3" inner-from="$4" inner-to="$5" key="$CMAC_KEY" cover=64 count=20 marker=no \
		>"$T/sent" && heard && router_stop || return 1
	same 20 "$(grep -c 'length 100 ttl 63' "$T/heard")" && count 20 .metadata && count 20 .forward.packets &&
		same 20 "$(grep -cF "from ${6} " "$T/heard")"
}
ok "tunnel over IPv4: the client hears the server" through 4 192.0.2.2:40001 192.0.2.1:49777 192.0.2.2:40000 \
	203.0.113.2:50000 192.0.2.2:40000
ok "tunnel over IPv6: the client hears the server" through 6 '[2001:db8:1::2]:40001' '[2001:db8:1::1]:49777' \
	'[2001:db8:1::2]:40000' '[2001:db8:3::2]:50000' 2001:db8:1::2:40000
ok "the router's address on its other side serves as well" through 4 192.0.2.2:40001 203.0.113.1:49777 \
	192.0.2.2:40000 203.0.113.2:50000 192.0.2.2:40000

# inline VERSION SETTINGS INTERFACE EXPECTED-PATH [SETTING...] - ten datagrams; what the router found in them.
# shellcheck disable=SC2086
inlined() {
	version=$1 settings=$2 path=$3; shift 3
	watch --inline south && listen "$version" 10 || return 1
	$SERVER "$FORGE" send $settings count=10 marker=no "$@" >"$T/sent" && heard && ended || return 1
	same 10 "$(grep -c 'ttl 63' "$T/heard")" && count 10 "$path" && count 10 .packets && count 0 .dropped
}
# What passes the router gets there, whatever the router thinks of it.
# shellcheck disable=SC2086
{
	ok "inline, IPv4: metadata are read" inlined 4 "$IN4" .outcomes.inline.metadata key=$CMAC_KEY cover=64
	ok "inline, IPv6: metadata are read" inlined 6 "$IN6" .outcomes.inline.metadata key=$CMAC_KEY cover=64
	ok "inline: a wrong MAC only means no metadata" inlined 4 "$IN4" .outcomes.inline.plain.auth-mac key=$CMAC_KEY \
		cover=64 spoil=mac
	ok "inline: a wrong OCS only means no metadata" inlined 6 "$IN6" .outcomes.inline.plain.ocs key=$CMAC_KEY cover=64 \
		spoil=ocs
	ok "inline: no AUTH only means no metadata" inlined 4 "$IN4" .outcomes.inline.plain.auth-missing
}

# Only what comes from a CAP and goes to a client is looked at, and only with a surplus area.
# shellcheck disable=SC2086
others() {
	watch --inline south --cap 192.0.2.0/24 --client 203.0.113.0/25 && listen 4 12 || return 1
	$SERVER bash -c 'for i in 1 2; do echo $i >/dev/udp/203.0.113.2/50000; done'
	$SERVER "$FORGE" send $IN4 key=$CMAC_KEY cover=64 count=5 marker=no >"$T/sent" || return 1
	$SERVER "$FORGE" send mode=inline from=10.0.0.1:40000 to=203.0.113.2:50000 key=$CMAC_KEY cover=64 count=5 marker=no \
		>"$T/sent" && heard && ended || return 1
	count 5 .packets && count 5 .metadata && count 5 .receive.not_for_us
}
ok "inline: only datagrams with a surplus area from a CAP to a client are looked at" others

# shellcheck disable=SC2086
both() {
	watch --inline south --listen 192.0.2.1:49777 --cap 192.0.2.0/24 --client 203.0.113.0/24 && listen 4 20 || return 1
	$SERVER "$FORGE" send $IN4 key=$CMAC_KEY cover=64 count=10 marker=no >"$T/sent" || return 1
	$SERVER "$FORGE" send from=192.0.2.2:40001 to=192.0.2.1:49777 inner-from=192.0.2.2:40005 inner-to=203.0.113.2:50000 \
		key=$CMAC_KEY cover=64 count=10 marker=no >"$T/sent" && heard && ended || return 1
	count 10 .outcomes.inline.metadata && count 10 .outcomes.tunnel.metadata && count 2 .flows.begun &&
		same 10 "$(grep -c '"mode":"inline".*"flow":"192.0.2.2:40000>203.0.113.2:50000"' "$T/seen")"
}
ok "tunnel and inline side by side" both

# Loopback addresses are nobody's but the host's own: IP input would refuse them from outside, and so must the router.
# shellcheck disable=SC2086
martian() {
	router_start $KEY --listen 127.0.0.1:49777 --listen 192.0.2.1:49777 --cap 0.0.0.0/0 --client 0.0.0.0/0 \
		--summary "$T/summary" && listen 4 1 || return 1
	mac=$(nsenter -t "$MD_NET_ROUTER" -n -- ip -o link show dev south | sed 's,.*link/ether \([0-9a-f:]*\) .*,\1,' | tr -d :)
	$SERVER "$FORGE" send device="eth0/$mac" from=192.0.2.2:40001 to=127.0.0.1:49777 inner-from=192.0.2.2:40000 \
		inner-to=203.0.113.2:50000 key=$CMAC_KEY cover=64 count=5 marker=no >"$T/sent" || return 1
	$SERVER "$FORGE" send device="eth0/$mac" from=192.0.2.2:40001 to=192.0.2.1:49777 inner-from=192.0.2.2:40000 \
		inner-to=203.0.113.2:50000 key=$CMAC_KEY cover=64 count=1 marker=no >"$T/sent" && heard && router_stop || return 1
	count 5 .receive.martian && count 1 .packets && count 1 .metadata
}
ok "a loopback address from outside is not believed" martian
plan
