#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# run.sh BUILD [GROUP...] - runs the tests and prints what failed; the last line is "N passed, N failed, N skipped".
# Every test program speaks TAP on standard output. Groups: unit model preload integration router e2e soak;
# bench, which is not among those that run without a name.
set -u
B=${1:?build folder}; shift
cd "$(dirname "$0")/.." || exit 2
case $B in /*) ;; *) B=$PWD/$B ;; esac
[ $# -gt 0 ] || set -- unit model preload integration router e2e soak
logs=$B/logs; mkdir -p "$logs"
passed=0 failed=0 skipped=0
export CMOCKA_MESSAGE_OUTPUT=TAP MD_BUILD="$B"
# A suppressed sanitizer report is a defect; leaks of the tests themselves count.
export ASAN_OPTIONS="${ASAN_OPTIONS:-abort_on_error=0:exitcode=86}" UBSAN_OPTIONS="${UBSAN_OPTIONS:-print_stacktrace=1}"

# run NAME COMMAND... - one test program; a program that dies or announces more tests than it ran has failed once more.
run() {
	name=$1; shift
	log=$logs/$(echo "$name" | tr '/ ' '__').log
	"$@" >"$log" 2>"$log.err" </dev/null
	rc=$?
	counts=$(awk '
		/^ok .*# *SKIP/ { s++; next }
		/^ok / { p++ } /^not ok / { f++ } /^1\.\.[0-9]+/ { split($1, a, "[.][.]"); plan += a[2] }
		END { printf "%d %d %d %d", p, f, s, plan }' "$log")
	# shellcheck disable=SC2086
	set -- $counts
	p=$1 f=$2 s=$3 plan=$4
	if [ "$rc" -ne 0 ] && [ "$f" -eq 0 ] || [ $((p + f + s)) -lt "$plan" ] || [ $((p + f + s)) -eq 0 ]; then
		f=$((f + 1)); echo "not ok - $name: exit status $rc, $((p + f + s - 1)) of $plan tests" >>"$log"
	fi
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
	printf '%-44s %4d passed %3d failed %3d skipped\n' "$name" "$p" "$f" "$s"
	if [ "$f" -gt 0 ]; then
		grep -A 12 '^not ok' "$log" | grep -v '^ok' | head -80 | sed 's/^/    /'
		tail -25 "$log.err" | sed 's/^/    | /'
	fi
	grep -h '^ok.*# *SKIP' "$log" | sed 's/^/    /'
	# Some are read for what they say, not only for whether they pass: each trap with what shows it, figures.
	case $name in
	integration/traps) sed -n 's/^ok [0-9]* - trap/    trap/p' "$log" ;;
	soak/rotations | soak/codes) grep '^# ' "$log" | tail -9 | sed "s/^/    /" ;;
	soak/soak | bench/*) grep '^# ' "$log" | tail -30 | sed 's/^/    /' ;;
	esac
}

for group in "$@"; do
	case $group in
	unit)
		for t in "$B"/tests/unit/test_*; do
			case $t in *.o | *.d) continue ;; esac
			if [ "${MD_SANITIZER:-}$(basename "$t")" = tsantest_mdhint ]; then
				run unit/test_mdhint echo "ok 1 - mdhint # SKIP GStreamer is not built for this sanitizer"
				continue
			fi
			run "unit/$(basename "$t")" "$t"
		done ;;
	preload) run preload tests/preload/driver.sh "$B" ;;
	bench)
		for t in count recognise auth; do
			run "bench/$t" "tests/bench/$t.sh" "$B"
		done ;;
	model | integration | router | e2e | soak)
		for t in tests/$group/*.sh; do
			case $t in */lib.sh | *_lib.sh) continue ;; esac
			[ -e "$t" ] || continue
			run "$group/$(basename "$t" .sh)" "$t" "$B"
		done ;;
	*) echo "run.sh: no group of that name: $group (unit model preload integration router e2e soak bench)" >&2; exit 2 ;;
	esac
done
echo "logs: $logs"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
