// SPDX-License-Identifier: BSD-3-Clause
// The log's descriptor is ours, high, and looked at before each line: programs close and replace numbers they do not
// know, and a line in somebody's socket or database would be worse than none.
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "real.h"

enum { LOG_LINE = 512, LOG_CUT = 480 };

// Fixed after start.
static struct {
	int fd;
	bool open;
	dev_t dev;
	ino_t ino;
} sink;

// As high as the limit of descriptors allows, where programs do not look for free ones.
static int move_high(int fd)
{
	static const int floors[] = { 900, 200, 3 };
	int high = -1;

	for (unsigned i = 0; i < sizeof floors / sizeof *floors && high < 0; i++)
		high = fcntl(fd, F_DUPFD_CLOEXEC, floors[i]);
	return high;
}

void log_open(const char *where)
{
	bool to_stderr = where && strcmp(where, "stderr") == 0;
	int saved = errno, low = -1, fd;
	struct stat st;

	sink.open = false;
	if (!where || !*where)
		return;
	if (!to_stderr) // not waiting: it may be a pipe nobody reads
		low = open(where, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640);
	fd = move_high(to_stderr ? STDERR_FILENO : low);
	if (low >= 0)
		close(low);
	if (fd >= 0 && fstat(fd, &st) == 0) {
		sink.fd = fd;
		sink.dev = st.st_dev;
		sink.ino = st.st_ino;
		sink.open = true;
	} else if (fd >= 0) {
		close(fd);
	}
	errno = saved;
}

// Whether the number is still our file, and takes a line at once. A pipe nobody reads would raise SIGPIPE.
static bool ready(void)
{
	struct pollfd out = { .fd = sink.fd, .events = POLLOUT };
	struct timespec now = { 0 };
	struct stat st;

	if (fstat(sink.fd, &st) != 0 || st.st_dev != sink.dev || st.st_ino != sink.ino)
		return false;
	return raw_call(SYS_ppoll, (long)&out, 1, (long)&now, 0, 0, 0) == 1 && out.revents == POLLOUT;
}

/* Beyond the limit of file sizes the kernel would not only refuse, but send a signal that ends the host (SIGXFSZ). */
static bool has_room(size_t len)
{
	struct rlimit most = { RLIM_INFINITY, RLIM_INFINITY };
	struct stat file;

	if (getrlimit(RLIMIT_FSIZE, &most) != 0 || most.rlim_cur == RLIM_INFINITY)
		return true;
	return fstat(sink.fd, &file) == 0 && (!S_ISREG(file.st_mode) || (rlim_t)file.st_size + len <= most.rlim_cur);
}

void log_line(const char *format, ...)
{
	char line[LOG_LINE];
	int saved = errno, n, more;
	va_list values;

	if (!sink.open || !ready())
		goto out;
	n = snprintf(line, sizeof line, "mdshim[%d]: ", (int)raw_call(SYS_getpid, 0, 0, 0, 0, 0, 0));
	va_start(values, format);
	more = vsnprintf(line + n, (size_t)(LOG_CUT - n), format, values);
	va_end(values);
	if (more < 0)
		goto out;
	n = n + more < LOG_CUT ? n + more : LOG_CUT - 1;
	for (int i = 0; i < n; i++)
		if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
			line[i] = '?'; // one line, and nothing a terminal obeys
	line[n++] = '\n';
	if (has_room((size_t)n))
		(void)real_write(sink.fd, line, (size_t)n);
out:
	errno = saved;
}
