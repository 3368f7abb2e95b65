/* SPDX-License-Identifier: BSD-3-Clause */
#include "marks.h"

#include <string.h>

/* With S the option speaks of a stream: nothing is known of MDUs then. */
static void read_metadata(struct radio_marks *m, const struct md_metadata *meta, const struct md_meaning *meaning, uint32_t bq_unit)
{
	static const uint8_t role[] = { [MD_ROLE_START] = RADIO_START, [MD_ROLE_MIDDLE] = RADIO_MIDDLE, [MD_ROLE_END] = RADIO_END,
		[MD_ROLE_ONLY] = RADIO_ONLY, [MD_ROLE_EDGE] = RADIO_ROLE_NONE };

	m->burst = meta->bq * bq_unit;
	if (meta->s)
		return;
	m->d = meta->d;
	m->p = meta->p;
	m->l = meta->l;
	m->known = true;
	m->name = meta->counter;
	if (meta->option != MD_OFC)
		return;
	m->coloured = true;
	m->name = meaning->colour;
	m->role = role[meaning->role];
	m->known = m->role != RADIO_ROLE_NONE; /* books for laboratories do not tell where an MDU begins */
}

void marks_read(struct radio_packet *packet, const struct decision *d, uint32_t bq_unit)
{
	const struct md_datagram *own = d->mode == DECIDE_TUNNEL ? &d->inner : &d->outer;

	memset(&packet->marks, 0, sizeof(packet->marks));
	packet->size = (uint32_t)own->length;
	packet->flow = (uint32_t)tuple_hash(&own->tuple, 0);
	packet->dscp = own->ip.tos >> 2;
	if (d->action == DECIDE_METADATA)
		read_metadata(&packet->marks, &d->options.meta, &d->meaning, bq_unit);
}
