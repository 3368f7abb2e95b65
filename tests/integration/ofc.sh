#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# ofc.sh BUILD - OFC from end to end: mdprovisiond, a sender under the shim, mdrouter; in both modes, both families, both forms;
# before the provisioner is there, while it is away, after it came back, and when its file is cut, replaced or out of reach. TAP.
# shellcheck disable=SC2034,SC2120 # variables that provision_lib.sh reads; arguments that one call gives
here=$(dirname "$0")
# shellcheck source=tests/integration/provision_lib.sh
. "$here/provision_lib.sh"
ip route add 127.0.0.0/8 dev lo 2>/dev/null
chmod 755 "$T"
runtime=
[ -z "${MD_SANITIZER:-}" ] || runtime=$(readlink -f "$(gcc -print-file-name="lib$MD_SANITIZER.so")"):

# settings ROUTE-KEYS [SECTIONS]
settings() {
	cat <<-END >"$T/shim.conf"
		[shim]
		processes = *
		stats_dir = $T/stats
		publish_dir = $T/publish
		log_file = $T/shim.log
		[payload]
		96 = h264
		${2:-}
		[router near]
		address = 127.0.0.1
		port = 7002
		mtu = 65535
		[router near6]
		address = ::1
		port = 7003
		mtu = 65535
		[route all]
		destination = 127.0.0.0/8, ::1/128
		domain = cap1
		$1
	END
}
tunnel='mode = tunnel
router = near
option = ofc'

# sender_begin [ADDRESS] - a sender that takes orders; tell ORDER... waits for its answer.
mkfifo "$T/orders" "$T/answers"
sender_begin() {
	LD_PRELOAD=$runtime${from:-$B}/libmdshim.so MDSHIM_CONF=$T/shim.conf ${as:-} "${from:-$B/tests/tools}/rtpsend" "${1:-127.0.0.1}" 5004 \
		<"$T/orders" >"$T/answers" 2>>"$T/sender.log" 8>&- &
	sender=$!
	exec 6>"$T/orders" 7<"$T/answers"
}
tell() { echo "$*" >&6 && read -r answer <&7 && case $answer in sent*) sent=$((sent + ${answer#sent })) ;; done) ;; *) false ;; esac; }
sender_end() {
	echo end >&6
	exec 6>&- 7<&-
	wait "$sender"
}
# counted FILTER - a figure of the sender's process
counted() { "$B/mdctl" stats --json --dir "$T/stats" | jq -r ".processes[] | select(.pid == $sender) | $1"; }
aside() { counted ".asides[\"$1\"] // 0"; }
has_active() { [ "$(ask books '[.domains[].books[] | select(.state == "active")] | length')" -ge 1 ]; }
active() { ask books '.domains[0].books[] | select(.state == "active") | .book'; }
both_ends() { router_a && daemon_begin https://127.0.0.1:7001/v1 && until_ has_active; }
router_a() {
	rm -f "$T/a.lines"
	router_begin a 7001 --listen '[::1]:7003' --cap ::1/128 --client ::1/128 --med-kind 120 --ofc-kind 121 --json "$T/a.lines" "$@"
}
# lines - what the router said since mark of datagrams to the client; on the loopback interface it sees others too, such as those an
# engine tries itself with
mark() { marked=$(wc -l <"$T/a.lines"); }
whole() { head -n "$(wc -l <"$T/$1.lines")" "$T/$1.lines"; } # without the line that is being written
lines() { whole a | tail -n "+$((marked + 1))" | grep ':5004"'; }
lines_come() { [ "$(lines | wc -l)" -ge "$1" ]; }
# all_decoded DATAGRAMS - that many since mark, every one verified and decoded
all_decoded() {
	until_ lines_come "$1" || { echo "$(lines | wc -l) of $1"; return 1; }
	lines | awk -v want="$1" '/"action":"metadata"/ && /"auth":"ok"/ { n++ } END { if (n != want || NR != want) { print n + 0, "decoded of", NR, "of", want; exit 1 } }' ||
		{ lines | grep -v '"action":"metadata".*"auth":"ok"\|"auth":"ok".*"action":"metadata"' | head -3; return 1; }
}

# --- What is told, in every form ---------------------------------------------------------------------------------------------------
# A picture: start, middle, middle, end of one colour, the next colour for the next one; every thirtieth is a key picture.
as_made() { # KEY-DPL BASE-DPL
	lines | jq -s --argjson key "$1" --argjson base "$2" '
		. as $all | [range(length) | . as $i | $all[$i] as $p | ($i / 4 | floor) as $picture |
		 select($p.role != (["start", "middle", "middle", "end"][$i % 4]) or
			$p.colour != (($all[0].colour + $picture) % 4) or
			[$p.d, $p.p, $p.l] != (if $picture % 30 == 0 then $key else $base end)) | [$i, $p.role, $p.colour, $p.d, $p.p, $p.l]]
		| if length == 0 then empty else .[0:5] end' >"$T/strange"
	[ ! -s "$T/strange" ] || { cat "$T/strange"; return 1; }
}
told() { # ADDRESS ROUTE SECTIONS KEY BASE
	sent=0
	mark
	settings "$2" "$3"
	sender_begin "$1" && tell send 50 && tell send 15 && sender_end && all_decoded 260 && as_made "$4" "$5" &&
		[ "$(counted '.wrapped')" = 260 ] && [ "$(counted '.counts["wrapped-ofc-tunnel"] + .counts["wrapped-ofc-inline"]')" = 260 ]
}
DOMAIN='epoch = 600'
ok 'provisioner and router begin' both_ends
ok 'tunnel, IPv4, EXP form: every datagram is decoded, roles, colours and values are right' \
	told 127.0.0.1 "$tunnel" '' '[1,1,1]' '[2,1,1]'
ok 'tunnel, IPv6, kind form' told ::1 "$(echo "$tunnel" | sed 's/near/near6/')" "[option]
form = kind
med_kind = 120
ofc_kind = 121" '[1,1,1]' '[2,1,1]'
policy() {
	told 127.0.0.1 "$tunnel" '[policy default]
key = 3, 2, 2
base = 1, 3, 1' '[3,2,2]' '[0,2,0]'
}
ok 'a policy of its own; what the book lacks is told as 0/2/0' policy
# Added to the file every tenth of a second of sending.
counted_use() {
	settings "$tunnel"
	sent=0
	mark
	sender_begin && tell send 60 && timeout 0.12 cat <&8 >/dev/null
	tell send 1 && sender_end && all_decoded 244 || return 1
	od -An -v -tu8 -w8 -j16 "$T/stats/$sender.usage" | awk '$1 { n++; sum += $1 } END { print n, sum; exit !(n == 18 && sum >= 241 && sum <= 244) }'
}
ok 'meanings wanted are counted for the provisioner' counted_use
med() {
	sent=0
	mark
	settings 'mode = tunnel
router = near
option = med' && sender_begin && tell send 20 && sender_end && all_decoded 80 && [ "$(lines | grep -c '"option":"med"')" = 80 ]
}
ok "MED, signed with the book's key" med
router_end a
ok 'the router begins anew, to watch the interface' router_a --inline lo
ok 'inline, IPv4, kind form' told 127.0.0.1 'mode = inline
option = ofc' "[option]
form = kind
med_kind = 120
ofc_kind = 121" '[1,1,1]' '[2,1,1]'
ok 'inline, IPv6, EXP form' told ::1 'mode = inline
option = ofc' '' '[1,1,1]' '[2,1,1]'
router_end a
router_a

# --- Forks and threads ---------------------------------------------------------------------------------------------------------------
# The codes of parent and child, in the order sent: a generator that was not seeded anew would choose the same.
differ() { # ORDER
	settings "$tunnel"
	mark
	rm -f "$T/tcpdump" # what an earlier one said there
	tcpdump --immediate-mode -U -n -s 2000 -B 32768 -i lo -Q in -Z root -w "$T/fork.pcap" udp dst port 7002 2>"$T/tcpdump" 8>&- &
	dump=$!
	until_ says 'listening on' "$T/tcpdump" || return 1
	sent=0
	sender_begin && tell "$1" 60 && sender_end && all_decoded 480 || return 1
	until_ eval '[ "$(tcpdump -n -r "$T/fork.pcap" 2>/dev/null | wc -l)" -ge "$(($(wc -l <"$T/a.lines") - marked))" ]' || return 1
	kill "$dump"
	wait "$dump"
	keys=$(tail -qn +2 "$T"/books.a/cap1.*.book | jq -r '.keys[] | "--key \(.alg):\(.key):cover=\(.cover):id=\(.keyid)"')
	# shellcheck disable=SC2086
	"$B/tests/tools/capread" --mode tunnel --port 7002 $keys "$T/fork.pcap" 2>"$T/capread" | grep -v '^{"summary"' >"$T/codes"
	jq -s 'group_by(.rtp.ssrc) | map(map(.code)) | if length != 2 or (map(length) | unique) != [240] then "not two senders" else
		[., (.[0] | length)] as [$g, $n] | [range($n) | select($g[0][.] == $g[1][.])] | length as $same |
		if $same < 60 then empty else "\($same) codes of 240 are the same" end end' "$T/codes" >"$T/same"
	[ ! -s "$T/same" ] || { cat "$T/same"; head -2 "$T/codes"; return 1; }
}
if [ -z "${MD_SANITIZER:-}" ]; then
	ok 'fork: parent and child choose differently' differ fork
	ok 'a raw clone chooses differently too' differ clone
fi
daemon_end
router_end a
fresh

# --- The provisioner comes and goes -----------------------------------------------------------------------------------------------
DOMAIN='epoch = 6
lead = 4
overlap = 3
drain = 0.5'
before() {
	settings "$tunnel"
	router_a || return 1
	mark
	sent=0
	sender_begin && tell send 10 && [ "$(aside no-book)" = 40 ] && [ "$(counted .wrapped)" = 0 ]
}
ok 'before there is a book: natively, counted as no-book' before
appears() {
	rmdir "$T/publish" && mkdir "$T/publish" && daemon_begin https://127.0.0.1:7001/v1 && until_ has_active || return 1
	until_ eval 'tell send 1 && [ "$(counted .wrapped)" -gt 0 ]' || return 1
	native=$((sent - $(counted .wrapped)))
	tell send 10 && [ $((sent - $(counted .wrapped))) = "$native" ] && [ "$(aside no-book)" = "$native" ] && all_decoded "$(counted .wrapped)"
}
ok 'the first book is taken by a program that runs already' appears
# goes_on ROUNDS - nothing leaves natively, everything is decoded
goes_on() {
	for i in $(seq "$1"); do
		tell send 5 || return 1
		timeout 0.1 cat <&8 >/dev/null
	done
	[ $((sent - $(counted .wrapped))) = "$native" ] || { counted '.asides'; return 1; }
	all_decoded "$(counted .wrapped)"
}
rotates() {
	was=$(active)
	until_ eval 'goes_on 1 && [ "$(active)" != "$was" ]' && was=$(active) && until_ eval 'goes_on 1 && [ "$(active)" != "$was" ]' && goes_on 2
}
ok 'books follow one another: nothing is sent without a mark' rotates
threads() {
	was=$(active)
	until_ eval 'tell threads 6 40 && [ "$(active)" != "$was" ]' && goes_on 1
}
ok 'threads take a new book at the same time' threads
absent() { was=$(active); daemon_end KILL; goes_on 5; }
ok 'the provisioner is killed: the book goes on' absent
returns() { daemon_again && until_ eval 'goes_on 1 && has_active && [ "$(active)" != "$was" ]' && goes_on 2; }
ok 'it comes back: the next books are taken' returns
replaced() {
	daemon_end KILL
	inode=$(stat -c %i "$T/publish/cap1.book")
	cp -p "$T/publish/cap1.book" "$T/publish/new" && mv "$T/publish/new" "$T/publish/cap1.book" && daemon_again || return 1
	[ "$(stat -c %i "$T/publish/cap1.book")" != "$inode" ] || return 1
	was=$(active)
	until_ eval 'goes_on 1 && has_active && [ "$(active)" != "$was" ]' && was=$(active) && until_ eval 'goes_on 1 && [ "$(active)" != "$was" ]'
}
ok 'another file of that name takes its place' replaced
cut() {
	daemon_end KILL
	: >"$T/publish/cap1.book"
	goes_on 2 && kill -0 "$sender" && rm "$T/publish/cap1.book" && goes_on 1 && daemon_again && was=$(active) &&
		until_ eval 'goes_on 1 && [ "$(active)" != "$was" ]'
}
ok 'the file is cut while it is mapped: the sender lives, and goes on with what it has' cut
rubbish() {
	daemon_end KILL
	head -c 266240 /dev/urandom >"$T/publish/new" && mv "$T/publish/new" "$T/publish/cap1.book"
	goes_on 4 && daemon_again && was=$(active) && until_ eval 'goes_on 1 && [ "$(active)" != "$was" ]'
}
ok 'rubbish in its place is not believed' rubbish
expires() {
	daemon_end KILL
	until_ eval 'tell send 1 && [ "$(aside book-expired)" -gt 0 ]' || return 1
	expired=$(aside book-expired)
	tell send 5 && [ "$(aside book-expired)" = $((expired + 20)) ] && all_decoded "$(counted .wrapped)" &&
		[ "$(counted '.counts["wrapped-med-tunnel"]')" = 0 ]
}
ok 'when the last book expires: natively, counted as book-expired, never as MED' expires
again() {
	daemon_again && until_ has_active && until_ eval 'wrapped=$(counted .wrapped) && tell send 1 && [ "$(counted .wrapped)" -gt "$wrapped" ]'
}
ok 'and with the next book it goes on' again
sender_end

# --- Programs that are locked in ------------------------------------------------------------------------------------------------------
if [ "$(id -u)" -eq 0 ] && [ "$(awk '/CapBnd/ { print $2 }' /proc/self/status)" != 0000000000000000 ] && setpriv --reuid 65534 true 2>/dev/null; then
	locked() {
		settings 'mode = inline
option = ofc'
		mkdir -p "$T/empty"
		sent=0
		sender_begin && tell send 2 && tell chroot "$T/empty" && [ "$(counted .wrapped)" = 8 ] || return 1
		native=0
		was=$(active)
		until_ eval 'goes_on_locked && [ "$(active)" != "$was" ]' && goes_on_locked
	}
	goes_on_locked() { tell send 5 && [ "$(counted .wrapped)" = "$sent" ] || { counted .asides; return 1; }; }
	ok 'a program in a chroot takes later books all the same' locked
	sender_end
	unreadable() {
		chmod 777 "$T/stats"
		sent=0
		as='setpriv --reuid 65534 --regid 65534 --clear-groups --ambient-caps +net_raw --inh-caps +net_raw'
		# Somebody else may not even enter the build folder.
		from=$T/from
		mkdir "$from" && cp "$B/libmdshim.so" "$B/tests/tools/rtpsend" "$from" || return 1
		sender_begin && as='' from='' && tell send 2 && [ "$(aside book-unreadable)" = 8 ]
	}
	ok 'a program that may not read the book: natively, counted as book-unreadable' unreadable
	sender_end
fi

# --- Two routers of one domain ------------------------------------------------------------------------------------------------------
# Each watches a way of its own to the client, who is not there; the route is all that changes when the flow moves.
daemon_end
router_end a
fresh
two_ways() {
	ip addr add 10.8.0.1/32 dev lo
	for i in 1 2; do
		ip link add "near$i" type veth peer name "far$i" && ip link set "near$i" up && ip link set "far$i" up &&
			ip neigh add 10.9.0.1 lladdr "$(ip -j link show "far$i" | jq -r ".[0].address")" dev "near$i" || return 1
	done
	way 1
}
way() { ip route replace 10.9.0.1/32 dev "near$1" src 10.8.0.1; }
pair() {
	two_ways && router_begin a 7001 --inline far1 --cap 10.8.0.1/32 --client 10.9.0.1/32 --json "$T/a.lines" &&
		router_begin b 7011 --inline far2 --cap 10.8.0.1/32 --client 10.9.0.1/32 --json "$T/b.lines" &&
		daemon_begin https://127.0.0.1:7001/v1 https://127.0.0.1:7011/v1 && until_ has_active
}
seen_by() { whole "$1" | grep -c ':5004"'; }
all_seen() { [ $(($(seen_by a) + $(seen_by b))) -ge "$1" ]; }
moves() {
	settings 'mode = inline
option = ofc'
	sed -i 's,^destination = .*,destination = 10.9.0.0/24,' "$T/shim.conf"
	rm -f "$T/a.lines" "$T/b.lines"
	DOMAIN='epoch = 600'
	pair || return 1
	sent=0
	sender_begin 10.9.0.1 && tell send 25 && until_ all_seen 100 && [ "$(seen_by a)" = 100 ] &&
		way 2 && tell send 25 && until_ all_seen 200 && [ "$(seen_by b)" = 100 ] &&
		way 1 && tell send 10 && sender_end && until_ all_seen 240 || { seen_by a; seen_by b; counted .asides; return 1; }
	[ "$(counted .wrapped)" = 240 ] || { counted .asides; return 1; }
	{ whole a && whole b; } | grep ':5004"' | jq -s '
		map(select(.action != "metadata" or .auth != "ok" or .option != "ofc")) as $strange | map(.seq) | sort as $seq
		| if ($strange | length) == 0 and ($seq | length) == 240 and $seq[-1] - $seq[0] == 239 and ($seq | unique | length) == 240
		  then empty else [($seq | length), $seq[0], $seq[-1], $strange[0:3]] end' >"$T/strange"
	[ ! -s "$T/strange" ] || { cat "$T/strange"; return 1; }
}
ok 'a flow moves from one router to the other and back: every datagram is verified and decoded' moves
plan
