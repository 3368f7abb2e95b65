#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# bench.sh BUILD - the bench measures what it says: every row is there and none failed, counters agree, the plot is a plot, an arm
# that does not what it should is a failure, and nothing is left behind. Never how fast anything is. TAP.
set -u
B=$(readlink -f -- "${1:?build folder}")
here=$(dirname "$(readlink -f -- "$0")")
bench=$here/../bench
# shellcheck source=tests/tap.sh
. "$here/../tap.sh"
# Not in a folder changed into by chroot, whose root is no mount.
if ! unshare -mn true 2>/dev/null && ! unshare -Urmn true 2>/dev/null; then
	echo "ok 1 - bench # SKIP needs namespaces of network and mounts: root, or unprivileged user namespaces"
	echo 1..1
	exit 0
fi
T=$(mktemp -d) || exit 99
bench_pid=
# shellcheck disable=SC2317
ended() { [ -z "$bench_pid" ] || kill -TERM "$bench_pid" 2>/dev/null; wait; rm -rf "$T"; }
trap ended EXIT
trap 'exit 99' INT TERM
mkfifo "$T/never"
mkdir "$T/tmp"
export TMPDIR=$T/tmp

until_() {
	local i n=$(($1 * 20))
	shift
	for ((i = 0; i < n; i++)); do
		"$@" && return 0
		read -rt 0.05 _ <>"$T/never"
	done
	return 1
}

cgroups=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/self/mounts)
nothing_left() {
	local left
	left=$(ls "$TMPDIR"; ls -d "${cgroups:-/nowhere}"/mdshim-bench."$bench_pid".* 2>/dev/null)
	[ -z "$left" ] || { echo "left behind: $left"; return 1; }
}

# plan ENGINES INSTEAD FULL [WAYS] - WAYS: without them every engine in both modes
plan() {
	local engine ways=${4:-}
	[ -n "$ways" ] || for engine in $1; do ways="$ways $engine:inline $engine:tunnel"; done
	awk -v engines="$1" -v ways="$ways" -v instead="$2" -v sinks="veth null" -v full="$3" -f "$bench/plan.awk" "$bench/floors"
}

# --- The plan -----------------------------------------------------------------------------------------------------------------
# Said here once more, in another way. Rows against the baseline of the same shape.
the_full_plan_is_the_cross_product() {
	for sink in veth null; do for threads in 1 2; do for family in 4 6; do for call in sendto sendmsg sendmmsg train; do
		for shape in "0 1" "1 1" "0 1000" "0 100000"; do
			[ "$call" != train ] || [ "${shape#* }" = 1 ] || continue
			for arm in {raw,patch,nft}\ {inline,tunnel}\ {med,ofc}\ {64,datagram}; do
				echo "$sink $call $family $shape $threads $arm"
			done
		done
	done; done; done; done | sort >"$T/product"
	plan "raw patch nft" "" 1 | awk '$1 == "base" { what = $2 " " $3 " " $4 " " $5 " " $6 " " $7; call = $3; connected = $5 }
		$1 == "arm" && ($3 == "inline" || $3 == "tunnel") && $6 == call && $7 == connected { print what, $2, $3, $4, $5 }' | sort >"$T/planned"
	diff "$T/product" "$T/planned" | head -5 | grep . && return 1
	[ "$(wc -l <"$T/product")" -eq $((2 * 2 * 2 * (3 * 4 + 2) * 24)) ]
}
check "the full plan is the whole cross product" the_full_plan_is_the_cross_product

the_short_plan_is_of_the_full_one() {
	plan "raw patch" "socat" 0 | grep . | sort -u >"$T/short"
	plan "raw patch" "socat" 1 | grep . | sort -u >"$T/full"
	comm -23 "$T/short" "$T/full" | head -5 | grep . && return 1
	[ -s "$T/short" ]
}
check "the short plan has nothing that the full one lacks" the_short_plan_is_of_the_full_one

every_floor_is_due_somewhere() {
	plan "raw patch" "" 0 | awk '$1 == "arm" && $10 != "-" { print $10, $8 + 0, $9 + 0 }' | sort -u >"$T/due"
	awk '!/^#/ && NF { print $1, $2 + 0, $3 + 0 }' "$bench/floors" | sort -u | diff - "$T/due"
}
check "every floor is due to a row of the short plan" every_floor_is_due_somewhere

# --- A run --------------------------------------------------------------------------------------------------------------------
ONLY='^veth (sendto|sendmmsg|train) 4 0 1 1|^veth sendmsg 6 1 1 1|^null sendto 4 0 1 1|^veth sendmmsg 4 0 1000 1|^veth sendto 4 0 1 2|^veth tcp'
export ONLY
mkdir "$T/build"
ln -s "$B"/* "$T/build"
rm -f "$T/build/bench"

# bench VARIABLE=VALUE... - a run; its status in $status
bench() {
	env --default-signal=INT "$@" "$bench/run.sh" "$T/build" >"$T/said" 2>"$T/said.err" </dev/null &
	bench_pid=$!
}
bench ROUNDS=3 SLICE=2
wait "$bench_pid"
status=$?
json=$T/build/bench/bench.json
it_ends_well() { [ "$status" -eq 0 ] || { echo "exit status $status"; grep -a 'FAILED\|not here' "$T/said"; tail -5 "$T/said.err"; return 1; }; }
check "a run ends well" it_ends_well

has() { jq -e "$@" "$json" >/dev/null || { jq -c "$@" "$json" | head -5; jq -c '[.rows[] | select(.error)][0:3]' "$json"; return 1; }; }
every_row_is_there() {
	local engines instead ways
	ways=$(jq -r '.ways | join(" ")' "$json")
	engines=$(jq -r '.engines | join(" ")' "$json") instead=$(jq -r '.instead | join(" ")' "$json")
	plan "$engines" "$instead" 0 "$ways" | awk -v RS= -v ORS='\n\n' '{ first = $0; sub(/\n.*/, "", first); sub(/^base /, "", first) } first ~ ENVIRON["ONLY"]' |
		awk '$1 == "base" { what = $2 " " $4 " " $6 " " $7 } $1 == "arm" { print what, $2, $3, $4, $5, $6, $7 }' | sort >"$T/planned"
	jq -r '.rows[] | [.sink, .target, .flows, .threads, .engine, .mode, .option, .cover, .call, (if .connected then 1 else 0 end)] |
		map(tostring) | join(" ")' "$json" | sort | diff "$T/planned" - && [ "$(wc -l <"$T/planned")" -gt 20 ]
}
check "every row of the plan is there" every_row_is_there
the_engines_are_there() {
	has '.engines | index("raw")' || return 1
	[ "$(id -u)" -ne 0 ] || [ -z "$cgroups" ] || has '(.engines | index("patch")) or (.absent[] | select(.name == "patch").why | test("kernel refuses|cannot be attached"))'
}
check "the engines of this machine are found by their names" the_engines_are_there
check "no row has failed" has '[.rows[] | select(.error)] == []'
check "quartiles are in order, and above nothing" has '.rows | all(.ratio, .cpu_ratio, .self, .cpu_self | 0 < .q1 and .q1 <= .median and .median <= .q3)'
check "what an engine wrapped is what its sender sent" has '.rows | all(.sent > 0 and .wrapped == (if .mode == "inline" or .mode == "tunnel" then .sent - .warm else 0 end) and .warm < .sent)'
check "what was sent is what came to the sink" has '.rows | all(.call == "tcp" or (.case_sent > 0 and .case_came >= .case_sent and .case_came - .case_sent <= 64))'
check "rows with a floor say whether it is held, or that it cannot be said" has '[.rows[] | select(.due)] | length > 3 and
	all((.judged == null and .held == null) or (.judged == "time" and .held == (.ratio.median >= .floor)) or (.judged == "cpu" and .held == (.cpu_ratio.median >= .floor)))'
check "relay and tunnel are measured, or said to be absent" has '(.instead + [.absent[].name]) as $said | ["socat", "coturn", "vxlan", "wireguard"] | all(. as $name | $said | index($name))'
the_table_has_every_row() { [ "$(grep -cE '^(veth|null) ' "$T/build/bench/bench.txt")" -eq "$(jq '.rows | length' "$json")" ]; }
check "the table has every row" the_table_has_every_row
the_plot_is_a_plot() {
	local names
	mapfile -t names < <(jq -r '.engines[], .instead[]' "$json")
	python3 -c 'import sys, xml.dom.minidom as dom
svg = dom.parse(sys.argv[1])
assert svg.documentElement.tagName == "svg", svg.documentElement.tagName
said = "".join(t.toxml() for t in svg.getElementsByTagName("text"))
for engine in sys.argv[2:]:
    assert engine in said, engine + " is not in the plot"' "$T/build/bench/bench.svg" "${names[@]}"
}
check "the plot is well-formed and shows every engine" the_plot_is_a_plot
check "nothing is left behind" nothing_left

# --- What must fail -----------------------------------------------------------------------------------------------------------
# A floor's engine by a name that is nobody's: its sender has no configuration, and sends natively.
printf 'base veth sendto 4 0 1 1\narm nobody inline med 64 sendto 0 0 0 -\narm raw inline med 64 sendto 0 0 0 -\n' >"$T/plan"
bench ROUNDS=2 SLICE=2 SINKS=veth ENGINES=raw INSTEAD= PLAN="$T/plan"
wait "$bench_pid"
status=$?
an_idle_arm_is_a_failure() {
	[ "$status" -eq 1 ] || { echo "exit status $status"; tail -5 "$T/said.err"; return 1; }
	has '[.rows[] | {engine, failed: has("error")}] == [{engine: "nobody", failed: true}, {engine: "raw", failed: false}]'
}
check "an arm that wraps nothing is a failure, and only that one" an_idle_arm_is_a_failure

printf 'base veth sendto 4 0 1 1\narm raw inline med 64 sendto 0 0 0 -\n\nbase veth sendto 4 0 1 1\narm raw inline med 64 sendto 0 0 0 -\n' >"$T/long"
bench ROUNDS=101 SLICE=100 INSTEAD=socat PLAN="$T/long"
interrupted() {
	until_ 60 grep -qs '^sink' "$T/said" || { echo "it did not begin"; cat "$T/said" "$T/said.err"; return 1; }
	kill -INT "$bench_pid"
	wait "$bench_pid"
	status=$?
	[ "$status" -eq 130 ] || { echo "exit status $status"; return 1; }
	nothing_left
}
# Not in a subshell: the run is waited for.
if interrupted >"$T/why" 2>&1; then interrupted_well=true; else interrupted_well="cat $T/why"; fi
check "an interrupted run leaves nothing behind" eval "$interrupted_well; [ '$interrupted_well' = true ]"
bench_pid=
finish
