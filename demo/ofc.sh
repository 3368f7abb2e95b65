#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# ofc.sh - OFC on the stage: certificates made on the spot, the operator's end on the router, the provisioner beside the server.
# To be sourced after stage.sh.
#
# Between stage_open and stage_router: ofc_open; after stage_router: ofc_provision EPOCH OVERLAP [LEAD].
# shellcheck disable=SC2034,SC2154 # variables of those who source this; what stage.sh sets

# shellcheck source=demo/provision.sh
. "$(dirname "${BASH_SOURCE[0]}")/provision.sh"
OFC_PORT=8443               # of the router's control endpoint
OFC_DOMAIN=demo

ofc_certificates() {
	provision_authority "$stage" ca && provision_certificate "$stage" router ca IP:192.0.2.1 &&
		provision_certificate "$stage" provisioner ca DNS:provisioner.example
}

# ofc_open - certificates; routes carry OFC; the router takes books and has no key of its own.
ofc_open() {
	mkdir -p "$stage/publish"
	ofc_certificates >"$stage/openssl.err" 2>&1 || { cat "$stage/openssl.err" >&2; return 1; }
	sed -i "/^\[auth\]/,/^cover/d; s/^option = med/option = ofc\ndomain = $OFC_DOMAIN/; s,^stats_dir.*,&\npublish_dir = $stage/publish," \
		"$stage/shim.conf"
	stage_control=(--control "192.0.2.1:$OFC_PORT" --tls-cert "$stage/router.pem" --tls-key "$stage/router.key" --client-ca "$stage/ca.pem"
		--domain "$OFC_DOMAIN" --books "$stage/books")
}

ofc_active() { "$B/mdctl" books --json --socket "$stage/sock" 2>/dev/null | jq -e 'any(.domains[].books[]; .state == "active")' >/dev/null; }

# ofc_provision EPOCH OVERLAP LEAD - mdprovisiond; the first book is active when this returns.
ofc_provision() {
	{
		provision_daemon "$stage"
		cat <<-END
			[domain $OFC_DOMAIN]
			epoch = $1
			overlap = $2
			lead = $3
			drain = 0.3
			retry_first = 0.1
			reject_wait = 0.2
		END
		provision_controller router "$OFC_DOMAIN" "https://192.0.2.1:$OFC_PORT/mdshim/v1" "$stage/ca.pem" "$stage/provisioner.pem" \
			"$stage/provisioner.key"
	} >"$stage/provisioner.conf"
	spawn server provisioner "$B/mdprovisiond" --config "$stage/provisioner.conf" --ready-fd 9 9>"$stage/provisioner.ready"
	ready provisioner "$stage/provisioner.ready" 10 && poll 10 ofc_active && return
	cat "$stage/provisioner.err" >&2
	return 1
}

# What is in the books the router has, for those who read a capture: keys as arguments of capread.
ofc_books() { tail -qn +2 "$stage"/books/*.book; } # the first line of each is a digest
ofc_keys() { ofc_books | jq -rs '[.[].keys[] | {k: .keyid, t: "\(.alg):\(.key):cover=\(.cover):id=\(.keyid)"}] | unique[] | "--key\n" + .t'; }

# ofc_codes CAPTURE-LINES - "BOOK ROLE D P L" of each datagram's code, "none" where no book has it.
ofc_codes() {
	ofc_books | jq -r '.book as $b | .codes[] | "\(.c) \($b) \(.role // "stream") \(.d // 0) \(.p) \(.l)"' >"$stage/codes"
	jq -r .code "$1" | awk -v codes="$stage/codes" 'BEGIN { while ((getline line < codes) > 0) { c = substr(line, 1, 32); means[c] = substr(line, 34) } }
		{ print $1 in means ? means[$1] : "none" }'
}
