/* SPDX-License-Identifier: BSD-3-Clause */
#include "flows.h"

#include "address.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Of one Counter value: when it was last seen, and the how manieth MDU of the flow it names (0: not in memory). */
struct mdu {
	uint32_t ordinal, ms;
};

struct flow_live {
	struct md_replay replay;
	struct md_track track;
	struct mdu mdu[256];
	uint32_t mdus;
	uint32_t sent, arrived; /* Timestamps of the packet before */
	bool timed;
	uint32_t slot[];
};

struct flows {
	struct flow **bucket;
	size_t buckets, most, count;
	struct flow *oldest, *newest; /* by last use */
	uint32_t window, limit;
	uint64_t idle_ms, seed;
	struct flows_totals gone; /* of evicted flows */
};

struct flows *flows_new(size_t most, uint32_t window, uint32_t limit, uint64_t seed)
{
	struct flows *flows = calloc(1, sizeof(*flows));
	uint64_t twice = ((uint64_t)limit * 2 * 1000 >> 16) + 1;

	if (!flows)
		return NULL;
	flows->buckets = 64;
	while (flows->buckets < most)
		flows->buckets *= 2;
	flows->bucket = calloc(flows->buckets, sizeof(struct flow *));
	if (!flows->bucket) {
		free(flows);
		return NULL;
	}
	flows->most = most;
	flows->window = window;
	flows->limit = limit;
	flows->idle_ms = twice > FLOWS_IDLE_MS ? twice : FLOWS_IDLE_MS;
	flows->seed = seed;
	return flows;
}

void flows_free(struct flows *flows)
{
	struct flow *next;

	for (struct flow *f = flows->newest; f; f = next) {
		next = f->older;
		free(f->live);
		free(f);
	}
	free(flows->bucket);
	free(flows);
}

static struct flow **place(const struct flows *flows, const struct md_tuple *tuple, bool inlined)
{
	return &flows->bucket[tuple_hash(tuple, flows->seed + inlined) & (flows->buckets - 1)];
}

struct flow *flows_find(struct flows *flows, const struct md_tuple *tuple, bool inlined)
{
	for (struct flow *f = *place(flows, tuple, inlined); f; f = f->chain)
		if (f->inlined == inlined && tuple_equal(&f->tuple, tuple))
			return f;
	return NULL;
}

static void unlink_age(struct flows *flows, struct flow *f)
{
	*(f->older ? &f->older->newer : &flows->oldest) = f->newer;
	*(f->newer ? &f->newer->older : &flows->newest) = f->older;
	f->older = f->newer = NULL;
}

static void link_newest(struct flows *flows, struct flow *f)
{
	f->older = flows->newest;
	*(flows->newest ? &flows->newest->newer : &flows->oldest) = f;
	flows->newest = f;
}

/* Ends the state of a flow; what it counted is kept. */
static void live_end(struct flow *f)
{
	struct flow_loss loss = flow_loss(f);

	f->lost = loss.lost;
	f->late = loss.late;
	f->repeated = loss.repeated;
	free(f->live);
	f->live = NULL;
}

static bool live_begin(const struct flows *flows, struct flow *f)
{
	f->live = calloc(1, sizeof(*f->live) + flows->window * sizeof(f->live->slot[0]));
	if (!f->live)
		return false;
	f->live->replay = (struct md_replay){ f->live->slot, flows->window, flows->limit, 0, false };
	return true;
}

static void evict(struct flows *flows, struct flow *f, uint64_t ms)
{
	struct flow **at = place(flows, &f->tuple, f->inlined);

	while (*at != f)
		at = &(*at)->chain;
	*at = f->chain;
	unlink_age(flows, f);
	flows->gone.evicted_busy += f->live && ms - f->seen_ms <= flows->idle_ms;
	flows->gone.evicted++;
	live_end(f);
	flows->gone.mdus += f->mdus;
	flows->gone.loss.lost += f->lost;
	flows->gone.loss.late += f->late;
	flows->gone.loss.repeated += f->repeated;
	flows->count--;
	free(f);
}

static struct flow *make(struct flows *flows, const struct md_tuple *tuple, bool inlined, uint64_t ms)
{
	struct flow **at = place(flows, tuple, inlined), *f;

	if (flows->count == flows->most)
		evict(flows, flows->oldest, ms);
	f = calloc(1, sizeof(*f));
	if (!f)
		return NULL;
	f->tuple = *tuple;
	f->inlined = inlined;
	f->chain = *at;
	*at = f;
	link_newest(flows, f);
	flows->count++;
	flows->gone.begun++;
	return f;
}

struct flow *flows_get(struct flows *flows, const struct md_tuple *tuple, bool inlined, uint64_t ms)
{
	struct flow *f = flows_find(flows, tuple, inlined);

	if (!f)
		f = make(flows, tuple, inlined, ms);
	if (!f)
		return NULL;
	if (f->live && ms - f->seen_ms > flows->idle_ms)
		live_end(f);
	if (!f->live && !live_begin(flows, f))
		return NULL;
	f->seen_ms = ms;
	unlink_age(flows, f);
	link_newest(flows, f);
	return f;
}

enum md_reason flows_fresh(const struct flows *flows, struct flow *flow, const struct md_metadata *meta, uint32_t ntp)
{
	uint32_t empty[MD_REPLAY_MIN] = { 0 };
	struct md_replay none = { empty, MD_REPLAY_MIN, flows->limit, 0, false };

	return md_replay(flow && flow->live ? &flow->live->replay : &none, meta->seq, meta->ts, ntp);
}

/* Whether the Counter value begins an MDU (wire format, section 4.2). */
static bool mdu_begins(struct flow_live *live, uint8_t counter, uint32_t ms)
{
	struct mdu *mdu = &live->mdu[counter];
	bool known = mdu->ordinal && live->mdus - mdu->ordinal < FLOWS_MDU_NEWER && ms - mdu->ms <= FLOWS_MDU_MS;

	if (!known)
		mdu->ordinal = ++live->mdus;
	mdu->ms = ms;
	return !known;
}

/* Interarrival jitter (RFC 3550, section 6.4.1); the Timestamps are of the sender's clock, only differences count. */
static void jitter(struct flow *flow, uint32_t sent, uint32_t arrived)
{
	struct flow_live *live = flow->live;
	double d;

	if (!sent)
		return;
	if (live->timed) {
		d = (double)md_ntp_diff(arrived, live->arrived) - (double)md_ntp_diff(sent, live->sent);
		flow->jitter += (fabs(d) - flow->jitter) / 16;
	}
	live->sent = sent;
	live->arrived = arrived;
	live->timed = true;
}

struct flow_note flows_note(struct flow *flow, const struct md_metadata *meta, size_t octets,
	const struct moment *now)
{
	struct flow_note note = { MD_TRACK_NEXT, false };

	flow->packets++;
	flow->octets += octets;
	if (meta->bq)
		flow->bq = meta->bq;
	note.track = md_track(&flow->live->track, meta->seq);
	jitter(flow, meta->ts, now->ntp);
	if (meta->option == MD_MED && meta->s == 0)
		note.mdu_new = mdu_begins(flow->live, meta->counter, (uint32_t)now->ms);
	flow->mdus += note.mdu_new;
	return note;
}

void flows_expire(struct flows *flows, uint64_t ms)
{
	for (struct flow *f = flows->oldest; f && ms - f->seen_ms > flows->idle_ms; f = f->newer)
		if (f->live)
			live_end(f);
}

struct flow_loss flow_loss(const struct flow *flow)
{
	struct flow_loss loss = { flow->lost, flow->late, flow->repeated };

	if (flow->live) {
		loss.lost += flow->live->track.lost;
		loss.late += flow->live->track.late;
		loss.repeated += flow->live->track.repeated;
	}
	return loss;
}

struct flows_totals flows_totals(const struct flows *flows)
{
	struct flows_totals t = flows->gone;
	size_t timed = 0;

	t.flows = flows->count;
	for (const struct flow *f = flows->newest; f; f = f->older) {
		struct flow_loss loss = flow_loss(f);

		t.mdus += f->mdus;
		t.loss.lost += loss.lost;
		t.loss.late += loss.late;
		t.loss.repeated += loss.repeated;
		if (f->packets < 2)
			continue;
		timed++;
		t.jitter_mean += f->jitter;
		t.jitter_max = f->jitter > t.jitter_max ? f->jitter : t.jitter_max;
	}
	if (timed)
		t.jitter_mean /= (double)timed;
	return t;
}

const struct flow *flows_newest(const struct flows *flows)
{
	return flows->newest;
}
