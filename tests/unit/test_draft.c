/* SPDX-License-Identifier: BSD-3-Clause
 *
 * test_draft.c - the draft's text form of codebooks: every notation that is tolerated and every defect that is named, with its
 * line (codebook format, section 8). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../provisioner/mdctl/draft.h"
#include "vectors.h"

static struct md_codebook book;
static struct draft_notes notes;

/* In the manner of the appendix: six lines; as printed each code lacks a digit, and two stand twice. */
#define LISTS "\"marker\": [\"start/end\", \"middle\"], \"importance\": [\"high\", \"medium\", \"low\"], \"delTolerance\": [\"high\", \"low\"],\n" \
	"\"streams\": [\"A\", \"B\"],\n"
#define FIRST "{\"name\": OFC-1, \"obfuscated-code\": 0x00112233445566778899aabbccddee%s, \"marker\" : \"start/end\" \"importance\": \"high\", \"delTolerance\": \"low\"}\n"
#define SECOND "{\"name\": OFC-2, \"obfuscated-code\": 0x10112233445566778899AABBCCDDEE%s, \"marker\" : \"middle\" \"importance\": \"medium\", \"delTolerance\": \"high\"}\n"
#define THIRD "{\"name\": OFC-11, \"obfuscated-code\": 0x00112233445566778899aabbccddee%s, \"stream\" : \"A\" \"importance\": \"high\"}\n"
#define FOURTH "{\"name\": OFS-12, \"obfuscated-code\": 0x10112233445566778899aabbccddee%s, \"stream\" : \"B\" \"importance\": \"low\"}\n"

static int read_text(const char *text)
{
	return draft_read(text, strlen(text), &book, &notes);
}

/* How many notes of a kind hold a text, at a line (0: any). */
static unsigned noted(bool error, unsigned line, const char *part)
{
	unsigned n = 0;

	for (unsigned i = 0; i < notes.kept; i++)
		n += notes.note[i].error == error && (!line || notes.note[i].line == line) && strstr(notes.note[i].text, part);
	return n;
}

static const char *example(const char *a, const char *b, const char *c, const char *d)
{
	static char text[4096];

	snprintf(text, sizeof text, LISTS FIRST SECOND THIRD FOURTH, a, b, c, d);
	return text;
}

static void the_example_as_printed_is_refused(void **state)
{
	(void)state;
	assert_int_equal(read_text(example("f", "f", "f", "f")), -EINVAL);
	assert_int_equal(notes.errors, 6);
	assert_int_equal(noted(true, 0, "a code of 31 digits, expected exactly 32"), 4);
	assert_int_equal(noted(true, 5, "OFC-11 has the same code as OFC-1 (line 3)"), 1);
	assert_int_equal(noted(true, 6, "OFC-12 has the same code as OFC-2 (line 4)"), 1);
	assert_int_equal(noted(false, 3, "role edge"), 1);
	assert_int_equal(noted(false, 6, "read as OFC"), 1);
	assert_true(noted(false, 0, "a comma is missing") >= 4);
	assert_int_equal(book.codes, 0);
}

static void completed_and_made_distinct_it_is_a_lab_book(void **state)
{
	static const struct md_meaning want[] = { { .role = MD_ROLE_EDGE, .p = 1, .l = 2 }, { .role = MD_ROLE_MIDDLE, .p = 2, .l = 1 },
		{ .s = 1, .stream = 0, .p = 1 }, { .s = 1, .stream = 1, .p = 3 } };

	(void)state;
	assert_int_equal(read_text(example("01", "02", "03", "04")), 0);
	assert_int_equal(book.codes, 4);
	assert_true(book.lab);
	for (int i = 0; i < 4; i++) {
		assert_memory_equal(&book.code[i].meaning, &want[i], sizeof want[i]);
		assert_int_equal(book.code[i].code[15], i + 1);
	}
	assert_int_equal(noted(false, 0, "1 of the 5 codes"), 4);
}

static void every_defect_is_named(void **state)
{
	static const struct { const char *text, *part; unsigned line; } c[] = {
		{ "{\"name\": X, \"obfuscated-code\": 0x00112233445566778899aabbccddeeffa, \"marker\": middle, \"importance\": high}", "33 digits", 1 },
		{ "\n{\"name\": X, \"obfuscated-code\": zz, \"marker\": middle, \"importance\": high}", "hex digits", 2 },
		{ "{\"name\": X, \"marker\": middle, \"importance\": high}", "expected 'obfuscated-code'", 1 },
		{ "\n\n{\"obfuscated-code\": 00112233445566778899aabbccddeeff, \"marker\": middle}", "expected 'importance'", 3 },
		{ "{\"obfuscated-code\": 00112233445566778899aabbccddeeff, \"importance\": high}", "expected 'marker' or 'stream'", 1 },
		{ "streams: [A] {\"obfuscated-code\": 00112233445566778899aabbccddeeff, \"importance\": high, marker: middle, stream: A}", "not both", 1 },
		{ "{\"obfuscated-code\": 00112233445566778899aabbccddeeff, \"importance\": high, stream: A}", "not in the list 'streams'", 1 },
		{ "importance: [low]\n{\"obfuscated-code\": 00112233445566778899aabbccddeeff, \"importance\": high, marker: middle}", "not in the list 'importance'", 2 },
		{ "{\"obfuscated-code\": 00112233445566778899aabbccddeeff, \"importance\": urgent, marker: middle}", "expected high, medium or low", 1 },
		{ "{\"obfuscated-code\": 00112233445566778899aabbccddeeff, \"importance\": high, marker: first}", "expected start/end or middle", 1 },
		{ "{\"obfuscated-code\": 00112233445566778899aabbccddeeff, \"importance\": high, marker: middle, delTolerance: some}", "expected high or low", 1 },
		{ "{\"obfuscated-code\": 00112233445566778899aabbccddeeff, \"importance\": high, importance: low, marker: middle}", "stands twice", 1 },
		{ "{\"obfuscated-code\": 00112233445566778899aabbccddeeff, \"importance\": high, marker: middle", "expected '}' before the end", 1 },
		{ "{\"name\": \"X\n}", "not closed in its line", 1 },
		{ "{\"obfuscated-code\" 00112233445566778899aabbccddeeff}", "expected ':' after a name", 1 },
		{ "marker: [[[[[[[[[[]]]]]]]]]]", "brackets within each other", 1 },
		{ "", "expected codes", 1 },
		{ "]", "did not expect ']'", 1 },
		{ "a:", "expected a value after 'a'", 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
		assert_int_equal(read_text(c[i].text), -EINVAL);
		if (!noted(true, c[i].line, c[i].part)) {
			for (unsigned k = 0; k < notes.kept; k++)
				print_message("# %u: %s\n", notes.note[k].line, notes.note[k].text);
			fail_msg("%s: expected: %s", c[i].text, c[i].part);
		}
	}
}

static void quotation_marks_may_be_typographic_or_missing(void **state)
{
	(void)state;
	assert_int_equal(read_text("{ \xe2\x80\x9cname\xe2\x80\x9d: \xe2\x80\x9eX\xe2\x80\x9f, \"obfuscated-code\": \xe2\x80\x9c"
		"0X00112233445566778899aabbccddeeff\xe2\x80\x9d, marker: middle, importance: low }"), 0);
	assert_int_equal(book.codes, 1);
	assert_int_equal(book.code[0].meaning.p, 3);
	assert_int_equal(notes.warnings, 1); /* one code of five */
}

static void codes_may_stand_in_lists_and_wrappers(void **state)
{
	(void)state;
	assert_int_equal(read_text("{ \"OFC-codebook\": { \"version\": 1, \"codes\": [ {\"obfuscated-code\": 00112233445566778899aabbccddeeff, "
		"marker: middle, importance: low} ] } }"), 0);
	assert_int_equal(book.codes, 1);
	assert_int_equal(noted(false, 1, "'version' is not known here"), 1);
}

/* No message ever holds a code, wherever it stands. */
static void no_code_is_ever_told(void **state)
{
	static const char *const texts[] = { "importance: [high]\n{obfuscated-code: X, importance: 00112233445566778899aabbccddeeff, marker: middle}",
		"{name: 00112233445566778899aabbccddeeff}", "{00112233445566778899aabbccddeeff: 1, name: X}",
		"{stream: 00112233445566778899aabbccddeeff, obfuscated-code: 00112233445566778899aabbccddeeff, importance: high}" };

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		assert_int_equal(read_text(texts[i]), -EINVAL);
		assert_int_equal(noted(true, 0, "00112233") + noted(false, 0, "00112233"), 0);
	}
}

static void cut_anywhere_it_is_refused_or_smaller(void **state)
{
	char whole[4096];
	size_t len = strlen(strcpy(whole, example("01", "02", "03", "04")));

	(void)state;
	for (size_t i = 0; i < len; i++) {
		char *part = malloc(i + 1); /* of this very size: what reads beyond is found */

		memcpy(part, whole, i);
		if (draft_read(part, i, &book, &notes) == 0)
			assert_true(book.codes >= 1 && book.codes <= 4);
		else
			assert_true(notes.errors > 0 && book.codes == 0);
		free(part);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_example_as_printed_is_refused),
		cmocka_unit_test(completed_and_made_distinct_it_is_a_lab_book),
		cmocka_unit_test(every_defect_is_named),
		cmocka_unit_test(quotation_marks_may_be_typographic_or_missing),
		cmocka_unit_test(codes_may_stand_in_lists_and_wrappers),
		cmocka_unit_test(no_code_is_ever_told),
		cmocka_unit_test(cut_anywhere_it_is_refused_or_smaller),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
