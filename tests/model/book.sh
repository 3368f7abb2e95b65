#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# book.sh BUILD - the model of a book's life (book.pml), searched as a whole for each set of faults; and each precaution taken
# away once, which must be found out. TAP.
set -u
B=${1:?build folder}
case $B in /*) ;; *) B=$PWD/$B ;; esac
here=$(cd "$(dirname "$0")" && pwd)
T=$B/model
mkdir -p "$T"
n=0
# search -D... - 0: every state was seen and nothing is wrong; 1: an assertion fails; 2: neither is known.
search() {
	rm -rf "$T/work"; mkdir "$T/work"; cd "$T/work" || return 2
	spin "$@" -a "$here/book.pml" >spin.log 2>&1 && gcc -O2 -w -DSAFETY -DCOLLAPSE -DMEMLIM=4000 -o pan pan.c || return 2
	timeout 300 ./pan -m100000 -w22 >pan.log 2>&1 || return 2
	grep -q 'assertion violated' pan.log && return 1
	grep -q 'errors: 0' pan.log && ! grep -qE 'max search depth too small|memory limit|out of memory' pan.log || return 2
}
states() { sed -n 's/^ *\([0-9.e+]*\) states, stored.*/\1/p' pan.log; }
# result RC WANTED TITLE
result() {
	n=$((n + 1))
	if [ "$1" = "$2" ]; then
		echo "ok $n - $3 ($(states) states)"
	else
		echo "not ok $n - $3"
		tail -15 spin.log pan.log 2>/dev/null | sed 's/^/# /'
	fi
}
# holds BOOKS CRASHES RESETS TORN REFUSALS TITLE
holds() {
	search -DBOOKS="$1" -DCRASHES="$2" -DRESETS="$3" -DTORN="$4" -DREFUSALS="$5"
	result $? 0 "no unknown code, never without a book: $6"
}
holds 4 0 0 0 0 'four books, a network that loses, repeats and reorders'
holds 3 2 0 0 0 'the provisioner killed twice'
holds 3 1 0 1 1 'the provisioner killed, a file torn, a refusal'
holds 3 0 1 0 1 'a router killed, a refusal'

# fails NAME BOOKS CRASHES RESETS TORN REFUSALS TITLE
fails() {
	search -D"$1" -DBOOKS="$2" -DCRASHES="$3" -DRESETS="$4" -DTORN="$5" -DREFUSALS="$6"
	result $? 1 "found out: $7"
}
fails MUT_ALL 3 0 0 0 0 'a book used before all have accepted it'
fails MUT_DRAIN 3 0 0 0 0 'a book made while another drains'
fails MUT_HELD 3 0 0 0 1 'a book made after a refusal, which pushes out the one in use'
fails MUT_QUIET 3 1 0 0 0 'a book made at once after a restart'
fails MUT_ANSWER 3 0 1 0 0 'an answer before the book is on disk'
fails MUT_ORPHAN 3 1 0 1 0 'a torn file that takes the book out of force'
fails REACH 3 0 0 0 0 'three books do become active in the model'
rm -rf "$T/work"
echo "1..$n"
