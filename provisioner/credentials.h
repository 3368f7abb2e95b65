/* SPDX-License-Identifier: BSD-3-Clause
 *
 * credentials.h - the certificates of one connection, kept in memory: read and tried as a whole, read again when a file has
 * changed, and then the old ones kept if the new ones are bad. */
#ifndef PROVISION_CREDENTIALS_H
#define PROVISION_CREDENTIALS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

enum { CREDENTIAL_CA, CREDENTIAL_CERTIFICATE, CREDENTIAL_KEY, CREDENTIAL_CRL, CREDENTIALS };

struct credential {
	const char *path;            /* "": none */
	char *text;
	size_t len;
	struct stat seen;
};

struct credentials {
	struct credential file[CREDENTIALS];
	bool complained;             /* about the files as they are now */
};

/* Paths live as long as the credentials. 0, or -errno, and *problem says what is wrong (static text), *which in which file. */
int credentials_load(struct credentials *c, const char *const path[CREDENTIALS], const char **which, const char **problem);

/* Reads them again if a file has changed. Complains once about bad ones. */
void credentials_refresh(struct credentials *c, const char *owner);

/* Wipes and frees. */
void credentials_free(struct credentials *c);

#endif
