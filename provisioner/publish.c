/* SPDX-License-Identifier: BSD-3-Clause */
#include "publish.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int prepare(struct publisher *p, gid_t group)
{
	struct stat st;
	int err;

	if (fstat(p->fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EISDIR;
	if (group != (gid_t)-1 && fchown(p->fd, (uid_t)-1, group) < 0)
		return -errno;
	if (fchmod(p->fd, 0640) < 0)
		return -errno;
	/* Room for the whole image now, or a write through the mapping could end us later. */
	err = posix_fallocate(p->fd, 0, MD_IMAGE_SIZE);
	if (err)
		return -err;
	p->map = mmap(NULL, MD_IMAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, p->fd, 0);
	return p->map == MAP_FAILED ? -errno : 0;
}

int publish_open(struct publisher *p, const char *folder, const char *domain, gid_t group)
{
	char path[512];
	int err;

	p->map = NULL;
	snprintf(path, sizeof(path), "%s/%s.book", folder, domain);
	p->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0600);
	if (p->fd < 0)
		return -errno;
	err = prepare(p, group);
	if (err) {
		close(p->fd);
		p->fd = -1;
		p->map = NULL;
		return err;
	}
	md_image_format(p->map);
	return 0;
}

void publish_close(struct publisher *p)
{
	if (p->map)
		munmap(p->map, MD_IMAGE_SIZE);
	if (p->fd >= 0)
		close(p->fd);
	p->map = NULL;
	p->fd = -1;
}

int publish_book(struct publisher *p, const struct md_codebook *book)
{
	static struct md_snapshot snapshot;
	int err = 0;

	if (book && md_snapshot_make(&snapshot, book) < 0)
		return -EINVAL;
	md_image_fill(p->map, book ? &snapshot : NULL);
	explicit_bzero(&snapshot, sizeof(snapshot));
	if (msync(p->map, MD_IMAGE_SIZE, MS_SYNC) < 0)
		err = -errno; /* senders read memory: an error of the disk does not keep the book from them */
	md_image_commit(p->map);
	if (msync(p->map, MD_IMAGE_SIZE, MS_SYNC) < 0)
		err = -errno;
	return err;
}

uint32_t publish_current(const struct publisher *p, int64_t *not_after)
{
	static struct md_snapshot snapshot;
	uint64_t generation;
	uint32_t book = md_image_take(p->map, MD_IMAGE_SIZE, &generation, &snapshot) == 0 ? snapshot.book : 0;

	*not_after = book ? snapshot.not_after : 0;
	explicit_bzero(&snapshot, sizeof(snapshot));
	return book;
}

void publish_wipe_idle(struct publisher *p)
{
	md_image_wipe_idle(p->map);
}
