/* SPDX-License-Identifier: BSD-3-Clause */
#include "chain.h"

static bool alike(int64_t a, int64_t b)
{
	return a > 0 && b > 0 && a - b <= a / 8 && b - a <= a / 8;
}

void chain_place(struct chain *c, const struct mdu *m)
{
	if (m->kind == MDU_BASE && !c->broken)
		c->upper_broken = false;
	if (m->kind != MDU_KEY)
		return;
	c->broken = c->upper_broken = false;
	if (c->key == m->born) /* the same, by another packet */
		return;
	c->regular = alike(m->born - c->key, c->distance);
	c->distance = c->key ? m->born - c->key : 0;
	c->key = m->born;
	c->before = c->octets;
	c->octets = 0;
}

void chain_count(struct chain *c, const struct mdu *m, uint32_t octets)
{
	if (m->kind == MDU_KEY || m->kind == MDU_BASE)
		c->octets += octets;
}

bool chain_orphans(const struct chain *c, const struct mdu *m)
{
	bool above = m->kind == MDU_UPPER || m->kind == MDU_LOOSE;

	return (c->broken && (above || m->kind == MDU_BASE)) || (c->upper_broken && above);
}

bool chain_is_hopeless(const struct chain *c, const struct chain_backlog *b, int64_t now)
{
	double comes, left, paid;

	if (!c->regular || !c->before || b->rate <= 0 || now >= c->key + c->distance)
		return false;
	comes = (double)c->before / (double)c->distance; /* octets a microsecond, meanwhile */
	left = (double)(c->key + c->distance - now);
	paid = b->price * (double)b->bases / comes;
	return b->rate <= comes || (double)b->octets / (b->rate - comes) > left - paid;
}
