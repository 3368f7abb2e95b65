#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# run.sh BUILD SECONDS - runs each fuzzer of BUILD/tests/fuzz for SECONDS, one line each; not zero if one fails.
# Seeds of fuzz_NAME come from tests/fuzz/corpus/NAME; what is found goes to BUILD/tests/fuzz/fuzz_NAME.corpus, and an
# input that fails to BUILD/tests/fuzz/fuzz_NAME.fail-*, to be given to the fuzzer as its only argument.
set -u
B=${1:?build folder} seconds=${2:?seconds}
case $B in /*) ;; *) B=$PWD/$B ;; esac
cd "$(dirname "$0")/../.." || exit 2
count=0 failed=0
for f in "$B"/tests/fuzz/fuzz_*; do
	if [ ! -f "$f" ] || [ ! -x "$f" ]; then continue; fi
	case $f in *.corpus | *.log | *.fail-* | *.d) continue ;; esac
	name=$(basename "$f")
	count=$((count + 1))
	mkdir -p "$f.corpus"
	set -- "$f.corpus"
	[ -d "tests/fuzz/corpus/${name#fuzz_}" ] && set -- "$@" "tests/fuzz/corpus/${name#fuzz_}"
	if "$f" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
		-artifact_prefix="$f.fail-" "$@" >"$f.log" 2>&1; then
		runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$f.log")
		echo "ok $count - fuzz/$name: ${runs:-?} inputs in $seconds s"
	else
		failed=$((failed + 1))
		echo "not ok $count - fuzz/$name: see $f.log"
		grep -E '^(SUMMARY|==[0-9]+==ERROR|artifact_prefix|Test unit written)' "$f.log" | sed 's/^/# /'
	fi
done
echo "1..$count"
[ "$count" -gt 0 ] || echo "# no fuzzer was built in $B/tests/fuzz" >&2
[ "$count" -gt 0 ] && [ "$failed" -eq 0 ]
