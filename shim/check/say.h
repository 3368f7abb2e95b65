/* SPDX-License-Identifier: BSD-3-Clause
 *
 * say.h - prints what became of a datagram and why, of a capture or of a running process. */
#ifndef MD_SAY_H
#define MD_SAY_H

#include <stdbool.h>

#include <mdshim/stats.h>

#include "config.h"

/* config: names of routes and policies; NULL: they have numbers. */
struct saying {
	const struct config *config;
	bool json;
	bool burst;              /* Burst Quantum is known */
};

/* A datagram that went, or would go, as it came. */
void say_native(const struct saying *how, unsigned long number, unsigned protocol, const char *why);

/* One that is marked. Numbers out of range are said to be unknown: the record may come from anywhere. */
void say_marked(const struct saying *how, unsigned long number, const struct md_why *why);

/* Either of both, from a record of a running process. */
void say_record(const struct saying *how, const struct md_why *why);

#endif
