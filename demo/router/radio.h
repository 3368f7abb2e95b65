/* SPDX-License-Identifier: BSD-3-Clause
 *
 * radio.h - the emulated radio link (demo/radio) in real time, between decapsulation and forwarding. */
#ifndef MDROUTER_RADIO_H
#define MDROUTER_RADIO_H

#include "decide.h"
#include "forward.h"

#include <ev.h>

struct radio_options {
	const char *trace;       /* NULL: no radio link; a name of trace_profiles, or a file of Mahimahi's form */
	const char *policy;
	uint32_t seed, delay_ms, queue, budget_ms;
};

#define RADIO_OPTIONS_DEFAULT { .policy = "mdu", .seed = 1, .delay_ms = 10, .queue = 1000, .budget_ms = 140 }

struct radio_counts {
	uint64_t in, sent, dropped; /* packets */
	size_t waiting;
};

struct radio;

/* 0; -EINVAL and *problem says what was expected where; or -errno. problem has room for 200 characters. */
int radio_open(struct radio **out, const struct radio_options *o, struct ev_loop *loop, struct forward *forward, char *problem);
void radio_close(struct radio *r);

/* Takes a datagram that decide() found good; it is copied. */
void radio_add(struct radio *r, const uint8_t *inner, const struct decision *d, uint32_t bq_unit);

struct radio_counts radio_counts(const struct radio *r);
const char *radio_policy_name(const struct radio *r);

#endif
