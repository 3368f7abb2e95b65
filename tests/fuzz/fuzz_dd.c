/* SPDX-License-Identifier: BSD-3-Clause */
#include "payload.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool same_structure(const struct dd_structure *a, const struct dd_structure *b)
{
	if (a->known != b->known || !a->known)
		return a->known == b->known;
	if (a->offset != b->offset || a->templates != b->templates || a->targets != b->targets || a->chains != b->chains)
		return false;
	for (unsigned i = 0; i < a->templates; i++)
		if (a->template[i].spatial != b->template[i].spatial || a->template[i].temporal != b->template[i].temporal ||
			a->template[i].fdiffs != b->template[i].fdiffs ||
			memcmp(a->template[i].dti, b->template[i].dti, sizeof a->template[i].dti))
			return false;
	return true;
}

static void require_sound(const struct dd_structure *s)
{
	REQUIRE(s->offset < 64 && s->templates && s->templates <= DD_TEMPLATES);
	REQUIRE(s->targets && s->targets <= DD_TARGETS && s->chains <= s->targets);
}

/* One element, in two forms, against one memory. */
static void element(const uint8_t *data, size_t len, size_t cut, struct dd_structure *memory)
{
	struct pieces whole = pieces_whole(data, len), parts = pieces_cut(data, len, cut, 1 + cut % 3);
	struct dd_structure before = *memory, other = *memory;
	int spatial[2], temporal[2];
	struct said said[2];
	bool there = dd_recognise(&whole.all, memory, &said[0], &spatial[0], &temporal[0]);

	REQUIRE(there == dd_recognise(&parts.all, &other, &said[1], &spatial[1], &temporal[1]));
	REQUIRE(same_structure(memory, &other));
	REQUIRE(len < 3 ? !there : true);
	REQUIRE(len == 3 ? there : true);
	if (!there) {
		REQUIRE(!memcmp(memory, &before, sizeof before));
	} else {
		REQUIRE(same_said(&said[0], &said[1]) && spatial[0] == spatial[1] && temporal[0] == temporal[1]);
		REQUIRE(said[0].has_frame && !said[0].has_layer && said[0].class <= CLASS_KEY);
		REQUIRE((spatial[0] < 0) == (temporal[0] < 0));
		REQUIRE((spatial[0] < 0) == (said[0].class == CLASS_UNKNOWN));
		REQUIRE(memory->known || said[0].class == CLASS_UNKNOWN);
	}
	if (memory->known)
		require_sound(memory);
	pieces_free(&whole);
	pieces_free(&parts);
}

/* The input is a row of elements, each behind its length and the place of its cut. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dd_structure memory = { 0 };

	while (size > 2) {
		size_t len = data[0] < size - 2 ? data[0] : size - 2;

		element(data + 2, len, data[1], &memory);
		data += 2 + len;
		size -= 2 + len;
	}
	return 0;
}
