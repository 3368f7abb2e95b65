/* SPDX-License-Identifier: BSD-3-Clause */
#include "prefix.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool bit(const uint8_t *address, unsigned i)
{
	return address[i / 8] >> (7 - i % 8) & 1;
}

static int bits_parse(const char *text, unsigned most, uint8_t *out)
{
	unsigned long value;
	char *end;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	value = strtoul(text, &end, 10);
	if (*end || value > most)
		return -EINVAL;
	*out = (uint8_t)value;
	return 0;
}

int prefix_add(struct prefixes *p, const char *text)
{
	struct prefix new = { 0 };
	char host[INET6_ADDRSTRLEN];
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : strlen(text);
	unsigned most;

	if (len >= sizeof(host))
		return -EINVAL;
	memcpy(host, text, len);
	host[len] = 0;
	new.version = strchr(host, ':') ? 6 : 4;
	most = new.version == 4 ? 32 : 128;
	if (inet_pton(new.version == 4 ? AF_INET : AF_INET6, host, new.address) != 1)
		return -EINVAL;
	new.bits = (uint8_t)most;
	if (slash && bits_parse(slash + 1, most, &new.bits) < 0)
		return -EINVAL;
	for (unsigned i = new.bits; i < most; i++)
		if (bit(new.address, i))
			return -EINVAL;
	if (p->count == PREFIX_MAX)
		return -ENOSPC;
	p->list[p->count++] = new;
	return 0;
}

static bool covers(const struct prefix *p, const uint8_t *address)
{
	unsigned whole = p->bits / 8, rest = p->bits % 8;

	if (memcmp(p->address, address, whole) != 0)
		return false;
	return rest == 0 || (p->address[whole] ^ address[whole]) >> (8 - rest) == 0;
}

bool prefix_has(const struct prefixes *p, uint8_t version, const uint8_t *address)
{
	for (size_t i = 0; i < p->count; i++)
		if (p->list[i].version == version && covers(&p->list[i], address))
			return true;
	return false;
}
