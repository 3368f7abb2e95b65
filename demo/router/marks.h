/* SPDX-License-Identifier: BSD-3-Clause
 *
 * marks.h - what a decision means for the radio link. */
#ifndef MDROUTER_MARKS_H
#define MDROUTER_MARKS_H

#include "decide.h"

#include <radio_packet.h>

/* Fills marks, flow, dscp and size of a packet: the inner datagram in tunnel mode, the datagram itself in inline mode.
 * bq_unit: octets. */
void marks_read(struct radio_packet *packet, const struct decision *d, uint32_t bq_unit);

#endif
