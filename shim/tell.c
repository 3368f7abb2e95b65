/* SPDX-License-Identifier: BSD-3-Clause
 *
 * tell.c - what the network is told of a datagram: hints of the application, then what a tap saw, then what it says of
 * itself (classifier, section 4). */
#include "describe.h"
#include "hall.h"
#include "hints.h"
#include "why.h"

/* S is fixed with the first wrapped datagram of a flow (wire format, section 4.1). */
static bool speaks_of_streams(const struct packet *packet)
{
	bool streams = packet->protocol == PROTO_QUIC_SHORT && !packet->route->quic_frames;
	uint8_t shape = atomic_load_explicit(&packet->flow->shape, memory_order_relaxed);

	if (shape || !atomic_compare_exchange_strong(&packet->flow->shape, &shape, streams ? SHAPE_STREAMS : SHAPE_FRAMES))
		streams = shape == SHAPE_STREAMS;
	return streams;
}

/* P by the urgency of HTTP (RFC 9218): 3 is the default and says nothing. A policy for that very stream knows better. */
static void tell_urgency(const struct packet *packet, const struct policy *policy, struct md_metadata *meta)
{
	unsigned urgency = packet->tapped.urgency - 1u;

	if (!packet->tapped.urgency || !packet->route->quic_priority || urgency == 3 ||
		policy != &hall.config->policy[packet->route->policy])
		return;
	meta->p = urgency < 3 ? 1 : 3;
}

/* The stream's number: the hint's, else in order of first use, 0 for QUIC that says nothing. */
static const struct policy *tell_stream(const struct packet *packet, const struct md_hint *hint, struct stream *stream,
	struct md_metadata *meta)
{
	const struct policy *policy = describe_policy(hall.config, packet->route->policy, NULL, 0, stream ? stream->ssrc : 0);

	if (hint->given & MD_HINT_STREAM) {
		describe_stream(policy, hint->stream, meta);
		return policy;
	}
	if (stream && !stream->numbered) {
		stream->number = atomic_fetch_add(&packet->flow->streams, 1);
		stream->numbered = true;
	}
	describe_stream(policy, stream ? stream->number : 0, meta);
	tell_urgency(packet, policy, meta);
	return policy;
}

/* A QUIC packet of a flow that carries frames: what a tap saw in it; else, if nobody names the MDU, an MDU of its own. */
static void see_quic(const struct packet *packet, const struct md_hint *hint, struct mdu_in *in)
{
	*in = (struct mdu_in){ 0 };
	if (packet->tapped.kind == TAPPED_FRAME) {
		in->ts = packet->tapped.ts;
		in->media = packet->tapped.media;
		in->said = packet->tapped.said;
		return;
	}
	/* "An MDU of its own" is what the machine makes of repair packets. */
	in->media = hint->given & MD_HINT_MDU ? MEDIA_VIDEO : MEDIA_REPAIR;
}

/* A packet that a tap saw in clear is encrypted, and so are those it missed. */
static bool see_tapped(const struct call *call, const struct packet *packet, struct mdu_in *in)
{
	if (!tapped_rtp(&packet->rtp, &in->said, &in->media))
		return false;
	if (!atomic_load_explicit(&call->sock->encrypted, memory_order_relaxed))
		atomic_store_explicit(&call->sock->encrypted, 1, memory_order_relaxed);
	return true;
}

static inline __attribute__((always_inline)) void see_clear(const struct call *call, const struct packet *packet,
	struct stream *stream, struct dd_structure *structure, struct mdu_in *in)
{
	enum protection protection = packet->route->protection;
	bool encrypted = protection == PROTECTION_AUTO && atomic_load_explicit(&call->sock->encrypted, memory_order_relaxed);

	in->media = classify_rtp(&packet->rtp, &hall.config->reading, protection, encrypted, &stream->plausible, structure, &in->said);
}

/* There may be a dependency descriptor, whose structure is remembered. */
static __attribute__((noinline)) void see_described(const struct call *call, const struct packet *packet, struct stream *stream,
	struct mdu_in *in)
{
	struct layers *layers = flowtab_layers(stream, call->now);

	see_clear(call, packet, stream, layers ? &layers->structure : NULL, in);
	flowtab_layers_done(layers);
}

static inline __attribute__((always_inline)) void see_rtp(const struct call *call, const struct packet *packet, struct stream *stream, struct mdu_in *in)
{
	if (!notes_any(&tapped_srtp) || !see_tapped(call, packet, in)) {
		if (packet->rtp.profile && hall.config->reading.dd_id)
			see_described(call, packet, stream, in);
		else
			see_clear(call, packet, stream, NULL, in);
	}
	in->ts = packet->rtp.ts;
	in->has_identity = false;
	in->identity = 0;
}

/* A packet of no stream: nothing of its MDU is remembered. */
static __attribute__((noinline)) void step_alone(const struct packet *packet, const struct mdu_in *in, struct mdu_out *out)
{
	struct mdu_stream none = { 0 };

	mdu_step(&packet->flow->mdu, &none, packet->colours, in, out);
}

static const struct policy *tell_mdu(struct call *call, const struct packet *packet, const struct md_hint *hint,
	struct stream *stream, struct mdu_out *out, struct md_metadata *meta)
{
	bool rtp = packet->protocol == PROTO_RTP;
	const struct policy *policy;
	struct mdu_in in;

	if (rtp)
		see_rtp(call, packet, stream, &in);
	else
		see_quic(packet, hint, &in);
	if (hint->given)
		hints_apply(hint, &in);
	if (stream)
		mdu_step(&packet->flow->mdu, &stream->mdu, packet->colours, &in, out);
	else
		step_alone(packet, &in, out);
	if (!rtp && packet->tapped.kind != TAPPED_FRAME && in.media == MEDIA_REPAIR)
		out->class = in.said.class;
	if (out->opened)
		tally_count(&call->tally, MD_C_MDUS, 1);
	if (rtp && hall.config->by_mid)
		describe_mid(hall.config, &packet->rtp, &stream->mid);
	policy = describe_policy(hall.config, packet->route->policy, rtp ? &packet->rtp : NULL, stream ? stream->mid : 0, UINT32_MAX);
	describe_mdu(policy, out, meta);
	if (why_asked())
		why_mdu(call, packet, stream, &in, out);
	return policy;
}

/* Where sections of the configuration say whose a policy is. */
static __attribute__((noinline)) const struct policy *selected(const struct packet *packet, struct stream *stream)
{
	if (hall.config->by_mid)
		describe_mid(hall.config, &packet->rtp, &stream->mid);
	return describe_policy(hall.config, packet->route->policy, &packet->rtp, stream->mid, UINT32_MAX);
}

/* What is left of a burst that was hinted for other packets. */
static __attribute__((noinline)) uint8_t rest_of_burst(const struct call *call, const struct packet *packet)
{
	static const struct md_hint none;

	return hints_burst(packet->flow, call->sock, &none, headers_len(packet->key.tuple.version) + packet->data.len, call->now,
		packet->bq_unit);
}

/* RTP of a flow that speaks of MDUs, of which nobody but itself says anything. Of its own frame: its callers have their
 * registers full. */
__attribute__((noinline)) bool tell_usual(const struct call *call, const struct packet *packet, struct stream *stream,
	struct md_metadata *meta, struct md_meaning *meaning)
{
	const struct policy *policy;
	struct mdu_out out;
	struct mdu_in in;

	see_rtp(call, packet, stream, &in);
	mdu_step(&packet->flow->mdu, &stream->mdu, packet->colours, &in, &out);
	policy = hall.config->selective ? selected(packet, stream) : &hall.config->policy[packet->route->policy];
	describe_mdu(policy, &out, meta);
	if (meaning)
		describe_meaning(meta, &out, meaning);
	meta->bq = hints_any_burst() ? rest_of_burst(call, packet) : 0;
	return out.opened;
}

/* Where the application gives the values themselves; with S = 1, D is 0. */
static void tell_values(const struct md_hint *hint, struct md_metadata *meta)
{
	meta->d = meta->s ? 0 : hint->d;
	meta->p = hint->p;
	meta->l = hint->l;
}

static uint8_t tell_burst(struct call *call, const struct packet *packet, const struct md_hint *hint)
{
	uint8_t hinted = hints_burst(packet->flow, call->sock, hint, headers_len(packet->key.tuple.version) + packet->data.len,
		call->now, packet->bq_unit);

	return hinted ? hinted : train_burst(call, packet);
}

/* Which of the flow's streams the packet belongs to: its SSRC; of QUIC the stream or datagram that a tap saw; a hinted frame
 * inside QUIC is in the first. */
static bool has_stream(const struct packet *packet, const struct md_hint *hint, bool streams, uint32_t *ssrc)
{
	enum tapped_kind kind = packet->tapped.kind;

	if (packet->protocol == PROTO_RTP) {
		*ssrc = packet->rtp.ssrc;
		return true;
	}
	*ssrc = 0;
	if (!streams) {
		if (kind == TAPPED_FRAME)
			*ssrc = packet->tapped.stream;
		return kind == TAPPED_FRAME || hint->given & MD_HINT_MDU;
	}
	if (kind == TAPPED_STREAM)
		*ssrc = packet->tapped.stream;
	else if (kind == TAPPED_DATAGRAM || kind == TAPPED_FRAME)
		*ssrc = UINT32_MAX; /* datagrams are one stream of the flow */
	return kind == TAPPED_STREAM || *ssrc;
}

bool tell(struct call *call, const struct packet *packet, struct md_metadata *meta, struct md_meaning *meaning)
{
	struct md_hint hint = packet->control->hint;
	struct mdu_out mdu = { .role = ROLE_ONLY, .colour = -1 };
	bool streams = speaks_of_streams(packet);
	const struct policy *policy;
	struct stream *stream = NULL;
	uint32_t ssrc;

	*meta = (struct md_metadata){ 0 };
	hints_merge(&hint, call->sock, packet->protocol == PROTO_RTP ? &packet->rtp : NULL);
	if (has_stream(packet, &hint, streams, &ssrc)) {
		stream = flowtab_stream(packet->flow, ssrc, call->now);
		if (!stream)
			return false;
	}
	if (streams)
		policy = tell_stream(packet, &hint, stream, meta);
	else
		policy = tell_mdu(call, packet, &hint, stream, &mdu, meta);
	if (stream)
		flowtab_stream_done(stream);
	if (hint.given & MD_HINT_DPL)
		tell_values(&hint, meta);
	describe_meaning(meta, &mdu, meaning);
	meta->bq = tell_burst(call, packet, &hint);
	if (why_asked())
		why_tell(call, packet, &hint, policy, meta);
	return true;
}
