/* SPDX-License-Identifier: BSD-3-Clause
 *
 * names.c - the texts of enumerations that appear in logs, statistics and codebooks. */
#include <mdshim/stun.h>
#include <mdshim/wire.h>

static const char *const reasons[] = {
#define TEXT(name, text) [MD_R_##name] = text,
	MD_REASONS(TEXT)
#undef TEXT
};

static const char *const stun_reasons[] = {
#define TEXT(name, text) [MD_STUN_##name] = text,
	MD_STUN_REASONS(TEXT)
#undef TEXT
};

static const char *const algorithms[] = {
	[MD_AES_128_CMAC_96] = "AES-128-CMAC-96",
	[MD_HMAC_SHA1_96] = "HMAC-SHA1-96",
};

enum { ALGORITHMS = sizeof algorithms / sizeof algorithms[0] };

const char *md_reason_name(enum md_reason reason)
{
	return (unsigned)reason < MD_REASON_COUNT ? reasons[reason] : "?";
}

const char *md_stun_reason_name(enum md_stun_reason reason)
{
	return (unsigned)reason < MD_STUN_REASON_COUNT ? stun_reasons[reason] : "?";
}

const char *md_algorithm_name(enum md_algorithm algorithm)
{
	return (unsigned)algorithm < ALGORITHMS ? algorithms[algorithm] : "?";
}

/* ASCII only, whatever the host's locale is. */
static char upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

static bool same(const char *a, const char *b)
{
	while (*a && upper(*a) == *b)
		a++, b++;
	return *a == *b;
}

int md_algorithm_parse(const char *name)
{
	for (int i = 0; i < ALGORITHMS; i++)
		if (same(name, algorithms[i]))
			return i;
	return -1;
}
