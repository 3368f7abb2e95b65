# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# tap.sh - tests in TAP on standard output, for the scripts whose tests are commands. To be sourced.
tests=0 failures=0

# check NAME COMMAND... - one test; what the command prints is the diagnosis.
check() {
	local name=$1 said
	shift
	tests=$((tests + 1))
	if said=$("$@" 2>&1); then
		echo "ok $tests - $name"
	else
		failures=$((failures + 1))
		echo "not ok $tests - $name"
		diagnosis "$said"
	fi
}

# diagnosis SAID - what a test that failed shows; those who source this may have more to show.
diagnosis() { echo "# ${1//$'\n'/$'\n'# }"; }

skip() {
	tests=$((tests + 1))
	echo "ok $tests - $1 # SKIP $2"
}

finish() {
	echo "1..$tests"
	[ "$failures" -eq 0 ]
	exit
}
