/* SPDX-License-Identifier: BSD-3-Clause
 *
 * config_parse.h - what config.c and its readers of values share; nobody else includes it. */
#ifndef PROVISION_CONFIG_PARSE_H
#define PROVISION_CONFIG_PARSE_H

#include "config.h"

struct key {
	struct config_key about;
	bool (*read)(const struct key *key, void *into, const char *value); /* false: not what is expected */
	size_t offset, size, count_at; /* count_at: of lists */
	double low, high;
};

typedef bool value_reader(const struct key *key, void *into, const char *value);
value_reader read_path, read_url, read_name, read_domain, read_seconds, read_number, read_yes, read_option, read_algorithm,
	read_cover, read_bit, read_user, read_group, read_device, read_meanings, read_stream_meanings, read_namespaces, read_interface,
	read_next_hop;

#endif
