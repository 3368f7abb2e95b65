#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# lint/run.sh BUILD - holds the architecture: who may know whom, what is exported, what the send path may call; then the
# analysers. TAP on standard output.
set -u
shopt -s lastpipe # check runs in this shell, so that it can count
B=${1:?build folder}
cd "$(dirname "$0")/../.." || exit 2
n=0 failed=0

# check NAME: reads what is wrong from standard input; nothing is good.
check() {
	local wrong
	wrong=$(cat)
	n=$((n + 1))
	if [ -z "$wrong" ]; then
		echo "ok $n - $1"
	else
		failed=$((failed + 1))
		echo "not ok $n - $1"
		echo "$wrong" | head -40 | sed 's/^/# /'
	fi
}

so=$B/libmdshim.so
doors='send sendto sendmsg sendmmsg write writev syscall connect setsockopt shutdown prctl getsockopt'
taps='srtp_protect srtp_protect_mki ngtcp2_conn_writev_stream_versioned ngtcp2_conn_writev_datagram_versioned
	ngtcp2_conn_write_connection_close_versioned
	nghttp3_conn_server_new_versioned nghttp3_conn_client_new_versioned nghttp3_conn_writev_stream'
undefined() { nm -u "$@" 2>/dev/null | awk '/ [Uw] / { sub(/@.*/, "", $NF); print $NF }' | sort -u; }

# --- The library in somebody else's process ---------------------------------------------------------------------------
diff <(nm -D --defined-only "$so" | awk '{ print $3 }' | sort) <(tr -s ' \n\t' '\n' <<<"$doors $taps" | sort) |
	check 'exported symbols are exactly the doors, the ears and the taps'
readelf -d "$so" | awk '/NEEDED/ && !/\[libc\.so\.6\]/' | check 'libc is the only library needed'
{
	readelf -d "$so" | grep -q NODELETE || echo 'not linked with -z nodelete'
	readelf -d "$so" | grep -q 'BIND_NOW\|NOW' || echo 'not linked with -z now'
	readelf -l "$so" | grep -q GNU_RELRO || echo 'not linked with -z relro'
	readelf -d "$so" | grep INITFIRST
	readelf -l "$so" | grep -A1 GNU_STACK | grep -q 'RWE' && echo 'executable stack'
} | check 'linked nodelete, now, relro, and not initfirst'
{
	undefined "$so" | grep -x '__tls_get_addr'
	readelf -lW "$so" | awk '$1 == "TLS" { print $6 }' | while read -r size; do
		[ $((size)) -le 64 ] || echo "thread-local storage of $size octets"
	done
} | check 'thread-local storage is a few octets of the initial-exec kind'
undefined "$so" | grep -xE 'exit|_exit|abort|__assert_fail|pthread_create|atexit|__cxa_atexit|signal|sigaction|setenv|putenv' |
	check 'never ends, signals or changes its host'
readelf -SW "$so" | tr -d '[]' | awk '$2 == ".fini_array" || $2 == ".dtors" { print $2, $6 }' | while read -r name size; do
	[ $((16#$size)) -le 8 ] || echo "$name of 0x$size octets: more than the C library's own"
done | check 'no destructor of ours'

# --- Doors -------------------------------------------------------------------------------------------------------------
pattern=$(tr ' ' '|' <<<"$doors")
for o in "$B"/shim/*.o "$B"/shim/recognise/*.o "$B"/shim/egress/*.o "$B"/shim/wire/*.o; do
	[ "$(basename "$o")" = interpose.o ] && continue
	undefined "$o" | grep -xE "$pattern" | sed "s,^,$(basename "$o") names the door ,"
done | check 'only interpose.o names a door'
libc=$(ldconfig -p | awk '/libc\.so\.6/ { print $NF; exit }')
for d in $doors; do
	nm -D "$libc" | awk -v d="$d" '{ s = $3; v = s; sub(/@.*/, "", s); if (s == d) c++ } END { if (c != 1) print d, "has", c + 0, "versions" }'
done | check 'every door has one version in this libc'
nm -D "$libc" | grep -E ' __(send|sendto|sendmsg|sendmmsg|write|writev|connect)_chk' |
	check 'libc has no fortified variant of a door'

# --- What a room may call ------------------------------------------------------------------------------------------------
for o in "$B"/shim/wire/*.o; do
	undefined "$o" | grep -vE '^(md_.*|wire_.*|memcpy|memset|memcmp|memmove|__memcpy_chk|__memset_chk|__memmove_chk|__stack_chk_fail|_GLOBAL_OFFSET_TABLE_|__cpu_model|__cpu_indicator_init|getauxval|__(asan|ubsan|tsan).*)$' |
		while read -r s; do
			nm --defined-only "$B"/shim/wire/*.o 2>/dev/null | awk -v s="$s" '$3 == s { f = 1 } END { exit f }' &&
				echo "$(basename "$o") calls $s"
		done
done | check 'shim/wire is pure: it calls nothing but itself and memory functions'
for o in path entry lane split run batch ears sight target train tell why wrap empty broker stuntoken hints notes tapped socktab sockview flowtab table egress control route describe classify mdu octets ours process book usage memory unrouted; do
	undefined "$B/shim/$o.o" | grep -xE 'malloc|calloc|realloc|free|mmap64|.*printf.*|fopen.*|pthread_(mutex|rwlock|spin|once|cond).*|log_.*|getenv|secure_getenv|gettimeofday|time|dlsym|dlopen|usleep|nanosleep|poll|select' |
		sed "s,^,$o.o calls ,"
done | check 'the send path calls no heap, lock, log, file or environment'
cat shim/path.c shim/entry.c | grep -c 'clock_gettime' | grep -vx 1 | check 'the path reads the clock once'
for o in "$B"/shim/recognise/*.o "$B"/shim/{classify,mdu,octets,describe,control}.o; do
	undefined "$o" | grep -vE '^(mem(cpy|set|cmp|move)|__mem.*_chk|__stack_chk_fail|_GLOBAL_OFFSET_TABLE_|octet.*|.*_recognise|.*_doubtful|ext_find|md_.*|classify_.*|mdu_.*|dd_.*|__(asan|ubsan|tsan).*)$' |
		sed "s,^,$(basename "$o") calls ,"
done | check 'what recognises is pure'

# --- Who may include whom ------------------------------------------------------------------------------------------------
# may FILES... -- HEADERS...: quoted includes of FILES must be among HEADERS or the file's own header.
may() {
	local files=()
	while [ "$1" != -- ]; do files+=("$1"); shift; done
	shift
	local f h
	for f in "${files[@]}"; do
		sed -n 's/^#include [<"]\(mdshim\/\)\{0,1\}\([^>"]*\)[>"].*/\1\2/p' "$f" | grep -vE '^(sys|linux|netinet|net|arpa|bits|openssl)/' |
			grep -E '^mdshim/|\.h$' | while read -r h; do
			case $h in mdshim/*) [[ " $* " == *" mdshim "* ]] && continue ;; esac
			[ -e "shim/$h" ] || [ -e "shim/wire/$h" ] || [[ $h == ../* ]] || [[ $h == mdshim/* ]] || continue
			[ "$(basename "$h" .h)" = "$(basename "${f%.*}")" ] && continue
			[[ " $* " == *" $h "* ]] || echo "$f includes $h"
		done
	done
}
may shim/recognise/*.c -- ../usually.h packet.h octets.h recognise.h | check 'recognisers know packets only'
may shim/classify.c shim/mdu.c shim/octets.c shim/describe.c -- usually.h packet.h octets.h recognise.h config.h mdu.h classify.h mdshim |
	check 'pure rooms know each other only'
may shim/socktab.c shim/sockview.c shim/flowtab.c shim/egress.c shim/egress/*.c shim/ours.c shim/process.c shim/table.c -- \
	age.h stir.h usually.h broker.h config.h table.h ours.h process.h real.h sockview.h socktab.h stats.h classify.h mdu.h packet.h octets.h egress.h mdshim \
	../age.h ../broker.h ../egress.h ../ours.h ../process.h ../real.h ../sockview.h | check 'the rooms below the path do not know the path'
grep -lE '"(hall|path|run)\.h"' shim/*.c shim/*/*.c | grep -vE 'shim/(path|entry|lane|ears|sight|target|train|tell|why|wrap|pending|stuntoken|split|run|batch|follow|empty|start|interpose|taps)\.c' |
	check 'only the path and start know the hall'
grep -nE '#include [<"](\.\./)*(shim|provisioner|demo)/' -r demo/router provisioner shim include |
	check 'nobody reaches into another house'
grep -nhE '#include "' demo/router/*.c demo/router/*.h provisioner/mdctl/*.c 2>/dev/null |
	sed 's/.*"\(.*\)".*/\1/' | sort -u | while read -r h; do
	[ -e "demo/router/$h" ] || [ -e "provisioner/mdctl/$h" ] || [ -e "provisioner/$h" ] || echo "not its own: $h"
done | check 'router and mdctl know include/mdshim only'
for o in "$B"/demo/radio/*.o; do
	undefined "$o" | grep -xE 'clock_gettime|gettimeofday|time|socket|send.*|recv.*|write|read|open.*|fopen.*|getenv|rand.*|.*printf' |
		grep -v '^_*fprintf' | sed "s,^,$(basename "$o") calls ,"
done | check 'the radio link has no clock and no I/O of its own'
grep -nE 'include.*mdshim|"\.\./|wire\.h' tests/tools/capread.c | check 'the second reader shares no code'

# --- Headers and files ---------------------------------------------------------------------------------------------------
for h in include/mdshim/*.h shim/*.h; do
	gcc -std=c11 -D_GNU_SOURCE -Wall -Wextra -Iinclude -Ishim -fsyntax-only -x c "$h" 2>&1 | head -3
done | check 'every header compiles alone'
for h in include/mdshim/*.h; do
	g++ -std=c++17 -Wall -Wextra -Iinclude -fsyntax-only -x c++ "$h" 2>&1 | head -3
done | check 'public headers compile as C++'
for f in $(git ls-files '*.c' '*.h' '*.sh' Makefile shim/mdshim-run); do
	head -3 "$f" | grep -q 'SPDX-License-Identifier: BSD-3-Clause' || echo "$f: no licence line"
	grep -nE '[[:blank:]]+$' "$f" | head -2 | sed "s,^,$f: trailing blank: ,"
done | check 'licence lines, no trailing blanks'
git ls-files '*.c' '*.h' | grep -v '^tests/' | while read -r f; do
	l=$(wc -l <"$f"); [ "$l" -le 500 ] || echo "$f: $l lines"
done | check 'no file is longer than 500 lines'
git grep -nE '\b(sleep|usleep|nanosleep) *\(? *[0-9]' -- tests demo .ci | grep -v 'tests/lint/run.sh' | check 'nothing sleeps'
git ls-files -s | awk '{ print $2, $4 }' | git cat-file --batch-check='%(objectsize) %(rest)' | awk '$1 > 400000' |
	check 'no large file'

# --- Analysers -----------------------------------------------------------------------------------------------------------
mapfile -t scripts < <(git ls-files '*.sh' shim/mdshim-run .ci/run)
shellcheck -S warning "${scripts[@]}" 2>&1 | check 'shellcheck'
mapfile -t sources < <(git ls-files 'shim/*.c' 'provisioner/*.c' 'demo/router/*.c' 'demo/radio/*.c' | grep -v '\.bpf\.c$')
cppcheck --quiet --std=c11 --enable=warning,portability --inline-suppr --error-exitcode=1 -Iinclude -Ishim -Iprovisioner -Idemo/radio \
	--suppress=missingIncludeSystem --suppress=normalCheckLevelMaxBranches --suppress=nullPointerArithmetic --suppress=varFuncNullUB \
	-D__x86_64__ '-DLIBBPF_OPTS(type,name,...)=struct type name = { __VA_ARGS__ }' "${sources[@]}" 2>&1 | check 'cppcheck'
for f in "${sources[@]}"; do
	clang -std=c11 -D_GNU_SOURCE -DMDSHIM_VERSION='"0"' -Wall -Wextra -Wconversion -Wshadow -Wformat=2 -Wstrict-prototypes -Wmissing-prototypes \
		-Iinclude -Ishim -Iprovisioner -Idemo/radio -isystem "$B/provisioner" -fsyntax-only "$f" 2>&1 | head -5
done | check 'clang warns of nothing'
clang-tidy --quiet --checks='-*,clang-analyzer-*,-clang-analyzer-security.insecureAPI.DeprecatedOrUnsafeBufferHandling,-clang-analyzer-security.insecureAPI.strcpy,-clang-analyzer-valist.Uninitialized,bugprone-*,-bugprone-easily-swappable-parameters,-bugprone-reserved-identifier,-bugprone-narrowing-conversions,-bugprone-implicit-widening-of-multiplication-result,-bugprone-macro-parentheses,-bugprone-assignment-in-if-condition' \
	"${sources[@]}" -- -std=c11 -D_GNU_SOURCE -DMDSHIM_VERSION='"0"' -Iinclude -Ishim -Iprovisioner -Idemo/radio -isystem "$B/provisioner" 2>/dev/null | grep -E 'warning:|error:' | grep -v '\.skel\.h:' | check 'clang-tidy'
for m in $(git ls-files '*.1' '*.5' '*.8'); do
	LC_ALL=C.UTF-8 MANROFFSEQ='' MANWIDTH=80 man --warnings -E UTF-8 -l -Tutf8 -Z "$m" 2>&1 >/dev/null | sed "s,^,$m: ,"
done | check 'manual pages'

echo "1..$n"
echo "$((n - failed)) passed, $failed failed"
[ "$failed" -eq 0 ]
