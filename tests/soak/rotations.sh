#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# rotations.sh BUILD - a thousand changes of the codebook while GStreamer streams: sixteen domains side by side, each with a router of its
# own, of all their control connections one in twenty is cut, the routers' control endpoints are restarted, and the provisioner is killed
# at random moments. No packet may have a code that its router does not know, none may be lost, and none may leave
# without its mark once there was a book. TAP; figures as comments.
#
# ROTATIONS: how many at least (1000); SEED: of the dice (1). Everything happens in a network namespace.
# shellcheck disable=SC2034,SC2317 # variables that provision_lib.sh reads; functions that ok calls
if [ -n "${MD_SANITIZER:-}" ]; then
	echo "ok 1 - rotations # SKIP GStreamer is not built for a sanitizer"
	echo "1..1"
	exit 0
fi
here=$(dirname "$(readlink -f -- "$0")")
# shellcheck source=tests/integration/provision_lib.sh
. "$here/../integration/provision_lib.sh"
DOMAINS=16 LIMIT=230
wanted=${ROTATIONS:-1000}
RANDOM=${SEED:-1}
pause() { read -rt "$1" _ <&8; }

# One connection in twenty is marked when it begins, and reset in the middle. What the clients' ports refuse is not told
# to the sender, which has no clients here.
if ! nft -f - <<END 2>"$T/nft"
table inet cut {
	chain in {
		type filter hook input priority 0;
		tcp dport 7000-7099 ct state new numgen random mod 100 < 5 ct mark set 1 counter comment "marked"
		tcp dport 7000-7099 ct state new ct mark 0 counter comment "spared"
		ct mark 1 tcp dport 7000-7099 ct original packets > 6 counter reject with tcp reset
		icmp type destination-unreachable drop
	}
}
END
then
	echo "ok 1 - rotations # SKIP nftables cannot be used here: $(head -1 "$T/nft")"
	echo "1..1"
	exit 0
fi

configure() {
	provision_daemon "$T"
	for ((i = 0; i < DOMAINS; i++)); do
		cat <<-END
			[domain d$i]
			epoch = 20
			overlap = 18
			lead = 19.4
			drain = 0.3
			codes = 800
			retry_first = 0.05
			retry_max = 0.3
			reject_wait = 0.3
		END
		provision_controller "c$i" "d$i" "https://127.0.0.1:$((7000 + i))/v1" "$T/ca.pem" "$T/provisioner.pem" "$T/provisioner.key"
		cat <<-END
			connect_timeout = 1
			timeout = 2
		END
	done
}

routers_begin() {
	local line
	for ((i = 0; i < DOMAINS; i++)); do
		mkfifo "$T/ready.$i"
		"$B/mdrouter" --listen "127.0.0.1:$((6000 + i))" --cap 127.0.0.0/8 --client 127.0.0.0/8 --control "127.0.0.1:$((7000 + i))" \
			--tls-cert "$T/router.pem" --tls-key "$T/router.key" --client-ca "$T/ca.pem" --domain "d$i" --books "$T/books.$i" \
			--summary "$T/summary.$i.json" --ready-fd 9 9>"$T/ready.$i" >"$T/router.$i.log" 2>&1 8>&- &
		router[i]=$!
		read -r line <"$T/ready.$i" && [ "$line" = ready ] || return 1
	done
}

settings() {
	cat <<-END
		[shim]
		processes = gst-launch-1.0
		stats_dir = $T/stats
		publish_dir = $T/publish
		log_file = $T/shim.log
		[payload]
		96 = h264
	END
	for ((i = 0; i < DOMAINS; i++)); do
		cat <<-END
			[router r$i]
			address = 127.0.0.1
			port = $((6000 + i))
			[route r$i]
			destination = 127.0.0.0/8
			remote_port = $((5000 + i))
			router = r$i
			option = ofc
			domain = d$i
		END
	done
}

all_active() { [ "$(ask books '[.domains[].books[] | select(.state == "active")] | length')" = $DOMAINS ]; }
begin() {
	configure >"$T/provisioner.conf"
	routers_begin && daemon_again && until_ all_active
}
ok "sixteen routers and a provisioner: each domain has its first book" begin

# A socket has tunnels to four routers at most: so one sends to four clients.
sender_begin() {
	local sinks='' clients
	settings >"$T/shim.conf"
	for ((i = 0; i < DOMAINS; i += 4)); do
		clients=
		for ((k = i; k < i + 4 && k < DOMAINS; k++)); do clients=$clients,127.0.0.1:$((5000 + k)); done
		sinks="$sinks packets. ! queue ! multiudpsink clients=${clients#,}"
	done
	# shellcheck disable=SC2086
	LD_PRELOAD=$B/libmdshim.so MDSHIM_CONF=$T/shim.conf gst-launch-1.0 -q -e videotestsrc is-live=true ! \
		video/x-raw,width=320,height=180,framerate=30/1 ! x264enc tune=zerolatency speed-preset=ultrafast bitrate=300 key-int-max=30 ! \
		rtph264pay pt=96 mtu=1000 config-interval=-1 ! tee name=packets $sinks >"$T/sender.log" 2>&1 8>&- &
	sender=$!
}
figure() { "$B/mdctl" stats --json --dir "$T/stats" | jq -r "[.processes[] | $1] | add // 0"; }
streams() { [ "$(figure .wrapped)" -gt 0 ]; }
starts() { sender_begin && until_ streams; }
ok "GStreamer streams to sixteen clients" starts

# Books that became active, over all lives of the provisioner; the first of each domain is no change.
rotations() { echo $(($(sed -n 's/.*domain \(d[0-9]*\): book \([0-9]*\) is active.*/\1 \2/p' "$T/daemon.log" | sort -u | wc -l) - DOMAINS)); }
kills=0 restarts=0
torment() {
	local last=$SECONDS n=0

	while [ "$n" -lt "$wanted" ]; do
		[ $((SECONDS - began)) -lt "$LIMIT" ] || { echo "only $n rotations in $LIMIT s"; return 1; }
		kill -0 "$sender" || return 1
		pause "0.$((RANDOM % 5 + 2))"
		kill -HUP "${router[RANDOM % DOMAINS]}"
		restarts=$((restarts + 1))
		if [ $((SECONDS - last)) -ge $((RANDOM % 5 + 4)) ]; then
			daemon_end KILL
			daemon_again || return 1
			kills=$((kills + 1)) last=$SECONDS
		fi
		n=$(rotations)
	done
}
began=$SECONDS
ok "$wanted rotations while endpoints are restarted and the provisioner is killed" torment
took=$((SECONDS - began))

stops() {
	kill -INT "$sender"
	wait "$sender"
	[ "$(figure .wrapped)" -gt 0 ] || return 1
	for ((i = 0; i < DOMAINS; i++)); do arrives "$i" || return 1; done
}
# The router has read all that was sent when its figures no longer change; a summary is written at each signal.
sum() { jq -s "map($1) | add // 0" "$T"/summary.*.json; }
arrives() { until_ eval 'kill -USR1 "${router[@]}" && pause 0.05; [ "$(sum .packets)" -ge "$(figure .wrapped)" ]'; }
ok "the stream ends, and everything is at the routers" stops
wrapped=$(figure .wrapped) seen=$(figure .counts.seen)
daemon_end
kill "${router[@]}"
wait "${router[@]}"

known() {
	[ "$(sum .metadata)" = "$wrapped" ] && [ "$(sum '.plain + .drop')" = 0 ] && [ "$(sum '.failures["unknown-code"] // 0')" = 0 ] || {
		echo "sent $wrapped"; jq -c '{metadata, plain, drop, failures}' "$T"/summary.*.json; return 1; }
}
ok "every packet's code is known to its router" known
lost() { [ "$(sum '.lost + .late + .repeated')" = 0 ] || { jq -c '{packets, lost, late, repeated}' "$T"/summary.*.json; return 1; }; }
ok "none is lost, late or repeated" lost
marked() { [ "$wrapped" = "$seen" ] || { "$B/mdctl" stats --dir "$T/stats"; return 1; }; }
ok "none left without its mark" marked

n=$(rotations) cut=$(nft -j list ruleset | jq '[.nftables[].rule? | select(.comment == "marked") | .expr[] | .counter?.packets // empty] | add')
spared=$(nft -j list ruleset | jq '[.nftables[].rule? | select(.comment == "spared") | .expr[] | .counter?.packets // empty] | add')
echo "# rotations: $n in $took s, in $DOMAINS domains; the provisioner killed $kills times; control endpoints restarted $restarts times"
echo "# control connections: $((cut + spared)), of them cut $cut; offers refused by routers: $(sum .books.rejected)"
echo "# datagrams: $seen, with mark $wrapped, known to the router $(sum .metadata), unknown codes $(sum '.failures["unknown-code"] // 0'), lost $(sum .lost)"
enough() { [ "$cut" -gt 0 ] && [ "$kills" -gt 0 ] && [ "$restarts" -gt 0 ]; }
ok "connections were cut, endpoints restarted, the provisioner killed" enough
plan
