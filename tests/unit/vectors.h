/* SPDX-License-Identifier: BSD-3-Clause
 *
 * vectors.h - the case files of tests/vectors as cmocka tests: one test per case, named "topic: case".
 *
 * Whatever is missing or malformed in a case file fails the test that asks for it. Files are looked for in $MD_VECTORS,
 * else in tests/vectors below the working directory. */
#ifndef MD_TEST_VECTORS_H
#define MD_TEST_VECTORS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>

#include <mdshim/wire.h>

/* Octets of a case, in a heap block of exactly their size, so that a sanitizer sees the first one read beyond. Blobs
 * live until the end of the test that asked for them. */
struct blob {
	uint8_t *at;
	size_t len;
};

/* What a generated test finds in *state. */
struct vector_case {
	const char *name;
	json_t *in, *out;
};

/* Which function tests which cases. */
struct vector_op {
	const char *topic;  /* name of the file without .json */
	const char *op;     /* "op" of the case; NULL: any */
	CMUnitTestFunction test;
};

/* Runs a test for each case that one of the ops wants, and then the tests of more. A topic with a case that no op wants
 * fails. What main() returns. */
int vectors_run(const char *group, const struct vector_op *ops, size_t n, const struct CMUnitTest *more,
	size_t more_n);

#define VECTORS_RUN(group, ops, more) \
	vectors_run(group, ops, sizeof(ops) / sizeof((ops)[0]), more, sizeof(more) / sizeof((more)[0]))

/* The cases of a file, for tests that go through several; stays loaded until the program ends. */
const json_t *vectors_cases(const char *topic);

/* A whole document, such as the example of a codebook; belongs to the caller. */
json_t *vectors_document(const char *name);

/* Members of an object. A member that is absent or null is NULL, an empty blob with a NULL pointer, or the default. */
const char *vec_text(const json_t *object, const char *key);
int64_t vec_int(const json_t *object, const char *key);  /* must be there */
int64_t vec_int_or(const json_t *object, const char *key, int64_t otherwise);
bool vec_bool(const json_t *object, const char *key);    /* absent: false */
struct blob vec_octets(const json_t *object, const char *key);
json_t *vec_member(const json_t *object, const char *key); /* must be there, may be null */

/* src, dst, sport, dport. */
struct md_tuple vec_tuple(const json_t *object);
/* Identifiers, with the defaults of the case files. */
struct md_ids vec_ids(const json_t *object);
/* alg, master_key or key, keyid, nat, cover. */
struct md_key vec_key(const json_t *object);

/* A heap copy of exactly len octets. */
struct blob blob_copy(const void *octets, size_t len);
struct blob blob_of_hex(const char *hex);

/* Frees the blobs of this test; generated tests do that on their own. Fits as a teardown of cmocka. */
int blobs_free(void **state);

/* Fails unless the octets are those of the member. */
void assert_octets(const json_t *object, const char *key, const void *octets, size_t len);
/* Fails unless the reason is the text of the member; null stands for MD_R_NONE. */
void assert_reason(const json_t *object, const char *key, enum md_reason reason);

/* A small generator, so that a seed repeats a run: splitmix64. */
uint64_t random_next(uint64_t *seed);
void random_fill(uint64_t *seed, void *octets, size_t len);
/* $MD_SEED, else a seed of this moment; tests print it when they fail. */
uint64_t random_seed(void);

#endif
