// SPDX-License-Identifier: BSD-3-Clause
// One file of a program: read into memory of our own (a mapped one could be cut under us), and asked.
#include "coverage.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "elf.h"

enum { FILE_MOST = 1 << 30, BEFORE = 16, URING_SETUP = 425, URING_ENTER = 426 };

static const char *const calls[BYPASSES] = {
#define CALL_NAME(name) #name,
	COVERAGE_DOORS(CALL_NAME) "" /* DOORS */, COVERAGE_BYPASSES(CALL_NAME)
#undef CALL_NAME
};

static const char *const taps[] = { "srtp_protect", "srtp_protect_mki", "ngtcp2_conn_write_stream",
	"ngtcp2_conn_writev_stream_versioned", "ngtcp2_conn_writev_datagram_versioned", NULL };

const char *coverage_call(unsigned bit)
{
	return bit < BYPASSES ? calls[bit] : "";
}

const char *coverage_tap(unsigned bit)
{
	return taps[bit];
}

const char *coverage_machine(unsigned machine)
{
	return machine == EM_X86_64 ? "x86-64" : machine == EM_AARCH64 ? "AArch64" : machine == EM_386 ? "x86" :
	       machine == EM_ARM ? "Arm" : "another machine";
}

void coverage_print(char *to, size_t room, const char *from)
{
	size_t n = 0;

	for (; from[n] && n + 1 < room; n++)
		to[n] = from[n] >= 0x20 && from[n] <= 0x7e ? from[n] : '?';
	to[n] = '\0';
}

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* The C library and the loader: what they import from each other is no way to send that a program chose. */
static bool is_system(const char *name)
{
	static const char *const names[] = { "libc.so", "libc-2", "ld-linux", "ld-musl", "ld-2", "libpthread", "libdl.so",
		"libdl-2", "librt.so", "librt-2", "libm.so", "libm-2", "libmvec", "libresolv", "libnss_", "libnsl", "libanl" };

	for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
		if (begins(name, names[i]))
			return true;
	return false;
}

/* --- Imports --------------------------------------------------------------------------------------------------------- */

static void look_at_symbol(struct object *o, const struct elf_symbol *symbol)
{
	for (unsigned i = 0; i < BYPASSES && symbol->imported; i++)
		if (i != DOORS && strcmp(symbol->name, calls[i]) == 0) {
			if (i < DOORS)
				o->doors |= 1u << i;
			else
				o->bypasses |= 1u << (i - DOORS - 1);
		}
	for (unsigned i = 0; taps[i] && !symbol->imported; i++)
		if (strcmp(symbol->name, taps[i]) == 0)
			o->taps |= 1u << i;
}

/* --- System call instructions ---------------------------------------------------------------------------------------- */

static void count_site(struct object *o, long number)
{
	o->sites++;
	o->sending += number == SYS_sendto || number == SYS_sendmsg || number == SYS_sendmmsg || number == SYS_write ||
		number == SYS_writev;
	o->rings += number == URING_SETUP || number == URING_ENTER;
}

/* "syscall" is 0f 05; which call it is, "mov $N,%eax" not far before it may say. Octets of data, or of the middle of
 * another instruction, look the same. */
static void scan_x86(struct object *o, const uint8_t *code, size_t len)
{
	const uint8_t *at = code, *end = code + len;

	while (at && end - at >= 2 && (at = memchr(at, 0x0f, (size_t)(end - at - 1))) != NULL) {
		long number = -1;

		if (at[1] == 0x05) {
			for (const uint8_t *p = at - 5; p >= code && at - p <= BEFORE && number < 0; p--)
				if (p[0] == 0xb8 && p[3] == 0 && p[4] == 0)
					number = p[1] | p[2] << 8;
			count_site(o, number);
		}
		at++;
	}
}

/* "svc #0", "mov x8, #N" or "mov w8, #N" before it. */
static void scan_arm(struct object *o, const uint8_t *code, size_t len)
{
	uint32_t word, before;

	for (size_t at = 0; at + 4 <= len; at += 4) {
		long number = -1;

		memcpy(&word, code + at, 4);
		if (word != 0xd4000001u)
			continue;
		for (size_t back = 4; back <= BEFORE && back <= at && number < 0; back += 4) {
			memcpy(&before, code + at - back, 4);
			if ((before & 0x7fe0001fu) == 0x52800008u)
				number = before >> 5 & 0xffff;
		}
		count_site(o, number);
	}
}

static void scan(struct object *o, const struct elf *e)
{
	const uint8_t *code;
	size_t len;

	for (unsigned i = 0; elf_code(e, i, &code, &len); i++) {
		if (e->machine == EM_X86_64)
			scan_x86(o, code, len);
		else if (e->machine == EM_AARCH64 && !e->big)
			scan_arm(o, code, len);
	}
}

/* --- The whole ------------------------------------------------------------------------------------------------------- */

/* libsrtp writes its name and version into itself; others say it in the name of their file. */
static void find_version(struct object *o, const uint8_t *octets, size_t len, const char *soname)
{
	static const char mark[] = "libsrtp";
	const uint8_t *at = octets;

	coverage_print(o->version, sizeof o->version, soname ? soname : o->name);
	while (begins(o->name, mark) && (at = memmem(at, len - (size_t)(at - octets), mark, sizeof mark - 1)) != NULL) {
		size_t left = len - (size_t)(at - octets), n = 0;

		while (n < left && n + 1 < sizeof o->version && at[n] >= 0x20 && at[n] <= 0x7e)
			n++;
		if (n > 9 && n < left && at[n] == 0 && (at[8] == ' ' || at[7] == ' ') && memchr(at, '.', n) &&
			strspn((const char *)at + 7, "23 .0123456789-pre") >= n - 7) {
			memcpy(o->version, at, n);
			o->version[n] = '\0';
			return;
		}
		at++;
	}
}

static void examine(struct object *o, const uint8_t *octets, size_t len)
{
	struct elf_symbol symbol;
	const char *interpreter, *go;
	struct elf e;

	if (!elf_open(&e, octets, len)) {
		snprintf(o->why, sizeof o->why, "expected an ELF file");
		return;
	}
	o->good = true;
	o->wide = e.wide;
	o->machine = e.machine;
	interpreter = elf_interpreter(&e);
	o->loader = interpreter != NULL;
	coverage_print(o->interpreter, sizeof o->interpreter, interpreter ? interpreter : "");
	go = elf_go(&e);
	snprintf(o->go, sizeof o->go, "%s", go ? go : "");
	for (uint64_t i = 0; i < e.symbols.count; i++)
		if (elf_symbol(&e, i, &symbol))
			look_at_symbol(o, &symbol);
	if (o->tapped)
		find_version(o, octets, len, elf_soname(&e));
	if (!o->system && !o->shim)
		scan(o, &e);
}

static void read_file(struct object *o, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	uint8_t *octets = NULL;
	size_t len = 0, room;
	struct stat st;
	ssize_t n = 0;

	if (fd < 0) {
		snprintf(o->why, sizeof o->why, "%s", strerror(errno));
		return;
	}
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size > FILE_MOST)
		snprintf(o->why, sizeof o->why, "expected a file of at most 1 GiB");
	else if (!(octets = malloc(room = (size_t)st.st_size + 1)))
		snprintf(o->why, sizeof o->why, "no memory");
	else {
		while (len < room && (n = pread(fd, octets + len, room - len, (off_t)len)) > 0)
			len += (size_t)n;
		if (n < 0)
			snprintf(o->why, sizeof o->why, "%s", strerror(errno));
		else
			examine(o, octets, len);
	}
	free(octets);
	close(fd);
}

struct object *coverage_add(struct coverage *c, const char *path, const char *file)
{
	const char *slash = strrchr(path, '/');
	struct object *o;

	if (c->objects >= COVERAGE_OBJECTS)
		return NULL;
	if (c->objects % 64 == 0) {
		struct object *grown = reallocarray(c->object, c->objects + 64, sizeof *grown);

		if (!grown)
			return NULL;
		c->object = grown;
	}
	o = &c->object[c->objects++];
	memset(o, 0, sizeof *o);
	coverage_print(o->path, sizeof o->path, path);
	coverage_print(o->name, sizeof o->name, slash ? slash + 1 : path);
	o->system = c->objects > 1 && is_system(o->name);
	o->shim = begins(o->name, "libmdshim.so");
	o->tapped = begins(o->name, "libsrtp") || begins(o->name, "libngtcp2.so");
	o->uring = begins(o->name, "liburing");
	read_file(o, file);
	return o;
}

bool coverage_has_taps(const struct coverage *c, const struct object *o)
{
	uint32_t wanted = begins(o->name, "libsrtp") ? 0x3 : 0x1c;

	for (unsigned i = 0; i < c->objects; i++)
		if (c->object[i].shim && (c->object[i].taps & wanted))
			return true;
	return false;
}

void coverage_setting(struct coverage *c, const char *variable)
{
	static const char *const names[] = { "LD_PRELOAD=", "LD_LIBRARY_PATH=", "LD_AUDIT=", "MDSHIM_" };

	for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
		if (begins(variable, names[i]) && c->settings < COVERAGE_SETTINGS)
			coverage_print(c->setting[c->settings++], COVERAGE_PATH, variable);
}
