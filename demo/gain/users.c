/* SPDX-License-Identifier: BSD-3-Clause
 *
 * users - a toy cell: how many users can be satisfied, with each policy.
 *
 *     users [--seeds N] [--seconds N] [--mbits N] [--budget MS]
 *
 * Each user is one flow of 8 Mb/s at 60 frames a second as cloud gaming is modelled in 3GPP TR 38.838: sizes of frames truncated
 * Gaussian (deviation 10.5 % of the mean, half to one and a half), jitter truncated Gaussian (2 ms, at most 4), phases at random. A
 * user is satisfied when 99 % of the frames arrive within the budget (15 ms), the cell when 90 % of the users are. As in that model
 * each frame counts for itself, and late ones for nothing; a server says so with D "independent", L "of limited value if delayed".
 * What the MDU-aware policy does where it says instead that others need each frame, late or not, is shown beside it. The cell's
 * rate is the same for all users and wanders; there is no channel of each user's own: that is why it is a toy. */
#include <radio_link.h>
#include <radio_random.h>

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RATE = 8000000, FPS = 60, OCTETS = 1200, MOST = 64, QUEUE = 1000 /* packets, for all */ };

static const struct arm {
	const char *policy, *text;
	uint8_t d, l;
} arms[] = {
	{ "tail", "tail drop", 1, 2 },
	{ "fair", "fair queueing by flow, deficit round robin", 1, 2 },
	{ "mdu", "MDU-aware, marks: of no use if late", 1, 2 },
	{ "mdu", "MDU-aware, marks: base, needed even if late", 2, 1 },
};

static struct {
	unsigned seeds, seconds, mbits, budget_ms;
} options = { 5, 10, 100, 15 };

struct frame {
	int64_t born, done;
	unsigned packets, arrived;
};

struct piece {
	struct radio_packet packet;
	struct frame *frame;
};

struct cell {
	struct piece *piece;
	struct frame *frame;
	size_t pieces, frames;
};

static _Noreturn void die(const char *why)
{
	fprintf(stderr, "users: %s\n", why);
	exit(1);
}

static double truncated(uint64_t *seed, double deviation, double most)
{
	double x;

	do
		x = deviation * random_normal(seed);
	while (fabs(x) > most);
	return x;
}

static int by_arrival(const void *a, const void *b)
{
	const struct piece *x = a, *y = b;

	if (x->packet.arrived != y->packet.arrived)
		return x->packet.arrived < y->packet.arrived ? -1 : 1;
	return x->packet.flow != y->packet.flow ? x->packet.flow < y->packet.flow ? -1 : 1 : 0;
}

static void add_frame(struct cell *c, const struct arm *arm, uint64_t *seed, unsigned user, unsigned n, double phase)
{
	double size = (double)RATE / FPS / 8 * (1 + truncated(seed, 0.105, 0.5));
	struct frame *f = &c->frame[c->frames++];

	*f = (struct frame){ .born = (int64_t)((n + phase) * 1e6 / FPS + truncated(seed, 2000, 4000) + 5000), .done = INT64_MAX };
	for (double left = size; left > 0; left -= OCTETS) {
		struct piece *p = &c->piece[c->pieces++];

		*p = (struct piece){ .frame = f };
		p->packet = (struct radio_packet){ .arrived = f->born, .size = (uint32_t)(left < OCTETS ? left : OCTETS) + 40, .flow = user + 1 };
		p->packet.marks = (struct radio_marks){ .known = true, .name = (uint8_t)n, .d = arm->d, .p = 1, .l = arm->l, .burst = (uint32_t)size };
		f->packets++;
	}
}

static void fill(struct cell *c, const struct arm *arm, unsigned users, uint64_t seed)
{
	size_t frames = (size_t)users * options.seconds * FPS;

	c->frame = calloc(frames, sizeof(*c->frame));
	c->piece = calloc(frames * (RATE / FPS / 8 * 3 / 2 / OCTETS + 2), sizeof(*c->piece));
	c->frames = c->pieces = 0;
	if (!c->frame || !c->piece)
		die("no memory");
	for (unsigned u = 0; u < users; u++) {
		double phase = random_unit(&seed);

		for (unsigned n = 0; n < options.seconds * FPS; n++)
			add_frame(c, arm, &seed, u, n, phase);
	}
	qsort(c->piece, c->pieces, sizeof(*c->piece), by_arrival);
	for (size_t i = 0; i < c->pieces; i++)
		c->piece[i].packet.owner = &c->piece[i];
}

/* The rate wanders by a tenth of itself, from one 10 ms to the next. */
static void make_trace(struct trace *t, uint64_t seed)
{
	double carry = 0, x = 0, mean = options.mbits * 1e6 / 8 / TRACE_OCTETS / 1000;

	t->period = options.seconds * 1000;
	t->count = 0;
	t->at = calloc((size_t)(mean * 2 * t->period) + 16, sizeof(*t->at));
	if (!t->at)
		die("no memory");
	for (uint32_t ms = 1; ms <= t->period; ms++) {
		if (ms % 10 == 1)
			x = 0.8 * x + 0.06 * random_normal(&seed);
		for (carry += mean * (1 + (x > 0.5 ? 0.5 : x < -0.5 ? -0.5 : x)); carry >= 1; carry--)
			t->at[t->count++] = ms;
	}
	t->period = t->at[t->count - 1];
}

static void delivered(void *context, struct radio_packet *packet, int64_t arrives)
{
	struct frame *f = ((struct piece *)packet->owner)->frame;

	(void)context;
	if (++f->arrived == f->packets)
		f->done = arrives;
}

static void dropped(void *context, struct radio_packet *packet, int64_t now)
{
	(void)context;
	(void)packet;
	(void)now;
}

/* Share of the users that are satisfied, and of all frames in time. */
static double satisfied(const struct arm *arm, unsigned users, uint64_t seed, double *in_time)
{
	struct radio_queue_options o = { .packets = QUEUE, .flows = 2 * MOST, .budget = (int64_t)options.budget_ms * 1000, .drop = dropped };
	struct radio_queue *q = radio_queue_new(radio_queue_policy(arm->policy), &o);
	unsigned good = 0, per = options.seconds * FPS;
	struct radio_link link;
	struct trace trace;
	struct cell c;

	if (!q)
		die("no memory");
	fill(&c, arm, users, seed);
	make_trace(&trace, seed + 1000);
	radio_link_open(&link, &trace, q, 0, 0, 0, delivered, NULL);
	for (size_t i = 0; i < c.pieces; i++) {
		radio_link_run(&link, c.piece[i].packet.arrived);
		q->policy->put(q, &c.piece[i].packet, c.piece[i].packet.arrived);
	}
	radio_link_run(&link, (int64_t)options.seconds * 1000000 + 1000000);
	*in_time = 0;
	for (unsigned u = 0; u < users; u++) {
		unsigned in = 0;

		for (unsigned n = 0; n < per; n++) {
			const struct frame *f = &c.frame[(size_t)u * per + n];

			in += f->done != INT64_MAX && f->done - f->born <= (int64_t)options.budget_ms * 1000;
		}
		good += in >= 0.99 * per;
		*in_time += (double)in / per / users;
	}
	radio_queue_free(q, 0);
	trace_free(&trace);
	free(c.frame);
	free(c.piece);
	return (double)good / users;
}

/* The most users of which 90 % are satisfied. */
static unsigned capacity(const struct arm *arm, uint64_t seed)
{
	unsigned most = 0;
	double in_time;

	for (unsigned users = 1; users <= MOST && users <= options.mbits * 1000000u / RATE + 1; users++) {
		if (satisfied(arm, users, seed, &in_time) >= 0.9)
			most = users;
		else if (users > most + 2)
			break;
	}
	return most;
}

int main(int argc, char **argv)
{
	static const struct option known[] = { { "seeds", 1, NULL, 's' }, { "seconds", 1, NULL, 't' }, { "mbits", 1, NULL, 'm' },
		{ "budget", 1, NULL, 'b' }, { NULL, 0, NULL, 0 } };
	unsigned limit;
	int c;

	while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
		unsigned n = optarg ? (unsigned)strtoul(optarg, NULL, 10) : 0;

		if (c == '?' || n < 1 || n > 1000)
			die("expected --seeds, --seconds, --mbits, --budget with numbers from 1 to 1000");
		*(c == 's' ? &options.seeds : c == 't' ? &options.seconds : c == 'm' ? &options.mbits : &options.budget_ms) = n;
	}
	limit = (unsigned)(options.mbits * 1e6 / (RATE * (OCTETS + 40.) / OCTETS));
	limit = limit < 1 ? 1 : limit > MOST ? MOST : limit;
	printf("A toy cell of %u Mb/s, users of %d Mb/s at %d frames a second, %u ms for a frame, %u seeds:\n"
		"users of which 90 %% get 99 %% of their frames in time; more than %u the cell cannot carry\n", options.mbits, RATE / 1000000, FPS, options.budget_ms, options.seeds, limit);
	for (size_t i = 0; i < sizeof(arms) / sizeof(arms[0]); i++) {
		double sum = 0, square = 0, full = 0, mean, in_time;

		for (unsigned s = 1; s <= options.seeds; s++) {
			unsigned n = capacity(&arms[i], s);

			sum += n;
			square += (double)n * n;
			satisfied(&arms[i], limit, s, &in_time);
			full += in_time / options.seeds;
		}
		mean = sum / options.seeds;
		printf("  %-46s %5.1f  (deviation %.1f)   with %u: %5.1f %% of all frames in time\n", arms[i].text, mean,
			sqrt(fmax(0, square / options.seeds - mean * mean)), limit, full * 100);
		fflush(stdout);
	}
	return 0;
}
