// SPDX-License-Identifier: BSD-3-Clause
#include "elf.h"

#include <elf.h>
#include <string.h>

enum { DYNAMIC_MOST = 4096, SYMBOLS_MOST = 1 << 21, GO_INFO_WITHIN = 1 << 16 };

static bool inside(const struct elf *e, uint64_t at, uint64_t len)
{
	return at <= e->len && len <= e->len - at;
}

/* A number of size octets, 0 outside the file. */
static uint64_t number(const struct elf *e, uint64_t at, unsigned size)
{
	uint64_t value = 0;

	if (!inside(e, at, size))
		return 0;
	for (unsigned i = 0; i < size; i++)
		value = value << 8 | e->octets[at + (e->big ? i : size - 1 - i)];
	return value;
}

/* A field that has another place and size in the two classes. */
static uint64_t field(const struct elf *e, uint64_t at, unsigned at32, unsigned size32, unsigned at64, unsigned size64)
{
	return e->wide ? number(e, at + at64, size64) : number(e, at + at32, size32);
}

static const char *text(const struct elf *e, uint64_t at, uint64_t within)
{
	if (!inside(e, at, within) || !memchr(e->octets + at, 0, within))
		return NULL;
	return (const char *)e->octets + at;
}

/* Cuts a table to what the file holds; a wrong size of its entries leaves none. */
static void cut(const struct elf *e, struct elf_table *t, uint64_t least)
{
	if (t->size < least || t->at > e->len)
		t->count = 0;
	else if (t->count > (e->len - t->at) / t->size)
		t->count = (e->len - t->at) / t->size;
}

struct segment { uint64_t type, flags, at, address, len; };

static struct segment segment(const struct elf *e, uint64_t i)
{
	uint64_t at = e->segments.at + i * e->segments.size;

	return (struct segment){
		.type = number(e, at, 4),
		.flags = field(e, at, 24, 4, 4, 4),
		.at = field(e, at, 4, 4, 8, 8),
		.address = field(e, at, 8, 4, 16, 8),
		.len = field(e, at, 16, 4, 32, 8),
	};
}

struct section { uint64_t type, at, len, entry; const char *name; };

static struct section section(const struct elf *e, uint64_t i)
{
	uint64_t at = e->sections.at + i * e->sections.size, name = number(e, at, 4);

	return (struct section){
		.type = number(e, at + 4, 4),
		.at = field(e, at, 16, 4, 24, 8),
		.len = field(e, at, 20, 4, 32, 8),
		.entry = field(e, at, 36, 4, 56, 8),
		.name = name < e->section_names_len ?
			text(e, e->section_names + name, e->section_names_len - name) : NULL,
	};
}

/* Where in the file an address of memory comes from. */
static bool offset_of(const struct elf *e, uint64_t address, uint64_t *at)
{
	for (uint64_t i = 0; i < e->segments.count; i++) {
		struct segment s = segment(e, i);

		if (s.type == PT_LOAD && address >= s.address && address - s.address < s.len) {
			*at = s.at + (address - s.address);
			return inside(e, *at, 0) && *at >= s.at;
		}
	}
	return false;
}

static bool dynamic(const struct elf *e, uint64_t i, uint64_t *tag, uint64_t *value)
{
	uint64_t at = e->dynamic.at + i * e->dynamic.size;

	if (i >= e->dynamic.count)
		return false;
	*tag = field(e, at, 0, 4, 0, 8);
	*value = field(e, at, 4, 4, 8, 8);
	return *tag != DT_NULL;
}

static uint64_t dynamic_value(const struct elf *e, uint64_t wanted)
{
	uint64_t tag, value;

	for (uint64_t i = 0; dynamic(e, i, &tag, &value); i++)
		if (tag == wanted)
			return value;
	return 0;
}

/* --- How many dynamic symbols there are: nothing says it outright ---------------------------------------------------- */

static uint64_t count_by_hash(const struct elf *e)
{
	uint64_t at;

	return offset_of(e, dynamic_value(e, DT_HASH), &at) ? number(e, at + 4, 4) : 0;
}

static uint64_t count_by_section(const struct elf *e)
{
	for (uint64_t i = 0; i < e->sections.count; i++) {
		struct section s = section(e, i);

		if (s.type == SHT_DYNSYM && s.at == e->symbols.at)
			return s.len / e->symbols.size;
	}
	return 0;
}

/* The last symbol of the last chain. Without exported symbols the table says nothing. */
static uint64_t count_by_gnu_hash(const struct elf *e)
{
	uint64_t at, buckets, first, bloom, last = 0;

	if (!offset_of(e, dynamic_value(e, DT_GNU_HASH), &at))
		return 0;
	buckets = number(e, at, 4);
	first = number(e, at + 4, 4);
	bloom = number(e, at + 8, 4) * (e->wide ? 8 : 4);
	at += 16 + bloom;
	if (!inside(e, at, 4 * buckets))
		return 0;
	for (uint64_t i = 0; i < buckets; i++) {
		uint64_t symbol = number(e, at + 4 * i, 4);

		last = symbol > last ? symbol : last;
	}
	if (last < first)
		return 0;
	at += 4 * buckets;
	while (inside(e, at + 4 * (last - first), 4) && !(number(e, at + 4 * (last - first), 4) & 1))
		last++;
	return last + 1;
}

static uint64_t count_by_place(const struct elf *e)
{
	return e->strings > e->symbols.at ? (e->strings - e->symbols.at) / e->symbols.size : 0;
}

static void symbols_find(struct elf *e)
{
	if (!offset_of(e, dynamic_value(e, DT_STRTAB), &e->strings) ||
		!offset_of(e, dynamic_value(e, DT_SYMTAB), &e->symbols.at))
		return;
	e->strings_len = dynamic_value(e, DT_STRSZ);
	if (!inside(e, e->strings, e->strings_len))
		e->strings_len = e->len - e->strings;
	e->symbols.size = e->wide ? 24 : 16;
	e->symbols.count = count_by_hash(e);
	if (!e->symbols.count)
		e->symbols.count = count_by_section(e);
	if (!e->symbols.count)
		e->symbols.count = count_by_gnu_hash(e);
	if (!e->symbols.count)
		e->symbols.count = count_by_place(e);
	if (e->symbols.count > SYMBOLS_MOST)
		e->symbols.count = SYMBOLS_MOST;
	cut(e, &e->symbols, 1);
}

static void dynamic_find(struct elf *e)
{
	for (uint64_t i = 0; i < e->segments.count; i++) {
		struct segment s = segment(e, i);

		if (s.type != PT_DYNAMIC)
			continue;
		e->dynamic = (struct elf_table){ s.at, e->wide ? 16 : 8, s.len / (e->wide ? 16 : 8) };
		if (e->dynamic.count > DYNAMIC_MOST)
			e->dynamic.count = DYNAMIC_MOST;
		cut(e, &e->dynamic, 1);
		symbols_find(e);
		return;
	}
}

bool elf_open(struct elf *e, const void *octets, size_t len)
{
	struct section names;
	uint64_t index;

	memset(e, 0, sizeof(*e));
	e->octets = octets;
	e->len = len;
	if (len < sizeof(Elf32_Ehdr) || memcmp(octets, ELFMAG, SELFMAG) != 0)
		return false;
	e->wide = e->octets[EI_CLASS] == ELFCLASS64;
	e->big = e->octets[EI_DATA] == ELFDATA2MSB;
	if ((!e->wide && e->octets[EI_CLASS] != ELFCLASS32) || (e->wide && len < sizeof(Elf64_Ehdr)))
		return false;
	e->type = (unsigned)number(e, 16, 2);
	e->machine = (unsigned)number(e, 18, 2);
	e->segments = (struct elf_table){ field(e, 0, 28, 4, 32, 8), field(e, 0, 42, 2, 54, 2), field(e, 0, 44, 2, 56, 2) };
	e->sections = (struct elf_table){ field(e, 0, 32, 4, 40, 8), field(e, 0, 46, 2, 58, 2), field(e, 0, 48, 2, 60, 2) };
	cut(e, &e->segments, e->wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr));
	cut(e, &e->sections, e->wide ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr));
	index = field(e, 0, 50, 2, 62, 2);
	if (index < e->sections.count) {
		names = section(e, index);
		if (inside(e, names.at, names.len)) {
			e->section_names = names.at;
			e->section_names_len = names.len;
		}
	}
	dynamic_find(e);
	return true;
}

const char *elf_interpreter(const struct elf *e)
{
	for (uint64_t i = 0; i < e->segments.count; i++) {
		struct segment s = segment(e, i);

		if (s.type == PT_INTERP) {
			const char *path = text(e, s.at, s.len);

			return path ? path : "";
		}
	}
	return NULL;
}

static const char *dynamic_text(const struct elf *e, uint64_t at)
{
	return at < e->strings_len ? text(e, e->strings + at, e->strings_len - at) : NULL;
}

const char *elf_needed(const struct elf *e, unsigned i)
{
	uint64_t tag, value;

	for (uint64_t at = 0; dynamic(e, at, &tag, &value); at++) {
		const char *name = tag == DT_NEEDED ? dynamic_text(e, value) : NULL;

		if (name && i-- == 0)
			return name;
	}
	return NULL;
}

const char *elf_soname(const struct elf *e)
{
	uint64_t at = dynamic_value(e, DT_SONAME);

	return at ? dynamic_text(e, at) : NULL;
}

bool elf_symbol(const struct elf *e, uint64_t i, struct elf_symbol *out)
{
	uint64_t at = e->symbols.at + i * e->symbols.size;

	if (i >= e->symbols.count)
		return false;
	out->name = dynamic_text(e, number(e, at, 4));
	out->imported = field(e, at, 14, 2, 6, 2) == SHN_UNDEF;
	return out->name != NULL;
}

bool elf_code(const struct elf *e, unsigned i, const uint8_t **code, size_t *len)
{
	for (uint64_t at = 0; at < e->segments.count; at++) {
		struct segment s = segment(e, at);

		if (s.type != PT_LOAD || !(s.flags & PF_X) || i-- != 0)
			continue;
		*code = inside(e, s.at, s.len) ? e->octets + s.at : e->octets;
		*len = inside(e, s.at, s.len) ? (size_t)s.len : 0;
		return true;
	}
	return false;
}

/* --- Go -------------------------------------------------------------------------------------------------------------- */

static bool go_note(const struct elf *e)
{
	for (uint64_t i = 0; i < e->segments.count; i++) {
		struct segment s = segment(e, i);

		if (s.type == PT_NOTE && s.len >= 16 && inside(e, s.at, s.len) && number(e, s.at, 4) == 4 &&
			memcmp(e->octets + s.at + 12, "Go\0", 4) == 0)
			return true;
	}
	return false;
}

/* What "go version" looks for: at an address of 16 octets in the first 64 KiB of the writable data. */
static bool go_build_info(const struct elf *e)
{
	for (uint64_t i = 0; i < e->segments.count; i++) {
		struct segment s = segment(e, i);

		if (s.type != PT_LOAD || !(s.flags & PF_W) || !inside(e, s.at, s.len))
			continue;
		for (uint64_t at = s.at; at + 16 <= s.at + s.len && at < s.at + GO_INFO_WITHIN; at += 16)
			if (memcmp(e->octets + at, "\xff Go buildinf:", 14) == 0)
				return true;
	}
	return false;
}

const char *elf_go(const struct elf *e)
{
	for (uint64_t i = 0; i < e->sections.count; i++) {
		const char *name = section(e, i).name;

		if (name && strcmp(name, ".note.go.buildid") == 0)
			return "section .note.go.buildid";
		if (name && strcmp(name, ".go.buildinfo") == 0)
			return "section .go.buildinfo";
	}
	if (go_note(e))
		return "a Go build ID";
	return go_build_info(e) ? "Go build information" : NULL;
}
