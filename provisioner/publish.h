/* SPDX-License-Identifier: BSD-3-Clause
 *
 * publish.h - the image of a domain that the senders of this host map: DOMAIN.book in publish_dir. */
#ifndef PROVISION_PUBLISH_H
#define PROVISION_PUBLISH_H

#include <mdshim/snapshot.h>
#include <sys/types.h>

struct publisher {
	int fd;
	void *map;
};

/* Opens the file or makes it, 0640, group as given (-1: left alone); it is never replaced or cut, since senders keep it
 * mapped. 0 or -errno. */
int publish_open(struct publisher *p, const char *folder, const char *domain, gid_t group);
void publish_close(struct publisher *p); /* what is published stays */

/* Puts a book in force; NULL: none is. Synced to the file before and after the word moves. 0 or -errno. */
int publish_book(struct publisher *p, const struct md_codebook *book);

/* The book in force and when it ends, 0: none or damaged. */
uint32_t publish_current(const struct publisher *p, int64_t *not_after);

/* Overwrites what is not in force. */
void publish_wipe_idle(struct publisher *p);

#endif
