/* SPDX-License-Identifier: BSD-3-Clause
 *
 * options.h - the command line. */
#ifndef MDROUTER_OPTIONS_H
#define MDROUTER_OPTIONS_H

#include "control.h"
#include "decide.h"
#include "gtpu.h"
#include "radio.h"

#include <net/if.h>

enum { OPTIONS_ENDPOINTS = 32, OPTIONS_INTERFACES = 16 };

struct options {
	struct endpoint listen[OPTIONS_ENDPOINTS];
	size_t listens;
	char interface[OPTIONS_INTERFACES][IF_NAMESIZE];
	size_t interfaces;
	struct md_key *key;      /* the caller wipes and frees them */
	size_t keys;
	struct prefixes cap, client;
	struct md_ids ids;
	enum decide_policy policy;
	uint32_t bq_unit, limit, window; /* limit in ticks of 1/65536 s */
	size_t flows;
	const char *json, *summary; /* NULL: none, "-": standard output */
	bool forward;
	struct endpoint control_at; /* version 0: no control endpoint */
	struct control_options control;
	const char *books, *domain;
	bool lab;
	struct radio_options radio;
	struct endpoint gtpu;    /* version 0: no GTP-U */
	uint32_t teid;
	uint8_t qfi;
	bool has_teid;
	int ready_fd;            /* -1: none */
};

/* Reads the command line. Does not return for --help and --version (exit status 0) and for mistakes (a line on standard
 * error, exit status 2). */
void options_read(struct options *o, int argc, char **argv);

#endif
