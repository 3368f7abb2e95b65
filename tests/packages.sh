#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# packages.sh SET... - installs the Debian packages a target needs, only those that are missing, and says so.
# Sets: build test demo gain lint bench.
set -eu
want=
for set in "$@"; do
	case $set in
	build) want="$want gcc libc6-dev binutils libev-dev libssl-dev libinih-dev libjansson-dev
		libcurl4-openssl-dev libevent-dev libbpf-dev libxdp-dev libmnl-dev bpftool clang llvm" ;;
	test) want="$want g++ libcmocka-dev libpcap-dev iproute2 ethtool nftables jq tcpdump tshark ffmpeg gstreamer1.0-tools
		gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly
		gstreamer1.0-libav libgstreamer1.0-dev libgstreamer-plugins-base1.0-dev pkg-config util-linux libcap2-bin procps
		strace libjemalloc2 libfaketime libsocket-wrapper libeatmydata1 openssl libsrtp2-dev libngtcp2-dev
		libngtcp2-crypto-gnutls-dev libgnutls28-dev ngtcp2-client ngtcp2-server nginx-light curl gdb git nodejs python3
		chromium spin prometheus libavcodec-dev libavformat-dev libavutil-dev gnuplot-nox socat coturn" ;;
	demo) want="$want iproute2 ethtool jq tcpdump gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-good
		gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly gstreamer1.0-libav libgstreamer1.0-dev
		libgstreamer-plugins-base1.0-dev pkg-config libpcap-dev util-linux openssl" ;;
	gain) want="$want ffmpeg libavcodec-dev libavformat-dev libavutil-dev python3 openssl" ;;
	lint) want="$want clang clang-tidy cppcheck shellcheck libclang-rt-14-dev man-db valgrind" ;;
	bench) want="$want valgrind nftables iproute2 ffmpeg gstreamer1.0-tools jq openssl util-linux gnuplot-nox socat
		coturn" ;;
	*) echo "packages.sh: no set of that name: $set" >&2; exit 2 ;;
	esac
done
# A nodejs of another origin brings its own npm.
case " $* " in *' test '*) command -v npm >/dev/null || want="$want npm" ;; esac
missing=
for p in $want; do
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null)" = installed ] || missing="$missing $p"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" -ne 0 ]; then
	echo "mdshim needs these Debian packages; as root: apt-get install$missing" >&2
	exit 1
fi
echo "installing Debian packages:$missing"
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086
apt-get install -y --no-install-recommends $missing >/dev/null 2>&1 ||
	{ apt-get update >/dev/null && apt-get install -y --no-install-recommends $missing >/dev/null; }
