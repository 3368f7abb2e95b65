/* SPDX-License-Identifier: BSD-3-Clause */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "control.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(what) \
	do { \
		if (!(what)) \
			__builtin_trap(); \
	} while (0)

static void require_sound(const struct control *control)
{
	REQUIRE(!control->hint.given || md_hint_valid(&control->hint));
	REQUIRE(!control->hint.version || md_hint_valid(&control->hint));
	REQUIRE(!control->broken || control->foreign);
	REQUIRE(!control->has_source || control->version == 4 || control->version == 6);
}

/* What is left for a segment by itself says the same, but for segments and hints. */
static void require_same(const struct control *a, const struct control *b)
{
	REQUIRE(!b->has_segment && !b->hint.version && !b->bad_hints && !b->broken);
	REQUIRE(a->foreign == b->foreign && a->has_source == b->has_source && a->has_tos == b->has_tos && a->has_ttl == b->has_ttl);
	REQUIRE(a->tos == b->tos && a->ttl == b->ttl && a->interface == b->interface);
	REQUIRE(memcmp(a->source, b->source, sizeof a->source) == 0);
}

/* The octets are control data, as an application may hand them over, of a length the kernel would not take too; then with a
 * hint behind them. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t room = CMSG_ALIGN(size) + MD_HINT_SPACE, left_room = CONTROL_MAX;
	uint8_t *control_data = calloc(1, room), *exact = malloc(size ? size : 1);
	_Alignas(struct cmsghdr) uint8_t left[CONTROL_MAX];
	struct msghdr msg = { .msg_control = size ? exact : NULL, .msg_controllen = size };
	struct md_hint hint = { .version = MD_HINT_VERSION, .given = MD_HINT_DPL, .d = 1, .p = 2, .l = 0 };
	struct control control, again;
	long n;

	REQUIRE(control_data && exact);
	memcpy(exact, data, size);
	memset(&control, 0x5A, sizeof control);
	control_read(&msg, &control);
	require_sound(&control);
	if (!control.foreign) { /* what is foreign is never split */
		n = control_without_segment(&msg, left, left_room);
		REQUIRE(n >= 0 && (size_t)n <= left_room);
		msg.msg_control = left;
		msg.msg_controllen = (size_t)n;
		control_read(&msg, &again);
		require_same(&control, &again);
	}
	memcpy(control_data, data, size);
	msg.msg_control = control_data;
	msg.msg_controllen = md_hint_put(control_data, CMSG_ALIGN(size), room, &hint);
	REQUIRE(msg.msg_controllen == room);
	REQUIRE(!md_hint_put(control_data, CMSG_ALIGN(size), room - 1, &hint));
	control_read(&msg, &again);
	require_sound(&again);
	free(control_data);
	free(exact);
	return 0;
}
