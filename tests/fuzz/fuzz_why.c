/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <stdio_ext.h>
#include <string.h>

#include "check/say.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char text[] = "[auth]\nauth = off\n[router r]\naddress = 192.0.2.1\nport = 1\n[route a]\ndestination = 10.0.0.0/8\nrouter = r\n"
	"[policy p]\n";
static struct config config;
static struct config_errors errors;

/* A record from a file that anybody may have made is printed, or said to be nothing; the output is thrown away. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct saying how = { .config = size & 1 ? &config : NULL, .json = size & 2, .burst = size & 4 };
	static char room[4096];
	static bool started;
	struct md_why why;

	if (!started) {
		started = true;
		if (config_parse(text, sizeof text - 1, &config, &errors) != 0)
			__builtin_trap();
		setvbuf(stdout, room, _IOFBF, sizeof room);
	}
	memset(&why, 0, sizeof why);
	memcpy(&why, data, size < sizeof why ? size : sizeof why);
	say_record(&how, &why);
	__fpurge(stdout);
	return 0;
}
