/* SPDX-License-Identifier: BSD-3-Clause
 *
 * rules.c - what the sender promises from one datagram of a flow to the next: sequence, time, MDUs, bursts. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capread.h"

enum { RECORDS = 9 };

struct record {
	uint32_t ts;
	unsigned counter;
	unsigned long number;
};

struct source {               /* one SSRC of a flow */
	struct source *next;
	uint32_t ssrc, ts;
	unsigned seq, records, stream;
	struct record record[RECORDS];
};

struct flow {
	struct flow *next;
	unsigned sport, dport, outer_port, seq, s, counter, ttl;
	struct ip ip;
	uint32_t ts;
	unsigned same_ts;
	unsigned long mdus, datagrams, metadata;
	struct source *sources;
	unsigned bq;           /* of the run of datagrams that is not judged yet */
	size_t *size;
	size_t sizes, room;
	struct packet run;     /* its last datagram, for messages */
};

static struct flow *flows;
static struct rules_sum sum;

static void *grab(void *old, size_t n)
{
	void *p = realloc(old, n);

	if (!p) {
		fputs("capread: out of memory\n", stderr);
		exit(2);
	}
	return p;
}

static struct flow *flow_of(const struct packet *p)
{
	const struct ip *ip = p->app_ip;
	struct flow *f;

	for (f = flows; f; f = f->next)
		if (f->ip.version == ip->version && f->sport == p->app_udp->sport && f->dport == p->app_udp->dport &&
				!memcmp(f->ip.src, ip->src, 16) && !memcmp(f->ip.dst, ip->dst, 16))
			return f;
	f = grab(NULL, sizeof(*f));
	*f = (struct flow){ .next = flows, .ip = *ip, .sport = p->app_udp->sport, .dport = p->app_udp->dport,
		.outer_port = p->udp.sport, .ttl = ip->ttl };
	flows = f;
	sum.flows++;
	return f;
}

static struct source *source_of(struct flow *f, const struct packet *p)
{
	struct source *s;

	for (s = f->sources; s; s = s->next)
		if (s->ssrc == p->rtp.ssrc)
			return s;
	s = grab(NULL, sizeof(*s));
	*s = (struct source){ .next = f->sources, .ssrc = p->rtp.ssrc, .seq = p->rtp.seq - 1, .stream = p->area.counter,
		.ts = ~p->rtp.ts };
	f->sources = s;
	sum.ssrcs++;
	return s;
}

static void judge_sequence(struct flow *f, const struct packet *p)
{
	unsigned expected = (f->seq + 1) & 0xffff;

	if (f->metadata && p->area.seq != expected)
		fault(p, "Sequence Number %u, expected %u", p->area.seq, expected);
	f->seq = p->area.seq;
}

static void judge_time(struct flow *f, const struct packet *p)
{
	int32_t step = (int32_t)(p->area.ts - f->ts);

	if (p->area.ts == 0)
		fault(p, "Timestamp is 0");
	if (f->metadata && step < 0)
		fault(p, "Timestamp goes back by %ld ticks", -(long)step);
	f->same_ts = f->metadata && step == 0 ? f->same_ts + 1 : 1;
	if (f->same_ts == 65)
		fault(p, "more than 64 datagrams with one Timestamp");
	f->ts = p->area.ts;
	if (options.within_ms) {
		uint64_t now = (uint64_t)(p->sec + 2208988800) << 16 | (uint64_t)p->nsec * 65536 / 1000000000;
		int64_t off = (int32_t)(p->area.ts - (uint32_t)now);

		if (llabs(off) * 1000 / 65536 > options.within_ms)
			fault(p, "Timestamp is %lld ms from the capture's clock", (long long)(off * 1000 / 65536));
	}
}

/* A new MDU: the flow's next Counter value. */
static void open_mdu(struct flow *f, const struct packet *p, const char *why)
{
	unsigned expected = (f->counter + 1) & 255;

	if (f->mdus && p->area.counter != expected)
		fault(p, "Counter %u, expected %u: %s", p->area.counter, expected, why);
	f->counter = p->area.counter;
	f->mdus++;
	sum.mdus++;
}

static void add_record(struct flow *f, struct source *s, const struct packet *p)
{
	bool older = s->records && (int32_t)(p->rtp.ts - s->record[0].ts) < 0;
	unsigned at = older ? 1 : 0, last = s->records < RECORDS ? s->records++ : RECORDS - 1;

	for (unsigned i = last; i > at; i--)
		s->record[i] = s->record[i - 1];
	s->record[at] = (struct record){ p->rtp.ts, p->area.counter, f->mdus };
}

/* Video: a picture is an RTP timestamp of an SSRC; with layers a picture may hold several MDUs. */
static void judge_picture(struct flow *f, struct source *s, const struct packet *p)
{
	bool known = false;

	for (unsigned i = 0; i < s->records; i++) {
		const struct record *r = &s->record[i];

		if (r->ts != p->rtp.ts || f->mdus - r->number >= 128)
			continue;
		if (r->counter == p->area.counter)
			return;
		known = true;
	}
	if (known && !options.layers[p->rtp.pt])
		fault(p, "Counter changes to %u inside RTP timestamp %u", p->area.counter, p->rtp.ts);
	open_mdu(f, p, "a new RTP timestamp");
	add_record(f, s, p);
}

static void judge_mdu(struct flow *f, const struct packet *p)
{
	struct source *s;

	if (!p->has_rtp)
		return;
	s = source_of(f, p);
	if (((s->seq + 1) & 0xffff) != p->rtp.seq)
		sum.rtp_gaps++;
	s->seq = p->rtp.seq;
	sum.rtp_timestamps += s->ts != p->rtp.ts;
	s->ts = p->rtp.ts;
	if (p->area.metadata != METADATA_MED)
		return;
	if (f->metadata && p->area.s != f->s)
		fault(p, "S changes to %u within the flow", p->area.s);
	f->s = p->area.s;
	if (p->area.s) {
		if (p->area.counter != s->stream)
			fault(p, "stream number %u of an SSRC that had %u", p->area.counter, s->stream);
	} else if (options.per_packet[p->rtp.pt]) {
		open_mdu(f, p, "every packet is an MDU");
	} else {
		judge_picture(f, s, p);
	}
}

/* What a sender that began in the midst of a burst put out of it, before the first whole one. */
static void allow_rest(const struct flow *f, unsigned long *reach, size_t high)
{
	size_t total = 0;

	for (size_t end = 1; end <= f->sizes && (total += f->size[end - 1]) <= high; end++)
		reach[end] = 1;
}

/* Whether the run can be cut into bursts of two or more datagrams that each fill exactly bq units. */
static bool run_divides(const struct flow *f, unsigned long *bursts)
{
	size_t n = f->sizes, total, low = ((size_t)f->bq - 1) * options.bq_unit;
	size_t high = f->bq == 255 ? SIZE_MAX : (size_t)f->bq * options.bq_unit;
	unsigned long *reach = grab(NULL, (n + 1) * sizeof(*reach));
	bool divides;

	memset(reach, 0, (n + 1) * sizeof(*reach));
	reach[0] = 1;
	if (options.late && f->metadata == f->sizes)
		allow_rest(f, reach, high);
	for (size_t end = 2; end <= n; end++) {
		total = f->size[end - 1];
		for (size_t start = end - 1; start-- > 0;) {
			total += f->size[start];
			if (total > high)
				break;
			if (total > low && reach[start]) {
				reach[end] = reach[start] + 1;
				break;
			}
		}
	}
	divides = reach[n] != 0;
	*bursts = reach[n] - 1;
	free(reach);
	return divides;
}

static void end_run(struct flow *f)
{
	unsigned long bursts = 0;

	if (f->bq && f->sizes && !options.hints && !run_divides(f, &bursts))
		fault(&f->run, "Burst Quantum %u does not fit the %zu datagrams that carry it", f->bq, f->sizes);
	sum.bursts += bursts;
	f->sizes = 0;
}

static void judge_burst(struct flow *f, const struct packet *p)
{
	if (p->area.bq != f->bq)
		end_run(f);
	f->bq = p->area.bq;
	if (!f->bq)
		return;
	if (f->sizes == f->room) {
		f->room = f->room ? 2 * f->room : 64;
		f->size = grab(f->size, f->room * sizeof(*f->size));
	}
	f->size[f->sizes++] = p->app_ip->header_len + p->app_udp->length;
	f->run = *p;
}

void rules_add(const struct packet *p)
{
	struct flow *f = flow_of(p);

	if (f->outer_port != p->udp.sport)
		fault(p, "the flow changes its outer source port from %u to %u", f->outer_port, p->udp.sport);
	if (f->ttl != p->app_ip->ttl)
		fault(p, "the flow changes its TTL from %u to %u", f->ttl, p->app_ip->ttl);
	f->outer_port = p->udp.sport;
	f->ttl = p->app_ip->ttl;
	if (p->area.metadata == METADATA_NONE)
		return;
	judge_sequence(f, p);
	judge_time(f, p);
	judge_mdu(f, p);
	judge_burst(f, p);
	f->metadata++;
}

void rules_end(void)
{
	while (flows) {
		struct flow *f = flows;

		end_run(f);
		while (f->sources) {
			struct source *s = f->sources;

			f->sources = s->next;
			free(s);
		}
		flows = f->next;
		free(f->size);
		free(f);
	}
}

struct rules_sum rules_sum(void)
{
	return sum;
}
