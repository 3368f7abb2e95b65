/* SPDX-License-Identifier: BSD-3-Clause
 *
 * fuzz_stun.c - one octet of switches, then a message into which a token is to be put. */
#include <stdlib.h>
#include <string.h>

#include <mdshim/stun.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ROOM = 4096 };

static void must(bool holds)
{
	if (!holds)
		__builtin_trap();
}

/* What came out is the message with the attribute in it, and nothing else has changed but length and FINGERPRINT. */
static void check(const uint8_t *before, size_t size, const uint8_t *after, size_t n, const struct md_stun_token *token)
{
	size_t attribute = md_stun_attribute_size(token->len);
	bool fingerprint = size >= 28 && before[size - 8] == 0x80 && before[size - 7] == 0x28 &&
			   before[size - 6] == 0 && before[size - 5] == 4;
	size_t at;

	must(n == size + attribute);
	must((size_t)(after[2] << 8 | after[3]) == n - MD_STUN_HEADER);
	must(!memcmp(before, after, 2) && !memcmp(before + 4, after + 4, 16));
	/* An attribute's value may end like a FINGERPRINT: then the token stands behind it. */
	at = fingerprint && after[size - 8] == token->type >> 8 && after[size - 7] == (token->type & 0xff) ? size - 8 : size;
	must(after[at] == token->type >> 8 && after[at + 1] == (token->type & 0xff));
	must(!memcmp(after + at + 4, token->token, token->len));
	must(!memcmp(before + 20, after + 20, at - 20));
	must(n - at - attribute == size - at);
}

static void insert(const uint8_t *message, size_t size, const struct md_stun_token *token)
{
	static uint8_t once[ROOM], twice[ROOM];
	enum md_stun_reason reason;
	ptrdiff_t n = md_stun_insert(once, sizeof once, message, size, token, &reason);

	must((n > 0) == (reason == MD_STUN_CHANGED));
	if (n < 0) {
		must(n == MD_E_REFUSED);
		return;
	}
	check(message, size, once, (size_t)n, token);
	must(md_stun_insert(twice, sizeof twice, message, size, token, &reason) == n);
	must(md_stun_insert(twice, (size_t)n - 1, message, size, token, &reason) == MD_E_REFUSED);
	must(reason == MD_STUN_NO_ROOM);
	must(md_stun_insert(twice, sizeof twice, once, (size_t)n, token, &reason) == MD_E_REFUSED);
	must(reason == MD_STUN_PRESENT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t octets[32] = "0000a token of some octets";
	struct md_stun_token token = { .type = 0xc0de, .token = octets };
	uint8_t *mended;

	if (!size)
		return 0;
	token.len = MD_TOKEN_MIN + data[0] % 16;
	token.success_responses = data[0] & 0x80;
	insert(data + 1, size - 1, &token);
	/* Once more as a request whose head is right, so that its attributes are looked at. */
	if (size - 1 < MD_STUN_HEADER || size > ROOM)
		return 0;
	mended = malloc(size - 1);
	must(mended != NULL);
	memcpy(mended, data + 1, size - 1);
	memcpy(mended, (uint8_t[]){ 0, 1, (uint8_t)((size - 21) >> 8), (uint8_t)(size - 21), 0x21, 0x12, 0xa4, 0x42 }, 8);
	insert(mended, size - 1, &token);
	free(mended);
	return 0;
}
