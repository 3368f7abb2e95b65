#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# provisioner_peers.sh BUILD - mdprovisiond and controllers that are something else: nginx, and servers that are slow, closed,
# half open, talk rubbish, too much, or of elsewhere. Beside a bad one the good one goes on. TAP.
here=$(dirname "$0")
# shellcheck source=tests/integration/provision_lib.sh
. "$here/provision_lib.sh"
U=https://127.0.0.1

# --- nginx: a stock HTTPS server stores what it is given --------------------------------------------------------------------------
mkdir -p "$T/nginx/dav" "$T/nginx/tmp"
chmod -R 777 "$T" "$T/nginx"
cat >"$T/nginx/nginx.conf" <<END
daemon off;
master_process off;
user root;
pid $T/nginx/pid;
error_log $T/nginx/error.log;
events { worker_connections 64; }
http {
	access_log off;
	client_body_temp_path $T/nginx/tmp; proxy_temp_path $T/nginx/tmp; fastcgi_temp_path $T/nginx/tmp;
	uwsgi_temp_path $T/nginx/tmp; scgi_temp_path $T/nginx/tmp;
	server {
		listen 127.0.0.1:7101 ssl;
		ssl_certificate $T/router.pem; ssl_certificate_key $T/router.key;
		ssl_protocols TLSv1.3; ssl_client_certificate $T/ca.pem; ssl_verify_client on;
		client_max_body_size 2m;
		root $T/nginx/dav;
		location / { dav_methods PUT; create_full_put_path on; }
	}
}
END
nginx -c "$T/nginx/nginx.conf" -p "$T/nginx" >"$T/nginx.log" 2>&1 &
nginx=$!
stored() {
	daemon_begin $U:7101/v1 && until_ test -s "$T/nginx/dav/v1/domains/cap1/books/$(ask books '.domains[0].books[0].book')" || return 1
	book=$(ask books '.domains[0].books[0].book')
	tail -c "$(stat -c %s "$T/nginx/dav/v1/domains/cap1/books/$book")" "$T/state/cap1.$book.book" |
		cmp - "$T/nginx/dav/v1/domains/cap1/books/$book"
}
ok 'nginx receives and stores the book unchanged' stored
stays() { until_ eval '[ "$(ask csp ".controllers[0].failed")" -ge 3 ]' && is books '.domains[0].books[0].state' offered; }
ok 'without an answer object the book stays offered' stays
judged() {
	book=$(ask books '.domains[0].books[0].book')
	router_begin j 7021 || return 1
	curl -sS --cert "$T/provisioner.pem" --key "$T/provisioner.key" --cacert "$T/ca.pem" -H 'x-correlator: abc-1' -D "$T/head" \
		-T "$T/nginx/dav/v1/domains/cap1/books/$book" "$U:7021/v1/domains/cap1/books/$book" >"$T/answer" || return 1
	says '"state":"accepted"' "$T/answer" && says 'x-correlator: abc-1' "$T/head"
}
ok 'what nginx stored is a valid book' judged
daemon_end
kill "$nginx"; wait "$nginx" 2>/dev/null

# --- Refusals -------------------------------------------------------------------------------------------------------------------------
refusals() {
	for body in '[]' '{"format":"mdshim-book-1","domain":"other","book":5,"notBefore":1,"notAfter":2,"codes":[],"keys":[]}'; do
		echo "$body" >"$T/body"
		curl -sS --cert "$T/provisioner.pem" --key "$T/provisioner.key" --cacert "$T/ca.pem" -D "$T/head" -T "$T/body" \
			"$U:7021/domains/cap1/books/5" >"$T/answer" && says '422' "$T/head" && says 'application/problem+json' "$T/head" &&
			says '"state":"rejected"' "$T/answer" || return 1
	done
	says '"empty"' "$T/answer"
}
ok 'the router refuses with problem details and reasons' refusals
# An imported book of the draft's text form: for laboratories only.
imported() {
	printf '%s\n' '{"streams": ["A"], {"name": OFC-1, "obfuscated-code": 0x00112233445566778899aabbccddeeff, "stream": "A" "importance": high}}' >"$T/draft"
	"$B/mdctl" import --domain cap1 --book 99 "$T/draft" >"$T/lab.json" 2>"$T/notes" && says "$T/draft:1: warning: a comma is missing" "$T/notes" || return 1
	router_begin l 7041 --allow-lab || return 1
	for port in 7021 7041; do
		curl -sS --cert "$T/provisioner.pem" --key "$T/provisioner.key" --cacert "$T/ca.pem" -T "$T/lab.json" "$U:$port/domains/cap1/books/99" \
			>"$T/answer.$port" || return 1
	done
	router_end l
	says '{"reason":"lab"' "$T/answer.7021" && says '"state":"accepted"' "$T/answer.7041"
}
ok 'an imported book: accepted in a laboratory, refused elsewhere' imported
strange() { # STATUS ARGUMENT...
	want=$1; shift
	got=$(curl -sS --cert "$T/provisioner.pem" --key "$T/provisioner.key" --cacert "$T/ca.pem" -o /dev/null -w '%{http_code}' "$@")
	[ "$got" = "$want" ] || { echo "expected $want, got $got"; return 1; }
}
ok 'another path: 404' strange 404 "$U:7021/domains/other/books"
ok 'another number than the path says, or none: 404, 422' eval 'strange 404 "$U:7021/domains/cap1/books/x" && strange 422 -T "$T/nginx/dav/v1/domains/cap1/books/$book" "$U:7021/domains/cap1/books/9"'
ok 'another method: 405' eval 'strange 405 -X DELETE "$U:7021/domains/cap1/books/9" && strange 405 -X POST -d x "$U:7021/domains/cap1/books"'
ok 'what is kept is told in numbers' eval 'strange 200 "$U:7021/domains/cap1/books"'
head -c 3000000 /dev/zero >"$T/large"
ok '3 MB: 413, and the next request is served' eval 'strange 413 -T "$T/large" "$U:7021/domains/cap1/books/9"; strange 200 "$U:7021/domains/cap1/books"'
router_end j

# --- Bad controllers --------------------------------------------------------------------------------------------------------------------
fresh
TIMEOUT=0.5
DOMAIN='epoch = 600'
# peer SCRIPT - a TLS server on 7201 that answers each connection with what SCRIPT prints.
peer() {
	openssl s_server -accept 7201 -cert "$T/router.pem" -key "$T/router.key" -CAfile "$T/ca.pem" -Verify 1 -tls1_3 -quiet -naccept 1000 \
		<"$1" >/dev/null 2>&1 &
	peer=$!
}
peer_end() { kill -KILL "$peer"; wait "$peer" 2>/dev/null; }
# harmless TEXT - no book becomes active, the daemon says TEXT of it and still answers.
harmless() {
	daemon_begin $U:7201 && until_ says "$1" "$T/daemon.log" && is books '.domains[0].books[0].state' offered
	s=$?
	daemon_end; fresh
	return $s
}
# answers NAME TEXT - a test with a peer that says $T/say to everything.
answers() {
	rm -f "$T/in"; mkfifo "$T/in"
	{ while cat "$T/say"; do timeout 0.1 cat <&8 >/dev/null; done; } >"$T/in" 2>/dev/null &
	feeder=$!
	peer "$T/in"
	ok "$1" harmless "$2"
	peer_end
	kill "$feeder" 2>/dev/null; wait "$feeder" 2>/dev/null
}
printf 'HTTP/1.1 302 Found\r\nLocation: https://127.0.0.1:7001/\r\nContent-Length: 0\r\n\r\n' >"$T/say"
answers 'a redirection is not followed' 'a redirection, which is not followed'
printf 'HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nrubbish' >"$T/say"
answers 'rubbish as an answer: nothing happens' 'the answer is no answer object'
b='{"format":"mdshim-answer-2","state":"accepted","digest":"00"}'
printf 'HTTP/1.1 200 OK\r\nContent-Length: %s\r\n\r\n%s' ${#b} "$b" >"$T/say"
answers 'an answer of another version: nothing happens' 'the answer is of another format'
b='{"format":"mdshim-answer-1","domain":"cap1","book":1,"state":"accepted","digest":"00"}'
printf 'HTTP/1.1 200 OK\r\nContent-Length: %s\r\n\r\n%s' ${#b} "$b" >"$T/say"
answers 'an answer about another book: nothing happens' 'the answer is not about this book'
{ printf 'HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n'; head -c 10000000 /dev/zero; } >"$T/say"
answers '10 MB as an answer: cut off' 'the answer is longer than 64 KiB'
printf 'HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n{"format"' >"$T/say"
answers 'slow, a few octets at a time: given up' 'timed out'
printf 'this is no HTTP at all\r\n\r\n' >"$T/say"
answers 'no HTTP: given up' 'HTTP/0.9'
printf 'HTTP/1.1 503 Service Unavailable\r\nRetry-After: 30\r\nContent-Length: 0\r\n\r\n' >"$T/say"
later() {
	daemon_begin $U:7201 && until_ says 'the controller is not ready' "$T/daemon.log" || return 1
	wait=$(ask csp '.controllers[0].next_try - .now')
	[ "$wait" -ge 28 ] || echo "next try in $wait s"
	[ "$wait" -ge 28 ]
}
rm -f "$T/in"; mkfifo "$T/in"
{ while cat "$T/say"; do timeout 0.1 cat <&8 >/dev/null; done; } >"$T/in" 2>/dev/null &
feeder=$!
peer "$T/in"
ok 'Retry-After is honoured' later
daemon_end; fresh; peer_end
kill "$feeder" 2>/dev/null; wait "$feeder" 2>/dev/null

peer /dev/null
ok 'a controller that closes at once: given up' harmless 'Empty reply from server'
peer_end
peer "$T/never"
ok 'a controller that says nothing: given up' harmless 'timed out'
peer_end
# Half open: a connection is accepted by the kernel, nobody is behind it.
perl -MSocket -e 'socket(S, PF_INET, SOCK_STREAM, 0); setsockopt(S, SOL_SOCKET, SO_REUSEADDR, 1); bind(S, sockaddr_in(7201, inet_aton("127.0.0.1"))); listen(S, 5); <STDIN>' <&8 &
half=$!
ok 'a half-open connection: given up' harmless 'timed out'
beside() {
	router_begin a 7001 || return 1
	DOMAIN='epoch = 2
lead = 1
overlap = 0
drain = 0.2
codes = 700'
	daemon_begin $U:7001 && until_ eval 'is books ".domains[0].counts.activated" 1' || return 1
	configuration $U:7001 $U:7201 >"$T/provisioner.conf"
	"$B/mdctl" reload --socket "$T/sock" || return 1
	until_ eval 'ask csp ".controllers[1].failed" | grep -qv "^0"' && is csp '.controllers[0].error' ''
}
ok 'beside a bad controller the good one is served' beside
expired() {
	until_ says 'expired' "$T/daemon.log" || return 1
	configuration $U:7001 >"$T/provisioner.conf"
	"$B/mdctl" reload --socket "$T/sock" && until_ eval 'is books "[.domains[0].books[] | select(.state == \"active\")] | length" 1'
}
ok 'while it is missing no new book is used; without it they go on' expired
daemon_end
kill "$half"; wait "$half" 2>/dev/null
router_end a
plan
