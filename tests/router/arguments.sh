#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# arguments.sh - mistakes on the command line get one line that names the option and what was expected, and exit status 2;
# what the system refuses is said in words an operator can act on.
# shellcheck disable=SC1091,SC2154
. "$(dirname "$0")/lib.sh"

WHOLE="--listen 127.0.0.1:49777 --auth-key 1:AES-128-CMAC-96:$T/cmac.key --cap 10.0.0.0/8 --client 10.0.0.0/8"
echo 00112233 >"$T/short.key"
echo 0011223344556677889900112233445 >"$T/odd.key"
echo 00112233445566778899001122334455x >"$T/letter.key"
printf '%s\n%s\n' "$CMAC" "$CMAC" >"$T/two.key"
: >"$T/empty.key"

# refused TEXT ARGUMENT... - exit status 2, exactly one line, which holds TEXT, nothing on standard output.
refused() {
	text=$1; shift
	"$ROUTER" "$@" >"$T/out" 2>"$T/err"
	same 2 $? && same 1 "$(wc -l <"$T/err")" && same "" "$(cat "$T/out")" && says "$text" "$T/err"
}

# mistake TEXT ARGUMENT...
mistake() { ok "$*" refused "$@"; }

mistake "nothing to do: expected --listen"
mistake "--cap is missing" --listen 127.0.0.1:49777 --client 10.0.0.0/8 --auth off
mistake "--client is missing" --listen 127.0.0.1:49777 --cap 10.0.0.0/8 --auth off
mistake "--auth-key is missing" --listen 127.0.0.1:49777 --cap 10.0.0.0/8 --client 10.0.0.0/8
mistake "--listen '127.0.0.1': expected ADDR:PORT" --listen 127.0.0.1
mistake "--listen '127.0.0.1:0': expected" --listen 127.0.0.1:0
mistake "--listen '127.0.0.1:70000': expected" --listen 127.0.0.1:70000
mistake "--listen '::1:5': expected" --listen ::1:5
mistake "--listen '0.0.0.0:5': expected one address of this host" --listen 0.0.0.0:5
mistake "--listen '[::]:5': expected one address of this host" --listen '[::]:5'
mistake "--listen '239.0.0.1:5': expected one address of this host" --listen 239.0.0.1:5
mistake "--inline 'nosuch0': expected the name of an interface" --inline nosuch0
mistake "--auth 'maybe': expected required, prefer or off" --auth maybe
mistake "--cap '10.0.0.1/8': expected an address prefix" --cap 10.0.0.1/8
mistake "--client 'x': expected an address prefix" --client x
mistake "--med-exid '65536': expected a number from 0 to 65535" --med-exid 65536
mistake "--ofc-exid '': expected a number" --ofc-exid ''
mistake "--token-exid '-1': expected a number" --token-exid -1
mistake "--med-kind '9': expected a number from 10 to 126" --med-kind 9
mistake "--ofc-kind '127': expected a number from 10 to 126" --ofc-kind 127
mistake "--bq-unit '0': expected a number of octets" --bq-unit 0
mistake "--limit '2s': expected seconds" --limit 2s
mistake "--limit 'nan': expected seconds" --limit nan
mistake "--replay-window '100': expected a number from 128 to 4096" --replay-window 100
mistake "--flows '0': expected a number" --flows 0
mistake "--forward 'perhaps': expected yes or no" --forward perhaps
mistake "--json '': expected the name of a file" --json ''
mistake "--summary: expected an argument: the name of a file" --summary
mistake "--ready-fd 'x': expected the number of an open descriptor" --ready-fd x
mistake "--nosuch: no such option" --nosuch
mistake "-x: no such option" -x
mistake "'more': expected options only" more
mistake "--auth-key '1': expected KEYID:ALGORITHM:KEYFILE" --auth-key 1
mistake "expected a KEYID from 0 to 255" --auth-key "256:AES-128-CMAC-96:$T/cmac.key"
mistake "expected ALGORITHM AES-128-CMAC-96 or HMAC-SHA1-96" --auth-key "1:MD5:$T/cmac.key"
mistake "expected a KEYFILE that can be read" --auth-key "1:AES-128-CMAC-96:$T/nosuch"
mistake "expected one line of 32 to 128 hex digits" --auth-key "1:AES-128-CMAC-96:$T/short.key"
mistake "expected one line of 32 to 128 hex digits" --auth-key "1:AES-128-CMAC-96:$T/odd.key"
mistake "expected one line of 32 to 128 hex digits" --auth-key "1:AES-128-CMAC-96:$T/letter.key"
mistake "expected one line of 32 to 128 hex digits" --auth-key "1:AES-128-CMAC-96:$T/two.key"
mistake "expected one line of 32 to 128 hex digits" --auth-key "1:AES-128-CMAC-96:$T/empty.key"
mistake "expected cover=datagram or cover=N with N from 64" --auth-key "1:AES-128-CMAC-96:$T/cmac.key:cover=63"
mistake "expected a KEYID that no other --auth-key has" --auth-key "1:AES-128-CMAC-96:$T/cmac.key" \
	--auth-key "1:HMAC-SHA1-96:$T/hmac.key"
# shellcheck disable=SC2086
mistake "--med-exid, --ofc-exid, --token-exid: expected three different numbers" $WHOLE --med-exid 7 --ofc-exid 7
# shellcheck disable=SC2086
mistake "--med-kind, --ofc-kind: expected two different numbers" $WHOLE --med-kind 20 --ofc-kind 20
# shellcheck disable=SC2086
mistake "--json, --summary: expected two different files" $WHOLE --json - --summary -

no_key_is_told() {
	"$ROUTER" --auth-key "1:AES-128-CMAC-96:$T/letter.key" 2>"$T/err"
	! grep -q 00112233 "$T/err"
}
ok "a key that is refused is not printed" no_key_is_told

help_and_version() {
	"$ROUTER" --help >"$T/help" && "$ROUTER" --version >"$T/version" && says "mdrouter " "$T/version" || return 1
	sed 's/\\-/-/g' "$(dirname "$0")/../../demo/router/mdrouter.1" >"$T/manual"
	grep -o '^  --[a-z0-9-]*' "$T/help" >"$T/options"
	while read -r option; do
		grep -qwF -- "$option" "$T/manual" || { echo "the manual lacks $option"; return 1; }
	done <"$T/options"
	[ -s "$T/options" ]
}
ok "--help lists the options, and the manual has each of them" help_and_version

# fails TEXT ARGUMENT... - exit status 1 and a line that holds TEXT.
fails() {
	text=$1; shift
	"$@" >"$T/out" 2>"$T/err"
	same 1 $? && same 1 "$(wc -l <"$T/err")" && says "$text" "$T/err"
}

# shellcheck disable=SC2086
port_in_use() {
	router_start $WHOLE || return 1
	fails "--listen 127.0.0.1:49777: the port is in use by another program" "$ROUTER" $WHOLE && router_stop
}
ok "a second router on the same port says that the port is in use" port_in_use

# shellcheck disable=SC2086
ok "an address of another host is refused as such" fails "--listen 192.0.2.1:5: not an address of this host" \
	"$ROUTER" --listen 192.0.2.1:5 $WHOLE
# shellcheck disable=SC2086
ok "without CAP_NET_RAW it says so" fails "needs the capability CAP_NET_RAW" \
	setpriv --bounding-set=-net_raw --inh-caps=-net_raw "$ROUTER" $WHOLE
# shellcheck disable=SC2086
ok "without CAP_NET_BIND_SERVICE it says so" fails "needs the capability CAP_NET_BIND_SERVICE" \
	setpriv --bounding-set=-net_bind_service --inh-caps=-net_bind_service "$ROUTER" --listen 127.0.0.1:99 $WHOLE
# shellcheck disable=SC2086
ok "a --json file that cannot be written is an error" fails "--json: $T/no/such" "$ROUTER" $WHOLE --json "$T/no/such"

# shellcheck disable=SC2086
ok "a --summary file that cannot be written is an error at the start" fails "--summary: $T/no/such" "$ROUTER" $WHOLE \
	--summary "$T/no/such"

# shellcheck disable=SC2086
ends_well() {
	router_start $WHOLE --summary "$T/summary" || return 1
	kill "-$1" "$router"
	wait "$router"
	same 0 $? && says "0 packets in" "$T/err" && same 0 "$(figure .packets "$T/summary")"
}
ok "SIGINT: the summary, exit status 0" ends_well INT
ok "SIGTERM: the summary, exit status 0" ends_well TERM

# The algorithm in any case, attributes in any order, a file name with a colon in it.
argument_forms() {
	cp "$T/cmac.key" "$T/a:b"
	router_start --listen 127.0.0.1:49777 --cap 10.0.0.0/8 --client ::/0 --listen '[::1]:49777' \
		--auth-key "0:aes-128-cmac-96:$T/a:b:nat:cover=64" --auth-key "255:Hmac-Sha1-96:$T/hmac.key:cover=datagram:nat" \
		--med-exid 0x1234 --med-kind 120 --ofc-kind 121 --legacy16 --limit 0.5 --replay-window 4096 --flows=1 &&
		router_stop
}
ok "keys, identifiers and limits in all their forms" argument_forms
plan
