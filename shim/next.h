/* SPDX-License-Identifier: BSD-3-Clause
 *
 * next.h - the function behind a tap: the one the caller would have called without us. */
#ifndef MD_NEXT_H
#define MD_NEXT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { NEXT_CALLERS = 8 };

/* One for each tap. Answers are kept by caller. */
struct next {
	const char *name;        /* of the function */
	const char *soname;      /* of the library we know how to tap; its file is what it is opened by, too */
	const void *tap;         /* our own function of that name */
	struct {
		_Atomic uint64_t check, answer;
	} kept[NEXT_CALLERS];
};

/* The function, NULL if there is none. *known: it is in the library we know. caller is a return address. Looks it up at the
 * first call of each caller, since its library may be loaded at any time, also by a plugin that keeps it to itself; then a
 * few instructions. */
void *next_of(struct next *next, const void *caller, bool *known);

#endif
