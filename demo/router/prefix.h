/* SPDX-License-Identifier: BSD-3-Clause
 *
 * prefix.h - lists of address prefixes: who may be a sender, who is a client (wire format, section 6.4). */
#ifndef MDROUTER_PREFIX_H
#define MDROUTER_PREFIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PREFIX_MAX = 256 };

struct prefixes {
	struct prefix {
		uint8_t version, bits;
		uint8_t address[16];
	} list[PREFIX_MAX];
	size_t count;
};

/* Adds "198.51.100.0/24" or "2001:db8::/32"; an address alone stands for itself. 0, -EINVAL (also for bits set behind
 * the prefix), or -ENOSPC. */
int prefix_add(struct prefixes *p, const char *text);

bool prefix_has(const struct prefixes *p, uint8_t version, const uint8_t *address);

#endif
