# SPDX-License-Identifier: BSD-3-Clause
# truth.jq - what Chromium's encoders said of their frames against what is on the wire, stream by stream. Input: truth, marks and
# explained, three lists; $rows, what was asked for. Output: for each stream its line of the table and what disagrees.
#
# The truth is the encoder's own: which frames a frame refers to, hence which are independent and which nothing refers to;
# and the octets of each. What is read here of payloads is only how to put frames together again.

def octet($i): (.[2 * $i : 2 * $i + 2] | explode | map(if . > 96 then . - 87 else . - 48 end)) as [$high, $low] | 16 * $high + $low;
def bit($mask): (. / $mask | floor) % 2 == 1;
def one_if(condition): if condition then 1 else 0 end;

# Octets in front of the frame's, RFC 7741 section 4.2.
def vp8_descriptor:
	. as $p | octet(0) as $a
	| if $a | bit(128) | not then 1
	  else ($p | octet(1)) as $x
		| 2 + (if $x | bit(128) then 1 + one_if($p | octet(2) | bit(128)) else 0 end) + one_if($x | bit(64))
			+ one_if(($x | bit(32)) or ($x | bit(16)))
	  end;

# RFC 9628 section 4.2.
def vp9_descriptor:
	. as $p | octet(0) as $a
	| {at: 1}
	| if $a | bit(128) then .at += 1 + (.at as $at | one_if($p | octet($at) | bit(128))) else . end
	| if $a | bit(32) then .at += (if $a | bit(16) then 1 else 2 end) else . end
	| if ($a | bit(64)) and ($a | bit(16)) then until(.at as $at | $p | octet($at) | bit(1) | not; .at += 1) | .at += 1 else . end
	| if $a | bit(2) then (.at as $at | $p | octet($at)) as $s
		| .at += 1 + (if $s | bit(16) then 4 * (1 + ($s / 32 | floor)) else 0 end)
		| if $s | bit(8) then (.at as $at | $p | octet($at)) as $pictures
			| .at += 1 | reduce range($pictures) as $_ (.; .at += 1 + (.at as $at | $p | octet($at) / 4 | floor % 4))
		  else . end
	  else . end
	| .at;

# The elements of a packet, AV1 RTP specification section 4.4, one behind the other: OBUs go on from packet to packet.
def av1_elements:
	. as $p | (length / 2) as $len | (octet(0) / 16 | floor % 4) as $announced
	| {at: 1, out: "", n: 0}
	| until(.at >= $len;
		.n += 1
		| if .n == $announced then .size = $len - .at
		  else .size = 0 | .scale = 1 | .more = true
			| until(.more | not; (.at as $at | $p | octet($at)) as $o
				| .size += ($o % 128) * .scale | .scale *= 128 | .more = ($o | bit(128)) | .at += 1)
		  end
		| .out += $p[2 * .at : 2 * (.at + .size)] | .at += .size)
	| .out;

def of_frame($codec):
	if $codec == "VP8" then .[2 * vp8_descriptor :]
	elif $codec == "VP9" then .[2 * vp9_descriptor :]
	else av1_elements end;

# MDUs are layer frames where the packets tell layers apart, else pictures.
def units($row):
	([.[].refers[]] | map({key: tostring, value: true}) | from_entries) as $referred
	| ([.[].temporal] | max) as $top
	| [.[] | .class =
		if (.refers | length) == 0 then "key"
		elif .temporal == $top and $top > 0 and ($referred[.id | tostring] | not) then "discardable"
		elif .temporal + .spatial > 0 then "enhancement"
		else "base" end
		| if $row.blind then .class = "unknown" else . end]
	| .[:$row.frames]
	| if $row.unit == "layer" then .
	  else [group_by(.n - .spatial)[] | sort_by(.n) | .[0] + {size: (map(.size) | add), octets: (map(.octets) | add)}] end
	# Nothing in AV1 itself tells whether others refer to a frame.
	| if $row.unseen then map(if .class == "discardable" then .class = "enhancement" else . end) else . end;

def meaning: {"key": "111", "base": "211", "enhancement": "322", "discardable": "332", "unknown": "020"}[.];

# An MDU for each Counter in a row; D, P and L as they are once it was seen whole.
def mdus:
	reduce .[] as $p ([]; if length > 0 and .[-1].counter == $p.counter then .[-1].packets += [$p]
		else . + [{counter: $p.counter, packets: [$p]}] end)
	| map(. + {said: (.packets[-1] | "\(.d)\(.p)\(.l)"), ts: .packets[0].rtp.ts, roles: [.packets[].role]});

# Only the first packet begins it, only the last one ends it.
def starts: [.roles[] | . == "start" or . == "only"] | . == [range(length) as $i | $i == 0];
def ends: [.roles[] | . == "end" or . == "only"] | . == [range(length) as $i | $i == length - 1];

# Whether the packets carry the octets of just that frame; if they cannot be read, as many, but for what is around them.
def carries($unit; $row):
	if $row.sealed then ([.packets[].rtp.payload] | add) - $unit.size | . > -60 and . < 60 * ($unit.size / 1000 + 6 | floor)
	else ([.packets[].rtp.octets | of_frame($row.codec)] | add) == $unit.octets end;

. as {$truth, $marks, $explained}
| ($explained | map(select(.seq) | {key: "\(.ssrc) \(.seq)", value: .role}) | from_entries) as $role
| $rows[] as $row
| ($truth | map(select(.row == $row.name)) | sort_by(.n)) as $frames
| ($frames | units($row)) as $units
| $units[-1].ts as $last
| ($marks | map(select(.rtp.ssrc == $frames[0].ssrc and ($last - .rtp.ts + 4294967296) % 4294967296 < 2147483648) | .role = $role["\(.rtp.ssrc) \(.rtp.seq)"])) as $packets
| ($packets | mdus) as $mdus
| [range([$units, $mdus | length] | max) as $i | $units[$i] as $unit | $mdus[$i] as $mdu
	| if $unit and $mdu then {
		starts: ($mdu | starts), ends: ($mdu | ends), importance: ($mdu.said == ($unit.class | meaning)),
		frame: ($mdu.ts == $unit.ts and ($mdu | carries($unit; $row)))
	  } else {} end
	| . + {$unit, $mdu}] as $pairs
| {
	name: $row.name, packets: ($packets | length), mdus: ($mdus | length), frames: ($units | length),
	classes: ($units | group_by(.class) | map({key: .[0].class, value: length}) | from_entries)
} + (["frame", "starts", "ends", "importance"] | map(. as $what | {key: ("right_" + .), value: ([$pairs[] | select(.[$what])] | length)}) | from_entries)
+ {wrong: [$pairs[] | select([.frame, .starts, .ends, .importance] != [true, true, true, true])
	| {n: .unit.n, class: .unit.class, ts: .unit.ts, said: .mdu.said, mdu_ts: .mdu.ts, roles: .mdu.roles, frame}][:5]}
