# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# shellcheck disable=SC2154,SC2317 # variables of run.sh, which sources this; functions it calls by name
# stand.sh - what a bench stands on: namespaces with a sink, codebooks, engines, and what could be used in their place. To be
# sourced by run.sh, inside a mount namespace of its own, with $B, $here, $root and, for all but sweep, $work.
#
# ns/NAME.SINK is a namespace; "plain" is that of the baseline, and of engines that put nothing into the kernel. conf/ENGINE/
# has the configurations, cgroup.ENGINE the file that takes its senders, relay.NAME.SINK where a relay listens.

PROCESSOR=$(sed -n 's/^Cpus_allowed_list:.*[^0-9]\([0-9]*\)$/\1/p' /proc/self/status) # the last, as pair chooses it
# Engine afxdp takes a queue for each of the senders that run side by side; choosing one among several costs, so everybody has them,
# as network cards do.
export LINK_QUEUES=8
armed='' relays='' group=''

enter() { local name=$1; shift; nsenter --net="$work/ns/$name" -- "$@"; }

# absent NAME WHY - remembers that something is not to be had
absent() { echo "$1 ${2//$'\n'/ }" >>"$work/absent"; return 1; }

# until SECONDS COMMAND... - tries again until it succeeds
until_() {
	local i n=$(($1 * 50))
	shift
	for ((i = 0; i < n; i++)); do
		"$@" && return 0
		read -rt 0.02 _ <>"$work/never"
	done
	return 1
}

# Control groups and folders of runs that were killed, if their owner is dead; of other PID namespaces nobody here can tell.
sweep() {
	local old pid
	for old in "${TMPDIR:-/tmp}"/mdshim-bench.*."$pid_space"* "$(cgroups)"/mdshim-bench.*."$pid_space"; do
		[ -d "$old" ] && [ -O "$old" ] && [ ! -L "$old" ] || continue
		pid=${old##*/mdshim-bench.} pid=${pid%%.*}
		[ ! -e "/proc/$pid" ] || continue
		rmdir "$old" 2>/dev/null || case $old in */cgroup/*) ;; *) rm -rf "$old" ;; esac
	done
}

cgroups() { awk '$3 == "cgroup2" { print $2; exit }' /proc/self/mounts; }

take_down() {
	local pid
	[ -z "${measuring:-}" ] || { kill -TERM -- "-$measuring" && wait "$measuring"; } 2>/dev/null
	for pid in $relays; do { kill -KILL "$pid" && wait "$pid"; } 2>/dev/null; done
	[ -z "$armed" ] || "$B/mdctl" arm --dir "$work/bpf/m" --off >/dev/null
	umount "$work"/ns/* "$work/bpf" 2>/dev/null
	[ -z "$group" ] || until_ 2 rmdir "$group" 2>/dev/null
	rm -rf "$work"
}

# space NAME SINK - a namespace with that sink
space() {
	mkdir -p "$work/ns" "$work/stats" "$work/conf"
	[ -e "$work/never" ] || mkfifo "$work/never"
	touch "$work/absent" "$work/ns/$1.$2"
	if ! { unshare --net="$work/ns/$1.$2" true && enter "$1.$2" sh -c '. "$1/ns.sh" && link "$2"' sh "$here" "$2"; } >"$work/said" 2>&1; then
		umount "$work/ns/$1.$2" 2>/dev/null
		rm -f "$work/ns/$1.$2"
		return 1
	fi
	grep -qsx "$1" "$work/spaces" || echo "$1" >>"$work/spaces"
}

# daemon NAMESPACE NAME COMMAND... - in the background, ended with this script; its number is in $daemon.
daemon() {
	local space=$1 name=$2
	shift 2
	nsenter --net="$work/ns/$space" -- setpriv --pdeathsig KILL -- "$@" >"$work/$name.err" 2>&1 </dev/null &
	daemon=$!
	relays="$relays $daemon"
}

dismiss() { { kill -TERM "$1" && wait "$1"; } 2>/dev/null; relays=${relays/ $1/}; }

# --- Codebooks: minted, offered and published as they are in operation; senders go on using them when all that has ended ------

certificate() {
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" -keyout "$work/$1.key" -out "$work/$1.csr" &&
		echo "subjectAltName=$2" >"$work/$1.ext" &&
		openssl x509 -req -days 2 -in "$work/$1.csr" -CA "$work/ca.pem" -CAkey "$work/ca.key" -CAcreateserial \
			-extfile "$work/$1.ext" -out "$work/$1.pem"
}

certificates() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=authority -keyout "$work/ca.key" \
		-out "$work/ca.pem" -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign &&
		certificate router IP:192.0.2.1 && certificate provisioner DNS:provisioner.example
}

# is_active COVER
is_active() { "$B/mdctl" books --socket "$work/sock.$1" 2>/dev/null | grep -qE '^ +[0-9]+ active '; }

# book COVER - of the domain bench-COVER, for three hours
book() {
	local router
	daemon "plain.$first" router "$B/mdrouter" --listen 192.0.2.1:49777 --cap 192.0.2.0/24 --client 198.18.0.0/15 --control 192.0.2.1:8443 \
		--tls-cert "$work/router.pem" --tls-key "$work/router.key" --client-ca "$work/ca.pem" --domain "bench-$1" --books "$work/books.$1"
	router=$daemon
	cat >"$work/provisioner.conf" <<-END
		[provisioner]
		state_dir = $work/state.$1
		publish_dir = $work/publish.$1
		group =
		control_socket = $work/sock.$1
		stats_dir = $work/stats
		[domain bench-$1]
		epoch = 10800
		key_life = 32400
		cover = $1
		drain = 0.3
		retry_first = 0.1
		[controller router]
		domain = bench-$1
		url = https://192.0.2.1:8443/mdshim/v1
		ca = $work/ca.pem
		certificate = $work/provisioner.pem
		key = $work/provisioner.key
	END
	daemon "plain.$first" provisioner "$B/mdprovisiond" --config "$work/provisioner.conf"
	until_ 20 is_active "$1" || return 1
	dismiss "$daemon"
	dismiss "$router"
}

books() {
	certificates >"$work/openssl.err" 2>&1 && book 64 && book datagram
}

# --- Engines -----------------------------------------------------------------------------------------------------------------

# configurations ENGINE [KEY...] - all that its arms may ask for; KEY: lines for [shim]. By that engine alone, if the shim can be
# told so.
configurations() {
	local dir=$work/conf/$1 mode cover keys='' line
	mkdir -p "$dir"
	printf '[shim]\nengines = %s\n' "$1" >"$work/key.conf"
	! "$B/mdshim-check" --quiet "$work/key.conf" >/dev/null 2>&1 || set -- "$@" "engines = $1"
	shift
	for line; do keys="$keys\\n$line"; done
	for mode in inline tunnel; do
		config "$work" "$mode"
		sed -i "s|^stats_dir.*|&$keys|" "$work/$mode.conf"
		for cover in 64 datagram; do
			sed "s/^cover = .*/cover = $cover/" "$work/$mode.conf" >"$dir/$mode.med.$cover.conf"
			sed "/^\[auth\]/,/^cover/d; s,^stats_dir.*,&\npublish_dir = $work/publish.$cover,; s/^mode = .*/&\noption = ofc\ndomain = bench-$cover/" "$work/$mode.conf" \
				>"$dir/$mode.ofc.$cover.conf"
		done
	done
	cp "$dir/inline.med.64.conf" "$dir/pass.-.-.conf"
	sed 's/^processes = .*/processes = nobody-is-called-like-this/' "$dir/inline.med.64.conf" >"$dir/unserved.-.-.conf"
}

spaces() { local sink; for sink in $sinks; do space "$1" "$sink" || return 1; done; }

# A control group whose senders alone have to do with what is in the kernel.
own_group() {
	[ -n "$(cgroups)" ] || { echo "no file system of control groups (cgroup2) is mounted"; return 1; }
	group=$(cgroups)/$mark
	mkdir "$group" && echo "$group/cgroup.procs" >"$work/cgroup.$1"
}

engine_raw() { configurations raw; }

engine_patch() {
	local sink arguments=()
	[ "$root" = yes ] || { echo "it takes root, to load programs into the kernel"; return 1; }
	mkdir -p "$work/bpf" && mount -t bpf bpf "$work/bpf" && own_group patch && spaces patch || return 1
	for sink in $sinks; do arguments+=(--netns "$work/ns/patch.$sink"); done
	armed=yes
	"$B/mdctl" arm --dir "$work/bpf/m" --cgroup "$group" "${arguments[@]}" && configurations patch
}

engine_afxdp() {
	local queue
	[ "$root" = yes ] || { echo "it takes root"; return 1; }
	spaces afxdp && configurations afxdp "broker_socket = $work/broker.afxdp" || return 1
	provisioner_conf afxdp >"$work/afxdp.conf"
	for queue in 0 1 2 3 4 5 6 7; do
		printf '[afxdp queue%d]\nuid = %d\ninterface = v0\nqueue = %d\n' "$queue" "$(id -u)" "$queue"
	done >>"$work/afxdp.conf"
	offered afxdp
}

# tried ENGINE MODE - whether what a sender sends leaves by that engine: by a bench of one round
tried() {
	printf 'base %s sendto 4 0 1 1\narm %s %s med 64 sendto 0 0 0 -\n' "$first" "$1" "$2" >"$work/plan"
	"$B/tests/bench/pair" "$B/tests/bench/sender" "$B/tests/bench/relayed" "$B/libmdshim.so" "$work" 1 1 <"$work/plan" >"$work/said" 2>&1 &&
		return
	sed -n 's/.*FAILED: //p' "$work/said"
	return 1
}

# provisioner_conf NAME - of a mdprovisiond that helps senders
provisioner_conf() {
	cat <<-END
		[provisioner]
		state_dir = $work/state.$1
		publish_dir = $work/publish.$1
		group =
		control_socket = $work/sock.$1
		broker_socket = $work/broker.$1
		stats_dir = $work/stats
		arm_namespaces = all
	END
}

# offered NAME - starts it
offered() {
	daemon "$1.$first" "$1" "$B/mdprovisiond" --config "$work/$1.conf"
	until_ 10 test -S "$work/broker.$1" || { tail -1 "$work/$1.err"; return 1; }
}

# An engine that a provisioner offers when its configuration says "NAME = yes", and the shim takes when it is told to.
engine_offered() {
	{ provisioner_conf "$1" && echo "$1 = yes"; } >"$work/$1.conf"
	"$B/mdprovisiond" --check --config "$work/$1.conf" >"$work/$1.err" 2>&1 ||
		{ echo "this mdprovisiond does not offer it"; return 1; }
	[ "$root" = yes ] || { echo "it takes root"; return 1; }
	spaces "$1" && configurations "$1" "broker_socket = $work/broker.$1" && offered "$1"
}

# engine_up ENGINE - by the function above of its name, or as the provisioner offers it. Adds ENGINE:MODE to $ways.
engine_up() {
	local how=engine_$1 mode why up=
	[ "$(type -t "$how")" = function ] || how=engine_offered
	"$how" "$1" >"$work/said" 2>&1 || absent "$1" "$(tail -1 "$work/said")" || return 1
	for mode in inline tunnel; do
		if why=$(tried "$1" "$mode"); then
			ways="$ways $1:$mode" up=yes
		else
			absent "$1" "$mode: its datagrams do not leave by it: $why"
		fi
	done
	[ -n "$up" ]
}

# --- In place of the shim ------------------------------------------------------------------------------------------------------

# relay NAME SINK PORT COMMAND... - on the processor of the senders
relay() {
	local name=$1 sink=$2 port=$3 device=v1
	shift 3
	[ "$sink" = veth ] || device=v0
	daemon "plain.$sink" "$name.$sink" taskset -c "$PROCESSOR" "$@"
	until_ 10 listens "$sink" "$port" || { tail -3 "$work/$name.$sink.err"; return 1; }
	echo "$name $daemon $port $device" >"$work/relay.$name.$sink"
}

# listens SINK PORT - whether something has that UDP port
listens() { [ -n "$(enter "plain.$1" ss -Hlun "sport = :$2")" ]; }

relays_up() { local sink name=$1 port=$2; shift 2; for sink in $sinks; do relay "$name" "$sink" "$port" "$@" || return 1; done; }

instead_socat() {
	command -v socat >/dev/null || absent socat "not installed" || return 1
	relays_up socat 5010 socat -u UDP4-RECV:5010,bind=127.0.0.1 UDP4-SENDTO:198.18.0.1:5004 >"$work/said" ||
		absent socat "$(tail -1 "$work/said")"
}

instead_coturn() {
	command -v turnserver >/dev/null || absent coturn "not installed" || return 1
	relays_up coturn 5020 turnserver -n --no-auth --no-tls --no-dtls --no-cli --no-tcp --no-tcp-relay --listening-ip 127.0.0.1 \
		--listening-port 5020 --relay-ip 192.0.2.1 --relay-threads 1 --userdb "$work/turndb" --log-file stdout --pidfile "$work/turn.pid" \
		>"$work/said" || absent coturn "$(tail -1 "$work/said")"
}

# A tunnel of the kernel: routes lead into it, its packets to the sink.
vxlan_in() {
	ip link add vx0 address 02:00:00:00:00:03 type vxlan id 1 dstport 4789 remote 192.0.2.2 local 192.0.2.1 dev v0 && ip link set vx0 up &&
		ip addr add 10.99.0.1/24 dev vx0 && ip neigh add 10.99.0.2 lladdr 02:00:00:00:00:04 nud permanent dev vx0 &&
		ip route replace 198.18.0.0/15 via 10.99.0.2
}

instead_vxlan() {
	local sink
	for sink in $sinks; do
		space vxlan "$sink" && enter "vxlan.$sink" bash -c "$(declare -f vxlan_in); vxlan_in" >"$work/said" 2>&1 ||
			absent vxlan "$(tail -1 "$work/said")" || return 1
	done
}

instead_wireguard() {
	enter "plain.$first" ip link add wg0 type wireguard >"$work/said" 2>&1 || absent wireguard "this kernel has no WireGuard" || return 1
	enter "plain.$first" ip link del wg0
	absent wireguard "the kernel has it, but this bench does not measure it"
}
