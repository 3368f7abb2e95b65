/* SPDX-License-Identifier: BSD-3-Clause
 *
 * elf.h - what an ELF file says of itself, as the loader reads it. Pure: octets in, nothing believed. Every offset is
 * checked against the length; what lies outside is as if it were not there. */
#ifndef MDCTL_ELF_H
#define MDCTL_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct elf_table { uint64_t at, size, count; };

struct elf {
	const uint8_t *octets;
	size_t len;
	bool wide, big;                  /* 64 bits, big-endian */
	unsigned type, machine;          /* e_type, e_machine */
	struct elf_table segments, sections, dynamic, symbols;
	uint64_t section_names;          /* offset and size of the names of sections */
	uint64_t section_names_len;
	uint64_t strings, strings_len;   /* of the dynamic symbols */
};

struct elf_symbol {
	const char *name;                /* NUL-terminated, in the file */
	bool imported;
};

/* Whether the octets begin with an ELF header that can be read. They must stay where they are. */
bool elf_open(struct elf *e, const void *octets, size_t len);

/* The loader it asks for (PT_INTERP), NULL if none: then nothing is preloaded. */
const char *elf_interpreter(const struct elf *e);

/* The i-th library it needs (DT_NEEDED), NULL behind the last; its own name (DT_SONAME) or NULL. */
const char *elf_needed(const struct elf *e, unsigned i);
const char *elf_soname(const struct elf *e);

/* The i-th dynamic symbol, i < e->symbols.count; false if it cannot be read. */
bool elf_symbol(const struct elf *e, uint64_t i, struct elf_symbol *out);

/* Which sign of the Go tool chain it bears, NULL if none. */
const char *elf_go(const struct elf *e);

/* The i-th executable segment; false behind the last. One that lies outside the file is empty. */
bool elf_code(const struct elf *e, unsigned i, const uint8_t **code, size_t *len);

#endif
