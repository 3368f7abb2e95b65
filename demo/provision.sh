# shellcheck shell=sh
# SPDX-License-Identifier: BSD-3-Clause
# provision.sh - what a codebook exchange needs before it can begin: certificates made on the spot, and the sections of
# provisioner.conf that are the same everywhere. To be sourced; for the demo and for the tests.

# provision_authority FOLDER NAME - NAME.key and NAME.pem in FOLDER
provision_authority() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=$2" -keyout "$1/$2.key" -out "$1/$2.pem" \
		-addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign
}

# provision_certificate FOLDER NAME AUTHORITY SUBJECTALTNAME [OPTION OF x509...]
provision_certificate() {
	provision_in=$1 provision_name=$2 provision_by=$3
	echo "subjectAltName=$4" >"$1/$2.ext"
	shift 4
	[ $# -gt 0 ] || set -- -days 2
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$provision_name" -keyout "$provision_in/$provision_name.key" \
		-out "$provision_in/$provision_name.csr" &&
		openssl x509 -req -in "$provision_in/$provision_name.csr" -CA "$provision_in/$provision_by.pem" -CAkey "$provision_in/$provision_by.key" \
			-CAcreateserial -extfile "$provision_in/$provision_name.ext" -out "$provision_in/$provision_name.pem" "$@"
}

# provision_daemon FOLDER - the section [provisioner]: everything in FOLDER, the control socket is FOLDER/sock
provision_daemon() {
	cat <<-END
		[provisioner]
		state_dir = $1/state
		publish_dir = $1/publish
		group =
		control_socket = $1/sock
		stats_dir = $1/stats
		verbose = yes
	END
}

# provision_controller NAME DOMAIN URL CA CERTIFICATE KEY - a section [controller NAME]
provision_controller() {
	cat <<-END
		[controller $1]
		domain = $2
		url = $3
		ca = $4
		certificate = $5
		key = $6
	END
}
