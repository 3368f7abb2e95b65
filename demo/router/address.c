/* SPDX-License-Identifier: BSD-3-Clause */
#include "address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* 1..65535, digits only. */
static int port_parse(const char *text, uint16_t *out)
{
	unsigned long value;
	char *end;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	value = strtoul(text, &end, 10);
	if (*end || value < 1 || value > 65535)
		return -EINVAL;
	*out = (uint16_t)value;
	return 0;
}

static int address6_parse(char *text, struct endpoint *out)
{
	char *scope = strchr(text, '%');

	if (scope) {
		*scope++ = 0;
		out->scope = if_nametoindex(scope);
		if (!out->scope)
			return -EINVAL;
	}
	out->version = 6;
	return inet_pton(AF_INET6, text, out->address) == 1 ? 0 : -EINVAL;
}

int endpoint_parse(const char *text, struct endpoint *out)
{
	char host[ENDPOINT_TEXT];
	const char *colon = strrchr(text, ':');
	size_t len = colon ? (size_t)(colon - text) : 0;

	memset(out, 0, sizeof(*out));
	if (len == 0 || len >= sizeof(host) || port_parse(colon + 1, &out->port) < 0)
		return -EINVAL;
	memcpy(host, text, len);
	host[len] = 0;
	if (host[0] == '[' && host[len - 1] == ']') {
		host[len - 1] = 0;
		return address6_parse(host + 1, out);
	}
	out->version = 4;
	return inet_pton(AF_INET, host, out->address) == 1 ? 0 : -EINVAL;
}

bool endpoint_is_unicast(const struct endpoint *e)
{
	static const uint8_t zero[16];

	if (memcmp(e->address, zero, address_len(e->version)) == 0)
		return false;
	return e->version == 4 ? e->address[0] < 224 : e->address[0] != 0xff;
}

bool endpoint_is_loopback(uint8_t version, const uint8_t *address)
{
	static const uint8_t one[16] = { [15] = 1 };

	return version == 4 ? address[0] == 127 : memcmp(address, one, 16) == 0;
}

bool endpoint_is_destination(const struct endpoint *e, const struct md_tuple *tuple)
{
	return e->version == tuple->version && e->port == tuple->dport &&
		memcmp(e->address, tuple->dst, address_len(e->version)) == 0;
}

static void text(char *dst, size_t room, uint8_t version, const uint8_t *address, uint32_t scope, uint16_t port)
{
	char host[INET6_ADDRSTRLEN] = "?", name[IF_NAMESIZE] = "?";

	inet_ntop(version == 4 ? AF_INET : AF_INET6, address, host, sizeof(host));
	if (version == 4)
		snprintf(dst, room, "%s:%u", host, port);
	else if (scope)
		snprintf(dst, room, "[%s%%%s]:%u", host, if_indextoname(scope, name) ? name : "?", port);
	else
		snprintf(dst, room, "[%s]:%u", host, port);
}

const char *endpoint_text(char dst[ENDPOINT_TEXT], const struct endpoint *e)
{
	text(dst, ENDPOINT_TEXT, e->version, e->address, e->scope, e->port);
	return dst;
}

const char *tuple_text(char dst[TUPLE_TEXT], const struct md_tuple *tuple)
{
	size_t n;

	text(dst, TUPLE_TEXT, tuple->version, tuple->src, 0, tuple->sport);
	n = strlen(dst);
	dst[n++] = '>';
	text(dst + n, TUPLE_TEXT - n, tuple->version, tuple->dst, 0, tuple->dport);
	return dst;
}

bool tuple_equal(const struct md_tuple *a, const struct md_tuple *b)
{
	size_t len = address_len(a->version);

	return a->version == b->version && a->sport == b->sport && a->dport == b->dport &&
		memcmp(a->src, b->src, len) == 0 && memcmp(a->dst, b->dst, len) == 0;
}

static uint64_t mix(uint64_t h, uint64_t word)
{
	h = (h ^ word) * 0x9e3779b97f4a7c15u;
	return h ^ h >> 29;
}

static uint64_t mix_octets(uint64_t h, const uint8_t *octets, size_t len)
{
	uint64_t word;

	for (size_t i = 0; i < len; i += sizeof(word)) {
		word = 0;
		memcpy(&word, octets + i, len - i < sizeof(word) ? len - i : sizeof(word));
		h = mix(h, word);
	}
	return h;
}

uint64_t tuple_hash(const struct md_tuple *tuple, uint64_t seed)
{
	uint64_t h = mix(seed, (uint64_t)tuple->sport << 32 | (uint64_t)tuple->dport << 8 | tuple->version);

	h = mix_octets(h, tuple->src, address_len(tuple->version));
	return mix_octets(h, tuple->dst, address_len(tuple->version));
}
