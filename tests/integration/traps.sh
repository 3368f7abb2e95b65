#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# traps.sh BUILD - docs/traps.md, read as the list of traps: each number is there, what is said to show it exists and names
# the number in turn, and no test names a number that does not name it. One TAP line for each trap, with its tests.
set -u
cd "$(dirname "$(readlink -f -- "$0")")/../.." || exit 2
list=docs/traps.md
n=0 failed=0

# One line for each trap: number, name and what shows it, by tabs.
traps() {
	awk '
		function out() { if (number) printf "%s\t%s\t%s\n", number, name, shown }
		/^[0-9]+\. \*\*/ {
			out()
			number = $1; sub(/\..*/, "", number)
			name = $0; sub(/^[0-9]+\. \*\*/, "", name)
			shown = ""; named = 0; showing = 0
			if (sub(/\*\*.*/, "", name)) sub(/[.:,]+$/, "", name)
			next
		}
		/^#/ { showing = 0; next }
		number && /^ +Shown by: / { sub(/^ +Shown by: /, ""); shown = $0; showing = 1; next }
		number && showing && /^ / { sub(/^ +/, " "); shown = shown $0; next }
		END { out() }' "$list"
}

# names FILE NUMBER - whether a line "rule: ..." of the file has the number
names() { sed -n 's/^.*[*#] rule: *\([0-9 ]*\).*$/\1/p' "$1" | tr -s ' ' '\n' | grep -qx "$2"; }

# file FILE NUMBER - what is wrong with a file that is said to show it
file() {
	if [ ! -f "$1" ]; then echo "# $1 is not there"
	elif ! names "$1" "$2"; then echo "# $1 does not say \"rule: $2\""
	fi
}

# quoted STRING... - each text in double quotes on a line of its own
quoted() { grep -o '"[^"]*"' <<<"$*" | tr -d '"'; }

# shows NUMBER ITEM - what is wrong with one item
shows() {
	local number=$1 kind=${2%% *} rest=${2#* } word
	case $kind in
	victims) for word in $rest; do file "tests/preload/victims/$word.c" "$number"; done ;;
	unit) file "tests/unit/$rest.c" "$number" ;;
	script) file "$rest" "$number" ;;
	lint)
		while IFS= read -r word; do
			grep -qF "check '$word'" tests/lint/run.sh || echo "# tests/lint/run.sh has no check '$word'"
		done < <(quoted "$rest") ;;
	text)
		word=${rest#* }
		grep -qF -- "${word//\"/}" "${rest%% *}" || echo "# ${rest%% *} does not say $word" ;;
	*) echo "# cannot read \"$2\"" ;;
	esac
}

result() {
	n=$((n + 1))
	if [ -z "$2" ]; then
		echo "ok $n - $1"
	else
		failed=$((failed + 1))
		printf 'not ok %s - %s\n%s\n' "$n" "$1" "$2"
	fi
}

table=$(traps)
result 'the traps are 1 to 86, in their order' "$(diff <(seq 86) <(cut -f 1 <<<"$table") | sed 's/^/# /')"
while IFS=$'\t' read -r number name shown; do
	wrong=
	[ -n "$shown" ] || wrong='# nothing shows it'
	while IFS= read -r item; do
		[ -z "$item" ] || wrong+=$(shows "$number" "$item")
	done < <(sed 's/; */\n/g' <<<"$shown")
	result "trap $number, $name: $shown" "$wrong"
done <<<"$table"

# The other way round: what a test claims is in the list.
claims() {
	local f number what
	for f in tests/preload/victims/*.c tests/unit/*.c tests/integration/*.sh tests/preload/*.sh tests/e2e/*.sh; do
		case $f in
		tests/preload/victims/*) what=$(basename "$f" .c) ;;
		tests/unit/*) what="unit $(basename "$f" .c)" ;;
		*) what="script $f" ;;
		esac
		sed -n 's/^.*[*#] rule: *\([0-9 ]\{1,\}\).*$/\1/p' "$f" | tr -s ' ' '\n' | grep . | while read -r number; do
			awk -F '\t' -v n="$number" -v what="$what" '$1 == n && index($3 " ", what " ") { f = 1 }
				$1 == n && index($3 ";", what ";") { f = 1 } END { exit !f }' <<<"$table" ||
				echo "# $f claims $number, which does not name it"
		done
	done
}
result 'every claim of a test is in the list' "$(claims)"
echo "1..$n"
[ "$failed" -eq 0 ]
