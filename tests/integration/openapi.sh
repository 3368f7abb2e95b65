#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# openapi.sh BUILD - provisioner/openapi.yaml is a good document, and mdrouter's control endpoint and mdprovisiond do what it says:
# each answer of the running server is held against it by validators from npm. TAP.
here=$(cd "$(dirname "$0")" && pwd)
B=${1:?build folder}
case $B in /*) ;; *) B=$PWD/$B ;; esac
# Before the namespace, which has no way out. Pinned; into the build folder, only if missing.
set -- @apidevtools/swagger-parser@12.1.0 openapi-response-validator@12.1.3 openapi-request-validator@12.1.3
if [ "${MD_PROVISION_NS:-}" = "" ] && [ "$(cat "$B/npm/have" 2>/dev/null)" != "$*" ]; then
	rm -rf "$B/npm" && mkdir -p "$B/npm" &&
		(cd "$B/npm" && npm install --fetch-retries 1 --no-save --no-package-lock --ignore-scripts --no-audit --no-fund "$@" \
			>npm.log 2>&1) || {
		echo "ok 1 - the validators # SKIP they cannot be had from npm: $(grep -m 1 -E 'reason:|code ' "$B/npm/npm.log")"
		sed 's/^/# /' "$B/npm/npm.log"
		echo 1..1
		exit 0
	}
	echo "$*" >"$B/npm/have"
fi
set -- "$B"
# shellcheck source=tests/integration/provision_lib.sh
. "$here/provision_lib.sh"

# A book as mdprovisiond makes it, on the disk of a router that took it: 65 octets of digest stand before the document.
router_begin a 7001 && daemon_begin https://127.0.0.1:7001/mdshim/v1 &&
	until_ is books '[.domains[0].books[] | select(.state == "active")] | length' 1 || exit 1
book=$(ask books '.domains[0].books[0].book')
daemon_end
router_end a
tail -c +66 "$T/books.a/cap1.$book.book" >"$T/book.json"
certificate else ca DNS:else.test
router_begin b 7011 --client-name provisioner.test || exit 1
NODE_PATH=$B/npm/node_modules node "$here/openapi.js" "$here/../../provisioner/openapi.yaml" https://127.0.0.1:7011/mdshim/v1 "$T" "$book" cap1
