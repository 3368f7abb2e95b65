/* SPDX-License-Identifier: BSD-3-Clause */
#include "sets.h"

enum { PSI_HIGHEST = 1, PSI_BASE = 2, PSI_MIDDLE = 8, PSI_LOWEST = 15, PLACES = 255 };

static uint8_t importance(const struct radio_marks *m)
{
	switch (m->d) {
	case 1:
		return PSI_HIGHEST;
	case 2:
		return PSI_BASE;
	case 3:
		return m->p == 3 ? PSI_LOWEST : PSI_MIDDLE;
	default:
		return m->p == 1 ? PSI_HIGHEST : m->p == 2 ? PSI_MIDDLE : m->p == 3 ? PSI_LOWEST : 0;
	}
}

static struct set *find(struct sets *sets, const struct radio_packet *p)
{
	uint64_t oldest = sets->begun > SETS_MOST ? sets->begun - SETS_MOST : 0;

	if (p->marks.coloured && (p->marks.role == RADIO_START || p->marks.role == RADIO_ONLY))
		return NULL;
	for (uint64_t n = sets->begun; n-- > oldest;) {
		struct set *s = &sets->ring[n % SETS_MOST];

		if (s->flow == p->flow && s->coloured == p->marks.coloured && s->name == p->marks.name)
			return s->ended ? NULL : s;
	}
	return NULL;
}

struct gtpu_set sets_note(struct sets *sets, const struct radio_packet *p)
{
	struct gtpu_set out = { .known = p->marks.known };
	struct set *s;

	if (!p->marks.known)
		return out;
	s = find(sets, p);
	if (!s) {
		s = &sets->ring[sets->begun % SETS_MOST];
		*s = (struct set){ .flow = p->flow, .number = (uint16_t)(sets->begun % 1024), .name = p->marks.name,
			.coloured = p->marks.coloured };
		sets->begun++;
	}
	out.number = s->number;
	out.place = (uint8_t)(s->places < PLACES ? s->places : PLACES);
	out.importance = importance(&p->marks);
	out.end = s->ended = p->marks.role == RADIO_END || p->marks.role == RADIO_ONLY;
	out.size = p->marks.role == RADIO_ONLY && s->places == 0 ? p->size : 0;
	s->places++;
	return out;
}
