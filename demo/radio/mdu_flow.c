/* SPDX-License-Identifier: BSD-3-Clause */
#include "mdu_flow.h"

/* How many times the steady rate a link may give behind a dip. */
static const double hope = 2.5;

/* --- Leaving ----------------------------------------------------------------------------------------------------- */

void mdu_flow_left(struct mdu_link *link, struct mdu_flow *f, const struct radio_packet *packet)
{
	f->octets -= packet->size;
	f->packets--;
	link->queue->octets -= packet->size;
	link->queue->packets--;
}

static void drop_mdu(struct mdu_link *link, struct mdu_flow *f, struct mdu *m, int64_t now)
{
	struct radio_packet *packet;

	if (m->fifo.head && !m->late) {
		m->late = true;
		toll_note(&f->toll, 0, (double)m->sent, now);
	}
	m->state = MDU_DROPPED;
	while ((packet = radio_fifo_get(&m->fifo))) {
		mdu_flow_left(link, f, packet);
		radio_queue_drop(link->queue, packet, now);
	}
}

void mdu_flow_drop(struct mdu_link *link, struct mdu_flow *f, unsigned n, int64_t now)
{
	enum mdu_kind kind = mdus_at(&f->mdus, n)->kind;
	bool trunk = kind == MDU_KEY || kind == MDU_BASE, branch = kind == MDU_UPPER;

	drop_mdu(link, f, mdus_at(&f->mdus, n), now);
	for (unsigned i = n + 1; (trunk || branch) && i < f->mdus.count; i++) {
		struct mdu *m = mdus_at(&f->mdus, i);

		if (m->kind == MDU_KEY)
			trunk = branch = false;
		else if (m->kind == MDU_BASE && !trunk)
			branch = false;
		else if (m->kind == MDU_BASE || m->kind == MDU_UPPER || m->kind == MDU_LOOSE)
			drop_mdu(link, f, m, now);
	}
	f->chain.broken |= trunk;
	f->chain.upper_broken |= branch;
}

/* --- Judging ------------------------------------------------------------------------------------------------------ */

static int64_t time_for(const struct mdu_link *link, size_t octets)
{
	return link->rate.value > 0 ? (int64_t)((double)octets / link->rate.value) : 0;
}

/* What is known to come of an MDU: what waits, or what the burst still has to bring. */
static size_t rest_of(const struct mdu *m)
{
	size_t burst = m->burst > m->sent ? m->burst - m->sent : 0;

	return m->fifo.octets > burst || m->ended ? m->fifo.octets : burst;
}

/* Whether a key MDU newer than the n-th waits, of which enough is here to begin it. */
static bool is_superseded(const struct mdu_flow *f, unsigned n)
{
	for (unsigned i = f->mdus.count; --i > n;)
		if (mdus_at((struct mdus *)&f->mdus, i)->kind == MDU_KEY)
			return true;
	return false;
}

/* Of limited value if delayed, and late: lost. A base is worth having late, since others need it, as long as no newer key
 * waits; a key likewise, and when more than half of it is sent. */
static bool is_lost(const struct mdu_link *link, const struct mdu_flow *f, unsigned n, int64_t now)
{
	const struct mdu *m = mdus_at((struct mdus *)&f->mdus, n);
	bool late = now + time_for(link, rest_of(m)) > m->born + link->queue->options.budget;

	if (!late)
		return false;
	if (m->hurried)
		return true;
	if (m->kind == MDU_KEY && m->sent > rest_of(m))
		return false;
	return (m->kind == MDU_KEY || m->kind == MDU_BASE) && is_superseded(f, n);
}

/* The first base that waits late in a chain with no future: with all behind it, it is lost, and the next key finds the link free. */
static void give_up(struct mdu_link *link, struct mdu_flow *f, int64_t now)
{
	struct chain_backlog backlog = { .rate = fmax(link->rate.value, hope * link->steady.value), .price = toll_price(&f->toll) };
	unsigned first = f->mdus.count;
	bool late = false;

	for (unsigned i = 0; i < f->mdus.count; i++) {
		const struct mdu *m = mdus_at(&f->mdus, i);

		if (!m->fifo.head || (m->kind != MDU_KEY && m->kind != MDU_BASE))
			continue;
		if (m->kind == MDU_KEY && backlog.octets)
			return;
		backlog.octets += rest_of(m);
		if (m->kind == MDU_KEY)
			continue;
		backlog.bases += rest_of(m);
		if (first < f->mdus.count)
			continue;
		first = i;
		late = now + time_for(link, backlog.octets) > m->born + link->queue->options.budget;
	}
	if (late && chain_is_hopeless(&f->chain, &backlog, now))
		mdu_flow_drop(link, f, first, now);
}

void mdu_flow_judge(struct mdu_link *link, struct mdu_flow *f, int64_t now)
{
	give_up(link, f, now);
	for (unsigned i = 0; i < f->mdus.count; i++)
		if (mdus_at(&f->mdus, i)->fifo.head && is_lost(link, f, i, now))
			mdu_flow_drop(link, f, i, now);
	mdus_trim(&f->mdus, now);
}

/* --- Arriving ---------------------------------------------------------------------------------------------------- */

/* The class of an MDU may rise from packet to packet: its first may be a delimiter that tells nothing. */
static void learn(struct mdu_link *link, struct mdu_flow *f, struct mdu *m, const struct radio_marks *marks, int64_t now)
{
	enum mdu_kind kind = mdu_kind(marks);

	if (kind != m->kind && (m->kind == MDU_OTHER || kind == MDU_KEY || (kind == MDU_BASE && m->kind != MDU_KEY))) {
		m->kind = (uint8_t)kind;
		m->hurried = marks->l == 2;
		chain_place(&f->chain, m);
	}
	if (m->state != MDU_DROPPED && chain_orphans(&f->chain, m))
		drop_mdu(link, f, m, now);
}

static struct mdu *find_or_begin(struct mdu_link *link, struct mdu_flow *f, const struct radio_marks *marks, int64_t now)
{
	struct mdu *m = mdus_find(&f->mdus, marks);

	if (m)
		return m;
	mdus_trim(&f->mdus, now);
	if (f->mdus.count == MDUS_MOST) {
		mdu_flow_drop(link, f, 0, now);
		mdus_trim(&f->mdus, now);
	}
	m = mdus_add(&f->mdus, marks, now);
	chain_place(&f->chain, m);
	return m;
}

struct mdu *mdu_flow_mdu(struct mdu_link *link, struct mdu_flow *f, const struct radio_packet *packet, int64_t now)
{
	struct mdu *m = find_or_begin(link, f, &packet->marks, now);

	learn(link, f, m, &packet->marks, now);
	m->ended |= packet->marks.role == RADIO_END || packet->marks.role == RADIO_ONLY;
	if (packet->marks.burst)
		m->burst = packet->marks.burst;
	chain_count(&f->chain, m, packet->size);
	return m;
}

/* --- Being served --------------------------------------------------------------------------------------------------- */

/* What was begun; a key that would be late behind what is older; else the oldest, but what is above
 * the base only as long as the key and base MDUs that wait would still be in time behind it. */
struct mdu *mdu_flow_choose(const struct mdu_link *link, struct mdu_flow *f, int64_t now)
{
	struct mdu *first = NULL, *trunk = NULL, *key = NULL;
	size_t octets = 0, all = 0, until_key = 0;

	for (unsigned i = 0; i < f->mdus.count; i++) {
		struct mdu *m = mdus_at(&f->mdus, i);

		if (!m->fifo.head)
			continue;
		if (m->state == MDU_STARTED || m->kind == MDU_SINGLE)
			return m;
		first = first ? first : m;
		all += rest_of(m);
		if (m->kind == MDU_KEY) {
			key = m;
			until_key = all;
		}
		if (m->kind != MDU_KEY && m->kind != MDU_BASE)
			continue;
		trunk = trunk ? trunk : m;
		octets += m->fifo.octets;
	}
	if (key && now + time_for(link, until_key) > key->born + link->queue->options.budget)
		return key;
	if (!trunk || first == trunk)
		return first;
	octets += first->fifo.octets;
	return now + time_for(link, octets) <= trunk->born + link->queue->options.budget ? first : trunk;
}

struct radio_packet *mdu_flow_send(struct mdu_link *link, struct mdu_flow *f, struct mdu *m, int64_t now)
{
	struct radio_packet *packet = radio_fifo_get(&m->fifo);
	bool turned = !m->late && now > m->born + link->queue->options.budget;

	m->state = MDU_STARTED;
	m->sent += packet->size;
	m->late |= turned;
	toll_note(&f->toll, packet->size, turned ? (double)m->sent : m->late ? packet->size : 0, now);
	mdu_flow_left(link, f, packet);
	return packet;
}
