/* SPDX-License-Identifier: BSD-3-Clause */
#include "mdus.h"

#include <string.h>

/* A receiver of MED must not wait for an end that is never said: this long without a packet is one. */
enum { OVER = 1000000, OTHERS = 8 };

enum mdu_kind mdu_kind(const struct radio_marks *marks)
{
	switch (marks->d) {
	case 1:
		return marks->l == 2 ? MDU_SINGLE : MDU_KEY;
	case 2:
		return MDU_BASE;
	case 3:
		return marks->p == 3 ? MDU_LOOSE : MDU_UPPER;
	default:
		return MDU_OTHER;
	}
}

/* A colour comes again soon: only the newest MDU of it, and only one whose end was not seen. */
struct mdu *mdus_find(struct mdus *m, const struct radio_marks *marks)
{
	if (marks->coloured && (marks->role == RADIO_START || marks->role == RADIO_ONLY))
		return NULL;
	for (unsigned i = m->count; i-- > 0;) {
		struct mdu *mdu = mdus_at(m, i);

		if (mdu->coloured == marks->coloured && mdu->name == marks->name)
			return marks->coloured && mdu->ended ? NULL : mdu;
	}
	return NULL;
}

struct mdu *mdus_add(struct mdus *m, const struct radio_marks *marks, int64_t now)
{
	struct mdu *mdu = mdus_at(m, m->count++);

	memset(mdu, 0, sizeof(*mdu));
	mdu->name = marks->name;
	mdu->coloured = marks->coloured;
	mdu->kind = (uint8_t)mdu_kind(marks);
	mdu->hurried = marks->l == 2;
	mdu->born = now;
	return mdu;
}

void mdus_trim(struct mdus *m, int64_t now)
{
	while (m->count) {
		struct mdu *oldest = mdus_at(m, 0);

		if (oldest->fifo.head || (m->count <= OTHERS && now - oldest->born < OVER))
			return;
		m->first = (m->first + 1) % MDUS_MOST;
		m->count--;
	}
}
