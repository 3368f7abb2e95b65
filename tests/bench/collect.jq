# SPDX-License-Identifier: BSD-3-Clause
# collect.jq - the rows of a bench, one object each, into one document with what it was measured on.
def absent: [$absent | split("\n")[] | select(. != "") | capture("^(?<name>[^ ]+) (?<why>.*)$")];
def words: split(" ") | map(select(. != ""));
{
	date: $date, kernel: $kernel, cpu: $cpu, processors: $processors, load_before: $before, load_after: $after,
	seconds: $seconds, slice_ms: $slice, rounds: $rounds, full: $full,
	engines: ($engines | words), ways: ($ways | words), sinks: ($sinks | words), instead: ($instead | words), absent: absent,
	self: {
		worst_q1: ([.[].self.q1 // empty] | min), worst_q3: ([.[].self.q3 // empty] | max),
		cases_steady: ([.[] | select(.steady) | [.sink, .base_call, .target, .base_connected, .flows, .threads]] | unique | length),
		cases: ([.[] | [.sink, .base_call, .target, .base_connected, .flows, .threads]] | unique | length)
	},
	goals: [group_by(.due)[] | select(.[0].due) | {
		name: .[0].due, floor: .[0].floor, goal: .[0].goal, rows: length, judged: (map(select(.judged)) | length),
		held: (map(select(.held)) | length), reached: (map(select(.reached)) | length),
		least: (map(if .judged == "cpu" then .cpu_ratio.median else .ratio.median end) | min),
		most: (map(if .judged == "cpu" then .cpu_ratio.median else .ratio.median end) | max)
	}],
	rows: .
}
