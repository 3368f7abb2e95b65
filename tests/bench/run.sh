#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# rule: 18 52
# run.sh BUILD - how fast send calls are with the shim, and through what could be used in its place, as ratios to the same calls
# without: a table, BUILD/bench/bench.json and bench.svg. Every engine that is there, in namespaces of their own.
#
# In the environment: FULL=1 the whole cross product; QUICK=1 short slices; SLICE=MILLISECONDS and ROUNDS=N; ENGINES and SINKS
# lists of names to restrict it; ONLY=PATTERN cases whose line in the plan fits: "SINK CALL TARGET CONNECTED FLOWS THREADS";
# PLAN=FILE other cases (pair.c has the form).
# With root everything; without it, in a user namespace, the engines that need nothing of the kernel. Nothing is left behind:
# the mounts and namespaces are this script's own and end with it.
set -u
shopt -s lastpipe
B=${1:?usage: run.sh BUILD}
B=$(readlink -f -- "$B")
here=$(dirname "$(readlink -f -- "$0")")
if [ "${2:-}" != --inside ]; then
	for tool in ip nft tc unshare nsenter setpriv taskset jq openssl gnuplot; do
		command -v "$tool" >/dev/null || { echo "bench: $tool is not installed" >&2; exit 2; }
	done
	root=no
	if [ "$(id -u)" -eq 0 ] && unshare -m true 2>/dev/null; then
		root=yes
		exec unshare -m --propagation private "$0" "$B" --inside $root
	fi
	unshare -Urmn true 2>/dev/null ||
		{ echo "bench: this needs root, or unprivileged user namespaces: nothing can be measured here" >&2; exit 2; }
	echo "bench: no root: in a user namespace. Not measured: what is put into the kernel (patch, and other engines that need it)" >&2
	exec unshare -Urmn --propagation private "$0" "$B" --inside $root
fi
root=${3:-no}
# shellcheck source=tests/bench/ns.sh
. "$here/ns.sh"
# shellcheck source=tests/bench/stand.sh
. "$here/stand.sh"

sweep
work=$(mktemp -d "${TMPDIR:-/tmp}/$mark.XXXXXX") || exit 2
# shellcheck disable=SC2317
ended() { trap '' INT TERM HUP; take_down; }
trap ended EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP
started=$(date +%s) full=false measuring=
[ -z "${FULL:-}" ] || full=true
load=$(cut -d ' ' -f 1 /proc/loadavg)
out=$B/bench
{ mkdir -p "$out" && [ -w "$out" ]; } || { echo "bench: $out cannot be written" >&2; exit 2; }

sinks=
for sink in ${SINKS:-veth null}; do
	if space plain "$sink"; then sinks="$sinks $sink"; else absent "$sink" "the sink cannot be made: $(tail -1 "$work/said")"; fi
done
[ -n "$sinks" ] || { echo "bench: no sink can be made; it takes ip, nft, and veth or IFB devices" >&2; exit 2; }
first=${sinks# } first=${first%% *}

engines='' ways=''
"$B/tests/bench/pair" --engines | while read -r engine; do
	[ -z "${ENGINES:-}" ] || [[ " $ENGINES " == *" $engine "* ]] || continue
	if engine_up "$engine"; then engines="$engines $engine"; fi
done
[ -n "$engines" ] || { echo "bench: no engine can be used here" >&2; cat "$work/absent" >&2; exit 2; }
others=
for other in ${INSTEAD-socat coturn vxlan wireguard}; do
	if "instead_$other"; then others="$others $other"; fi
done
echo "engines:$engines; in place of the shim:${others:- nothing}"
[ ! -s "$work/absent" ] || sed 's/^\([^ ]*\) /not here: \1: /' "$work/absent"

awk -v engines="$engines" -v ways="$ways" -v instead="$others" -v sinks="$sinks" -v full="$([ "$full" = false ] || echo 1)" -f "$here/plan.awk" "$here/floors" |
	awk -v RS= -v ORS='\n\n' -v only="${ONLY:-}" '{ first = $0; sub(/\n.*/, "", first); sub(/^base /, "", first) } first ~ only' >"$work/plan"
[ -z "${PLAN:-}" ] || cp "$PLAN" "$work/plan" || exit 2
if grep -q ' ofc ' "$work/plan"; then
	books || { echo "bench: no codebook could be made:" >&2; cat "$work"/*.err >&2; exit 2; }
fi
slice=${SLICE:-${QUICK:+5}} slice=${slice:-20} rounds=${ROUNDS:-11}
# In a group of its own, in the background: so that a signal is acted upon at once.
set -m
{
	"$B/tests/bench/pair" "$B/tests/bench/sender" "$B/tests/bench/relayed" "$B/libmdshim.so" "$work" "$rounds" "$slice" \
		<"$work/plan" | tee "$work/table"
	exit "${PIPESTATUS[0]}"
} &
measuring=$!
set +m
wait "$measuring"
rc=$?
measuring=

jq -s --arg kernel "$(uname -sr)" --arg cpu "$(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo | head -1)" \
	--argjson processors "$(nproc)" --arg date "$(date -u +%F)" --argjson before "$load" \
	--argjson after "$(cut -d ' ' -f 1 /proc/loadavg)" --argjson seconds $(($(date +%s) - started)) --argjson slice "$slice" \
	--argjson rounds "$rounds" --argjson full "$full" --rawfile absent "$work/absent" --arg engines "$engines" --arg ways "$ways" \
	--arg sinks "$sinks" --arg instead "$others" -f "$here/collect.jq" "$work/rows" >"$out/bench.json" || exit 2
cp "$work/table" "$out/bench.txt"
"$here/plot.sh" "$out/bench.json" >"$out/bench.svg" || rc=2
jq -r -f "$here/goals.jq" "$out/bench.json" | tee -a "$out/bench.txt"
echo "ratios of speed to the same call without the shim (1.0: as fast). $out/bench.json bench.txt bench.svg"
exit "$rc"
