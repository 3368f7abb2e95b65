/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp.h"

#include <math.h>
#include <string.h>

enum { FIRST_WINDOW = 10, DUPLICATES = 3, RTO_FIRST = 1000000, RTO_LEAST = 200000, RTO_MOST = 60000000, FLOW = 0x7cb };

void tcp_begin(struct tcp *t, int64_t now)
{
	memset(t, 0, sizeof(*t));
	t->window = FIRST_WINDOW;
	t->threshold = TCP_WINDOW;
	t->heard = now;
}

struct radio_packet *tcp_send(struct tcp *t, int64_t now)
{
	struct tcp_packet *p = &t->slot[t->next % TCP_WINDOW];

	/* A slot comes free when the link and the sender are done with it. */
	if (t->outstanding >= (unsigned)t->window || p->away)
		return NULL;
	if (!t->outstanding)
		t->heard = now;
	*p = (struct tcp_packet){ .number = t->next++, .away = true };
	p->packet = (struct radio_packet){ .owner = p, .arrived = now, .size = TCP_OCTETS, .flow = FLOW };
	t->outstanding++;
	return &p->packet;
}

void tcp_delivered(struct tcp *t, struct radio_packet *packet)
{
	struct tcp_packet *p = packet->owner;

	p->away = false;
	t->delivered += packet->size;
}

void tcp_dropped(struct tcp *t, struct radio_packet *packet)
{
	struct tcp_packet *p = packet->owner;

	(void)t;
	p->away = false;
}

static void halve(struct tcp *t)
{
	t->threshold = t->window / 2 > 2 ? t->window / 2 : 2;
	t->window = t->threshold;
	t->recover = t->next;
}

static void measure(struct tcp *t, double rtt)
{
	if (t->srtt > 0) {
		t->rttvar += (fabs(t->srtt - rtt) - t->rttvar) / 4;
		t->srtt += (rtt - t->srtt) / 8;
	} else {
		t->srtt = rtt;
		t->rttvar = rtt / 2;
	}
	t->backoff = 0;
}

/* Of those outstanding, the ones three later than which something was acknowledged are lost. */
static void find_losses(struct tcp *t)
{
	uint64_t from = t->next > TCP_WINDOW ? t->next - TCP_WINDOW : 0;

	for (uint64_t n = from; n + DUPLICATES <= t->highest; n++) {
		struct tcp_packet *p = &t->slot[n % TCP_WINDOW];

		if (p->number != n || p->lost)
			continue;
		p->lost = true;
		t->outstanding--;
		if (n >= t->recover)
			halve(t);
	}
}

void tcp_acknowledged(struct tcp *t, uint64_t number, int64_t sent, int64_t now)
{
	struct tcp_packet *p = &t->slot[number % TCP_WINDOW];

	t->heard = now;
	measure(t, (double)(now - sent));
	if (number > t->highest)
		t->highest = number;
	if (p->number == number && !p->lost) {
		p->lost = true; /* accounted for */
		t->outstanding--;
		t->window += t->window < t->threshold ? 1 : 1 / t->window;
	}
	if (t->window > TCP_WINDOW - 1)
		t->window = TCP_WINDOW - 1;
	find_losses(t);
}

int64_t tcp_timer(const struct tcp *t)
{
	double rto = t->srtt > 0 ? t->srtt + 4 * t->rttvar : RTO_FIRST;

	rto = (rto < RTO_LEAST ? RTO_LEAST : rto) * (1 << t->backoff);
	return t->outstanding ? t->heard + (int64_t)(rto > RTO_MOST ? RTO_MOST : rto) : INT64_MAX;
}

void tcp_expired(struct tcp *t, int64_t now)
{
	halve(t);
	t->window = 1;
	for (unsigned i = 0; i < TCP_WINDOW; i++)
		t->slot[i].lost = true;
	t->outstanding = 0;
	t->heard = now;
	if (t->backoff < 6)
		t->backoff++;
}
