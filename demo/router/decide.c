/* SPDX-License-Identifier: BSD-3-Clause */
#include "decide.h"

#include <string.h>

const char *decide_mode_name(enum decide_mode mode)
{
	return mode == DECIDE_TUNNEL ? "tunnel" : "inline";
}

const char *decide_action_name(enum decide_action action)
{
	static const char *const name[] = { "metadata", "plain", "drop" };

	return name[action];
}

static bool between(const struct decide_config *config, const struct md_tuple *t)
{
	return (!config->cap->count || prefix_has(config->cap, t->version, t->src)) &&
		(!config->client->count || prefix_has(config->client, t->version, t->dst));
}

/* The inner datagram after section 6.4: also what md_inner_forward() would refuse, so that it cannot fail later. */
static enum md_reason inner_judge(const struct decide_config *config, struct decision *d)
{
	enum md_reason reason = MD_R_NONE;
	const struct md_tuple *t = &d->inner.tuple;

	if (md_inner_check(d->outer.user, d->outer.user_len, &d->inner, &reason) < 0)
		return reason;
	if (!between(config, t))
		return MD_R_INNER_PREFIX;
	/* A datagram for the router itself would come back to it. */
	for (size_t i = 0; i < config->own_count; i++)
		if (endpoint_is_destination(&config->own[i], t))
			return MD_R_INNER_PREFIX;
	if (md_ecn_decapsulate(d->inner.ip.tos & 3, d->outer.ip.tos & 3) < 0)
		return MD_R_INNER_ECN;
	return d->inner.ip.ttl < 2 ? MD_R_INNER_TTL : MD_R_NONE;
}

/* From the surplus area to the list of options. *options_at: where the walked octets begin. */
static enum md_verdict options_find(const struct decide_config *config, struct decision *d, size_t *options_at)
{
	struct md_option_ref list[MD_OPTIONS_MAX];
	const uint8_t *area = d->outer.surplus;
	size_t count, len = d->outer.surplus_len;
	enum md_verdict verdict;

	if (md_surplus_check(area, len, d->outer.udp_length, d->outer.checksum_zero, options_at, &d->reason) < 0)
		return MD_DISCARD;
	area += *options_at;
	len -= *options_at;
	verdict = md_walk(area, len, &config->ids, list, &count, &d->reason);
	if (verdict == MD_OK)
		md_options_read(area, list, count, &config->ids, &d->options);
	return verdict;
}

/* Notes a finding about AUTH. */
static enum md_reason auth_finding(struct decision *d, enum md_reason reason)
{
	d->auth = reason == MD_R_NONE ? DECIDE_AUTH_OK : DECIDE_AUTH_BAD;
	d->auth_reason = reason;
	return reason;
}

static enum md_reason auth_judge(struct keys *keys, struct decision *d, size_t options_at)
{
	if (!d->options.has_auth)
		return auth_finding(d, d->options.auth_reason);
	return auth_finding(d, keys_verify(keys, &d->outer, options_at, &d->options));
}

/* Freshness, and with it the flow. A flow comes into being only for a datagram that AUTH vouches for (or with AUTH off)
 * and that may be forwarded; any other is judged by its Timestamp alone. */
static enum md_reason flow_judge(const struct decide_config *config, struct decide_state *state, struct decision *d,
	bool acceptable, const struct moment *now)
{
	bool inlined = d->mode == DECIDE_INLINE;
	const struct md_tuple *tuple = inlined ? &d->outer.tuple : &d->inner.tuple;

	if (acceptable) {
		d->flow = flows_get(state->flows, tuple, inlined, now->ms);
		if (!d->flow) /* no memory: what cannot be checked is not fresh */
			return auth_finding(d, MD_R_REPLAY);
	}
	if (config->policy == DECIDE_OFF)
		return MD_R_NONE;
	return auth_finding(d, flows_fresh(state->flows, d->flow, &d->options.meta, now->ntp));
}

/* The first finding, in the order of the table of section 9, without the inner datagram's. */
static enum md_reason options_judge(const struct decide_config *config, struct decide_state *state,
	struct decision *d, bool acceptable, const struct moment *now, bool *never)
{
	size_t options_at;
	enum md_verdict verdict = options_find(config, d, &options_at);
	enum md_reason reason;

	*never = verdict == MD_DROP;
	if (verdict != MD_OK)
		return d->reason;
	if (config->policy == DECIDE_OFF)
		d->auth = DECIDE_AUTH_OFF;
	else if ((reason = auth_judge(state->keys, d, options_at)) != MD_R_NONE)
		return reason;
	if (d->options.meta.option == MD_NO_OPTION)
		return d->options.meta_reason;
	return flow_judge(config, state, d, acceptable, now);
}

static void settle(struct decision *d, enum decide_action action, enum md_reason reason)
{
	d->action = action;
	d->reason = reason;
}

/* Every check passed: what the packet says counts. */
static void accept(const struct decide_config *config, struct decision *d, const struct moment *now)
{
	struct md_metadata *meta = &d->options.meta;
	size_t octets = d->mode == DECIDE_TUNNEL ? d->inner.length : d->outer.length - d->outer.surplus_len;

	settle(d, DECIDE_METADATA, MD_R_NONE);
	if (meta->option == MD_OFC && !(config->code_find && config->code_find(config->books, meta, &d->meaning)))
		settle(d, DECIDE_PLAIN, MD_R_UNKNOWN_CODE);
	d->tracked = true;
	d->note = flows_note(d->flow, meta, octets, now);
	if (meta->option == MD_OFC && d->action == DECIDE_METADATA && !meta->s &&
		(d->meaning.role == MD_ROLE_START || d->meaning.role == MD_ROLE_ONLY)) {
		d->note.mdu_new = true; /* codebook format, section 6 */
		d->flow->mdus++;
	}
}

static void decide_tunnel(const struct decide_config *config, struct decide_state *state, struct decision *d,
	const struct moment *now)
{
	enum md_reason inner = inner_judge(config, d), reason;
	bool never;

	d->inner_good = inner == MD_R_NONE;
	reason = options_judge(config, state, d, d->inner_good, now, &never);
	if (reason != MD_R_NONE && (never || config->policy == DECIDE_REQUIRED))
		settle(d, DECIDE_DROP, reason);
	else if (!d->inner_good)
		settle(d, DECIDE_DROP, inner);
	else if (reason != MD_R_NONE)
		settle(d, DECIDE_PLAIN, reason);
	else
		accept(config, d, now);
}

static void decide_inline(const struct decide_config *config, struct decide_state *state, struct decision *d,
	const struct moment *now)
{
	bool never;
	enum md_reason reason = options_judge(config, state, d, true, now, &never);

	if (reason != MD_R_NONE)
		settle(d, DECIDE_PLAIN, reason);
	else
		accept(config, d, now);
}

void decide(const struct decide_config *config, struct decide_state *state, enum decide_mode mode,
	const uint8_t *packet, size_t len, const struct moment *now, struct decision *out)
{
	bool readable;

	memset(out, 0, sizeof(*out));
	out->mode = mode;
	readable = md_datagram_read(packet, len, &out->outer, &out->reason) == 0;
	out->foreign = mode == DECIDE_INLINE && !between(config, &out->outer.tuple);
	if (out->foreign || !readable)
		out->action = mode == DECIDE_TUNNEL ? DECIDE_DROP : DECIDE_PLAIN;
	else if (mode == DECIDE_TUNNEL)
		decide_tunnel(config, state, out, now);
	else
		decide_inline(config, state, out, now);
}
