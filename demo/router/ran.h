/* SPDX-License-Identifier: BSD-3-Clause
 *
 * ran.h - output toward a radio access network: inner datagrams as G-PDUs of one GTP-U tunnel, with what the marks say of
 * PDU Sets. */
#ifndef MDROUTER_RAN_H
#define MDROUTER_RAN_H

#include "decide.h"
#include "sets.h"

struct ran {
	int fd;
	uint32_t teid;
	uint8_t qfi;
	struct sets sets;
	uint64_t packets, failed;
};

/* 0 or -errno. */
int ran_open(struct ran *ran, const struct endpoint *to, uint32_t teid, uint8_t qfi);
void ran_close(struct ran *ran);

/* Decrements TTL, sets ECN, and sends. */
void ran_send(struct ran *ran, uint8_t *inner, const struct decision *d, uint32_t bq_unit);

#endif
