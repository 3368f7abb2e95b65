/* SPDX-License-Identifier: BSD-3-Clause */
#include "vectors.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* --- Files ------------------------------------------------------------------------------------------------ */

static void die(const char *what, const char *name)
{
	fprintf(stderr, "vectors: %s: %s\n", name, what);
	print_message("Bail out! %s: %s\n", name, what);
	exit(2);
}

json_t *vectors_document(const char *name)
{
	const char *folder = getenv("MD_VECTORS");
	char path[512];
	json_error_t error;
	json_t *root;

	snprintf(path, sizeof path, "%s/%s.json", folder ? folder : "tests/vectors", name);
	root = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
	if (!root)
		die(error.text, path);
	return root;
}

enum { TOPICS = 24 };
static struct topic {
	const char *name;
	json_t *root;
} loaded[TOPICS];

static void unload(void)
{
	for (int i = 0; i < TOPICS; i++)
		json_decref(loaded[i].root);
}

const json_t *vectors_cases(const char *topic)
{
	const json_t *cases;
	int i = 0;

	while (i < TOPICS && loaded[i].name && strcmp(loaded[i].name, topic))
		i++;
	if (i == TOPICS)
		die("too many case files", topic);
	if (!loaded[i].name) {
		if (i == 0)
			atexit(unload);
		loaded[i].name = topic;
		loaded[i].root = vectors_document(topic);
	}
	cases = json_object_get(loaded[i].root, "cases");
	if (!json_array_size(cases))
		die("no cases", topic);
	return cases;
}

/* --- Tests ------------------------------------------------------------------------------------------------ */

static const struct vector_op *op_for(const struct vector_op *ops, size_t n, const char *topic, const json_t *in)
{
	const char *op = json_string_value(json_object_get(in, "op"));

	for (size_t i = 0; i < n; i++)
		if (!strcmp(ops[i].topic, topic) && (!ops[i].op || (op && !strcmp(ops[i].op, op))))
			return &ops[i];
	return NULL;
}

static bool first_of_topic(const struct vector_op *ops, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (!strcmp(ops[j].topic, ops[i].topic))
			return false;
	return true;
}

static struct CMUnitTest make_test(const struct vector_op *op, json_t *one)
{
	const char *name = json_string_value(json_object_get(one, "name"));
	struct vector_case *c = malloc(sizeof *c);
	char *title = malloc(strlen(op->topic) + strlen(name) + 3);

	if (!c || !title)
		die("no memory", op->topic);
	sprintf(title, "%s: %s", op->topic, name);
	for (char *p = title; *p; p++)
		if (*p == '#') /* begins a directive in TAP */
			*p = ' ';
	*c = (struct vector_case){ name, json_object_get(one, "in"), json_object_get(one, "out") };
	return (struct CMUnitTest){ title, op->test, NULL, blobs_free, c };
}

static size_t generate(struct CMUnitTest *tests, const struct vector_op *ops, size_t n, const char *topic)
{
	const json_t *cases = vectors_cases(topic);
	size_t made = 0;

	for (size_t i = 0; i < json_array_size(cases); i++) {
		json_t *one = json_array_get(cases, i);
		const struct vector_op *op = op_for(ops, n, topic, json_object_get(one, "in"));

		if (!op)
			die("a case that nothing tests", topic);
		tests[made++] = make_test(op, one);
	}
	return made;
}

static size_t count_cases(const struct vector_op *ops, size_t n)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		if (first_of_topic(ops, i))
			count += json_array_size(vectors_cases(ops[i].topic));
	return count;
}

int vectors_run(const char *group, const struct vector_op *ops, size_t n, const struct CMUnitTest *more,
	size_t more_n)
{
	size_t made = 0, count = count_cases(ops, n);
	struct CMUnitTest *tests = calloc(count + more_n, sizeof *tests);
	int failed;

	if (!tests)
		die("no memory", group);
	for (size_t i = 0; i < n; i++)
		if (first_of_topic(ops, i))
			made += generate(tests + made, ops, n, ops[i].topic);
	if (more_n)
		memcpy(tests + made, more, more_n * sizeof *tests);
	for (size_t i = made; i < made + more_n; i++)
		if (!tests[i].teardown_func)
			tests[i].teardown_func = blobs_free;
	failed = _cmocka_run_group_tests(group, tests, made + more_n, NULL, NULL);
	for (size_t i = 0; i < made; i++) {
		free((void *)(uintptr_t)tests[i].name);
		free(tests[i].initial_state);
	}
	free(tests);
	return failed;
}

/* --- Blobs ------------------------------------------------------------------------------------------------ */

static void **blobs;
static size_t blob_count, blob_room;

struct blob blob_copy(const void *octets, size_t len)
{
	struct blob b = { malloc(len ? len : 1), len };

	if (blob_count == blob_room) {
		blob_room = blob_room ? 2 * blob_room : 64;
		blobs = realloc(blobs, blob_room * sizeof *blobs);
	}
	assert_non_null(b.at);
	assert_non_null(blobs);
	blobs[blob_count++] = b.at;
	if (len)
		memcpy(b.at, octets, len);
	return b;
}

int blobs_free(void **state)
{
	(void)state;
	while (blob_count)
		free(blobs[--blob_count]);
	free(blobs);
	blobs = NULL;
	blob_room = 0;
	return 0;
}

static int digit(char c)
{
	const char *digits = "0123456789abcdef", *p = c ? strchr(digits, c) : NULL;

	return p ? (int)(p - digits) : -1;
}

struct blob blob_of_hex(const char *hex)
{
	size_t len = strlen(hex) / 2;
	uint8_t *octets = malloc(len ? len : 1);
	struct blob b;

	assert_non_null(octets);
	for (size_t i = 0; i < len; i++) {
		int high = digit(hex[2 * i]), low = digit(hex[2 * i + 1]);

		if (high < 0 || low < 0)
			fail_msg("not lower case hex: %s", hex);
		octets[i] = (uint8_t)(high << 4 | low);
	}
	assert_int_equal(strlen(hex) % 2, 0);
	b = blob_copy(octets, len);
	free(octets);
	return b;
}

/* --- Members ---------------------------------------------------------------------------------------------- */

json_t *vec_member(const json_t *object, const char *key)
{
	json_t *v = json_object_get(object, key);

	if (!v)
		fail_msg("the case has no \"%s\"", key);
	return v;
}

const char *vec_text(const json_t *object, const char *key)
{
	json_t *v = json_object_get(object, key);

	if (v && !json_is_null(v) && !json_is_string(v))
		fail_msg("\"%s\" is not a text", key);
	return json_string_value(v);
}

int64_t vec_int_or(const json_t *object, const char *key, int64_t otherwise)
{
	json_t *v = json_object_get(object, key);

	if (!v || json_is_null(v))
		return otherwise;
	if (!json_is_integer(v))
		fail_msg("\"%s\" is not an integer", key);
	return json_integer_value(v);
}

int64_t vec_int(const json_t *object, const char *key)
{
	if (!json_is_integer(vec_member(object, key)))
		fail_msg("\"%s\" is not an integer", key);
	return vec_int_or(object, key, 0);
}

bool vec_bool(const json_t *object, const char *key)
{
	json_t *v = json_object_get(object, key);

	if (v && !json_is_null(v) && !json_is_boolean(v))
		fail_msg("\"%s\" is neither true nor false", key);
	return json_is_true(v);
}

struct blob vec_octets(const json_t *object, const char *key)
{
	const char *hex = vec_text(object, key);

	return hex ? blob_of_hex(hex) : (struct blob){ NULL, 0 };
}

static uint8_t vec_address(const json_t *object, const char *key, uint8_t out[16])
{
	const char *text = vec_text(object, key);

	if (text && inet_pton(AF_INET, text, out) == 1)
		return 4;
	if (text && inet_pton(AF_INET6, text, out) == 1)
		return 6;
	fail_msg("\"%s\" is not an address", key);
	return 0;
}

struct md_tuple vec_tuple(const json_t *object)
{
	struct md_tuple t = { 0 };

	t.version = vec_address(object, "src", t.src);
	assert_int_equal(vec_address(object, "dst", t.dst), t.version);
	t.sport = (uint16_t)vec_int(object, "sport");
	t.dport = (uint16_t)vec_int(object, "dport");
	return t;
}

/* A kind that is there and null is "none configured". */
static uint8_t vec_kind(const json_t *object, const char *key, uint8_t otherwise)
{
	return (uint8_t)vec_int_or(object, key, json_object_get(object, key) ? 0 : otherwise);
}

struct md_ids vec_ids(const json_t *object)
{
	return (struct md_ids){
		.med_exid = (uint16_t)vec_int_or(object, "med_exid", MD_LAB_MED_EXID),
		.ofc_exid = (uint16_t)vec_int_or(object, "ofc_exid", MD_LAB_OFC_EXID),
		.token_exid = (uint16_t)vec_int_or(object, "token_exid", MD_LAB_TOKEN_EXID),
		.med_kind = vec_kind(object, "med_kind", MD_LAB_MED_KIND),
		.ofc_kind = vec_kind(object, "ofc_kind", MD_LAB_OFC_KIND),
		.legacy16 = vec_bool(object, "legacy16"),
	};
}

struct md_key vec_key(const json_t *object)
{
	struct blob octets = vec_octets(object, json_object_get(object, "master_key") ? "master_key" : "key");
	json_t *cover = json_object_get(object, "cover");
	struct md_key k = { .keyid = (uint8_t)vec_int_or(object, "keyid", 0), .nat = vec_bool(object, "nat") };
	int algorithm = md_algorithm_parse(vec_text(object, "alg"));

	assert_true(algorithm >= 0);
	k.algorithm = (enum md_algorithm)algorithm;
	assert_in_range(octets.len, 1, MD_KEY_MAX);
	memcpy(k.key, octets.at, octets.len);
	k.len = octets.len;
	if (json_is_string(cover))
		assert_string_equal(json_string_value(cover), "datagram");
	else
		k.cover = (uint32_t)vec_int_or(object, "cover", 0);
	return k;
}

/* --- Checks ----------------------------------------------------------------------------------------------- */

void assert_octets(const json_t *object, const char *key, const void *octets, size_t len)
{
	struct blob want = vec_octets(object, key);
	char *got = calloc(2 * len + 1, 1);

	assert_non_null(got);
	for (size_t i = 0; i < len; i++)
		sprintf(got + 2 * i, "%02x", ((const uint8_t *)octets)[i]);
	if (want.len != len || (len && memcmp(want.at, octets, len)))
		print_message("# %s is %s\n# but expected %s\n", key, got, vec_text(object, key));
	free(got);
	assert_int_equal(want.len, len);
	if (len)
		assert_memory_equal(want.at, octets, len);
}

void assert_reason(const json_t *object, const char *key, enum md_reason reason)
{
	const char *want = vec_text(object, key);

	assert_string_equal(md_reason_name(reason), want ? want : "none");
}

/* --- Random ----------------------------------------------------------------------------------------------- */

uint64_t random_next(uint64_t *seed)
{
	uint64_t z = *seed += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

void random_fill(uint64_t *seed, void *octets, size_t len)
{
	for (size_t i = 0; i < len; i++)
		((uint8_t *)octets)[i] = (uint8_t)random_next(seed);
}

uint64_t random_seed(void)
{
	const char *text = getenv("MD_SEED");
	struct timespec now;

	if (text)
		return strtoull(text, NULL, 0);
	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec << 30 ^ (uint64_t)now.tv_nsec;
}
