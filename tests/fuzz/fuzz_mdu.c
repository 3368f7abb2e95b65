/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "mdu.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(what) \
	do { \
		if (!(what)) \
			__builtin_trap(); \
	} while (0)

/* The state machine once more, written down as classifier.md, section 5 tells it, without thought of cost. */
struct record {
	uint32_t number, ts, identity, k;
	uint16_t frame;
	uint8_t layer;
	bool has_identity, has_frame, has_layer, started, ended;
	enum class class;
};

struct model {
	uint32_t n, k;
	struct {
		size_t count;
		struct record record[10];
	} list[4];
};

static bool matches(const struct record *r, const struct mdu_in *in)
{
	if (r->has_identity || in->has_identity)
		return r->has_identity && in->has_identity && r->identity == in->identity;
	if (r->has_frame && in->said.has_frame)
		return r->frame == in->said.frame;
	if (r->has_layer && in->said.has_layer && r->layer != in->said.layer)
		return false;
	return r->ts == in->ts;
}

static bool is_older(const struct record *current, const struct mdu_in *in)
{
	if (current->has_identity || in->has_identity)
		return false;
	if (current->has_frame && in->said.has_frame)
		return (int16_t)(uint16_t)(in->said.frame - current->frame) < 0;
	return (int32_t)(in->ts - current->ts) < 0;
}

static struct record *matching(struct model *m, unsigned s, const struct mdu_in *in)
{
	for (size_t i = 0; i < m->list[s].count; i++) {
		struct record *r = &m->list[s].record[i];

		if (!matches(r, in))
			continue;
		if (m->n - r->number < 128)
			return r;
		memmove(r, r + 1, (--m->list[s].count - i) * sizeof *r);
		return NULL;
	}
	return NULL;
}

static struct record *added(struct model *m, unsigned s, const struct mdu_in *in, bool late)
{
	size_t at = m->list[s].count && late && is_older(&m->list[s].record[0], in);
	struct record *r = &m->list[s].record[at];

	memmove(r + 1, r, (m->list[s].count - at) * sizeof *r);
	if (m->list[s].count < 9)
		m->list[s].count++;
	*r = (struct record){ ++m->n, in->ts, in->identity, 0, in->said.frame, in->said.layer, in->has_identity,
		in->said.has_frame, in->said.has_layer, false, false, CLASS_UNKNOWN };
	return r;
}

static void role_of(struct model *m, struct record *r, bool opens, bool end, unsigned colours, struct mdu_out *out)
{
	out->role = ROLE_ONLY;
	out->colour = -1;
	if (opens && !end) {
		r->k = ++m->k;
		r->started = true;
		out->role = ROLE_START;
	} else if (!opens && r->started && !r->ended && m->k - r->k < colours) {
		out->role = end ? ROLE_END : ROLE_MIDDLE;
	}
	if (out->role != ROLE_ONLY)
		out->colour = (int)(r->k % colours);
	r->ended |= end;
}

static struct mdu_out model_step(struct model *m, unsigned s, unsigned colours, uint8_t first, const struct mdu_in *in)
{
	bool transport = in->media == MEDIA_MPEGTS && !in->has_identity;
	struct mdu_out out = { .role = ROLE_ONLY, .colour = -1, .opened = true };
	struct record *r;

	if (in->media == MEDIA_AUDIO || in->media == MEDIA_REPAIR) {
		out.counter = (uint8_t)(first + ++m->n - 1);
		out.class = in->media == MEDIA_AUDIO ? CLASS_AUDIO : CLASS_REPAIR;
		return out;
	}
	if (transport)
		r = m->list[s].count && !in->said.start ? &m->list[s].record[0] : NULL;
	else
		r = matching(m, s, in);
	out.opened = !r;
	if (!r)
		r = added(m, s, in, in->media != MEDIA_MPEGTS);
	role_of(m, r, out.opened, in->said.end && !transport, colours, &out);
	if (in->said.class <= CLASS_KEY && in->said.class > r->class)
		r->class = in->said.class;
	out.class = r->class;
	out.counter = (uint8_t)(first + r->number - 1);
	return out;
}

/* Six octets make a packet: small numbers around the places where they wrap. */
static struct mdu_in packet(const uint8_t d[static 6])
{
	return (struct mdu_in){
		.media = d[0] & 3 ? MEDIA_VIDEO : (enum media)(d[0] >> 2 & 3),
		.ts = (uint32_t)(int8_t)d[2] * (d[0] & 128 ? 0x01000000u : 3000u),
		.has_identity = (d[1] & 7) == 7,
		.identity = d[2] & 15,
		.said = {
			.start = d[1] & 8, .end = d[1] & 16, .has_frame = d[1] & 32, .has_layer = d[1] & 64,
			.frame = (uint16_t)((int8_t)d[3] * (d[1] & 128 ? 256 : 1)), .layer = d[4] & 3,
			.class = d[5] % CLASS_COUNT,
		},
	};
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mdu_flow flow = { .first = size ? data[0] : 0 };
	struct mdu_stream stream[4] = { 0 };
	struct model *m = calloc(1, sizeof *m);
	unsigned colours = size ? 1u + data[0] % 4 : 4;

	REQUIRE(m);
	for (size_t at = 1; at + 6 <= size; at += 6) {
		struct mdu_in in = packet(data + at);
		unsigned s = data[at] >> 4 & 3;
		struct mdu_out out, expected = model_step(m, s, colours, flow.first, &in);

		memset(&out, 0x5A, sizeof out);
		mdu_step(&flow, &stream[s], colours, &in, &out);
		REQUIRE(out.counter == expected.counter && out.role == expected.role && out.colour == expected.colour);
		REQUIRE(out.class == expected.class && out.opened == expected.opened);
		REQUIRE(stream[s].records <= MDU_RECORDS && flow.n == m->n && flow.k == m->k);
		REQUIRE((out.role == ROLE_ONLY) == (out.colour < 0) && out.colour < (int)colours);
	}
	free(m);
	return 0;
}
