// SPDX-License-Identifier: BSD-3-Clause
// The reader of ELF files: what a real one says, and that no octet of a broken one leads outside of it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
// cmocka needs the four above.
#include <cmocka.h>

#include "../../provisioner/mdctl/elf.h"

static uint8_t *self;
static size_t self_len;

/* In memory of exactly its size, so that a sanitizer sees every octet that is read too far. */
static uint8_t *copy(const void *octets, size_t len)
{
	uint8_t *own = malloc(len ? len : 1);

	assert_non_null(own);
	memcpy(own, octets, len);
	return own;
}

/* Everything that can be asked; the sum keeps the compiler from leaving it out. */
static unsigned ask_all(const uint8_t *octets, size_t len)
{
	const uint8_t *code;
	struct elf_symbol symbol;
	struct elf e;
	unsigned sum = 0;
	size_t n;

	if (!elf_open(&e, octets, len))
		return 0;
	sum += elf_interpreter(&e) ? (unsigned)strlen(elf_interpreter(&e)) : 0;
	sum += elf_soname(&e) ? (unsigned)strlen(elf_soname(&e)) : 0;
	for (unsigned i = 0; i < 64 && elf_needed(&e, i); i++)
		sum += (unsigned)strlen(elf_needed(&e, i));
	for (uint64_t i = 0; i < e.symbols.count; i++)
		sum += elf_symbol(&e, i, &symbol) ? (unsigned)strlen(symbol.name) : 0;
	sum += elf_go(&e) != NULL;
	for (unsigned i = 0; elf_code(&e, i, &code, &n); i++)
		sum += n ? code[0] + code[n - 1] : 0;
	return sum;
}

static int read_self(void **state)
{
	FILE *f = fopen("/proc/self/exe", "rb");

	(void)state;
	if (!f)
		return -1;
	self = malloc(16u << 20);
	self_len = self ? fread(self, 1, 16u << 20, f) : 0;
	fclose(f);
	return self_len ? 0 : -1;
}

static int forget_self(void **state)
{
	(void)state;
	free(self);
	return 0;
}

static bool imports(const struct elf *e, const char *name)
{
	struct elf_symbol symbol;

	for (uint64_t i = 0; i < e->symbols.count; i++)
		if (elf_symbol(e, i, &symbol) && symbol.imported && strcmp(symbol.name, name) == 0)
			return true;
	return false;
}

static void own_program_is_understood(void **state)
{
	struct elf e;
	const uint8_t *code;
	bool libc = false;
	size_t len;

	(void)state;
	assert_true(elf_open(&e, self, self_len));
	assert_non_null(strstr(elf_interpreter(&e), "ld-"));
	for (unsigned i = 0; elf_needed(&e, i); i++)
		libc |= strncmp(elf_needed(&e, i), "libc.so", 7) == 0;
	assert_true(libc);
	assert_true(imports(&e, "fopen"));
	assert_false(imports(&e, "sendmmsg"));
	assert_null(elf_go(&e));
	assert_null(elf_soname(&e));
	assert_true(elf_code(&e, 0, &code, &len));
	assert_true(len > 1000);
	assert_false(elf_code(&e, 1, &code, &len));
}

/* Without section headers the loader's own tables have to do. */
static void sections_are_not_needed(void **state)
{
	uint8_t *stripped = copy(self, self_len);
	struct elf e;

	(void)state;
	memset(stripped + 40, 0, 8);
	memset(stripped + 58, 0, 6);
	assert_true(elf_open(&e, stripped, self_len));
	assert_int_equal(e.sections.count, 0);
	assert_true(imports(&e, "fopen"));
	free(stripped);
}

static void every_truncation_is_survived(void **state)
{
	size_t step = 1;

	(void)state;
	for (size_t len = 0; len < self_len; len += step) {
		uint8_t *part = copy(self, len);

		ask_all(part, len);
		free(part);
		step = len < 4096 ? 1 : self_len / 400;
	}
}

static uint32_t next(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

/* The headers and the dynamic section decide where is looked. */
static void broken_numbers_are_survived(void **state)
{
	uint8_t *broken = copy(self, self_len);
	uint32_t seed = 1;
	struct elf e;

	(void)state;
	assert_true(elf_open(&e, self, self_len));
	for (unsigned round = 0; round < 3000; round++) {
		size_t changed[4];

		for (unsigned i = 0; i < 4; i++) {
			uint32_t dice = next(&seed);

			changed[i] = dice % 3 == 0 ? 4 + next(&seed) % 60 :
				     dice % 3 == 1 ? e.segments.at + next(&seed) % (e.segments.count * e.segments.size) :
						     e.dynamic.at + next(&seed) % (e.dynamic.count * e.dynamic.size);
			broken[changed[i]] = next(&seed) % 2 ? 0xff : (uint8_t)next(&seed);
		}
		ask_all(broken, self_len);
		for (unsigned i = 0; i < 4; i++)
			broken[changed[i]] = self[changed[i]];
	}
	free(broken);
}

static void garbage_is_survived(void **state)
{
	uint32_t seed = 7;

	(void)state;
	for (unsigned round = 0; round < 2000; round++) {
		size_t len = 16 + next(&seed) % 600;
		uint8_t *garbage = malloc(len);

		assert_non_null(garbage);
		for (size_t i = 0; i < len; i++)
			garbage[i] = (uint8_t)next(&seed);
		memcpy(garbage, "\177ELF", 4);
		garbage[4] = (uint8_t)(1 + next(&seed) % 2);
		garbage[5] = (uint8_t)(1 + next(&seed) % 2);
		ask_all(garbage, len);
		free(garbage);
	}
}

static void what_is_no_elf_is_refused(void **state)
{
	static const char script[] = "#!/bin/sh\nexec true\n                                                         ";
	struct elf e;

	(void)state;
	assert_false(elf_open(&e, script, sizeof script));
	assert_false(elf_open(&e, "", 0));
	assert_false(elf_open(&e, self, 51));
	assert_false(elf_open(&e, self, 63));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(own_program_is_understood),
		cmocka_unit_test(sections_are_not_needed),
		cmocka_unit_test(every_truncation_is_survived),
		cmocka_unit_test(broken_numbers_are_survived),
		cmocka_unit_test(garbage_is_survived),
		cmocka_unit_test(what_is_no_elf_is_refused),
	};

	return cmocka_run_group_tests(tests, read_self, forget_self);
}
