/* SPDX-License-Identifier: BSD-3-Clause
 *
 * keyarg.c - the argument of --auth-key and the file it names. */
#include "keys.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int number(const char *text, unsigned long least, unsigned long most, unsigned long *out)
{
	char *end;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	*out = strtoul(text, &end, 10);
	return *end || *out < least || *out > most ? -EINVAL : 0;
}

static int digit(int c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One line of hex digits. */
static int key_decode(const char *line, struct md_key *out)
{
	size_t digits = strcspn(line, "\r\n"), len = digits / 2;

	if (digits % 2 || len < MD_KEY_MIN || len > MD_KEY_MAX)
		return -EINVAL;
	for (size_t i = 0; i < len; i++) {
		int high = digit(line[2 * i]), low = digit(line[2 * i + 1]);

		if (high < 0 || low < 0)
			return -EINVAL;
		out->key[i] = (uint8_t)(high << 4 | low);
	}
	out->len = len;
	return 0;
}

static int key_read(const char *path, struct md_key *out, const char **problem)
{
	char line[2 * MD_KEY_MAX + 4] = "";
	FILE *file = fopen(path, "re");
	int error = -EINVAL;

	*problem = "a KEYFILE that can be read";
	if (!file)
		return -EINVAL;
	setvbuf(file, NULL, _IONBF, 0); /* no second copy of the key in a buffer of stdio */
	*problem = "one line of 32 to 128 hex digits in KEYFILE";
	if (fgets(line, sizeof(line), file) && key_decode(line, out) == 0 && fgetc(file) == EOF)
		error = 0;
	explicit_bzero(line, sizeof(line));
	fclose(file);
	return error;
}

/* Takes ":nat" and ":cover=..." off the end; what stands before is the name of the file, colons included. */
static int attributes(char *rest, struct md_key *out, const char **problem)
{
	unsigned long cover;
	char *colon;

	while ((colon = strrchr(rest, ':'))) {
		if (strcmp(colon, ":nat") == 0) {
			out->nat = true;
		} else if (strcmp(colon, ":cover=datagram") == 0) {
			out->cover = 0;
		} else if (strncmp(colon, ":cover=", 7) == 0) {
			*problem = "cover=datagram or cover=N with N from 64 to 65535";
			if (number(colon + 7, MD_COVER_MIN, 65535, &cover) < 0)
				return -EINVAL;
			out->cover = (uint32_t)cover;
		} else {
			break;
		}
		*colon = 0;
	}
	return 0;
}

int keys_argument(const char *text, struct md_key *out, const char **problem)
{
	char copy[4096], *algorithm, *file;
	unsigned long keyid;
	int parsed;

	memset(out, 0, sizeof(*out));
	*problem = "KEYID:ALGORITHM:KEYFILE[:cover=N|datagram][:nat]";
	if (strlen(text) >= sizeof(copy))
		return -EINVAL;
	strcpy(copy, text);
	algorithm = strchr(copy, ':');
	file = algorithm ? strchr(algorithm + 1, ':') : NULL;
	if (!file || !file[1])
		return -EINVAL;
	*algorithm++ = 0;
	*file++ = 0;
	*problem = "a KEYID from 0 to 255";
	if (number(copy, 0, 255, &keyid) < 0)
		return -EINVAL;
	out->keyid = (uint8_t)keyid;
	*problem = "ALGORITHM AES-128-CMAC-96 or HMAC-SHA1-96";
	parsed = md_algorithm_parse(algorithm);
	if (parsed < 0)
		return -EINVAL;
	out->algorithm = (enum md_algorithm)parsed;
	if (attributes(file, out, problem) < 0)
		return -EINVAL;
	return key_read(file, out, problem);
}
