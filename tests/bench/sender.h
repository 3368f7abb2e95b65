/* SPDX-License-Identifier: BSD-3-Clause
 *
 * sender.h - what pair and sender say to each other through two pipes. */
#ifndef MD_BENCH_SENDER_H
#define MD_BENCH_SENDER_H

#include <stdint.h>

/* Standard input of the sender: send for that long. */
struct order {
	uint64_t ns;
};

/* Descriptor 3 of the sender: first a report of its warm-up, then one for each order. */
enum { REPORT_FD = 3 };
struct report {
	uint64_t datagrams, ns, cpu_ns, errors;
};

#endif
