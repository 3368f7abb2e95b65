# SPDX-License-Identifier: BSD-3-Clause
# figures.jq - the rows of a bench as the tables of docs/figures.md.
def two: (. * 100 | round) as $n | "\($n / 100 | floor).\($n % 100 | tostring | if length < 2 then "0" + . else . end)";
# By time where the baseline repeated itself, else by processor time, marked c.
def said: if . == null then "" elif .error then "failed" else
	(if .steady then .ratio else .cpu_ratio end) as $r | "**\($r.median | two)** \($r.q1 | two)-\($r.q3 | two)" + (if .steady then "" else " c" end) end;
def line: "| " + join(" | ") + " |";
def head: line, (map("---") | line);
def inline: [.ways[] | select(endswith(":inline")) | split(":")[0]];
def find(f): first(.rows[] | select(f)) // null;
def yes: if . then "yes" else "no" end;
def shape: "\(.call)\(if .connected then ", connected" else "" end)";
def own: .call == .base_call and .connected == .base_connected;

. as $all | .sinks[0] as $sink |
[.ways[] | split(":") | {e: .[0], m: .[1]}] as $columns |
"\(.date), \(.kernel), \(.cpu), \(.processors) processors, load \(.load_before) before and \(.load_after) after. \(.rows | length) rows in \(.seconds) s, \(.rounds) rounds of \(.slice_ms) ms" +
(if .full then ", the full matrix" else "" end) + ". The baseline repeated itself (quartiles within 0.93 to 1.07) in \(.self.cases_steady) of \(.self.cases) cases; its worst quartiles were \(.self.worst_q1 | two) and \(.self.worst_q3 | two)." +
(if .absent == [] then "" else " Not there: " + ([.absent[] | "\(.name) (\(.why))"] | join("; ")) + "." end),
"", "Floors and goals (`tests/bench/floors`):", "",
(["due to", "floor", "goal", "medians", "floor held", "goal reached"] | head),
(.goals[] | [.name, .floor, .goal, (if .judged == 0 then "too noisy to say" else "\(.least | two) to \(.most | two)" end),
	"\(.held) of \(.judged)", "\(.reached) of \(.judged)"] | map(tostring) | line),
"", "One flow, one thread, MED, AUTH over 64 octets, on the link:", "",
(["call", "IP"] + [$columns[] | "\(.e), \(.m)"] | head),
(("sendto", "sendmsg", "sendmmsg", "train") as $call | (false, true) as $con | ("4", "6") as $family |
	[$call + (if $con then ", connected" else "" end), $family] + [$columns[] as $c |
		$all | find(.sink == $sink and .call == $call and .connected == $con and .target == $family and .flows == 1 and .threads == 1 and
			.engine == $c.e and .mode == $c.m and .option == "med" and .cover == "64" and own) | said] | line),
"", "Option and cover, `sendto`, not connected, IPv4, inline; and the same on a device that drops what it is given:", "",
(["option", "cover", "sink"] + inline | head),
(.sinks[] as $s | ("med", "ofc") as $option | ("64", "datagram") as $cover |
	[inline[] as $e | $all | find(.sink == $s and .call == "sendto" and (.connected | not) and .target == "4" and .flows == 1 and .threads == 1 and
		.engine == $e and .mode == "inline" and .option == $option and .cover == $cover and own) | said] |
	select(any(. != "")) | [$option, $cover, $s] + . | line),
"", "Many flows and two threads, MED, AUTH over 64 octets, not connected, on the link:", "",
(["call", "IP", "flows", "threads"] + [$columns[] | "\(.e), \(.m)"] | head),
(("sendto", "sendmmsg") as $call | ("4", "6") as $family | ([1, 1], [1000, 1], [100000, 1], [1, 2]) as [$flows, $threads] |
	[$columns[] as $c | $all | find(.sink == $sink and .call == $call and (.connected | not) and .target == $family and .flows == $flows and
		.threads == $threads and .engine == $c.e and .mode == $c.m and .option == "med" and .cover == "64" and own) | said] |
	select(any(. != "")) | [$call, $family, ($flows | tostring), ($threads | tostring)] + . | line),
"", "What is left alone: calls on other descriptors, a program that is not served, a destination that no route covers:", "",
(["what", "call"] + .engines | head),
([.rows[] | select(.mode == "pass" or .mode == "unserved")] | unique_by([.mode, .target, .call])[] as $r |
	[if $r.mode == "unserved" then "not served" elif $r.target == "bare" then "no route" else "not ours" end, $r.call] +
	[$all.engines[] as $e | $all | find(.mode == $r.mode and .call == $r.call and .target == $r.target and .engine == $e) | said] | line),
"", "Against a plain `sendto`, not connected, IPv4: segment trains with the shim, and what could be used in its place (time or processor time of everything that takes part):", "",
(["what", "ratio"] | head),
(.rows[] | select(.sink == $sink and .target == "4" and .base_call == "sendto" and (.base_connected | not) and (.mode == "instead" or (own | not))) |
	[if .mode == "instead" then .engine else "\(.engine), \(shape)" end, said] | line)
