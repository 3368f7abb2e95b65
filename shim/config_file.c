// SPDX-License-Identifier: BSD-3-Clause
// Files of the configuration: shim.conf itself, keys and tokens. Only regular files, so that nothing waits.
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config_parse.h"

// Opens a regular file; its descriptor, or -errno.
static int regular_open(const char *path, struct stat *st)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK), err;

	if (fd < 0)
		return -errno;
	if (fstat(fd, st) != 0)
		err = -errno;
	else if (!S_ISREG(st->st_mode))
		err = S_ISDIR(st->st_mode) ? -EISDIR : -ENOTSUP;
	else
		return fd;
	close(fd);
	return err;
}

// How many octets were read, or -errno.
static ssize_t read_whole(int fd, char *to, size_t room)
{
	size_t n = 0;

	while (n < room) {
		ssize_t r = read(fd, to + n, room - n);

		if (r == 0)
			break;
		if (r < 0 && errno != EINTR)
			return -errno;
		n += r > 0 ? (size_t)r : 0;
	}
	return (ssize_t)n;
}

static const char *reason(int err)
{
	const char *text = err == ENOTSUP ? "not a regular file" : strerrordesc_np(err);

	return text ? text : "unknown error";
}

int hex_file_read(struct parse *p, const char *path, uint8_t *octets, size_t low, size_t high, unsigned *mode)
{
	char least[24], most[24];
	struct stat st = { 0 };
	ssize_t len;
	int fd = regular_open(path, &st), n = -1;

	if (fd < 0) {
		parse_error(p, p->line, p->label, " ", p->key, ": expected a file that can be read, found ", path, ": ",
			reason(-fd), NULL);
		return fd;
	}
	*mode = st.st_mode;
	len = read_whole(fd, p->file, sizeof p->file);
	close(fd);
	if (len > 0 && p->file[len - 1] == '\n')
		len--;
	if (len >= 0)
		n = hex_octets(p->file, (size_t)len, octets, high);
	explicit_bzero(p->file, sizeof p->file);
	if (n >= 0 && (size_t)n >= low)
		return n;
	explicit_bzero(octets, high);
	parse_error(p, p->line, p->label, " ", p->key, ": expected one line of ", decimal(2 * low, least), " to ",
		decimal(2 * high, most), " hex digits in ", path, NULL); // what is there instead may be a secret
	return -EINVAL;
}

// A token is a credential: what was found is not quoted.
enum parsed parse_token(struct parse *p, const struct key *key, void *into, const char *value)
{
	int n = hex_octets(value, strlen(value), into, MD_TOKEN_MAX);

	if (n < MD_TOKEN_MIN) {
		parse_error(p, p->line, p->label, " token: expected ", key->expected, NULL);
		return REPORTED;
	}
	((struct route *)p->base)->token_len = (uint32_t)n;
	return PARSED;
}

enum parsed parse_token_file(struct parse *p, const struct key *key, void *into, const char *value)
{
	unsigned mode;
	int n;

	(void)key;
	if (*value != '/')
		return NOT_EXPECTED;
	n = hex_file_read(p, value, into, MD_TOKEN_MIN, MD_TOKEN_MAX, &mode);
	if (n < 0)
		return REPORTED;
	((struct route *)p->base)->token_len = (uint32_t)n;
	return PARSED;
}

static int file_error(struct config_errors *errors, const char *what, int err)
{
	struct config_message *m = &errors->error[0];

	errors->count = 1;
	errors->warnings = 0;
	m->line = 0;
	strcpy(m->text, what);
	strcat(m->text, reason(-err));
	return err;
}

int config_read(const char *path, struct config *config, struct config_errors *errors)
{
	int saved = errno, err;
	struct stat st;
	ssize_t len;
	char *text;
	int fd = regular_open(path, &st);

	if (fd < 0) {
		err = file_error(errors, "expected a file that can be read, found: ", fd);
		goto out;
	}
	text = mmap(NULL, CONFIG_FILE_MAX + 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (text == MAP_FAILED) {
		err = file_error(errors, "expected memory for the file, found: ", -errno);
		goto out_fd;
	}
	len = read_whole(fd, text, CONFIG_FILE_MAX + 1);
	if (len < 0)
		err = file_error(errors, "expected to read the file, found: ", (int)len);
	else if (len > CONFIG_FILE_MAX)
		err = file_error(errors, "expected a file of at most 1 MiB, found: ", -EFBIG);
	else
		err = config_parse(text, (size_t)len, config, errors);
	if (len > 0)
		explicit_bzero(text, (size_t)len); // it may hold tokens
	munmap(text, CONFIG_FILE_MAX + 1);
out_fd:
	close(fd);
out:
	errno = saved;
	return err;
}
