/* SPDX-License-Identifier: BSD-3-Clause
 *
 * report.h - what the router saw and did: one JSON line per packet, counters, log lines. Codes, keys and tokens never
 * appear in any of them. */
#ifndef MDROUTER_REPORT_H
#define MDROUTER_REPORT_H

#include "decide.h"
#include "forward.h"
#include "radio.h"
#include "ran.h"
#include "receive.h"
#include "shelf.h"

#include <stdio.h>

struct report {
	uint64_t packets, octets;
	uint64_t outcome[2][3][MD_REASON_COUNT]; /* mode, action, reason */
	uint64_t tokens;          /* seen, verified (or with AUTH off) */
	uint64_t bad_tokens;      /* ignored for their length */
	uint64_t foreign;         /* inline: not between a CAP and a client */
	FILE *lines;              /* JSON lines, or NULL */
	uint32_t bq_unit;
	struct moment begun;
	struct {
		int64_t second;
		uint64_t kept_back;
	} said[MD_REASON_COUNT]; /* limits the log to a line per reason and second */
};

/* Counts one decision, writes its JSON line and, for a drop, a log line. */
void report_packet(struct report *report, const struct decision *d, const struct moment *at);

/* Writes out what is buffered. A file that cannot be written is given up with one message. */
void report_flush(struct report *report);

/* Everything a summary is made of. */
struct summary {
	const struct report *report;
	const struct flows *flows;
	const struct forward *forward; /* NULL: does not forward */
	const struct receiver *receiver;
	size_t receivers;
	struct shelf *shelf;           /* NULL: no control endpoint */
	const struct radio *radio;     /* NULL: none */
	const struct ran *ran;         /* NULL: none */
};

void summary_print(const struct summary *s, FILE *to);

/* 0 or -errno. */
int summary_json(const struct summary *s, FILE *to);

#endif
