/* SPDX-License-Identifier: BSD-3-Clause */
#include "classify.h"
#include "payload.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whole datagrams: demultiplexer, header, header extension, and everything that hangs on them. */
struct outcome {
	enum protocol protocol;
	bool taken;
	struct rtp rtp;
	unsigned elements, octets; /* found under all ids: how many, and their lengths */
	bool marked;
	struct said mark, said;
	enum media media;
};

static void count_elements(struct outcome *o)
{
	for (unsigned id = 1; id < 256; id++) {
		struct octets element;

		if (!ext_find(&o->rtp, id, &element))
			continue;
		o->elements++;
		for (size_t i = 0; i < element.len; i++)
			o->octets = o->octets * 31 + octet(&element, i);
		if (id == 6)
			o->marked = framemark_recognise(&element, &o->mark);
	}
}

static struct outcome outcome_of(const struct octets *datagram, uint8_t format)
{
	struct outcome o = { .protocol = classify_first(datagram, false) };
	struct reading reading = { .dd_id = 5, .framemark_id = 6, .h265_don = format & 16 };
	struct dd_structure structure = { 0 };
	struct plausible plausible = { 0 };

	o.taken = rtp_recognise(datagram, &o.rtp);
	if (!o.taken)
		return o;
	REQUIRE(o.protocol == PROTO_RTP || o.protocol == PROTO_RTCP);
	REQUIRE(o.rtp.extension.len % 4 == 0 && (o.rtp.extension.len || !o.rtp.profile));
	REQUIRE(!o.rtp.cryptex || !o.rtp.extension.len);
	REQUIRE(12 + o.rtp.extension.len + o.rtp.payload.len <= datagram->len);
	REQUIRE(o.rtp.payload_type < 128);
	reading.format[o.rtp.payload_type] = format % FORMAT_COUNT;
	count_elements(&o);
	o.media = classify_rtp(&o.rtp, &reading, PROTECTION_AUTO, format & 32, &plausible, &structure, &o.said);
	return o;
}

static void require_same(const struct outcome *a, const struct outcome *b)
{
	REQUIRE(a->protocol == b->protocol && a->taken == b->taken && a->media == b->media);
	if (!a->taken)
		return;
	REQUIRE(a->rtp.marker == b->rtp.marker && a->rtp.payload_type == b->rtp.payload_type);
	REQUIRE(a->rtp.seq == b->rtp.seq && a->rtp.ts == b->rtp.ts && a->rtp.ssrc == b->rtp.ssrc);
	REQUIRE(a->rtp.profile == b->rtp.profile && a->rtp.cryptex == b->rtp.cryptex);
	REQUIRE(a->rtp.extension.len == b->rtp.extension.len && a->rtp.payload.len == b->rtp.payload.len);
	REQUIRE(a->elements == b->elements && a->octets == b->octets && a->marked == b->marked);
	REQUIRE(!a->marked || same_said(&a->mark, &b->mark));
	REQUIRE(same_said(&a->said, &b->said));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t format = size ? data[0] : 0;
	size_t cut = size > 1 ? data[1] : 0, len = size > 2 ? size - 2 : 0;
	struct pieces whole = pieces_whole(data + size - len, len);
	struct pieces parts = pieces_cut(data + size - len, len, cut, cut & 1 ? 1 + cut % 7 : 0);
	struct outcome a = outcome_of(&whole.all, format), b = outcome_of(&parts.all, format);

	require_same(&a, &b);
	pieces_free(&whole);
	pieces_free(&parts);
	return 0;
}
