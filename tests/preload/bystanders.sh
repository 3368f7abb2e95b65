#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# rule: 9
# bystanders.sh BUILD - ordinary programs with the shim loaded, without a configuration and with one that serves
# everybody: what they print and how they end is the same as without it. TAP lines, no plan.
set -u
B=${1:?usage: bystanders.sh BUILD}
if [ -n "${MD_SANITIZER:-}" ]; then
	echo "ok - bystanders # SKIP programs of the system cannot be run with the runtime of a sanitizer"
	exit 0
fi
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
trap 'exit 99' INT TERM
mkdir "$tmp/stats"
printf '000102030405060708090a0b0c0d0e0f\n' >"$tmp/key"
cat >"$tmp/conf" <<END
[shim]
processes = *
stats_dir = $tmp/stats
[auth]
keyid = 7
algorithm = aes-128-cmac-96
key_file = $tmp/key
[route all]
destination = 127.0.0.0/8, ::1/128
mode = inline
END

run() { # NAME VARIABLES... -- COMMAND...
	out=$1; shift
	set -- "$@"
	( cd / && timeout 60 env "$@" >"$tmp/$out.out" 2>"$tmp/$out.err" </dev/null; echo $? >"$tmp/$out.rc" ) 2>/dev/null
	# How long something took is not what is compared.
	sed -i "s/after [0-9]* ms/after some ms/" "$tmp/$out.err"
}

# bystander NAME COMMAND...
bystander() {
	what=$1; shift
	if ! command -v "$1" >/dev/null 2>&1; then
		echo "ok - bystander $what # SKIP $1 is not installed"
		return
	fi
	run plain MDSHIM_CONF="$tmp/none" "$@"
	run noconf MDSHIM_CONF="$tmp/none" LD_PRELOAD="$B/libmdshim.so" "$@"
	run conf MDSHIM_CONF="$tmp/conf" LD_PRELOAD="$B/libmdshim.so" "$@"
	for mode in noconf conf; do
		same=yes
		for part in out err rc; do
			cmp -s "$tmp/plain.$part" "$tmp/$mode.$part" || same=no
		done
		if [ $same = yes ]; then
			echo "ok - bystander $what, $mode"
			continue
		fi
		echo "not ok - bystander $what, $mode"
		for part in rc out err; do
			diff -U 0 "$tmp/plain.$part" "$tmp/$mode.$part" | sed '1,2d; s/^/#   /' | head -10
		done
	done
}

bystander ls ls -l /usr
bystander bash bash -c 'echo out; echo err >&2; (exit 3); echo $? | cat; exec 5>&1; echo five >&5; exit 4'
# shellcheck disable=SC2016
bystander sh sh -c 'for i in 1 2 3; do echo $i; done | wc -l; kill -9 $$'
# shellcheck disable=SC2016
bystander env env -i sh -c 'echo ${LD_PRELOAD-none}'
bystander python3 python3 -c 'import subprocess, socket, ctypes
print(subprocess.run(["sh", "-c", "echo inner; exit 3"], capture_output=True))
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); r = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
r.bind(("127.0.0.1", 0)); print(s.sendto(b"\x80\x60" + bytes(98), r.getsockname())); print(len(r.recv(2000)))
try: s.sendto(b"x" * 70000, r.getsockname())
except OSError as e: print(e)
print(s.sendmsg([b"a", b"bc"], [], 0, r.getsockname()), r.recv(10))'
bystander perl perl -e 'print "out\n"; print STDERR "err\n"; exit 7'
bystander git git --version
bystander curl curl --version
bystander curl-refused curl -sS http://127.0.0.1:1/
bystander node node -e 'console.log(1); process.exitCode = 5'
bystander node-udp node -e 'const d = require("dgram"), r = d.createSocket("udp4"), s = d.createSocket("udp4");
r.on("message", m => { console.log(m.length); r.close(); s.close(); });
r.bind(0, "127.0.0.1", () => s.send(Buffer.concat([Buffer.from([0x80, 0x60]), Buffer.alloc(98)]), r.address().port, "127.0.0.1", (e, n) => console.log(e, n)));'
bystander gdb gdb --version
bystander gcc gcc --version
bystander awk awk 'BEGIN { print "out"; print "x" | "cat"; close("cat"); exit 2 }'
bystander dd dd if=/dev/zero bs=1000 count=3 status=none
bystander tar tar cf - --mtime=@0 --sort=name -C /usr/include/arpa .
bystander missing sh -c 'exec no-such-program-anywhere'
