// SPDX-License-Identifier: BSD-3-Clause
// Any octets as a controller's answer: no crash, nothing accepted without our digest, book and domain, and reasons are known
// words and places, whatever was sent.
#include <string.h>

#include "../../provisioner/answer.h"

#define HOLDS(x) do { if (!(x)) __builtin_trap(); } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const long status[] = { 200, 201, 204, 302, 400, 404, 422, 429, 500, 503 };
	const struct offer offer = { .book = 17, .domain = "cap1", .text = "x", .len = 1, .digest = { 0x11 } };
	char body[4097], reasons[256] = "";
	struct http_result result = { .body = body };
	const char *why = NULL;
	enum answer answer;

	if (size < 1 || size > 4096)
		return 0;
	result.status = status[data[0] % 10];
	result.len = size - 1;
	memcpy(body, data + 1, size - 1);
	body[size - 1] = '\0';
	answer = answer_read(&result, &offer, reasons, &why);
	HOLDS(strlen(reasons) < sizeof reasons);
	HOLDS(strspn(reasons, "abcdefghijklmnopqrstuvwxyzB[]0123456789.,- ") == strlen(reasons));
	if (answer == ANSWER_NONE)
		HOLDS(why && *why);
	else /* at least one name of 64 digits with ours in front has to be there, however it is escaped */
		HOLDS(size > 64);
	if (answer == ANSWER_ACCEPTED)
		HOLDS((result.status == 200 || result.status == 201) && memmem(body, result.len, "17", 2));
	if (answer == ANSWER_REJECTED)
		HOLDS(*reasons && result.status != 302 && result.status < 429);
	return 0;
}
