/* SPDX-License-Identifier: BSD-3-Clause
 *
 * config_values.c - the values of provisioner.conf. */
#include <errno.h>
#include <grp.h>
#include <math.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "config_parse.h"

static bool text_take(char *into, size_t size, const char *value)
{
	size_t len = strlen(value);

	if (len < 1 || len >= size)
		return false;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)value[i] < 0x20 || value[i] == 0x7f)
			return false;
	memcpy(into, value, len + 1);
	return true;
}

bool read_path(const struct key *key, void *into, const char *value)
{
	if (!*value && key->about.standard && !*key->about.standard) {
		*(char *)into = '\0';
		return true;
	}
	return *value == '/' && text_take(into, key->size, value);
}

/* Blanks between names; what a name may be is ip-netns(8)'s affair, but it is the name of a file. */
bool read_namespaces(const struct key *key, void *into, const char *value)
{
	return !strpbrk(value, "/,;") && text_take(into, key->size, value);
}

/* https only; what is in front of the host (user names) has no place in it, nor has a query. */
bool read_url(const struct key *key, void *into, const char *value)
{
	size_t len = strlen(value);

	if (strncmp(value, "https://", 8) != 0 || strpbrk(value, " @?#\\\"<>{}|^`%") || !value[8] || value[8] == '/' ||
		value[len - 1] == '/')
		return false;
	return text_take(into, key->size, value);
}

bool read_name(const struct key *key, void *into, const char *value)
{
	if (!*value) {
		*(char *)into = '\0';
		return true;
	}
	return text_take(into, key->size, value) && md_domain_good(value, strlen(value));
}

bool read_domain(const struct key *key, void *into, const char *value)
{
	return md_domain_good(value, strlen(value)) && text_take(into, key->size, value);
}

bool read_seconds(const struct key *key, void *into, const char *value)
{
	char *end = NULL;
	double n = *value >= '0' && *value <= '9' ? strtod(value, &end) : -1;

	if (n < 0 || !end || *end || !isfinite(n) || n < key->low || n > key->high || strpbrk(value, "xXeEpP"))
		return false;
	*(double *)into = n;
	return true;
}

static bool whole(const char *value, double low, double high, uint32_t *out)
{
	unsigned long n;
	char *end;

	if (*value < '0' || *value > '9')
		return false;
	errno = 0;
	n = strtoul(value, &end, 10);
	if (errno || *end || (double)n < low || (double)n > high)
		return false;
	*out = (uint32_t)n;
	return true;
}

bool read_number(const struct key *key, void *into, const char *value)
{
	return whole(value, key->low, key->high, into);
}

bool read_yes(const struct key *key, void *into, const char *value)
{
	(void)key;
	*(bool *)into = strcmp(value, "yes") == 0;
	return *(bool *)into || strcmp(value, "no") == 0;
}

bool read_option(const struct key *key, void *into, const char *value)
{
	(void)key;
	*(bool *)into = strcmp(value, "ofc") == 0;
	return *(bool *)into || strcmp(value, "med") == 0;
}

bool read_algorithm(const struct key *key, void *into, const char *value)
{
	int algorithm = md_algorithm_parse(value);

	(void)key;
	*(enum md_algorithm *)into = algorithm < 0 ? MD_AES_128_CMAC_96 : (enum md_algorithm)algorithm;
	return algorithm >= 0;
}

bool read_cover(const struct key *key, void *into, const char *value)
{
	(void)key;
	*(uint32_t *)into = 0;
	return strcmp(value, "datagram") == 0 || whole(value, MD_COVER_MIN, 65535, into);
}

/* One bit of 32. */
bool read_bit(const struct key *key, void *into, const char *value)
{
	unsigned long n;
	char *end;

	(void)key;
	if (*value < '0' || *value > '9')
		return false;
	errno = 0;
	n = strtoul(value, &end, 0);
	if (errno || *end || n == 0 || n > UINT32_MAX || (n & (n - 1)))
		return false;
	*(uint32_t *)into = (uint32_t)n;
	return true;
}

/* A name that the system knows, or a number; the largest is none (chown(2)). Whether there is one stands in front. */
bool read_user(const struct key *key, void *into, const char *value)
{
	struct lend_config *lend = (struct lend_config *)(void *)((char *)into - key->offset);
	const struct passwd *entry;

	lend->by_uid = whole(value, 0, UINT32_MAX - 1, into);
	if (lend->by_uid || !*value)
		return true;
	entry = getpwnam(value);
	if (entry)
		*(uint32_t *)into = entry->pw_uid;
	return lend->by_uid = entry != NULL;
}

bool read_group(const struct key *key, void *into, const char *value)
{
	struct lend_config *lend = (struct lend_config *)(void *)((char *)into - key->offset);
	const struct group *entry;

	lend->by_gid = whole(value, 0, UINT32_MAX - 1, into);
	if (lend->by_gid || !*value)
		return true;
	entry = getgrnam(value);
	if (entry)
		*(uint32_t *)into = entry->gr_gid;
	return lend->by_gid = entry != NULL;
}

bool read_device(const struct key *key, void *into, const char *value)
{
	if (!*value) {
		*(char *)into = '\0';
		return true;
	}
	return !strpbrk(value, "/: \t") && strcmp(value, ".") != 0 && strcmp(value, "..") != 0 && text_take(into, key->size, value);
}

/* One that has to be given. */
bool read_interface(const struct key *key, void *into, const char *value)
{
	return *value && read_device(key, into, value);
}

/* Six octets as pairs of hex digits; not one of a group, nor none. */
bool read_next_hop(const struct key *key, void *into, const char *value)
{
	struct xsk_config *xsk = (struct xsk_config *)(void *)((char *)into - key->offset);
	static const char digits[] = "0123456789abcdefABCDEF";
	uint8_t address[6], any = 0;

	xsk->fixed = strcmp(value, "route") != 0;
	if (!xsk->fixed)
		return true;
	for (unsigned i = 0; i < sizeof(address); i++, value += 3) {
		if (strspn(value, digits) != 2 || value[2] != (i + 1 < sizeof(address) ? ':' : '\0'))
			return false;
		address[i] = (uint8_t)strtoul(value, NULL, 16);
		any |= address[i];
	}
	memcpy(into, address, sizeof(address));
	return any && !(address[0] & 1);
}

/* "D/P/L" or, for streams, "P/L". */
static bool importance_read(const char *text, size_t len, bool stream, struct importance *out)
{
	if (len != (stream ? 3u : 5u) || text[1] != '/' || (!stream && text[3] != '/'))
		return false;
	out->d = stream ? 0 : (uint8_t)(text[0] - '0');
	text += stream ? 0 : 2;
	out->p = (uint8_t)(text[0] - '0');
	out->l = (uint8_t)(text[2] - '0');
	return out->d <= 3 && out->p >= 1 && out->p <= 3 && out->l <= 2;
}

static bool list_read(const struct key *key, void *into, const char *value, bool stream)
{
	struct importance *list = into;
	uint32_t *count = (uint32_t *)((char *)into - key->offset + key->count_at);

	*count = 0;
	for (;;) {
		size_t len;

		value += strspn(value, " \t");
		len = strcspn(value, ", \t");
		if (*count == CONFIG_MEANINGS || !importance_read(value, len, stream, &list[*count]))
			return false;
		for (uint32_t i = 0; i < *count; i++)
			if (memcmp(&list[i], &list[*count], sizeof(*list)) == 0)
				return false;
		++*count;
		value += len;
		value += strspn(value, " \t");
		if (!*value)
			return true;
		if (*value++ != ',')
			return false;
	}
}

bool read_meanings(const struct key *key, void *into, const char *value)
{
	return list_read(key, into, value, false);
}

bool read_stream_meanings(const struct key *key, void *into, const char *value)
{
	return list_read(key, into, value, true);
}
