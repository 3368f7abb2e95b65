# SPDX-License-Identifier: BSD-3-Clause
# plan.awk -v engines="raw nft" -v ways="raw:inline raw:tunnel nft:tunnel" -v instead="socat vxlan" -v sinks="veth null" -v full=0|1 FLOORS - the cases of a bench, as
# pair reads them.
#
# Full: every engine x call x connected x family x option x cover x mode x sink, with 1, 1,000 and 100,000 flows, and 1 and 2
# threads. What cannot be is left out: a connected socket and a train have one destination.
# Otherwise what is the same code as in another row is left out: option and cover are varied together with call, family and
# connection on the link with one flow and one thread only, and there in the tunnel only as two pairs; the null device has IPv4
# and one cover; many flows and two threads have one option, one cover and the calls that differ in how they look a flow up.

!/^#/ && NF {
	floors++
	for (i = 1; i <= NF; i++)
		is[floors, i] = $i
}

function fits(n, i, value) { return is[n, i] == "*" || is[n, i] == value }

# The engine arms of a case, with the floor that is due to them.
function arm(engine, mode, option, cover, call, connected,   n, floor, goal, name, same) {
	if ((mode == "inline" || mode == "tunnel") && !((engine ":" mode) in can))
		return
	floor = goal = 0
	name = "-"
	same = call == base_call && connected == base_connected
	for (n = 1; n <= floors && base_flows == 1 && base_threads == 1; n++) {
		if (!(fits(n, 4, engine) && fits(n, 5, mode) && fits(n, 6, option) && fits(n, 7, cover) && fits(n, 8, call) && fits(n, 9, connected)))
			continue
		if (is[n, 10] == "same" ? same : is[n, 10] == base_call && is[n, 11] == base_connected && !same) {
			floor = is[n, 2]
			goal = is[n, 3]
			name = is[n, 1]
		}
	}
	print "arm", engine, mode, option, cover, call, connected, floor, goal, name
}

function base(sink, call, target, connected, flows, threads) {
	base_call = call; base_connected = connected; base_flows = flows; base_threads = threads
	print ""
	print "base", sink, call, target, connected, flows, threads
}

function all_arms(call, connected,   e, m, o, c) {
	for (e = 1; e <= engine_count; e++)
		for (m = 1; m <= 2; m++)
			for (o = 1; o <= 2; o++)
				for (c = 1; c <= 2; c++)
					arm(engine[e], mode[m], option[o], cover[c], call, connected)
}

function chosen_arms(call, connected, sink,   e, o, c) {
	for (e = 1; e <= engine_count; e++) {
		for (o = 1; o <= 2; o++)
			for (c = 1; c <= (sink == "veth" ? 2 : 1); c++)
				arm(engine[e], "inline", option[o], cover[c], call, connected)
		arm(engine[e], "tunnel", "med", "64", call, connected)
		if (sink == "veth")
			arm(engine[e], "tunnel", "ofc", "datagram", call, connected)
	}
}

function two_arms(call, connected,   e) {
	for (e = 1; e <= engine_count; e++) {
		arm(engine[e], "inline", "med", "64", call, connected)
		arm(engine[e], "tunnel", "med", "64", call, connected)
	}
}

# Against the plain call of an ordinary server: trains, and what could be done in place of the shim.
function across(sink, target,   e, i) {
	for (e = 1; e <= engine_count; e++)
		for (i = 0; i <= 1; i++)
			arm(engine[e], "inline", "med", "64", "train", i)
	for (i = 1; target == "4" && (full || sink == "veth") && i <= instead_count; i++)
		arm(other[i], "instead", "-", "-", "sendto", 0)
}

function passes(sink,   e, i) {
	split("tcp unix file", special, " ")
	for (i = 1; i <= 3; i++) {
		base(sink, special[i], "-", i < 3, 1, 1)
		for (e = 1; e <= engine_count; e++)
			arm(engine[e], "pass", "-", "-", special[i], i < 3)
	}
	for (i = 1; i <= 3; i += 2) {
		base(sink, call[i], "4", 0, 1, 1)
		for (e = 1; e <= engine_count; e++)
			arm(engine[e], "unserved", "-", "-", call[i], 0)
		base(sink, call[i], "bare", 0, 1, 1)
		for (e = 1; e <= engine_count; e++)
			arm(engine[e], "pass", "-", "-", call[i], 0)
	}
}

END {
	engine_count = split(engines, engine, " ")
	n = split(ways, way, " ")
	for (i = 1; i <= n; i++)
		can[way[i]]
	instead_count = split(instead, other, " ")
	sink_count = split(sinks, sink, " ")
	split("sendto sendmsg sendmmsg train", call, " ")
	split("4 6", family, " ")
	split("1 1000 100000", flows, " ")
	split("inline tunnel", mode, " ")
	split("med ofc", option, " ")
	split("64 datagram", cover, " ")
	for (s = 1; s <= sink_count; s++) for (t = 1; t <= 2; t++) for (n = 1; n <= 3; n++) for (f = 1; f <= 2; f++)
		for (k = 1; k <= 4; k++) for (c = 0; c <= 1; c++) {
			if (n > 1 && (c == 1 || call[k] == "train"))
				continue
			plain = n == 1 && t == 1
			if (!full && !plain && (sink[s] != "veth" || t == 2 && (n > 1 || f == 2) || k == 2 || k == 4))
				continue
			if (!full && sink[s] == "null" && f == 2)
				continue
			base(sink[s], call[k], family[f], c, flows[n], t)
			if (full)
				all_arms(call[k], c)
			else if (plain)
				chosen_arms(call[k], c, sink[s])
			else
				two_arms(call[k], c)
			if (plain && call[k] == "sendto" && c == 0)
				across(sink[s], family[f])
		}
	passes(sink[1])
}
