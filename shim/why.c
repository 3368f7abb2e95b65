/* SPDX-License-Identifier: BSD-3-Clause */
#include "why.h"

#include <string.h>

enum { STAGED = 64, WORDS = sizeof(struct md_why) / sizeof(uint32_t) };

_Static_assert(sizeof(struct md_why) == WORDS * sizeof(uint32_t), "a record is copied by words");

_Atomic uint32_t why_until, why_made, why_shown;

/* Records on their way to the file. Threads may meet in one: then its check does not fit, and it is passed over. */
static uint32_t staged[STAGED][WORDS];

static void copy(uint32_t *to, const uint32_t *from)
{
	for (unsigned i = 0; i < WORDS; i++)
		__atomic_store_n(&to[i], __atomic_load_n(&from[i], __ATOMIC_RELAXED), __ATOMIC_RELAXED);
}

/* --- What is known ----------------------------------------------------------------------------------------------------- */

static enum md_ground quic_ground(const struct packet *packet)
{
	switch (packet->tapped.kind) {
	case TAPPED_STREAM: return MD_G_QUIC_STREAM;
	case TAPPED_DATAGRAM: return MD_G_QUIC_DATAGRAM;
	case TAPPED_FRAME: return MD_G_QUIC_FRAME;
	case TAPPED_NOTHING: return MD_G_QUIC_OTHER;
	default: return MD_G_QUIC_UNKNOWN;
	}
}

static enum md_ground rtp_ground(const struct call *call, const struct packet *packet, const struct stream *stream,
	const struct said *said)
{
	bool encrypted = packet->route->protection == PROTECTION_SRTP ||
		(packet->route->protection == PROTECTION_AUTO &&
			atomic_load_explicit(&call->sock->encrypted, memory_order_relaxed) != 0);
	enum media media;
	struct said clear;

	if (notes_any(&tapped_srtp) && tapped_rtp(&packet->rtp, &clear, &media))
		return MD_G_TAP;
	return classify_ground(&packet->rtp, &hall.config->reading, encrypted, &stream->plausible, said->implausible);
}

void why_mdu(struct call *call, const struct packet *packet, const struct stream *stream, const struct mdu_in *in,
	const struct mdu_out *out)
{
	struct md_why *why = &call->why;

	if (packet->protocol == PROTO_RTP)
		why->ground = (uint8_t)rtp_ground(call, packet, stream, &in->said);
	why->says = (uint8_t)in->said.class;
	why->class_ = (uint8_t)out->class;
	why->role = (uint8_t)out->role;
	why->flags = (uint8_t)((in->said.start ? MD_WHY_START : 0) | (in->said.end ? MD_WHY_END : 0) |
		(out->opened ? MD_WHY_OPENED : 0));
}

void why_tell(struct call *call, const struct packet *packet, const struct md_hint *hint, const struct policy *policy,
	const struct md_metadata *meta)
{
	const unsigned decisive = MD_HINT_MDU | MD_HINT_START | MD_HINT_END | MD_HINT_IMPORTANCE | MD_HINT_DPL | MD_HINT_STREAM;
	struct md_why *why = &call->why;

	if (packet->protocol != PROTO_RTP) {
		why->ground = (uint8_t)quic_ground(packet);
		why->ssrc = packet->tapped.stream;
		why->ts = packet->tapped.kind == TAPPED_FRAME ? packet->tapped.ts : 0;
	}
	if (hint->given & decisive)
		why->ground = MD_G_HINT;
	why->hinted = (uint8_t)hint->given;
	if (meta->s)
		why->flags |= MD_WHY_STREAM;
	why->counter = meta->counter;
	why->d = meta->d, why->p = meta->p, why->l = meta->l;
	why->bq = meta->bq;
	why->policy = (uint8_t)(policy - hall.config->policy);
}

/* --- What becomes of it ------------------------------------------------------------------------------------------------ */

static void describe(const struct packet *packet, struct md_why *why)
{
	why->len = (uint16_t)packet->data.len;
	why->protocol = (uint8_t)packet->protocol;
	why->version = packet->key.tuple.version;
	why->port = packet->key.tuple.dport;
	memcpy(why->dst, packet->key.tuple.dst, sizeof(why->dst));
	why->route = packet->route ? (uint8_t)(packet->route - hall.config->route) : UINT8_MAX;
	if (packet->protocol != PROTO_RTP)
		return;
	why->ssrc = packet->rtp.ssrc;
	why->ts = packet->rtp.ts;
	why->seq = packet->rtp.seq;
	why->payload_type = packet->rtp.payload_type;
	why->format = hall.config->reading.format[packet->rtp.payload_type];
}

void why_record(struct call *call, const struct packet *packet, enum md_aside aside)
{
	struct md_why why;
	uint32_t words[WORDS];

	memset(&why, 0, sizeof(why));
	if (aside == MD_ASIDE_COUNT)
		why = call->why;
	why.aside = (uint8_t)aside;
	if (packet)
		describe(packet, &why);
	why.number = atomic_fetch_add_explicit(&why_made, 1, memory_order_relaxed) + 1;
	why.check = md_why_check(&why);
	memcpy(words, &why, sizeof(words));
	copy(staged[why.number % STAGED], words);
}

/* Numbers grow, so a thread that comes late copies what is there already, and a reader sees the highest. */
void why_copy(struct md_stats *page)
{
	uint32_t made = atomic_load_explicit(&why_made, memory_order_relaxed);
	uint32_t from = atomic_exchange_explicit(&why_shown, made, memory_order_relaxed);

	if ((int32_t)(made - from) <= 0)
		return;
	if (made - from > MD_WHY_RING)
		from = made - MD_WHY_RING;
	for (uint32_t n = from + 1; n != made + 1; n++)
		copy((uint32_t *)&page->why[n % MD_WHY_RING], staged[n % STAGED]);
	__atomic_store_n(&page->why_count, made, __ATOMIC_RELAXED);
}
