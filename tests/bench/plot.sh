#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# plot.sh JSON - the rows of a bench as SVG on standard output: medians and quartiles, 1 is the call without the shim.
set -eu
json=${1:?usage: plot.sh JSON}
data=$(mktemp -d)
trap 'rm -rf "$data"' EXIT
# Time where the baseline repeated itself, else processor time, which other programs of the machine disturb less.
# One flow, one thread, IPv4, on the link (or the only sink): what an ordinary server does; and what could be used in its place.
jq -r '(.sinks[0]) as $sink | .rows[] | select(.ratio and .sink == $sink and .flows == 1 and .threads == 1 and .target != "6") |
	select((.option == "med" and .cover == "64") or .mode == "instead" or .mode == "unserved" or .mode == "pass") |
	[.engine, "\(.call)\(if .connected then " connected" else "" end)\(if .base_call != .call or .base_connected != .connected then " against " + .base_call else "" end)\(if .mode == "inline" then "" else ", " + (if .target == "bare" then "no route" else .mode end) end)",
	 (if .steady then .ratio else .cpu_ratio end | .q1, .median, .q3)] | @tsv' "$json" | awk -F '\t' -v OFS='\t' -v data="$data" '
	!($2 in place) { place[$2] = n++; print $2 >(data "/labels") }
	{
		if (!($1 in engine)) { engine[$1] = e++; print $1 >(data "/engines") }
		print place[$2], $3, $4, $5 >(data "/rows." $1)
	}'
[ -s "$data/labels" ] || { echo "plot.sh: $json has no rows to show" >&2; exit 1; }
engines=$(wc -l <"$data/engines") rows=$(wc -l <"$data/labels")
{
	echo "set terminal svg size 900,$((120 + rows * 12 + rows * engines * 6)) dynamic font 'sans,11' background '#ffffff'"
	echo "set title 'Speed of send calls, as a ratio to the same call without the shim (median, quartiles)' noenhanced"
	echo "set key outside top horizontal; set grid xtics; set xlabel 'ratio'; set xrange [0:*]"
	echo "set yrange [$rows - 0.3:-0.7]; set arrow from 1, graph 0 to 1, graph 1 nohead lw 1 lc rgb '#888888'"
	printf 'set ytics ('
	awk -F '\t' '{ printf "%s\"%s\" %d", (NR > 1 ? ", " : ""), $0, NR - 1 }' "$data/labels"
	echo ')'
	awk -v data="$data" -v n="$engines" '{
		printf "%s\"%s/rows.%s\" using 3:($1 + %.3f):2:4 with xerrorbars pt 7 ps 0.5 lc %d title \"%s\"", (NR > 1 ? ", " : "plot "), data, $0,
			(NR - (n + 1) / 2) * 0.7 / n, NR, $0
	} END { print "" }' "$data/engines"
} >"$data/script"
gnuplot "$data/script"
