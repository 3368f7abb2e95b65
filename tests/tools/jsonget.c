// SPDX-License-Identifier: BSD-3-Clause
// jsonget FILE [KEY|INDEX]... - one value out of a JSON text; fails if the text is not JSON or has no such value.
// An object or array is printed as its number of members.
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

static int show(const json_t *v)
{
	switch (json_typeof(v)) {
	case JSON_OBJECT: return printf("%zu\n", json_object_size(v)) < 0;
	case JSON_ARRAY: return printf("%zu\n", json_array_size(v)) < 0;
	case JSON_STRING: return puts(json_string_value(v)) < 0;
	case JSON_INTEGER: return printf("%" JSON_INTEGER_FORMAT "\n", json_integer_value(v)) < 0;
	case JSON_REAL: return printf("%g\n", json_real_value(v)) < 0;
	case JSON_TRUE: return puts("true") < 0;
	case JSON_FALSE: return puts("false") < 0;
	default: return puts("null") < 0;
	}
}

int main(int argc, char **argv)
{
	json_error_t error;
	json_t *all = argc > 1 ? json_load_file(argv[1], JSON_REJECT_DUPLICATES, &error) : NULL, *v = all;
	int status = 1;

	if (!all)
		fprintf(stderr, "jsonget: %s\n", argc > 1 ? error.text : "usage: jsonget FILE [KEY|INDEX]...");
	for (int i = 2; i < argc && v; i++)
		v = json_is_array(v) ? json_array_get(v, strtoul(argv[i], NULL, 10)) : json_object_get(v, argv[i]);
	if (v)
		status = show(v);
	else if (all)
		fprintf(stderr, "jsonget: no such value\n");
	json_decref(all);
	return status;
}
