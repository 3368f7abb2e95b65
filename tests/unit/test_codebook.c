/* SPDX-License-Identifier: BSD-3-Clause
 *
 * test_codebook.c - books: the cases of codebook.json, and what they leave out. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../../provisioner/bookjson.h"
#include "vectors.h"

static struct md_codebook book, again;
static struct md_book_faults faults;

static char *reasons_text(char text[static 400])
{
	text[0] = '\0';
	for (int i = 0; i < MD_BOOK_REASON_COUNT; i++)
		if (faults.reasons >> i & 1)
			strcat(strcat(text, text[0] ? " " : ""), md_book_reason_name((enum md_book_reason)i));
	return text;
}

static char *wanted_text(const json_t *reasons, char text[static 400])
{
	const json_t *one;
	size_t i;

	text[0] = '\0';
	json_array_foreach(reasons, i, one)
		strcat(strcat(text, text[0] ? " " : ""), json_string_value(one));
	return text;
}

static void document_is_judged(void **state)
{
	const struct vector_case *c = *state;
	char *text = json_dumps(vec_member(c->in, "document"), JSON_PRESERVE_ORDER), got[400], want[400];
	bool accepted = vec_bool(c->out, "accepted");
	int err = bookjson_read(text, strlen(text), vec_bool(c->in, "allow_lab"), &book, &faults);

	assert_string_equal(reasons_text(got), wanted_text(vec_member(c->out, "reasons"), want));
	assert_int_equal(err, accepted ? 0 : -EINVAL);
	if (accepted) {
		size_t len;
		char *written = bookjson_write(&book, &len);

		assert_non_null(written);
		assert_int_equal(bookjson_read(written, len, true, &again, &faults), 0);
		assert_memory_equal(&book, &again, sizeof book);
		bookjson_free(written, len);
	} else {
		json_t *list = bookjson_reasons(&faults);

		assert_in_range(json_array_size(list), 1, MD_BOOK_FAULTS);
		json_decref(list);
	}
	free(text);
}

static int read_text(const char *text)
{
	return bookjson_read(text, strlen(text), false, &book, &faults);
}

static char *example(size_t *len)
{
	json_t *root = vectors_document("book-example");
	char *text = json_dumps(root, JSON_INDENT(1));

	json_decref(root);
	*len = strlen(text);
	return text;
}

static void every_truncation_is_refused_with_format_alone(void **state)
{
	size_t len;
	char *text = example(&len);

	(void)state;
	for (size_t i = 0; i < len; i++) {
		struct blob cut = blob_copy(text, i);

		assert_int_equal(bookjson_read((const char *)cut.at, cut.len, false, &book, &faults), -EINVAL);
		assert_int_equal(faults.reasons, 1u << MD_B_FORMAT);
		if (i % 64 == 63)
			blobs_free(NULL);
	}
	assert_int_equal(bookjson_read(text, len, false, &book, &faults), 0);
	free(text);
}

static void not_json_and_double_members_are_format(void **state)
{
	static const char *const text[] = { "", "x", "[]", "null", "{}", "{\"format\":\"mdshim-book-1\",\"format\":\"mdshim-book-1\"}",
		"{\"format\":\"mdshim-book-1\"} {}", "{\"format\":1}",
		"{\"format\":\"mdshim-book-1\",\"domain\":\"a\",\"book\":1,\"notBefore\":1,\"notAfter\":2,\"keys\":[],"
		"\"codes\":[{\"c\":\"00\",\"c\":\"00\"}]}" };

	(void)state;
	for (size_t i = 0; i < sizeof text / sizeof *text; i++) {
		assert_int_equal(read_text(text[i]), -EINVAL);
		assert_int_equal(faults.reasons, 1u << MD_B_FORMAT);
	}
}

#define HEAD "{\"format\":\"mdshim-book-1\",\"domain\":\"a\","
#define TAIL ",\"codes\":[],\"keys\":[]}"

static void integers_have_no_fraction(void **state)
{
	static const char *const text[] = { HEAD "\"book\":1.0,\"notBefore\":1,\"notAfter\":2" TAIL,
		HEAD "\"book\":1e3,\"notBefore\":1,\"notAfter\":2" TAIL, HEAD "\"book\":1,\"notBefore\":1.5,\"notAfter\":2" TAIL,
		HEAD "\"book\":4294967296,\"notBefore\":1,\"notAfter\":2" TAIL,
		HEAD "\"book\":1,\"notBefore\":1,\"notAfter\":2,\"bqUnit\":65536" TAIL,
		HEAD "\"book\":1,\"notBefore\":1,\"notAfter\":2,\"lab\":1" TAIL,
		HEAD "\"book\":1,\"notBefore\":1,\"notAfter\":2,\"codes\":{},\"keys\":[]}" };

	(void)state;
	for (size_t i = 0; i < sizeof text / sizeof *text; i++) {
		assert_int_equal(read_text(text[i]), -EINVAL);
		assert_int_equal(faults.reasons, 1u << MD_B_FIELD);
	}
	assert_int_equal(read_text(HEAD "\"book\":1,\"notBefore\":-1,\"notAfter\":2" TAIL), -EINVAL);
	assert_int_equal(faults.reasons, 1u << MD_B_TIME | 1u << MD_B_EMPTY);
	assert_int_equal(read_text(HEAD "\"book\":1,\"notBefore\":1,\"notAfter\":9007199254740993" TAIL), -EINVAL);
	assert_int_equal(faults.reasons, 1u << MD_B_TIME | 1u << MD_B_EMPTY);
}

static void book_fill(uint32_t codes)
{
	memset(&book, 0, sizeof book);
	strcpy(book.domain, "full");
	book.book = 1;
	book.not_after = 600;
	book.codes = codes;
	for (uint32_t i = 0; i < codes; i++) {
		uint64_t seed = i;

		random_fill(&seed, book.code[i].code, MD_CODE_LEN);
		book.code[i].meaning = (struct md_meaning){ .role = i % 4 & 3, .colour = i / 4 % 4 & 3, .p = 1, .d = 1 };
		book.code[i].at = (uint16_t)i;
	}
}

static void the_largest_book_is_read_and_a_larger_one_is_not(void **state)
{
	size_t len;
	char *text, *more;

	(void)state;
	book_fill(MD_BOOK_CODES);
	text = bookjson_write(&book, &len);
	assert_in_range(len, 1, MD_BOOK_OCTETS);
	assert_int_equal(bookjson_read(text, len, false, &book, &faults), 0);
	assert_int_equal(md_codebook_colours(&book), 4);
	more = malloc(len + 64);
	strcpy(more, text);
	strcpy(strstr(more, "],\n\"keys\""), ",{}");
	strcat(more, strstr(text, "],\n\"keys\""));
	assert_int_equal(bookjson_read(more, strlen(more), false, &book, &faults), -EINVAL);
	assert_int_equal(faults.reasons, 1u << MD_B_SIZE);
	free(more);
	bookjson_free(text, len);
	text = calloc(1, MD_BOOK_OCTETS + 1);
	assert_int_equal(bookjson_read(text, MD_BOOK_OCTETS + 1, false, &book, &faults), -EINVAL);
	assert_int_equal(faults.reasons, 1u << MD_B_SIZE);
	free(text);
}

static void codes_are_found_and_sets_are_runs(void **state)
{
	unsigned first, n, sum = 0;

	(void)state;
	book_fill(MD_BOOK_CODES);
	md_codebook_index(&book);
	for (uint32_t i = 0; i < book.codes; i++) {
		uint8_t other[MD_CODE_LEN];

		assert_ptr_equal(md_codebook_find(&book, book.code[i].code, false), &book.code[i]);
		memcpy(other, book.code[i].code, sizeof other);
		other[15] ^= 1;
		assert_null(md_codebook_find(&book, other, false));
		assert_null(md_codebook_find(&book, other, true));
	}
	book.legacy16 = true;
	assert_ptr_equal(md_codebook_find(&book, book.code[7].code, true), &book.code[7]);
	for (int meaning = 0; meaning < MD_MEANINGS; meaning++) {
		n = md_codebook_set(&book, meaning, &first);
		sum += n;
		for (unsigned i = first; i < first + n; i++)
			assert_int_equal(md_meaning_number(&book.code[book.by_meaning[i]].meaning), meaning);
	}
	assert_int_equal(sum, MD_BOOK_CODES);
}

static void meanings_have_numbers_and_back(void **state)
{
	unsigned good = 0;

	(void)state;
	for (unsigned i = 0; i < MD_MEANINGS; i++) {
		struct md_meaning m = md_meaning_of(i);
		int number = md_meaning_number(&m);

		assert_true(number == -1 || number == (int)i || (i & 0x1800) == 0x800);
		good += number == (int)i;
	}
	assert_int_equal(good, 5 * 4 * 4 * 3 * 3 + 256 * 3 * 3);
}

static void a_live_book_is_not_contradicted(void **state)
{
	size_t len;
	char *text = example(&len);

	(void)state;
	assert_int_equal(bookjson_read(text, len, false, &book, &faults), 0);
	assert_int_equal(bookjson_read(text, len, false, &again, &faults), 0);
	md_codebook_compare(&again, &book, &faults);
	assert_int_equal(faults.reasons, 0);
	again.code[3].meaning.p = 2;
	again.key[1].key.nat = !again.key[1].key.nat;
	md_codebook_compare(&again, &book, &faults);
	assert_int_equal(faults.reasons, 1u << MD_B_CODE_CONFLICT | 1u << MD_B_KEY_CONFLICT);
	free(text);
}

static void life_is_half_open_and_routers_allow_some_more(void **state)
{
	(void)state;
	memset(&book, 0, sizeof book);
	book.not_before = 100, book.not_after = 200;
	assert_false(md_codebook_usable(&book, 99));
	assert_true(md_codebook_usable(&book, 100));
	assert_true(md_codebook_usable(&book, 199));
	assert_false(md_codebook_usable(&book, 200));
	assert_false(md_codebook_decodes(&book, 69));
	assert_true(md_codebook_decodes(&book, 70));
	assert_true(md_codebook_decodes(&book, 229));
	assert_false(md_codebook_decodes(&book, 230));
}

static void reasons_fit_an_answer_and_none_is_left_out(void **state)
{
	json_t *list, *one;
	uint32_t seen = 0;
	size_t i;

	(void)state;
	memset(&faults, 0, sizeof faults);
	for (int k = 0; k < 40; k++)
		md_book_fault(&faults, MD_B_VALUE, MD_BOOK_CODE, (size_t)k, "p");
	md_book_fault(&faults, MD_B_KEY_ALG, MD_BOOK_KEY, 0, "alg");
	list = bookjson_reasons(&faults);
	assert_in_range(json_array_size(list), 2, MD_BOOK_FAULTS);
	json_array_foreach(list, i, one)
		for (int r = 0; r < MD_BOOK_REASON_COUNT; r++)
			if (strcmp(json_string_value(json_object_get(one, "reason")), md_book_reason_name((enum md_book_reason)r)) == 0)
				seen |= 1u << r;
	assert_int_equal(seen, faults.reasons);
	json_decref(list);
}

int main(void)
{
	static const struct vector_op ops[] = { { "codebook", NULL, document_is_judged } };
	static const struct CMUnitTest more[] = {
		cmocka_unit_test(every_truncation_is_refused_with_format_alone),
		cmocka_unit_test(not_json_and_double_members_are_format),
		cmocka_unit_test(integers_have_no_fraction),
		cmocka_unit_test(the_largest_book_is_read_and_a_larger_one_is_not),
		cmocka_unit_test(codes_are_found_and_sets_are_runs),
		cmocka_unit_test(meanings_have_numbers_and_back),
		cmocka_unit_test(a_live_book_is_not_contradicted),
		cmocka_unit_test(life_is_half_open_and_routers_allow_some_more),
		cmocka_unit_test(reasons_fit_an_answer_and_none_is_left_out),
	};

	bookjson_secrecy();
	return VECTORS_RUN("codebook", ops, more);
}
