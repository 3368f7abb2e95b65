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

/* What the packet has to be told apart by. */
static inline uint8_t names(const struct mdu_in *in)
{
	return (uint8_t)((in->has_identity ? IDENTITY : 0) | (in->said.has_frame ? FRAME : 0) |
		(in->said.has_layer ? LAYER : 0));
}

static inline bool same(const struct mdu_record *record, const struct mdu_in *in, uint8_t named)
{
	uint8_t both = record->bits & named;

	if (record->ts != (in->has_identity ? in->identity : in->ts) && !(named & FRAME))
		return false; /* neither by identity nor by timestamp, and it has no other name */
	if ((record->bits | named) & IDENTITY)
		return both & IDENTITY && record->ts == in->identity;
	if (both & FRAME)
		return record->frame == in->said.frame;
	return record->ts == in->ts && (!(both & LAYER) || record->layer == in->said.layer);
}

static bool older(const struct mdu_in *in, const struct mdu_record *current)
{
	if (in->has_identity || current->bits & IDENTITY)
		return false;
	if (in->said.has_frame && current->bits & FRAME)
		return (uint16_t)(in->said.frame - current->frame) & 0x8000;
	return (in->ts - current->ts) & 0x80000000;
}

static __attribute__((noinline)) struct mdu_record *forget(struct mdu_stream *stream, unsigned i)
{
	stream->records--;
	memmove(&stream->record[i], &stream->record[i + 1], (stream->records - i) * sizeof stream->record[0]);
	return NULL;
}

/* A receiver of the Counter cannot tell MDUs apart that are far apart, so a record of that age is no match. */
static inline bool young(struct mdu_flow *flow, const struct mdu_record *record)
{
	return atomic_load_explicit(&flow->n, memory_order_relaxed) - record->number < MDU_AGE;
}

/* The record of the packet's MDU, or NULL. */
static struct mdu_record *find(struct mdu_flow *flow, struct mdu_stream *stream, const struct mdu_in *in, uint8_t named)
{
	for (unsigned i = 0; i < stream->records; i++)
		if (same(&stream->record[i], in, named))
			return young(flow, &stream->record[i]) ? &stream->record[i] : forget(stream, i);
	return NULL;
}

static uint32_t next(_Atomic uint32_t *count)
{
	return atomic_fetch_add_explicit(count, 1, memory_order_relaxed) + 1;
}

/* Room for a record at i; the oldest falls off the end. */
static inline struct mdu_record *insert(struct mdu_stream *stream, unsigned i)
{
	unsigned last = stream->records < MDU_RECORDS ? stream->records++ : MDU_RECORDS - 1;

	for (; last > i; last--)
		stream->record[last] = stream->record[last - 1];
	return &stream->record[i];
}

static struct mdu_record *new_record(struct mdu_flow *flow, struct mdu_stream *stream, const struct mdu_in *in, uint8_t named)
{
	bool late = in->media != MEDIA_MPEGTS && stream->records && older(in, &stream->record[0]);
	struct mdu_record *record = insert(stream, late);

	*record = (struct mdu_record){
		.ts = in->has_identity ? in->identity : in->ts,
		.number = next(&flow->n),
		.frame = in->said.frame,
		.layer = in->said.layer,
		.bits = named,
	};
	return record;
}

/* The MDU's class after this packet: it only rises, and the classes beside the order do not count. */
static inline enum class raise_class(struct mdu_record *record, enum class class)
{
	enum class before = record->bits & CLASS;

	if (class > CLASS_KEY || class <= before)
		return before;
	record->bits = (uint8_t)((record->bits & (0xFF ^ CLASS)) | class);
	return class;
}

/* k modulo colours; nearly always they are a power of two, which needs no division. */
static inline int colour_of(const struct mdu_record *record, unsigned colours)
{
	return (int)(colours & (colours - 1) ? record->k % colours : record->k & (colours - 1));
}

/* The first packet of an MDU. */
static struct mdu_out begin(struct mdu_flow *flow, struct mdu_stream *stream, unsigned colours, const struct mdu_in *in,
	uint8_t named, bool end)
{
	struct mdu_record *record = new_record(flow, stream, in, named);
	struct mdu_out out = { (uint8_t)(flow->first + record->number - 1), ROLE_ONLY, -1,
		raise_class(record, in->said.class), true };

	if (end) {
		record->bits |= ENDED;
		return out;
	}
	record->k = next(&flow->k);
	record->bits |= STARTED;
	out.role = ROLE_START;
	out.colour = colour_of(record, colours);
	return out;
}

/* Any other packet of it. Its colour is given away as soon as `colours` later MDUs were started. */
static inline struct mdu_out go_on(struct mdu_flow *flow, struct mdu_record *record, unsigned colours, const struct mdu_in *in,
	bool end)
{
	bool open = (record->bits & (STARTED | ENDED)) == STARTED &&
		atomic_load_explicit(&flow->k, memory_order_relaxed) - record->k < colours;

	if (end)
		record->bits |= ENDED;
	return (struct mdu_out){
		.counter = (uint8_t)(flow->first + record->number - 1),
		.role = !open ? ROLE_ONLY : end ? ROLE_END : ROLE_MIDDLE,
		.colour = open ? colour_of(record, colours) : -1,
		.class = raise_class(record, in->said.class),
	};
}

static struct mdu_out single(struct mdu_flow *flow, enum media media)
{
	return (struct mdu_out){ (uint8_t)(flow->first + next(&flow->n) - 1), ROLE_ONLY, -1,
		media == MEDIA_AUDIO ? CLASS_AUDIO : CLASS_REPAIR, true };
}

static __attribute__((noinline)) struct mdu_out step(struct mdu_flow *flow, struct mdu_stream *stream, unsigned colours,
	const struct mdu_in *in)
{
	struct mdu_record *record;
	uint8_t named = names(in);
	bool by_start, end;

	if (in->media == MEDIA_AUDIO || in->media == MEDIA_REPAIR)
		return single(flow, in->media);
	/* Neither timestamp nor marker of a transport stream marks a picture; a name given by the application does. */
	by_start = in->media == MEDIA_MPEGTS && !in->has_identity;
	end = in->said.end && !by_start;
	if (by_start)
		record = stream->records && !in->said.start ? &stream->record[0] : NULL;
	else
		record = find(flow, stream, in, named);
	return record ? go_on(flow, record, colours, in, end) : begin(flow, stream, colours, in, named, end);
}

/* Most packets of a film belong to the MDU that their stream began last, and nothing but the timestamp tells it apart. */
void mdu_step(struct mdu_flow *flow, struct mdu_stream *stream, unsigned colours, const struct mdu_in *in,
	struct mdu_out *out)
{
	struct mdu_record *last = &stream->record[0];

	if (in->media == MEDIA_VIDEO && !in->has_identity && !in->said.has_frame && !in->said.has_layer && stream->records &&
		same(last, in, 0) && young(flow, last))
		*out = go_on(flow, last, colours, in, in->said.end);
	else
		*out = step(flow, stream, colours, in);
}
