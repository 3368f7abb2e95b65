/* SPDX-License-Identifier: BSD-3-Clause */
#include "../pair.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct plan plans[CASES];

/* --- Reading -------------------------------------------------------------------------------------------------------------- */

static const char *word(char **line)
{
	char *w = strtok_r(*line, " \n", line);

	return w ? w : "";
}

static unsigned number(char **line)
{
	return (unsigned)strtoul(word(line), NULL, 10);
}

unsigned read_plan(FILE *f)
{
	unsigned cases = 0;
	char *line = NULL, *rest;
	size_t room = 0;
	struct plan *p = NULL;

	for (; getline(&line, &room, f) > 0; line = NULL, room = 0) {
		const char *first;

		rest = line;
		first = word(&rest);
		if (strcmp(first, "base") == 0 && cases < CASES) {
			p = &plans[cases++];
			p->arm = calloc(ARMS, sizeof(*p->arm));
			p->what = (struct what){ .sink = word(&rest) };
			p->what.call = word(&rest);
			p->what.target = word(&rest);
			p->what.connected = number(&rest);
			p->what.flows = number(&rest);
			p->what.threads = number(&rest);
		} else if (strcmp(first, "arm") == 0 && p && p->arm && p->arms < ARMS) {
			struct child *c = &p->arm[p->arms++];

			c->engine = word(&rest);
			c->mode = word(&rest);
			c->option = word(&rest);
			c->cover = word(&rest);
			c->call = word(&rest);
			c->connected = number(&rest);
			c->floor = atof(word(&rest));
			c->goal = atof(word(&rest));
			c->due = word(&rest);
		} else if (*first) {
			return 0;
		}
	}
	free(line);
	return cases;
}

/* --- Time ----------------------------------------------------------------------------------------------------------------- */

uint64_t weight_left(unsigned first, uint64_t slice_ns)
{
	const uint64_t begin_ns = 40000000, datagram_ns = 3000;
	uint64_t sum = 0;

	for (unsigned i = first; i < CASES && plans[i].arm; i++) {
		sum += rounds * (2u * plans[i].arms + 3u) * slice_ns;
		sum += (plans[i].arms + 2u) * (begin_ns + plans[i].what.flows * datagram_ns);
	}
	return sum;
}

void progress(unsigned done, unsigned cases, uint64_t elapsed_ns, uint64_t slice_ns)
{
	static unsigned said;
	uint64_t all = weight_left(0, slice_ns), left = weight_left(done, slice_ns);
	double rate = done ? (double)elapsed_ns / (double)(all - left) : 1;
	unsigned seconds = (unsigned)((double)left * rate / 1e9), tenth = done * 10 / cases;
	const struct what *w = &plans[done].what;

	if (isatty(2)) {
		if (done == cases)
			fprintf(stderr, "\r\033[K");
		else
			fprintf(stderr, "\r\033[K[%u/%u] %s %s %s, about %u:%02u left", done + 1, cases, w->sink, w->call, w->target,
				seconds / 60, seconds % 60);
	} else if (done == 0 || tenth != said) {
		fprintf(stderr, "bench: %u of %u cases, about %u:%02u left\n", done, cases, seconds / 60, seconds % 60);
	}
	said = tenth;
}
