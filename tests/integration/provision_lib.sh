# shellcheck shell=sh
# SPDX-License-Identifier: BSD-3-Clause
# provision_lib.sh - for the provisioner's test scripts: sourced with the build folder in $1. Certificates are made on the
# spot. Everything runs in a network namespace of its own and is over when the script ends.
set -u
B=${1:?build folder}
case $B in /*) ;; *) B=$PWD/$B ;; esac
if [ "${MD_PROVISION_NS:-}" = "" ]; then
	export MD_PROVISION_NS=yes
	if unshare -n true 2>/dev/null; then exec unshare -n "$0" "$B"; fi
	if unshare -rn true 2>/dev/null; then exec unshare -rn "$0" "$B"; fi
	echo "ok 1 - $(basename "$0") # SKIP network namespaces are refused here"
	echo 1..1
	exit 0
fi
ip link set lo up
T=$(mktemp -d /tmp/mdprov.XXXXXX)
daemon=''
finish() {
	jobs -p >"$T/jobs"
	while read -r pid; do kill -KILL "$pid"; done <"$T/jobs" 2>/dev/null
	wait
	[ -n "${MD_KEEP:-}" ] || rm -rf "$T"
}
trap finish EXIT
trap 'exit 1' INT TERM

tests=0
# ok "NAME" COMMAND... - one test: the command succeeds. What it printed is shown when it does not.
ok() {
	title=$1; shift
	tests=$((tests + 1))
	if "$@" >"$T/said" 2>&1; then
		echo "ok $tests - $title"
	else
		echo "not ok $tests - $title"
		head -15 "$T/said" | sed 's/^/# /'
		for f in "$T"/*.log; do [ -e "$f" ] && tail -8 "$f" | sed "s,^,# $(basename "$f"): ,"; done
	fi
}
plan() { echo "1..$tests"; }

# until COMMAND... - tries again until it succeeds, for 20 seconds at most; a read from a pipe nobody writes to is the pause.
mkfifo "$T/never"
exec 8<>"$T/never"
until_() {
	tries=0
	while ! "$@" >"$T/until" 2>&1; do
		tries=$((tries + 1))
		[ "$tries" -lt 400 ] || { cat "$T/until"; return 1; }
		timeout 0.05 cat <&8 >/dev/null
	done
	return 0
}
says() { grep -qF -- "$1" "$2" || { echo "expected to read: $1"; cat "$2"; return 1; }; }
says_not() { ! grep -qF -- "$1" "$2" || { echo "expected not to read: $1"; return 1; }; }

# --- Certificates -----------------------------------------------------------------------------------------------------------
# shellcheck source=demo/provision.sh
. "$(dirname "$(readlink -f -- "$0")")/../../demo/provision.sh"
# authority NAME
authority() { provision_authority "$T" "$1" 2>/dev/null; }
# certificate NAME AUTHORITY SUBJECTALTNAME [OPTION OF x509...]
certificate() { provision_certificate "$T" "$@" 2>/dev/null; }
authority ca
certificate router ca IP:127.0.0.1,DNS:router.test
certificate provisioner ca DNS:provisioner.test

# --- Programs ---------------------------------------------------------------------------------------------------------------
# router_begin NAME PORT [OPTION...] - a router with a control endpoint; it has everything open when this returns.
router_begin() {
	name=$1 port=$2; shift 2
	[ -p "$T/ready.$name" ] || mkfifo "$T/ready.$name"
	"$B/mdrouter" --listen "127.0.0.1:$((port + 1))" --cap 127.0.0.0/8 --client 127.0.0.0/8 --control "127.0.0.1:$port" \
		--tls-cert "${CERT:-$T/router.pem}" --tls-key "${KEY:-$T/router.key}" --client-ca "${CA:-$T/ca.pem}" --domain cap1 \
		--books "$T/books.$name" --summary "$T/$name.json" --ready-fd 9 "$@" 9>"$T/ready.$name" >>"$T/$name.log" 2>&1 &
	eval "router_$name=\$!"
	read -r line <"$T/ready.$name" && [ "$line" = ready ]
}
# router_end NAME [SIGNAL]
router_end() {
	eval "pid=\${router_$1:-}"
	[ -n "$pid" ] || return 0
	kill "-${2:-TERM}" "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
	return 0
}

# configuration [URL...] - provisioner.conf; settings of the domain in $DOMAIN, of the controllers in $CONTROLLER.
configuration() {
	provision_daemon "$T"
	cat <<END
metrics_file = $T/metrics.prom
metrics_interval = 1
[domain cap1]
${DOMAIN:-epoch = 600}
retry_first = 0.05
retry_max = 0.2
reject_wait = 0.3
END
	i=0
	for url in "$@"; do
		i=$((i + 1))
		provision_controller "c$i" cap1 "$url" "${PCA:-$T/ca.pem}" "${PCERT:-$T/provisioner.pem}" "${PKEY:-$T/provisioner.key}"
		cat <<END
connect_timeout = 1
timeout = ${TIMEOUT:-3}
END
	done
}
mkdir -p "$T/publish" "$T/stats"
# daemon_begin URL... - mdprovisiond; it has everything open when this returns.
daemon_begin() {
	configuration "$@" >"$T/provisioner.conf"
	daemon_again
}
daemon_again() {
	[ -p "$T/ready" ] || mkfifo "$T/ready"
	"$B/mdprovisiond" --config "$T/provisioner.conf" --ready-fd 9 9>"$T/ready" >>"$T/daemon.log" 2>&1 &
	daemon=$!
	read -r line <"$T/ready" && [ "$line" = ready ]
}
daemon_end() {
	[ -n "$daemon" ] || return 0
	kill "-${1:-TERM}" "$daemon" 2>/dev/null
	wait "$daemon" 2>/dev/null
	return 0
}
fresh() { rm -rf "$T/state" "$T"/books.*/* "$T"/publish/* "$T"/*.log; }
# ask books|csp FILTER - what mdctl says, through jq
ask() { "$B/mdctl" "$1" --json --socket "$T/sock" | jq -r "$2"; }
is() { [ "$(ask "$1" "$2")" = "$3" ]; }
