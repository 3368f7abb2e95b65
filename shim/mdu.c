/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "mdu.h"

_Static_assert(sizeof(struct mdu_record) == 16, "nine records are kept for every SSRC of every flow");
_Static_assert(CLASS_COUNT <= 8, "a class has three bits in a record");

/* mdu_record.bits */
enum {
	CLASS = 0x07,
	IDENTITY = 0x08, /* ts holds the application's identity */
	FRAME = 0x10,
	LAYER = 0x20,
	STARTED = 0x40,  /* opened with ROLE_START: k counts */
	ENDED = 0x80
};

static bool same(const struct mdu_record *record, const struct mdu_in *in)
{
	if (in->has_identity || record->bits & IDENTITY)
		return in->has_identity && record->bits & IDENTITY && record->ts == in->identity;
	if (in->said.has_frame && record->bits & FRAME)
		return record->frame == in->said.frame;
	if (record->ts != in->ts)
		return false;
	return !in->said.has_layer || !(record->bits & LAYER) || record->layer == in->said.layer;
}

static bool older(const struct mdu_in *in, const struct mdu_record *current)
{
	if (in->has_identity || current->bits & IDENTITY)
		return false;
	if (in->said.has_frame && current->bits & FRAME)
		return (uint16_t)(in->said.frame - current->frame) & 0x8000;
	return (in->ts - current->ts) & 0x80000000;
}

static void forget(struct mdu_stream *stream, unsigned i)
{
	stream->records--;
	memmove(&stream->record[i], &stream->record[i + 1], (stream->records - i) * sizeof stream->record[0]);
}

/* The record of the packet's MDU, or NULL. Two MDUs 128 apart are not told apart by a receiver of the Counter, so one of
 * that age is no match. */
static struct mdu_record *find(struct mdu_flow *flow, struct mdu_stream *stream, const struct mdu_in *in)
{
	for (unsigned i = 0; i < stream->records; i++) {
		struct mdu_record *record = &stream->record[i];

		if (!same(record, in))
			continue;
		if (atomic_load_explicit(&flow->n, memory_order_relaxed) - record->number < MDU_AGE)
			return record;
		forget(stream, i);
		return NULL;
	}
	return NULL;
}

static uint32_t next(_Atomic uint32_t *count)
{
	return atomic_fetch_add_explicit(count, 1, memory_order_relaxed) + 1;
}

/* Room for a record at i; the oldest falls off the end. */
static struct mdu_record *insert(struct mdu_stream *stream, unsigned i)
{
	if (stream->records < MDU_RECORDS)
		stream->records++;
	memmove(&stream->record[i + 1], &stream->record[i], (stream->records - 1 - i) * sizeof stream->record[0]);
	return &stream->record[i];
}

static struct mdu_record *new_record(struct mdu_flow *flow, struct mdu_stream *stream, const struct mdu_in *in)
{
	bool late = in->media != MEDIA_MPEGTS && stream->records && older(in, &stream->record[0]);
	struct mdu_record *record = insert(stream, late);

	*record = (struct mdu_record){
		.ts = in->has_identity ? in->identity : in->ts,
		.number = next(&flow->n),
		.frame = in->said.frame,
		.layer = in->said.layer,
		.bits = (uint8_t)((in->has_identity ? IDENTITY : 0) | (in->said.has_frame ? FRAME : 0) |
			(in->said.has_layer ? LAYER : 0)),
	};
	return record;
}

static void raise_class(struct mdu_record *record, enum class class)
{
	if (class <= CLASS_KEY && class > (record->bits & CLASS))
		record->bits = (uint8_t)((record->bits & (0xFF ^ CLASS)) | class);
}

/* Role and colour of the first packet. */
static void begin(struct mdu_flow *flow, unsigned colours, struct mdu_record *record, bool end, struct mdu_out *out)
{
	if (end) {
		record->bits |= ENDED;
		return;
	}
	record->k = next(&flow->k);
	record->bits |= STARTED;
	out->role = ROLE_START;
	out->colour = (int)(record->k % colours);
}

/* And of all others. A colour is given away as soon as `colours` later MDUs were started. */
static void go_on(struct mdu_flow *flow, unsigned colours, struct mdu_record *record, bool end, struct mdu_out *out)
{
	bool over = !(record->bits & STARTED) || record->bits & ENDED ||
		atomic_load_explicit(&flow->k, memory_order_relaxed) - record->k >= colours;

	if (end)
		record->bits |= ENDED;
	if (over)
		return;
	out->role = end ? ROLE_END : ROLE_MIDDLE;
	out->colour = (int)(record->k % colours);
}

static void single(struct mdu_flow *flow, enum class class, struct mdu_out *out)
{
	*out = (struct mdu_out){ (uint8_t)(flow->first + next(&flow->n) - 1), ROLE_ONLY, -1, class, true };
}

void mdu_step(struct mdu_flow *flow, struct mdu_stream *stream, unsigned colours, const struct mdu_in *in,
	struct mdu_out *out)
{
	/* Neither timestamp nor marker of a transport stream marks a picture; a name given by the application does. */
	bool by_start = in->media == MEDIA_MPEGTS && !in->has_identity;
	bool end = in->said.end && !by_start;
	struct mdu_record *record;

	if (in->media == MEDIA_AUDIO || in->media == MEDIA_REPAIR) {
		single(flow, in->media == MEDIA_AUDIO ? CLASS_AUDIO : CLASS_REPAIR, out);
		return;
	}
	*out = (struct mdu_out){ .role = ROLE_ONLY, .colour = -1 };
	if (by_start)
		record = stream->records && !in->said.start ? &stream->record[0] : NULL;
	else
		record = find(flow, stream, in);
	out->opened = !record;
	if (!record)
		record = new_record(flow, stream, in);
	if (out->opened)
		begin(flow, colours, record, end, out);
	else
		go_on(flow, colours, record, end, out);
	raise_class(record, in->said.class);
	out->class = record->bits & CLASS;
	out->counter = (uint8_t)(flow->first + record->number - 1);
}
