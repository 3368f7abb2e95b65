#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# run.sh BUILD SECONDS - runs each fuzzer of BUILD/tests/fuzz for SECONDS, as many at once as there are processors but at most
# FUZZ_JOBS (2), one line each; not zero if one fails.
# Seeds of fuzz_NAME come from tests/fuzz/corpus/NAME; what is found goes to BUILD/tests/fuzz/fuzz_NAME.corpus, and an
# input that fails to BUILD/tests/fuzz/fuzz_NAME.fail-*, to be given to the fuzzer as its only argument.
set -u
B=${1:?build folder} seconds=${2:?seconds}
case $B in /*) ;; *) B=$PWD/$B ;; esac
self=$(cd "$(dirname "$0")" && pwd)/$(basename "$0")
cd "$(dirname "$self")/../.." || exit 2

# One fuzzer, whose result goes to a file of its own.
if [ $# -eq 3 ]; then
	f=$3 name=$(basename "$3")
	mkdir -p "$f.corpus"
	set -- "$f.corpus"
	[ -d "tests/fuzz/corpus/${name#fuzz_}" ] && set -- "$@" "tests/fuzz/corpus/${name#fuzz_}"
	if "$f" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
		-artifact_prefix="$f.fail-" "$@" >"$f.log" 2>&1; then
		runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$f.log")
		echo "ok - fuzz/$name: ${runs:-?} inputs in $seconds s" >"$f.result"
	else
		{
			echo "not ok - fuzz/$name: see $f.log"
			grep -aE '^(SUMMARY|==[0-9]+==ERROR|artifact_prefix|Test unit written)' "$f.log" | sed 's/^/# /'
		} >"$f.result"
	fi
	exit 0
fi

rm -f "$B"/tests/fuzz/fuzz_*.result
jobs=$(nproc)
[ "$jobs" -le "${FUZZ_JOBS:-2}" ] || jobs=${FUZZ_JOBS:-2}
for f in "$B"/tests/fuzz/fuzz_*; do
	if [ ! -f "$f" ] || [ ! -x "$f" ]; then continue; fi
	case $f in *.corpus | *.log | *.fail-* | *.d) continue ;; esac
	printf '%s\0' "$f"
done | xargs -0 -r -n 1 -P "$jobs" "$self" "$B" "$seconds"
count=0 failed=0
for r in "$B"/tests/fuzz/fuzz_*.result; do
	[ -e "$r" ] || continue
	count=$((count + 1))
	grep -q '^ok' "$r" || failed=$((failed + 1))
	sed "s/^\(ok\|not ok\) /\1 $count /" "$r"
done
echo "1..$count"
[ "$count" -gt 0 ] || echo "# no fuzzer was built in $B/tests/fuzz" >&2
[ "$count" -gt 0 ] && [ "$failed" -eq 0 ]
