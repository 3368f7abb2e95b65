/* SPDX-License-Identifier: BSD-3-Clause */
#include "describe.h"

enum { P_MEDIUM = 2 };

void describe_mdu(const struct policy *policy, const struct mdu_out *mdu, struct md_metadata *meta)
{
	meta->option = MD_MED;
	meta->s = 0;
	meta->counter = mdu->counter;
	meta->d = policy->row[mdu->class].d;
	meta->p = policy->row[mdu->class].p;
	meta->l = policy->row[mdu->class].l;
}

void describe_stream(uint8_t stream, struct md_metadata *meta)
{
	meta->option = MD_MED;
	meta->s = 1;
	meta->counter = stream;
	meta->d = 0;
	meta->p = P_MEDIUM;
	meta->l = 0;
}
