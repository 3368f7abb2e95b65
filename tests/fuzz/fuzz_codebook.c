// SPDX-License-Identifier: BSD-3-Clause
// Any octets as a codebook document: no crash, reasons exactly when it is refused, what is accepted survives writing and
// reading, and every code of it is found.
#include <string.h>

#include "../../provisioner/bookjson.h"

#define HOLDS(x) do { if (!(x)) __builtin_trap(); } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct md_codebook book, again;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct md_book_faults faults;
	size_t len;
	char *text;
	int err;

	if (size < 1)
		return 0;
	err = bookjson_read((const char *)data + 1, size - 1, data[0] & 1, &book, &faults);
	HOLDS((err == 0) == (faults.reasons == 0) || err == -12);
	if (err) {
		json_t *list = bookjson_reasons(&faults);

		HOLDS(json_array_size(list) >= 1 && json_array_size(list) <= MD_BOOK_FAULTS);
		json_decref(list);
		return 0;
	}
	for (uint32_t i = 0; i < book.codes; i++)
		HOLDS(md_codebook_find(&book, book.code[i].code, false) == &book.code[i]);
	text = bookjson_write(&book, &len);
	HOLDS(text && bookjson_read(text, len, true, &again, &faults) == 0);
	HOLDS(memcmp(&book, &again, sizeof book) == 0);
	bookjson_free(text, len);
	return 0;
}
