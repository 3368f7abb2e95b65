/* SPDX-License-Identifier: BSD-3-Clause */
/* write and writev send connected UDP, and everything else they are used for stays what it is.
 * rule: 18 20
 * expect: seen>=4 wrapped>=4 */
#include "victim.h"
#include <signal.h>
#include <sys/eventfd.h>

static void readable(const char *name, int fd)
{
	uint8_t b[4096];
	ssize_t n = read(fd, b, sizeof b);

	say("%s: read %zd hash %08x", name, n, hash(2166136261u, b, n > 0 ? (size_t)n : 0));
}

int main(void)
{
	struct receiver r = receiver(AF_INET);
	int c = udp(AF_INET), u = udp(AF_INET), event = eventfd(0, 0), file = fileno(tmpfile()), pipes[2], pair[2];
	uint8_t p[MEDIA_LEN];
	struct iovec iov[3] = { { p, 12 }, { p + 12, 100 }, { p + 112, sizeof p - 112 } };
	uint64_t seven = 7;

	MUST(pipe(pipes));
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	CALL(write(u, p, media(p, sizeof p, 9, 9)));
	MUST(connect(c, &r.at.sa, r.at.len));
	know(c);
	for (uint32_t i = 0; i < 2; i++) {
		CALL(write(c, p, media(p, sizeof p, 1, 2 * i)));
		media(p, sizeof p, 1, 2 * i + 1);
		CALL(writev(c, iov, 3));
	}
	report(&r, "receiver", 4);
	media(p, sizeof p, 1, 9);
	CALL(write(file, p, sizeof p));
	CALL(writev(file, iov, 3));
	MUST(lseek(file, 0, SEEK_SET));
	readable("file", file);
	CALL(write(pipes[1], p, sizeof p));
	CALL(writev(pipes[1], iov, 3));
	readable("pipe", pipes[0]);
	CALL(write(pair[1], p, sizeof p));
	CALL(writev(pair[1], iov, 3));
	readable("stream", pair[0]);
	CALL(write(event, &seven, sizeof seven));
	CALL(write(event, &seven, 3));
	readable("eventfd", event);
	CALL(write(-1, p, 1));
	int volatile negative = -1;
	CALL(writev(c, iov, negative));
	CALL(writev(file, NULL, 0));
	CALL(writev(c, NULL, 0));
	CALL(write(pipes[0], p, 1));
	signal(SIGPIPE, SIG_IGN);
	close(pipes[0]);
	CALL(write(pipes[1], p, 1));
	close(pair[0]);
	CALL(writev(pair[1], iov, 3));
	CALL(write(1 << 30, p, 1));
	report(&r, "receiver", 0);
}
