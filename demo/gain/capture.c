/* SPDX-License-Identifier: BSD-3-Clause */
#include "capture.h"

#include "lend.h"
#include "marks.h"
#include "shelf.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>

enum { ETHERNET = 14, TRAFFIC_KEYS = 1024, FLOWS = 1024 };

struct reading {
	struct capture *c;
	const struct capture_options *options;
	struct decide_config config;
	struct decide_state state;
	struct shelf *shelf;
	size_t room, store_used;
	int64_t first, second;
	unsigned port;
};

static const struct prefixes any; /* empty: not checked */

static int set_up(struct reading *r, const struct capture_options *o)
{
	struct md_key key;
	const char *problem = "";

	r->state.keys = keys_new(TRAFFIC_KEYS, 1, &lend_libcrypto);
	r->state.flows = flows_new(FLOWS, MD_REPLAY_DEFAULT, 2 << 16, 1);
	if (!r->state.keys || !r->state.flows)
		return -1;
	r->config = (struct decide_config){ .ids = MD_IDS_DEFAULT, .policy = DECIDE_REQUIRED, .cap = &any, .client = &any };
	for (size_t i = 0; i < o->keys; i++) {
		if (keys_argument(o->key[i], &key, &problem) < 0 || keys_add(r->state.keys, &key) < 0) {
			fprintf(stderr, "--auth-key '%s': expected %s\n", o->key[i], problem);
			return -1;
		}
	}
	return 0;
}

/* The books that were in force when the recording was made. */
static int open_books(struct reading *r, int64_t then)
{
	const struct capture_options *o = r->options;

	if (shelf_open(&r->shelf, o->books, o->domain, false, r->state.keys, then) < 0) {
		fprintf(stderr, "--books '%s': cannot be read\n", o->books);
		return -1;
	}
	r->config.code_find = shelf_find;
	r->config.books = r->shelf;
	return 0;
}

static int grow(struct reading *r)
{
	struct sample *more;

	if (r->c->samples < r->room)
		return 0;
	r->room = r->room ? r->room * 2 : 4096;
	more = reallocarray(r->c->sample, r->room, sizeof(*more));
	if (!more)
		return -1;
	r->c->sample = more;
	return 0;
}

/* With marks or not, what the router would forward is kept: 1. */
static int take(struct reading *r, const uint8_t *packet, size_t len, const struct timeval *ts)
{
	struct moment at = { .unix_ns = ((int64_t)ts->tv_sec * 1000000 + ts->tv_usec) * 1000,
		.ntp = md_ntp_short(ts->tv_sec, (uint32_t)ts->tv_usec * 1000),
		.ms = (uint64_t)ts->tv_sec * 1000 + (uint64_t)ts->tv_usec / 1000 };
	struct decision d;
	struct sample *s;

	if (r->options->books && !r->shelf && open_books(r, ts->tv_sec) < 0)
		return -1;
	if (r->shelf && ts->tv_sec != r->second)
		shelf_tick(r->shelf, r->second = ts->tv_sec);
	decide(&r->config, &r->state, DECIDE_TUNNEL, packet, len, &at, &d);
	if (r->port && d.inner.tuple.dport != r->port)
		return 0;
	if (d.action == DECIDE_DROP) {
		r->c->refused++;
		return 0;
	}
	r->c->refused += d.action == DECIDE_PLAIN;
	if (grow(r) < 0)
		return -1;
	s = &r->c->sample[r->c->samples++];
	memset(s, 0, sizeof(*s));
	marks_read(&s->packet, &d, MD_BQ_UNIT);
	if (!r->first)
		r->first = at.unix_ns;
	s->packet.arrived = (at.unix_ns - r->first) / 1000;
	s->rtp = d.inner.user;
	s->rtp_len = d.inner.user_len;
	r->c->octets += s->packet.size;
	r->c->length = s->packet.arrived;
	return 1;
}

/* Pointers into the packets stay good: all of the file lies in one store. */
static int read_all(struct reading *r, pcap_t *pcap, size_t size)
{
	struct pcap_pkthdr *head;
	const u_char *data;
	int kept;

	r->c->store = malloc(size);
	if (!r->c->store)
		return -1;
	while (pcap_next_ex(pcap, &head, &data) == 1) {
		uint8_t *at = r->c->store + r->store_used;

		if (head->caplen <= ETHERNET || head->caplen != head->len || r->store_used + head->caplen > size)
			continue;
		memcpy(at, data + ETHERNET, head->caplen - ETHERNET);
		kept = take(r, at, head->caplen - ETHERNET, &head->ts);
		if (kept < 0)
			return -1;
		r->store_used += kept ? head->caplen - ETHERNET : 0;
	}
	return 0;
}

static size_t file_size(const char *file)
{
	FILE *f = fopen(file, "re");
	long size = -1;

	if (f && fseek(f, 0, SEEK_END) == 0)
		size = ftell(f);
	if (f)
		fclose(f);
	return size < 0 ? 0 : (size_t)size;
}

int capture_read(struct capture *c, const struct capture_options *o)
{
	struct reading r = { .c = c, .options = o, .port = o->port };
	char text[PCAP_ERRBUF_SIZE];
	pcap_t *pcap;
	int error;

	memset(c, 0, sizeof(*c));
	if (set_up(&r, o) < 0)
		return -1;
	pcap = pcap_open_offline(o->file, text);
	if (!pcap || pcap_datalink(pcap) != DLT_EN10MB) {
		fprintf(stderr, "%s: expected a pcap file of an Ethernet link: %s\n", o->file, pcap ? "another link" : text);
		return -1;
	}
	error = read_all(&r, pcap, file_size(o->file));
	pcap_close(pcap);
	if (r.shelf)
		shelf_close(r.shelf);
	flows_free(r.state.flows);
	keys_free(r.state.keys);
	if (!error && !c->samples) {
		fprintf(stderr, "%s: no datagram that the router would forward\n", o->file);
		return -1;
	}
	return error;
}
