/* SPDX-License-Identifier: BSD-3-Clause
 *
 * authbatch.c - the MACs of the AUTH options of several datagrams at once. */
#include <string.h>

#include "auth.h"
#include "cmac.h"
#include "front.h"

_Static_assert((int)MD_AREA_BATCH == (int)CMAC_LANES && (int)FRONT_MAX <= (int)CMAC_FRONT, "a batch fits the lanes");

static bool is_there(const struct iovec *piece, size_t n, size_t len)
{
	for (size_t i = 0; i < n; i++) {
		if (piece[i].iov_len >= len)
			return true;
		len -= piece[i].iov_len;
	}
	return !len;
}

/* The job's MAC as a message for a lane. False: something is wrong with it. */
static bool prepare(const struct md_area_job *job, uint8_t front[FRONT_MAX], struct cmac_input *in)
{
	const struct md_area *a = job->area;

	if (!auth_fits(a->tuple, a->user_len, (size_t)job->len, (a->user_len & 1), job->mac_at))
		return false;
	in->key = a->key;
	in->front = front;
	in->front_len = front_put(front, a->key, a->tuple, a->user_len + 8);
	in->piece = a->user;
	in->covered = a->key->cover && a->key->cover < a->user_len ? a->key->cover : a->user_len;
	in->tail = job->dst;
	in->tail_len = (size_t)job->len;
	return is_there(a->user, a->pieces, in->covered);
}

static void sign_one(struct md_area_job *job, const struct md_lend *lend)
{
	int rc = auth_mac(job->area, job->dst, (size_t)job->len, job->mac_at, lend, job->dst + job->mac_at);

	if (rc < 0)
		job->len = rc;
}

/* Of its own frame: none of this is needed where the lanes are not. */
static __attribute__((noinline)) void sign_lanes(struct md_area_job *const job[], size_t n)
{
	uint8_t front[MD_AREA_BATCH][FRONT_MAX], mac[MD_AREA_BATCH][16];
	struct cmac_input in[MD_AREA_BATCH];
	struct md_area_job *good[MD_AREA_BATCH];
	size_t count = 0;

	for (size_t i = 0; i < n; i++) {
		if (prepare(job[i], front[count], &in[count]))
			good[count++] = job[i];
		else
			job[i]->len = MD_E_VALUE;
	}
	if (count)
		cmac_lanes(in, count, mac);
	for (size_t i = 0; i < count; i++)
		memcpy(good[i]->dst + good[i]->mac_at, mac[i], MD_MAC_LEN);
}

void auth_sign(struct md_area_job *const job[], size_t n, const struct md_lend *lend)
{
	struct md_area_job *many[MD_AREA_BATCH];
	size_t count = 0;

	for (size_t i = 0; i < n; i++) {
		const struct md_traffic_key *key = job[i]->area->key;

		if (key->expanded && key->algorithm == MD_AES_128_CMAC_96)
			many[count++] = job[i];
		else
			sign_one(job[i], lend);
	}
	if (count)
		sign_lanes(many, count);
}
