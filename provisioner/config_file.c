/* SPDX-License-Identifier: BSD-3-Clause
 *
 * config_file.c - provisioner.conf as a file, for config_parse(). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "config.h"

int config_read(const char *path, struct config *config, struct config_errors *errors)
{
	enum { MOST = 1 << 20 };
	char *text = malloc(MOST + 1);
	FILE *file = text ? fopen(path, "re") : NULL;
	int err = file ? 0 : text ? -errno : -ENOMEM;
	struct stat st;
	size_t len = 0;

	memset(errors, 0, sizeof(*errors));
	if (file && fstat(fileno(file), &st) == 0 && !S_ISREG(st.st_mode))
		err = -EISDIR;
	else if (file)
		err = (len = fread(text, 1, MOST + 1, file)) > MOST ? -EFBIG : ferror(file) ? -EIO : 0;
	if (!err)
		err = config_parse(text, len, config, errors);
	if (err && !errors->count) {
		errors->count = 1;
		snprintf(errors->error[0].text, sizeof(errors->error[0].text), "expected a file that can be read, found: %s",
			strerror(-err));
	}
	if (file)
		fclose(file);
	free(text);
	return err;
}
