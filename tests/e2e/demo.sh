#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# demo.sh BUILD - "make demo" as a user gives it, two at once, and with a sender that loses something: that must be loud.
set -u
B=$(readlink -f -- "${1:?build folder}")
cd "$(dirname "$(readlink -f -- "$0")")/../.." || exit 2
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
tests=0 failures=0

result() {
	local rc=$1
	tests=$((tests + 1))
	[ "$rc" -eq 0 ] && { echo "ok $tests - $2"; return; }
	failures=$((failures + 1))
	echo "not ok $tests - $2"
	sed 's/^/# /' "$3"
}

if ! demo/net.sh true 2>"$work/why" && [ -s "$work/why" ]; then
	echo "ok 1 - demo # SKIP $(tr '\n' ' ' <"$work/why")"
	echo "1..1"
	exit 0
fi

SECONDS=3 make --no-print-directory B="$B" demo >"$work/one" 2>&1 &
one=$!
MODE=inline FAMILY=6 SECONDS=3 demo/run.sh "$B" >"$work/two" 2>&1
two=$?
wait $one
result $? "make demo: every figure is right" "$work/one"
result $two "a second demo at the same time: inline, IPv6" "$work/two"
MODE=ofc FAMILY=6 SECONDS=4 demo/run.sh "$B" >"$work/six" 2>&1 && grep -q 'one after another  *2  ok' "$work/six"
result $? "a demo with OFC: the codebook changes in the middle, every code is known" "$work/six"
grep -q 'every figure is right' "$work/one" && [ "$(head -c 4 demo/out/tunnel-ipv4.png | tail -c 3)" = PNG ] &&
	grep -q 'frames decoded by the client  *90  ok' demo/out/tunnel-ipv4.txt && tcpdump -n -r demo/out/tunnel-ipv4.pcap -c 1 >/dev/null 2>&1
result $? "make demo leaves a contact sheet, a capture and its figures" "$work/one"

# A sender that ends after half of its frames.
mkdir "$work/bin"
cat >"$work/bin/gst-launch-1.0" <<END
#!/bin/sh
for a; do shift; case \$a in num-buffers=*) a=num-buffers=30 ;; esac; set -- "\$@" "\$a"; done
exec $(command -v gst-launch-1.0) "\$@"
END
chmod +x "$work/bin/gst-launch-1.0"
PATH=$work/bin:$PATH SECONDS=2 demo/run.sh "$B" >"$work/three" 2>&1
[ $? -eq 1 ] && grep -q 'frames decoded by the client: 30, expected 60' "$work/three"
result $? "a demo that loses frames fails and says which figure" "$work/three"
# A sender without the privilege to send raw datagrams: the media do not suffer, and nothing is glossed over.
cat >"$work/bin/gst-launch-1.0" <<END
#!/bin/sh
exec setpriv --ambient-caps -all --inh-caps -all --bounding-set -net_raw -- $(command -v gst-launch-1.0) "\$@"
END
PATH=$work/bin:$PATH SECONDS=1 demo/run.sh "$B" >"$work/five" 2>&1
[ $? -eq 1 ] && grep -q 'wrapped by mdshim: 0, expected .*no-engine' "$work/five" &&
	grep -q 'frames decoded by the client  *30  ok' "$work/five"
result $? "without privilege the media arrive all the same, and the demo fails" "$work/five"

# Two networks; the owner of one is killed. The next run removes what that one left, and leaves the other alone.
mkfifo "$work/never"
for name in killed living; do
	# shellcheck disable=SC2016
	demo/net.sh sh -c 'echo "$MD_NET_DIR" >"$1"; nsenter -t "$MD_NET_CLIENT" -n cat' sh "$work/$name" <>"$work/never" &
	printf -v $name %d $!
	for ((i = 0; i < 500; i++)); do [ -s "$work/$name" ] && break; read -rt 0.02 _ <>"$work/never"; done
done
# shellcheck disable=SC2154
{ kill -KILL "$killed"; wait "$killed"; } 2>/dev/null
demo/net.sh true 2>"$work/four"
[ ! -e "$(cat "$work/killed")" ] && [ -e "$(cat "$work/living")/owner" ]
result $? "what a killed run left behind is removed, and nothing else" "$work/four"
# shellcheck disable=SC2154
kill -TERM "$living"
wait "$living"
[ $? -eq 143 ] && [ ! -e "$(cat "$work/living")" ]
result $? "a terminated run removes what is its own" "$work/four"
echo "1..$tests"
[ "$failures" -eq 0 ]
