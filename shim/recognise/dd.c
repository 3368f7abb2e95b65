/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "recognise.h"

/* The dependency descriptor: AV1 RTP specification, appendix A. */
enum {
	MANDATORY = 3, /* octets every descriptor has */
	START = 0x80, END = 0x40, TEMPLATE_ID = 0x3F,
	STRUCTURE = 0x10, ACTIVE_TARGETS = 0x08, CUSTOM_DTIS = 0x04, CUSTOM_FDIFFS = 0x02, CUSTOM_CHAINS = 0x01,
	LAYER_TEMPORAL = 1, LAYER_SPATIAL, LAYER_STOP /* next_layer_idc; 0 is the same layer again */
};

/* Bits in order. Past the end come zeros, and `over` says so once and for all. */
struct bits {
	const struct octets *of;
	size_t at;
	bool over;
};

static unsigned take(struct bits *bits, unsigned n)
{
	unsigned value = 0;

	if (bits->over || n > 8 * bits->of->len - bits->at) {
		bits->over = true;
		return 0;
	}
	for (; n; n--, bits->at++)
		value = value << 1 | ((unsigned)octet(bits->of, bits->at / 8) >> (7 - bits->at % 8) & 1);
	return value;
}

/* ns(n), section A.8.1: a number below n in as few bits as possible. */
static unsigned take_below(struct bits *bits, unsigned n)
{
	unsigned w = 0, m, value;

	while (n >> w)
		w++;
	m = (1u << w) - n;
	value = take(bits, w - 1);
	return value < m ? value : 2 * value - m + take(bits, 1);
}

static bool take_layers(struct bits *bits, struct dd_structure *s)
{
	uint8_t spatial = 0, temporal = 0;

	for (s->templates = 0; s->templates < DD_TEMPLATES && !bits->over;) {
		s->template[s->templates].spatial = spatial;
		s->template[s->templates++].temporal = temporal;
		switch (take(bits, 2)) {
		case LAYER_STOP:
			return true;
		case LAYER_TEMPORAL:
			temporal++;
			break;
		case LAYER_SPATIAL:
			spatial++;
			temporal = 0;
			break;
		default:
			break;
		}
	}
	return false;
}

static void take_dtis(struct bits *bits, unsigned targets, uint8_t dti[static DD_TARGETS / 4])
{
	for (unsigned i = 0; i < DD_TARGETS / 4; i++)
		dti[i] = 0;
	for (unsigned i = 0; i < targets; i++)
		dti[i / 4] |= (uint8_t)(take(bits, 2) << i % 4 * 2);
}

static uint8_t take_fdiffs(struct bits *bits)
{
	unsigned n = 0;

	for (; take(bits, 1); n++)
		take(bits, 4);
	return (uint8_t)(n < UINT8_MAX ? n : UINT8_MAX);
}

static void take_chains(struct bits *bits, struct dd_structure *s)
{
	s->chains = (uint8_t)take_below(bits, s->targets + 1u);
	if (!s->chains)
		return;
	for (unsigned i = 0; i < s->targets; i++)
		take_below(bits, s->chains);
	for (unsigned i = 0; i < (unsigned)s->templates * s->chains && !bits->over; i++)
		take(bits, 4);
}

static bool take_structure(struct bits *bits, struct dd_structure *s)
{
	s->offset = (uint8_t)take(bits, 6);
	s->targets = (uint8_t)(take(bits, 5) + 1);
	if (!take_layers(bits, s))
		return false;
	for (unsigned i = 0; i < s->templates; i++)
		take_dtis(bits, s->targets, s->template[i].dti);
	for (unsigned i = 0; i < s->templates; i++)
		s->template[i].fdiffs = take_fdiffs(bits);
	take_chains(bits, s);
	if (take(bits, 1)) /* resolutions: the last template has the highest spatial layer */
		for (unsigned i = 0; i <= s->template[s->templates - 1].spatial; i++)
			take(bits, 32);
	s->known = !bits->over;
	return s->known;
}

/* The differences of a frame that does not use those of its template. */
static uint8_t take_custom_fdiffs(struct bits *bits)
{
	unsigned n = 0, size;

	for (; (size = take(bits, 2)); n++)
		take(bits, 4 * size);
	return (uint8_t)(n < UINT8_MAX ? n : UINT8_MAX);
}

/* At least one target may drop the frame, and no other one has it. Of the two bits of a target the upper says "switch"
 * or "required", the lower alone "discardable". */
static bool droppable(const uint8_t dti[static DD_TARGETS / 4])
{
	uint64_t all;

	memcpy(&all, dti, sizeof all);
	return all && !(all & 0xAAAAAAAAAAAAAAAA);
}

static enum class class_of(const uint8_t dti[static DD_TARGETS / 4], uint8_t fdiffs, int spatial, int temporal)
{
	if (!fdiffs)
		return CLASS_KEY;
	if (droppable(dti))
		return CLASS_DISCARDABLE;
	return spatial || temporal ? CLASS_ENHANCEMENT : CLASS_BASE;
}

/* One descriptor: its bits behind the mandatory part and the structure, its flags, and where the verdict goes. */
struct reader {
	struct bits bits;
	unsigned flags;
	uint8_t template_id;
	struct said *said;
	int *spatial, *temporal;
};

/* What the frame is, by its template and what it states instead of it. */
static bool frame(struct reader *r, const struct dd_structure *s)
{
	unsigned index = (r->template_id + 64u - s->offset) % 64;
	uint8_t dti[DD_TARGETS / 4], fdiffs;

	if (r->flags & ACTIVE_TARGETS)
		take(&r->bits, s->targets);
	if (index >= s->templates)
		return !r->bits.over;
	memcpy(dti, s->template[index].dti, sizeof dti);
	fdiffs = s->template[index].fdiffs;
	if (r->flags & CUSTOM_DTIS)
		take_dtis(&r->bits, s->targets, dti);
	if (r->flags & CUSTOM_FDIFFS)
		fdiffs = take_custom_fdiffs(&r->bits);
	if (r->flags & CUSTOM_CHAINS)
		for (unsigned i = 0; i < s->chains; i++)
			take(&r->bits, 8);
	if (r->bits.over)
		return false;
	*r->spatial = s->template[index].spatial;
	*r->temporal = s->template[index].temporal;
	r->said->class = class_of(dti, fdiffs, *r->spatial, *r->temporal);
	return true;
}

/* The structure is kept only when all of the element proved whole. */
static __attribute__((noinline)) bool frame_with_structure(struct reader *r, struct dd_structure *kept)
{
	struct dd_structure s;

	if (!take_structure(&r->bits, &s) || !frame(r, &s))
		return false;
	if (kept)
		*kept = s;
	return true;
}

bool dd_recognise(const struct octets *element, struct dd_structure *structure, struct said *said, int *spatial,
	int *temporal)
{
	struct reader r = {
		.bits = { element, 8 * MANDATORY, false }, .said = said, .spatial = spatial, .temporal = temporal
	};
	uint8_t first;

	*said = (struct said){ 0 };
	*spatial = *temporal = -1;
	if (element->len < MANDATORY)
		return false;
	first = octet(element, 0);
	*said = (struct said){
		.start = first & START,
		.end = first & END,
		.has_frame = true,
		.frame = octet_u16(element, 1),
	};
	r.template_id = first & TEMPLATE_ID;
	if (element->len > MANDATORY)
		r.flags = take(&r.bits, 5);
	if (r.flags & STRUCTURE)
		return frame_with_structure(&r, structure);
	return !structure || !structure->known || frame(&r, structure);
}
