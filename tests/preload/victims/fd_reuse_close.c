/* SPDX-License-Identifier: BSD-3-Clause */
/* A number is not a socket: closed, then a file, a pipe, another socket under the same number.
 * rule: 50 51 53
 * expect: seen>=10 wrapped>=8 */
#include "victim.h"

static struct receiver r;

static int fresh(int wanted)
{
	int s = udp(AF_INET);

	if (s != wanted && wanted >= 0)
		broken("another number");
	MUST(connect(s, &r.at.sa, r.at.len));
	return s;
}

static void file_under(int number)
{
	uint8_t p[MEDIA_LEN], q[3 * MEDIA_LEN];
	int pipes[2];

	MUST(pipe(pipes)); /* the lower number is the one that was free */
	say("the number is reused: %s", pipes[0] == number ? "yes" : "no");
	int out = dup(number);
	MUST(dup2(pipes[1], number));
	CALL(write(number, p, media(p, sizeof p, 9, 0)));
	CALL(send(number, p, sizeof p, 0));
	CALL(sendto(number, p, sizeof p, 0, &r.at.sa, r.at.len));
	struct iovec iov = { p, sizeof p };
	CALL(writev(number, &iov, 1));
	struct mmsghdr one = { .msg_hdr = { .msg_iov = &iov, .msg_iovlen = 1 } };
	CALL(sendmmsg(number, &one, 1, 0));
	ssize_t n = read(out, q, sizeof q);
	say("  pipe holds %zd %08x", n, hash(0, q, n > 0 ? (size_t)n : 0));
	close(pipes[1]);
	close(out);
	close(number);
}

int main(void)
{
	uint8_t p[MEDIA_LEN];
	uint32_t index = 0;

	r = receiver(AF_INET);
	int s = fresh(-1);
	for (int round = 0; round < 5; round++) {
		CALL(send(s, p, media(p, sizeof p, 1, index++), 0));
		CALL(write(s, p, media(p, sizeof p, 1, index++)));
		close(s);
		CALL(send(s, p, sizeof p, 0));
		CALL(write(s, p, sizeof p));
		if (round % 2) {
			file_under(s);
			s = fresh(s);
		} else {
			s = fresh(s);
		}
	}
	close(s);
	report(&r, "receiver", 10);
}
