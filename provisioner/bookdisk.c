/* SPDX-License-Identifier: BSD-3-Clause */
#include "bookdisk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static int write_whole(int fd, const char *octets, size_t len)
{
	while (len) {
		ssize_t n = write(fd, octets, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EIO;
		octets += n;
		len -= (size_t)n;
	}
	return 0;
}

static int fill(int fd, unsigned mode, const struct iovec *piece, int n)
{
	if (fchmod(fd, mode) < 0)
		return -errno;
	for (int i = 0; i < n; i++) {
		int err = write_whole(fd, piece[i].iov_base, piece[i].iov_len);

		if (err)
			return err;
	}
	return fsync(fd) < 0 ? -errno : 0;
}

int file_replace(const char *folder, const char *name, unsigned mode, const struct iovec *piece, int n)
{
	char beside[NAME_MAX + 1];
	int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd, err;

	if (dir < 0)
		return -errno;
	if (snprintf(beside, sizeof(beside), ".%s.new", name) >= (int)sizeof(beside)) {
		close(dir);
		return -ENAMETOOLONG;
	}
	unlinkat(dir, beside, 0); /* of a process that was killed */
	fd = openat(dir, beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	err = fd < 0 ? -errno : fill(fd, mode, piece, n);
	if (fd >= 0 && close(fd) < 0 && !err)
		err = -errno;
	if (!err && renameat(dir, beside, dir, name) < 0)
		err = -errno;
	if (err)
		unlinkat(dir, beside, 0);
	else if (fsync(dir) < 0)
		err = -errno;
	close(dir);
	return err;
}

static int load(int fd, size_t most, char **text, size_t *len)
{
	struct stat st;
	size_t size;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EISDIR;
	if ((size_t)st.st_size > most)
		return -EFBIG;
	size = (size_t)st.st_size;
	*text = malloc(size + 1);
	if (!*text)
		return -ENOMEM;
	for (*len = 0; *len < size;) {
		ssize_t n = read(fd, *text + *len, size - *len);

		if (n <= 0) {
			explicit_bzero(*text, size);
			free(*text);
			return n ? -errno : -EIO;
		}
		*len += (size_t)n;
	}
	(*text)[size] = '\0';
	return 0;
}

int file_load(const char *folder, const char *name, size_t most, char **text, size_t *len)
{
	int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd, err;

	*text = NULL;
	*len = 0;
	if (dir < 0)
		return -errno;
	fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	err = fd < 0 ? -errno : load(fd, most, text, len);
	if (err)
		*text = NULL;
	if (fd >= 0)
		close(fd);
	close(dir);
	return err;
}

void file_erase(const char *folder, const char *name)
{
	static const char zero[4096];
	int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd;
	struct stat st;

	if (dir < 0)
		return;
	fd = openat(dir, name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size < 1 << 24) {
		for (off_t at = 0; at < st.st_size; at += (off_t)sizeof(zero))
			if (write_whole(fd, zero, (size_t)(st.st_size - at < (off_t)sizeof(zero) ? st.st_size - at : (off_t)sizeof(zero))) < 0)
				break;
		fdatasync(fd);
	}
	unlinkat(dir, name, 0);
	if (fd >= 0)
		close(fd);
	fsync(dir);
	close(dir);
}

bool file_was_erased(const char *text, size_t len)
{
	return len && !text[0];
}

int file_folder(const char *path, unsigned mode)
{
	struct stat st;

	if (mkdir(path, mode) == 0)
		return 0;
	if (errno != EEXIST)
		return -errno;
	if (stat(path, &st) < 0)
		return -errno;
	return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

/* The book of a name "DOMAIN.NUMBER.book", or 0. */
static uint32_t book_of(const char *name, const char *domain)
{
	size_t len = strlen(domain);
	char *end;
	unsigned long n;

	if (strncmp(name, domain, len) != 0 || name[len] != '.' || name[len + 1] < '1' || name[len + 1] > '9')
		return 0;
	n = strtoul(name + len + 1, &end, 10);
	return strcmp(end, ".book") == 0 && n <= UINT32_MAX ? (uint32_t)n : 0;
}

static int ascending(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

int file_books(const char *folder, const char *domain, uint32_t book[static FILE_BOOKS], unsigned *n)
{
	DIR *d = opendir(folder);
	struct dirent *e;

	*n = 0;
	if (!d)
		return -errno;
	while ((e = readdir(d)) && *n < FILE_BOOKS)
		if ((book[*n] = book_of(e->d_name, domain)))
			++*n;
	closedir(d);
	qsort(book, *n, sizeof(*book), ascending);
	return 0;
}
