#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# provisioner.sh BUILD - mdprovisiond and mdrouter's control endpoint: a book's life over real TLS, what must be refused, what
# must be survived. TAP.
here=$(dirname "$0")
# shellcheck source=tests/integration/provision_lib.sh
. "$here/provision_lib.sh"
U=https://127.0.0.1

active() { ask books '.domains[0].books[] | select(.state == "active") | .book'; }
has_active() { [ -n "$(active)" ]; }
routers_hold() { # BOOK NAME...
	book=$1; shift
	for r in "$@"; do [ -e "$T/books.$r/cap1.$book.book" ] || { echo "$r has no book $book"; return 1; }; done
}

# --- The ordinary life ----------------------------------------------------------------------------------------------------------
first_book() {
	router_begin a 7001 && router_begin b 7011 && daemon_begin $U:7001/v1 $U:7011/v1 || return 1
	until_ has_active && routers_hold "$(active)" a b
}
ok 'a book becomes active when both routers have it' first_book

published() {
	[ "$(stat -c %a "$T/publish/cap1.book")" = 640 ] && [ "$(stat -c %s "$T/publish/cap1.book")" -eq 266240 ] &&
		[ -z "$(find "$T/state" -type f -perm /077)" ]
}
ok 'the image is 0640 and of fixed size, the state is for the daemon alone' published

no_secrets() {
	grep -ohE '"(c|key)":"[0-9a-f]{32}' "$T"/books.a/*.book | cut -d'"' -f4 >"$T/secrets"
	[ "$(wc -l <"$T/secrets")" -gt 100 ] || return 1
	"$B/mdctl" books --socket "$T/sock" >"$T/shown" && "$B/mdctl" csp --socket "$T/sock" >>"$T/shown"
	! grep -qFf "$T/secrets" "$T"/*.log "$T/shown" "$T/metrics.prom" && ! tr '\0' '\n' <"/proc/$daemon/cmdline" | grep -qFf "$T/secrets"
}
ok 'no code and no key in logs, figures or what mdctl shows' no_secrets

figures() {
	until_ grep -q 'books_activated_total{domain="cap1"} 1' "$T/metrics.prom" && says 'mdprovisiond_build_info{version=' "$T/metrics.prom"
}
ok 'figures for Prometheus are written' figures

restart() {
	before=$(active)
	daemon_end KILL
	daemon_again || return 1
	[ "$(active)" = "$before" ] || { echo "was $before"; ask books .; return 1; }
	until_ is csp '[.controllers[].accepted] | add' 2
}
ok 'killed -9 and started again, the same book is active and offered again' restart

lost() {
	before=$(active)
	router_end a KILL
	rm -rf "$T/books.a"
	router_begin a 7001 || return 1
	daemon_end TERM
	daemon_again && until_ routers_hold "$before" a
}
ok 'a router that lost the book gets it back' lost

reload_bad() {
	before=$(active)
	cp "$T/provisioner.conf" "$T/good.conf"
	sed -i 's/^epoch.*/epoch = never/; s/^url/uri/' "$T/provisioner.conf"
	"$B/mdctl" reload --socket "$T/sock" && return 1
	says 'the new configuration is refused as a whole' "$T/daemon.log" && [ "$(active)" = "$before" ] || return 1
	cp "$T/good.conf" "$T/provisioner.conf"
	sed -i "s,^certificate.*,certificate = $T/nothing.pem," "$T/provisioner.conf"
	"$B/mdctl" reload --socket "$T/sock" && return 1
	cp "$T/good.conf" "$T/provisioner.conf"
	"$B/mdctl" reload --socket "$T/sock" && [ "$(active)" = "$before" ] && is books '.reloads_refused' 2
}
ok 'a bad configuration is refused as a whole, a good one taken' reload_bad

hangup() {
	kill -HUP "$daemon"
	until_ is books .reloads 2
}
ok 'SIGHUP reloads too' hangup

second() {
	"$B/mdprovisiond" --config "$T/provisioner.conf" >"$T/second" 2>&1 && return 1
	says 'another mdprovisiond is at work there' "$T/second"
}
ok 'a second daemon on the same state refuses to start' second
daemon_end
router_end a
router_end b

# --- Quick rotations ------------------------------------------------------------------------------------------------------------
fresh
DOMAIN='epoch = 3
lead = 1
overlap = 1
drain = 0.3
codes = 800'
rotations() {
	router_begin a 7001 && router_begin b 7011 && daemon_begin $U:7001 $U:7011 && until_ has_active || return 1
	until_ eval '[ "$(ask books ".domains[0].counts.activated")" -ge 4 ]' || return 1
	is books '.domains[0].counts.expired' 0 && is books '.domains[0].counts.failed' 0 && [ "$(find "$T/state" -name '*.book' | wc -l)" -le 2 ]
}
ok 'books follow one another without a gap' rotations

one_missing() {
	router_end b KILL
	until_ eval 'ask books ".domains[0].books[].state" | grep -q offered' || return 1
	offered=$(ask books '.domains[0].books[] | select(.state == "offered") | .book')
	before=$(active)
	[ "$before" != "$offered" ] || return 1
	router_begin b 7011 || return 1
	until_ eval '[ "$(active)" = "$offered" ] || [ "$(active)" -gt "$offered" ]'
}
ok 'with one answer missing the old book stays; the new one follows when it comes' one_missing

killed() {
	for i in 1 2 3 4 5 6; do
		timeout "0.$(od -An -N1 -tu1 /dev/urandom | tr -d ' ')1" cat <&8 >/dev/null
		daemon_end KILL
		daemon_again || return 1
	done
	until_ has_active && is books '[.domains[].counts.damaged] | add' 0
}
ok 'killed -9 at random moments, it goes on with whole files' killed
daemon_end
router_end a
router_end b
fresh
DOMAIN='epoch = 8
lead = 7
overlap = 1
drain = 0.5
codes = 800'
torn() {
	router_begin a 7001 && daemon_begin $U:7001 && until_ has_active || return 1
	before=$(active)
	daemon_end KILL
	cp "$T/publish/cap1.book" "$T/image"
	truncate -s -100 "$T/state/cap1.$before.book"
	daemon_again && cmp "$T/image" "$T/publish/cap1.book" && is books '.domains[0].counts.damaged' 1 || return 1
	until_ has_active && [ "$(active)" -gt "$before" ] && routers_hold "$before" a && routers_hold "$(active)" a && is books '.domains[0].counts.expired' 0
}
ok 'a torn file of the book in use: senders keep it, and the next one follows' torn
# Router b once had a book of a high number: it refuses. Router a took the book: another one would push the active one out there.
pushed() {
	mkdir -p "$T/books.b" && echo 4294967290 >"$T/books.b/cap1.highest"
	router_begin b 7011 || return 1
	configuration $U:7001 $U:7011 >"$T/provisioner.conf"
	"$B/mdctl" reload --socket "$T/sock" && until_ grep -q 'book [0-9]*: rejected by: c2 (book-old' "$T/daemon.log" || return 1
	before=$(active)
	routers_hold "$before" a && until_ says "book $before: expired" "$T/daemon.log" || return 1
	awk '/: rejected by: / { r = 1 } / made, / && r && !e { print; bad = 1 } r && /: expired/ { e = 1 } END { exit bad || !e }' "$T/daemon.log"
}
ok 'a refusal by one: no further book pushes the active one out at the other' pushed
daemon_end
router_end a
router_end b

# --- TLS ----------------------------------------------------------------------------------------------------------------------------
DOMAIN='epoch = 600'
# refused TEXT - the daemon says why it got no answer, and no book becomes active.
refused() {
	daemon_begin "${URL:-$U:7001}" && until_ says "$1" "$T/daemon.log" && [ -z "$(active)" ]
	status=$?
	daemon_end
	fresh
	return $status
}
fresh
authority other
router_begin a 7001
ok 'wrong authority: refused' eval 'PCA=$T/other.pem refused "SSL certificate problem"'
ok 'wrong host name: refused' eval 'URL=https://localhost:7001 refused "no alternative certificate subject name matches"'
certificate stranger other DNS:stranger.test
ok 'a client certificate of another authority: refused' eval 'PCERT=$T/stranger.pem PKEY=$T/stranger.key refused "alert unknown ca"'
router_end a

certificate old ca IP:127.0.0.1 -not_before 20200101000000Z -not_after 20210101000000Z 2>/dev/null ||
	openssl ca -version >/dev/null 2>&1
if ! openssl x509 -in "$T/old.pem" -noout 2>/dev/null; then
	# x509 of OpenSSL 3.0 has no -not_after: ca has.
	mkdir -p "$T/db" && : >"$T/db/index" && echo 01 >"$T/db/serial"
	printf '[ca]\ndefault_ca=d\n[d]\ndatabase=%s\nserial=%s\nnew_certs_dir=%s\ndefault_md=sha256\npolicy=p\nx509_extensions=e\n[p]\ncommonName=supplied\n[e]\nsubjectAltName=IP:127.0.0.1\n' \
		"$T/db/index" "$T/db/serial" "$T/db" >"$T/db/conf"
	openssl ca -batch -config "$T/db/conf" -cert "$T/ca.pem" -keyfile "$T/ca.key" -in "$T/old.csr" -startdate 20200101000000Z \
		-enddate 20210101000000Z -notext -out "$T/old.pem" 2>/dev/null
fi
CERT=$T/old.pem KEY=$T/old.key router_begin a 7001
ok 'expired certificate: refused' refused 'certificate has expired'
router_end a

openssl s_server -accept 7001 -cert "$T/router.pem" -key "$T/router.key" -tls1_2 -quiet >/dev/null 2>&1 &
tls12=$!
ok 'TLS 1.2 only: refused' refused 'protocol version'
kill "$tls12"; wait "$tls12" 2>/dev/null

# Revoked: the router has a list.
[ -e "$T/db/index" ] || { mkdir -p "$T/db"; : >"$T/db/index"; echo 01 >"$T/db/serial"; }
printf '[ca]\ndefault_ca=d\n[d]\ndatabase=%s\ndefault_md=sha256\ndefault_crl_days=2\ncrlnumber=%s\n' "$T/db/index" "$T/db/crlnumber" >"$T/db/crl.conf"
echo 01 >"$T/db/crlnumber"
certificate revoked ca DNS:provisioner.test
openssl ca -config "$T/db/crl.conf" -cert "$T/ca.pem" -keyfile "$T/ca.key" -revoke "$T/revoked.pem" 2>/dev/null
openssl ca -config "$T/db/crl.conf" -cert "$T/ca.pem" -keyfile "$T/ca.key" -gencrl -out "$T/crl.pem" 2>/dev/null
router_begin a 7001 --client-crl "$T/crl.pem"
ok 'a revoked client certificate: refused' eval 'PCERT=$T/revoked.pem PKEY=$T/revoked.key refused "alert certificate revoked"'
with_list() { daemon_begin $U:7001 && until_ has_active; s=$?; daemon_end; fresh; return $s; }
ok 'one that is not on the list: accepted' with_list
no_certificate() {
	# What curl says of it depends on the moment at which the connection is closed.
	timeout 10 openssl s_client -connect 127.0.0.1:7001 -CAfile "$T/ca.pem" -tls1_3 -ign_eof </dev/null >"$T/out" 2>&1
	says 'alert certificate required' "$T/out"
}
ok 'no client certificate: refused' no_certificate
router_end a
router_begin a 7001 --client-name somebody.else
ok 'a client of another name than expected: refused' refused 'status 403'
router_end a

renewed() {
	router_begin a 7001
	cp "$T/stranger.pem" "$T/own.pem"; cp "$T/stranger.key" "$T/own.key"
	PCERT=$T/own.pem PKEY=$T/own.key daemon_begin $U:7001 && until_ says 'alert' "$T/daemon.log" || return 1
	echo rubbish >"$T/own.pem"
	until_ says 'the certificates read before stay in use' "$T/daemon.log" || return 1
	cp "$T/provisioner.key" "$T/own.key"; cp "$T/provisioner.pem" "$T/own.pem"
	until_ has_active && says 'certificates have changed and were read again' "$T/daemon.log"
}
ok 'certificates are read again when they change, bad ones are not taken' renewed
daemon_end
router_end a
fresh

# The router's own: another one, a bad one, and a list that names the client.
router_renewed() {
	cp "$T/router.pem" "$T/served.pem"; cp "$T/router.key" "$T/served.key"; cp "$T/crl.pem" "$T/served.crl"
	CERT=$T/served.pem KEY=$T/served.key router_begin a 7001 --client-crl "$T/served.crl" || return 1
	shown() { timeout 10 openssl s_client -connect 127.0.0.1:7001 -CAfile "$T/ca.pem" -cert "$T/provisioner.pem" -key "$T/provisioner.key" \
		</dev/null 2>/dev/null | openssl x509 -noout -serial; }
	first=$(shown)
	certificate fresh ca IP:127.0.0.1
	echo rubbish >"$T/served.pem"
	[ "$(shown)" = "$first" ] && says 'the certificates read before stay in use' "$T/a.log" || return 1
	cp "$T/fresh.key" "$T/served.key"; cp "$T/fresh.pem" "$T/served.pem"
	[ "$(shown)" != "$first" ] && says 'certificates have changed and were read again' "$T/a.log" || return 1
	daemon_begin $U:7001 && until_ has_active || return 1
	daemon_end
	openssl ca -config "$T/db/crl.conf" -cert "$T/ca.pem" -keyfile "$T/ca.key" -revoke "$T/provisioner.pem" 2>/dev/null
	openssl ca -config "$T/db/crl.conf" -cert "$T/ca.pem" -keyfile "$T/ca.key" -gencrl -out "$T/served.crl" 2>/dev/null
	daemon_again && until_ says 'alert certificate revoked' "$T/daemon.log"
}
ok 'the router reads its certificates again too, and the list of revoked ones' router_renewed
daemon_end
router_end a
fresh

# --- What systemd is told ---------------------------------------------------------------------------------------------------------------
told() {
	perl -MSocket -e 'socket(S, PF_UNIX, SOCK_DGRAM, 0); bind(S, sockaddr_un($ARGV[0])) or die; $| = 1; open(R, ">", $ARGV[1]); close(R);
		print "$m\n--\n" while defined recv(S, $m, 4096, 0)' "$T/notify" "$T/listening" >"$T/told" &
	listener=$!
	until_ test -e "$T/listening" || return 1
	certificate again ca DNS:provisioner.test
	router_begin a 7001 || return 1
	export NOTIFY_SOCKET="$T/notify" WATCHDOG_USEC=200000
	PCERT=$T/again.pem PKEY=$T/again.key daemon_begin $U:7001
	unset NOTIFY_SOCKET WATCHDOG_USEC
	until_ says 'READY=1' "$T/told" && until_ has_active && until_ says 'STATUS=1 domains, 1 with an active book' "$T/told" || return 1
	until_ eval '[ "$(grep -c WATCHDOG=1 "$T/told")" -ge 3 ]' || return 1
	kill -HUP "$daemon"
	until_ says 'RELOADING=1' "$T/told" && until_ eval '[ "$(grep -c READY=1 "$T/told")" -eq 2 ]' && grep -qx 'MONOTONIC_USEC=[0-9]*' "$T/told" || return 1
	sed -i 's/^epoch.*/epoch = never/' "$T/provisioner.conf"
	kill -HUP "$daemon"
	until_ eval '[ "$(grep -c READY=1 "$T/told")" -eq 3 ]' && has_active || return 1
	# One that hangs gives no sign of life.
	kill -STOP "$daemon"
	count=$(grep -c WATCHDOG=1 "$T/told")
	timeout 0.5 cat <&8 >/dev/null
	[ "$(grep -c WATCHDOG=1 "$T/told")" -le $((count + 1)) ] || return 1
	kill -CONT "$daemon"
	kill "$daemon"
	until_ says 'STOPPING=1' "$T/told"
}
ok 'systemd is told READY, STATUS, WATCHDOG, RELOADING and STOPPING' told
figures_good() { promtool check metrics <"$T/metrics.prom"; }
ok 'promtool has nothing against the figures' figures_good
kill "$listener" 2>/dev/null
daemon_end
router_end a
fresh

# --- Starts that must fail ------------------------------------------------------------------------------------------------------------
fails() { # TEXT SED-SCRIPT
	configuration $U:7001 | sed "$2" >"$T/bad.conf"
	"$B/mdprovisiond" --detach --config "$T/bad.conf" >"$T/out" 2>&1 && return 1
	says "$1" "$T/out"
}
ok 'unknown key: fails before it detaches, with file and line' fails 'bad.conf:11: [domain cap1] has no key "epok"' 's/^epoch/epok/'
ok 'no such certificate: fails' fails 'No such file or directory' 's,provisioner.pem,gone.pem,'
ok 'a key of another certificate: fails' fails 'expected the private key of the certificate' 's,provisioner.key,router.key,'
ok 'a folder that cannot be: fails' fails 'No such file or directory' 's,^publish_dir.*,publish_dir = /nonexistent/books,'
ok 'http without s: fails' fails 'expected https://' 's,https:,http:,'
ok 'no such group: fails' fails 'expected the name of a group' 's,^group.*,group = nosuchgroup,'
ok 'two bits of the mark: fails' fails 'bad.conf:2: [provisioner] nft_mark: expected one bit of 32' '1s/$/\nnft_mark = 3/'
ok 'raw sockets for nobody in particular: fails' fails 'expected uid, gid or cgroup: who may have such sockets' '$a [raw all]\ndevice = lo'
ok 'raw sockets for a user who is not there: fails' fails 'uid: expected the name or the number of a user' '$a [raw media]\nuid = nosuchuser'
afxdp='[afxdp media]\nuid = 0'
ok 'AF_XDP sockets for nobody in particular: fails' fails '[afxdp media]: expected uid, gid or cgroup' '$a [afxdp media]\ninterface = lo'
ok 'without an interface: fails' fails '[afxdp media]: interface is missing: expected the name of a network interface' "\$a $afxdp"
for name in eth0/1 'eth0 eth1' abcdefghijklmnop ..; do
	ok "interface $name: fails" fails "interface: expected the name of a network interface, found \"$name\"" "\$a $afxdp\ninterface = $name"
done
ok 'queue 4096: fails' fails 'queue: expected a number from 0 to 4095, found "4096"' "\$a $afxdp\ninterface = lo\nqueue = 4096"
for hop in '' here 02:00:5e:00:53 02:00:5e:00:53:0x 02:00:5e:00:53:01:02 2:0:5e:0:53:1 01:00:5e:00:00:01 00:00:00:00:00:00 02-00-5e-00-53-01; do
	ok "next hop \"$hop\": fails" fails "next_hop: expected route, or a link address as 02:00:5e:00:53:01, found \"$hop\"" "\$a $afxdp\ninterface = lo\nnext_hop = $hop"
done
ok 'the same name twice: fails' fails '[afxdp media]: expected a name' "\$a $afxdp\ninterface = lo\n$afxdp\ninterface = lo"
passes() { configuration $U:7001 | sed "$1" >"$T/good.conf" && "$B/mdprovisiond" --check --config "$T/good.conf"; }
ok 'a link address: passes' passes "\$a $afxdp\ninterface = lo\nqueue = 3\nnext_hop = 02:00:5e:00:53:Fe"
# The example names every key; with the defaults in place of their comments it is a good file.
example() {
	sed -e 's/^; \([a-z_0-9]* =\)/\1/' -e "s,/etc/mdshim/csp-ca.pem,$T/ca.pem,; s,/etc/mdshim/provisioner,$T/provisioner," \
		"$here/../../provisioner.conf.example" >"$T/example.conf"
	"$B/mdprovisiond" --check --config "$T/example.conf" || return 1
	for key in $(sed -n 's/^\([a-z_0-9]*\) =.*/\1/p' "$T/example.conf"); do
		grep -q "\b$key\b" "$here/../../provisioner/provisioner.conf.5" || { echo "not in the manual: $key"; return 1; }
	done
	[ "$(sed -n 's/^\([a-z_0-9]*\) =.*/\1/p' "$T/example.conf" | wc -l)" = "$(grep -cE '^	\{ \{ "(provisioner|domain|controller|raw|afxdp)", "' "$here/../../provisioner/config.c")" ]
}
ok 'the example has every key, and the manual too' example
plan
