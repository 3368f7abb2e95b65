/* SPDX-License-Identifier: BSD-3-Clause */
#include "answer.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

static bool reason_known(const char *name)
{
	for (int i = 0; i < MD_BOOK_REASON_COUNT; i++)
		if (strcmp(name, md_book_reason_name((enum md_book_reason)i)) == 0)
			return true;
	return false;
}

/* "codes[7].c" is; a code is not. */
static bool place_good(const char *at)
{
	static const char *const members[] = { "", ".c", ".p", ".l", ".d", ".role", ".colour", ".stream", ".keyid", ".alg", ".key",
		".cover", ".notBefore" };
	char index[5]; /* digits: as a number it could have a sign and line breaks in front */
	int n = 0;

	if (sscanf(at, "codes[%4[0-9]]%n", index, &n) < 1 && sscanf(at, "keys[%4[0-9]]%n", index, &n) < 1)
		return false;
	for (size_t i = 0; n && i < sizeof(members) / sizeof(*members); i++)
		if (strcmp(at + n, members[i]) == 0)
			return true;
	return false;
}

static void reasons_read(json_t *list, char reasons[static 256])
{
	json_t *one;
	size_t i, at = 0;

	reasons[0] = '\0';
	json_array_foreach(list, i, one) {
		const char *reason = json_string_value(json_object_get(one, "reason"));
		const char *place = json_string_value(json_object_get(one, "at"));

		if (!reason || !reason_known(reason) || at > 200)
			continue;
		at += (size_t)snprintf(reasons + at, 256 - at, "%s%s", at ? ", " : "", reason);
		if (place && place_good(place))
			at += (size_t)snprintf(reasons + at, 256 - at, " at %s", place);
	}
	if (!at)
		strcpy(reasons, "no reason that is known");
}

static bool digest_same(const char *hex, const uint8_t digest[static 32])
{
	char own[65];

	for (int i = 0; i < 32; i++)
		snprintf(own + 2 * i, 3, "%02x", digest[i]);
	return hex && strcmp(hex, own) == 0;
}

static enum answer judge(json_t *root, long status, const struct offer *offer, char reasons[static 256], const char **why)
{
	const char *format = json_string_value(json_object_get(root, "format"));
	const char *domain = json_string_value(json_object_get(root, "domain"));
	const char *state = json_string_value(json_object_get(root, "state"));
	json_t *book = json_object_get(root, "book");

	*why = "the answer is no answer object";
	if (!format || !state)
		return ANSWER_NONE;
	*why = "the answer is of another format";
	if (strcmp(format, "mdshim-answer-1") != 0)
		return ANSWER_NONE;
	*why = "the answer is not about this book";
	if (!digest_same(json_string_value(json_object_get(root, "digest")), offer->digest))
		return ANSWER_NONE;
	if (strcmp(state, "rejected") == 0 && (status / 100 == 2 || status / 100 == 4)) {
		reasons_read(json_object_get(root, "reasons"), reasons);
		return ANSWER_REJECTED;
	}
	if (!domain || strcmp(domain, offer->domain) != 0 || !json_is_integer(book) || json_integer_value(book) != offer->book)
		return ANSWER_NONE;
	*why = "the answer's state does not fit its status";
	return strcmp(state, "accepted") == 0 && (status == 200 || status == 201) ? ANSWER_ACCEPTED : ANSWER_NONE;
}

enum answer answer_read(const struct http_result *result, const struct offer *offer, char reasons[static 256], const char **why)
{
	json_t *root;
	enum answer answer;

	if (result->status / 100 == 3) {
		*why = "a redirection, which is not followed";
		return ANSWER_NONE;
	}
	if (result->status == 429 || result->status / 100 == 5) {
		*why = "the controller is not ready";
		return ANSWER_NONE;
	}
	root = json_loadb(result->body, result->len, JSON_REJECT_DUPLICATES, NULL);
	answer = judge(root, result->status, offer, reasons, why);
	json_decref(root);
	return answer;
}
