/* SPDX-License-Identifier: BSD-3-Clause */
#include "describe.h"

#include "recognise.h"

static bool has(const struct numbers *numbers, uint32_t value)
{
	for (unsigned i = 0; i < numbers->n; i++)
		if (numbers->value[i] == value)
			return true;
	return false;
}

static bool names(const struct mids *mids, const struct octets *element)
{
	for (unsigned i = 0; i < mids->n; i++) {
		size_t at = 0;

		while (at < element->len && mids->value[i][at] && (uint8_t)mids->value[i][at] == octet(element, at))
			at++;
		if (at == element->len && !mids->value[i][at])
			return true;
	}
	return false;
}

void describe_mid(const struct config *config, const struct rtp *rtp, uint8_t *mid)
{
	struct octets element;

	if (!config->by_mid || !config->reading.mid_id || !rtp->profile || !ext_find(rtp, config->reading.mid_id, &element))
		return;
	*mid = 0;
	for (unsigned i = 0; i < config->policies && !*mid; i++)
		if (names(&config->policy[i].mids, &element))
			*mid = (uint8_t)(i + 1);
}

static __attribute__((noinline)) const struct policy *select_policy(const struct config *config, int own,
	const struct rtp *rtp, uint8_t mid, uint32_t stream)
{
	const struct policy *end = config->policy + config->policies;

	for (const struct policy *p = config->policy; p < end; p++)
		if (rtp ? has(&p->ssrcs, rtp->ssrc) : has(&p->streams, stream))
			return p;
	if (rtp && mid)
		return &config->policy[mid - 1];
	for (const struct policy *p = config->policy; rtp && p < end; p++)
		if (has(&p->payload_types, rtp->payload_type))
			return p;
	return &config->policy[own];
}

const struct policy *describe_policy(const struct config *config, int own, const struct rtp *rtp, uint8_t mid, uint32_t stream)
{
	return config->selective ? select_policy(config, own, rtp, mid, stream) : &config->policy[own];
}

void describe_mdu(const struct policy *policy, const struct mdu_out *mdu, struct md_metadata *meta)
{
	meta->option = MD_MED;
	meta->s = 0;
	meta->counter = mdu->counter;
	meta->d = policy->row[mdu->class].d;
	meta->p = policy->row[mdu->class].p;
	meta->l = policy->row[mdu->class].l;
}

void describe_stream(const struct policy *policy, uint8_t stream, struct md_metadata *meta)
{
	meta->option = MD_MED;
	meta->s = 1;
	meta->counter = stream;
	meta->d = 0;
	meta->p = policy->row[CLASS_UNKNOWN].p;
	meta->l = policy->row[CLASS_UNKNOWN].l;
}

_Static_assert((int)ROLE_START == (int)MD_ROLE_START && (int)ROLE_MIDDLE == (int)MD_ROLE_MIDDLE &&
	(int)ROLE_END == (int)MD_ROLE_END && (int)ROLE_ONLY == (int)MD_ROLE_ONLY, "roles are those of codebooks");

void describe_meaning(const struct md_metadata *meta, const struct mdu_out *mdu, struct md_meaning *meaning)
{
	*meaning = (struct md_meaning){ .s = meta->s, .d = meta->d, .p = meta->p, .l = meta->l };
	if (meta->s) {
		meaning->stream = meta->counter;
	} else {
		meaning->role = (uint8_t)mdu->role;
		meaning->colour = (uint8_t)(mdu->colour < 0 ? 0 : mdu->colour);
	}
}
