// SPDX-License-Identifier: BSD-3-Clause
// Values of shim.conf: switches, words, numbers, paths and lists. No locale, no stdio, no heap.
#include <string.h>

#include "config_parse.h"

const char *decimal(uint64_t value, char text[static 24])
{
	char *at = text + 23;

	*at = '\0';
	do
		*--at = (char)('0' + value % 10);
	while (value /= 10);
	return at;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
}

bool number(const char *text, uint64_t *value)
{
	unsigned base = text[0] == '0' && (text[1] | 0x20) == 'x' ? 16 : 10;

	text += base == 16 ? 2 : 0;
	*value = 0;
	if (!*text)
		return false;
	for (; *text; text++) {
		unsigned d = (unsigned)digit(*text);

		if (d >= base || *value > (UINT64_MAX - d) / base)
			return false;
		*value = *value * base + d;
	}
	return true;
}

int hex_octets(const char *text, size_t len, uint8_t *octets, size_t room)
{
	if (len % 2 || len / 2 > room)
		return -1;
	for (size_t i = 0; i < len; i += 2) {
		int high = digit(text[i]), low = digit(text[i + 1]);

		if (high > 15 || low > 15)
			return -1;
		octets[i / 2] = (uint8_t)(high << 4 | low);
	}
	return (int)(len / 2);
}

bool next_item(const char **at, char *item, size_t room, bool *too_long)
{
	const char *from = *at, *end;
	size_t len;

	*too_long = false;
	if (!from)
		return false;
	end = strchr(from, ',');
	*at = end ? end + 1 : NULL;
	if (!end)
		end = from + strlen(from);
	while (from < end && (*from == ' ' || *from == '\t'))
		from++;
	while (end > from && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	len = (size_t)(end - from);
	*too_long = len >= room;
	len = *too_long ? room - 1 : len;
	memcpy(item, from, len);
	item[len] = '\0';
	return !*too_long;
}

// Stores a number in a member of any size.
static void store(const struct key *key, void *into, uint64_t value)
{
	switch (key->size) {
	case 1: *(uint8_t *)into = (uint8_t)value; break;
	case 2: memcpy(into, &(uint16_t){ (uint16_t)value }, 2); break;
	case 4: memcpy(into, &(uint32_t){ (uint32_t)value }, 4); break;
	default: memcpy(into, &value, 8); break;
	}
}

enum parsed parse_bool(struct parse *p, const struct key *key, void *into, const char *value)
{
	static const char *const words[] = { "no", "yes", "off", "on", "false", "true" };

	(void)p;
	for (unsigned i = 0; i < sizeof words / sizeof *words; i++) {
		if (strcmp(value, words[i]) == 0) {
			store(key, into, i & 1);
			return PARSED;
		}
	}
	return NOT_EXPECTED;
}

// The place of a word in a text like "tunnel, inline or off", -1 if it is not there.
static int word_place(const char *text, const char *word)
{
	size_t len = strlen(word);

	for (int place = 0; *text; place++) {
		size_t n = strcspn(text, ", ");

		if (n == len && memcmp(text, word, n) == 0)
			return place;
		text += n;
		text += strspn(text, ", ");
		if (strncmp(text, "or ", 3) == 0)
			text += 3;
	}
	return -1;
}

enum parsed parse_word(struct parse *p, const struct key *key, void *into, const char *value)
{
	int place = word_place(key->expected, value);

	(void)p;
	if (place < 0)
		return NOT_EXPECTED;
	store(key, into, (uint64_t)place);
	return PARSED;
}

enum parsed parse_number(struct parse *p, const struct key *key, void *into, const char *value)
{
	uint64_t n;

	(void)p;
	if (!number(value, &n) || n < key->low || n > key->high)
		return NOT_EXPECTED;
	store(key, into, n);
	return PARSED;
}

enum parsed parse_path(struct parse *p, const struct key *key, void *into, const char *value)
{
	size_t len = strlen(value);
	char limit[24];

	if (*value != '/')
		return NOT_EXPECTED;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)value[i] < 0x20 || value[i] == 0x7f)
			return parse_expected(p, "a path without control characters", value);
	if (len >= key->size) {
		parse_error(p, p->line, p->label, " ", p->key, ": expected a path of at most ", decimal(key->size - 1, limit),
			" octets", NULL);
		return REPORTED;
	}
	memcpy(into, value, len + 1);
	return PARSED;
}

enum parsed parse_algorithm(struct parse *p, const struct key *key, void *into, const char *value)
{
	int algorithm = md_algorithm_parse(value);

	(void)p;
	if (algorithm < 0)
		return NOT_EXPECTED;
	store(key, into, (uint64_t)algorithm);
	return PARSED;
}

enum parsed parse_cover(struct parse *p, const struct key *key, void *into, const char *value)
{
	if (strcmp(value, "datagram") != 0)
		return parse_number(p, key, into, value);
	store(key, into, 0);
	return PARSED;
}

enum parsed parse_format(struct parse *p, const struct key *key, void *into, const char *value)
{
	static const uint8_t formats[] = { FORMAT_H264, FORMAT_H265, FORMAT_VP8, FORMAT_VP9, FORMAT_AV1, FORMAT_MPEGTS,
		FORMAT_AUDIO, FORMAT_RTX, FORMAT_FEC, FORMAT_UNKNOWN };
	int place = word_place(key->expected, value);
	uint64_t type;

	if (place < 0 || !number(p->key, &type))
		return NOT_EXPECTED;
	((uint8_t *)into)[type] = formats[place];
	return PARSED;
}

enum parsed parse_row(struct parse *p, const struct key *key, void *into, const char *value)
{
	static const uint8_t low[] = { 0, 1, 0 }, high[] = { 3, 3, 2 };
	uint8_t row[3];
	unsigned i = 0;
	char item[8];
	bool too_long;
	uint64_t n;

	(void)p;
	for (; next_item(&value, item, sizeof item, &too_long); i++) {
		if (i == 3 || !number(item, &n) || n < low[i] || n > high[i])
			return NOT_EXPECTED;
		row[i] = (uint8_t)n;
	}
	if (too_long || i != 3)
		return NOT_EXPECTED;
	memcpy(into, row, key->size);
	return PARSED;
}
