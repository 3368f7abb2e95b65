/* SPDX-License-Identifier: BSD-3-Clause
 *
 * test_answer.c - what counts as an answer to an offer, and what of it may be logged. */
#include <string.h>

#include "../../provisioner/answer.h"
#include "vectors.h"

#define DIGEST "1100000000000000000000000000000000000000000000000000000000000000"
#define HEAD "{\"format\":\"mdshim-answer-1\",\"domain\":\"cap1\",\"book\":17,\"digest\":\"" DIGEST "\","
#define ACCEPT HEAD "\"state\":\"accepted\"}"
#define REJECT HEAD "\"state\":\"rejected\",\"reasons\":"

static const struct offer offer = { .book = 17, .domain = "cap1", .digest = { 0x11 } };
static char reasons[256];

static enum answer said(long status, const char *body)
{
	struct http_result result = { .status = status, .body = body, .len = strlen(body) };
	const char *why = "";
	enum answer answer = answer_read(&result, &offer, reasons, &why);

	assert_true(answer != ANSWER_NONE || *why);
	return answer;
}

static void only_a_whole_answer_about_this_book_accepts(void **state)
{
	static const struct { long status; const char *body; enum answer is; } c[] = {
		{ 200, ACCEPT, ANSWER_ACCEPTED }, { 201, ACCEPT, ANSWER_ACCEPTED },
		{ 204, ACCEPT, ANSWER_NONE }, { 422, ACCEPT, ANSWER_NONE }, { 302, ACCEPT, ANSWER_NONE }, { 429, ACCEPT, ANSWER_NONE },
		{ 503, ACCEPT, ANSWER_NONE }, { 200, "", ANSWER_NONE }, { 200, "[]", ANSWER_NONE }, { 200, ACCEPT ACCEPT, ANSWER_NONE },
		{ 200, "{\"format\":\"mdshim-answer-2\",\"domain\":\"cap1\",\"book\":17,\"digest\":\"" DIGEST "\",\"state\":\"accepted\"}", ANSWER_NONE },
		{ 200, "{\"format\":\"mdshim-answer-1\",\"domain\":\"cap2\",\"book\":17,\"digest\":\"" DIGEST "\",\"state\":\"accepted\"}", ANSWER_NONE },
		{ 200, "{\"format\":\"mdshim-answer-1\",\"domain\":\"cap1\",\"book\":18,\"digest\":\"" DIGEST "\",\"state\":\"accepted\"}", ANSWER_NONE },
		{ 200, "{\"format\":\"mdshim-answer-1\",\"domain\":\"cap1\",\"book\":17,\"digest\":\"00\",\"state\":\"accepted\"}", ANSWER_NONE },
		{ 200, HEAD "\"state\":\"accepted\",\"state\":\"accepted\"}", ANSWER_NONE }, { 200, HEAD "\"state\":\"perhaps\"}", ANSWER_NONE },
		{ 422, REJECT "[]}", ANSWER_REJECTED }, { 200, REJECT "[]}", ANSWER_REJECTED }, { 503, REJECT "[]}", ANSWER_NONE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof c / sizeof *c; i++)
		if (said(c[i].status, c[i].body) != c[i].is)
			fail_msg("case %zu: %ld %s", i, c[i].status, c[i].body);
}

static void cut_anywhere_it_is_no_answer(void **state)
{
	char part[512];

	(void)state;
	for (size_t i = 0; i < strlen(ACCEPT); i++) {
		memcpy(part, ACCEPT, i);
		part[i] = '\0';
		assert_int_equal(said(200, part), ANSWER_NONE);
	}
}

static void reasons_are_known_words_and_places(void **state)
{
	(void)state;
	assert_int_equal(said(422, REJECT "[{\"reason\":\"set-small\",\"at\":\"codes[7].c\"},{\"reason\":\"expired\"}]}"), ANSWER_REJECTED);
	assert_string_equal(reasons, "set-small at codes[7].c, expired");
	assert_int_equal(said(422, REJECT "[{\"reason\":\"00112233445566778899aabbccddeeff\"},{\"reason\":\"size\",\"at\":\"00112233\"},7]}"), ANSWER_REJECTED);
	assert_string_equal(reasons, "size");
	assert_int_equal(said(422, REJECT "7}"), ANSWER_REJECTED);
	assert_string_equal(reasons, "no reason that is known");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_a_whole_answer_about_this_book_accepts),
		cmocka_unit_test(cut_anywhere_it_is_no_answer),
		cmocka_unit_test(reasons_are_known_words_and_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
