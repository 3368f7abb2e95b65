/* SPDX-License-Identifier: BSD-3-Clause */
/* Nobody listens on a connected socket, by every shape of call: an error that waits is the answer to the next call, whichever
 * it is; one that comes while a train is on its way is not, and waits.
 * rule: 33 37 43
 * modes: inline unserved disabled
 * expect inline: seen>=60 */
#include "victim.h"

enum { SEGMENT = 500, MOST = 6 };

static uint8_t data[MOST * SEGMENT];
static uint32_t picture;

static void wait_for_error(int s)
{
	struct pollfd p = { .fd = s, .events = 0 };

	say("error announced: %s", poll(&p, 1, PATIENCE_MS) == 1 && (p.revents & POLLERR) ? "yes" : "no");
}

static int refused(int f, bool pending)
{
	struct receiver r = receiver(f);
	int s = udp(f);

	MUST(connect(s, &r.at.sa, r.at.len));
	close(r.fd);
	if (!pending)
		return s;
	CALL(send(s, data, media(data, SEGMENT, 1, picture++), 0));
	wait_for_error(s);
	return s;
}

static void train(int f, size_t n, bool pending)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(uint16_t))] = { 0 };
	struct iovec iov = { data, n * SEGMENT };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	uint16_t segment = SEGMENT;
	int s = refused(f, pending);

	c->cmsg_level = IPPROTO_UDP, c->cmsg_type = UDP_SEGMENT, c->cmsg_len = CMSG_LEN(sizeof segment);
	memcpy(CMSG_DATA(c), &segment, sizeof segment);
	for (size_t i = 0; i < n; i++)
		media(data + i * SEGMENT, SEGMENT, 2, picture++);
	say("a train of %zu", n);
	CALL(sendmsg(s, &m, 0));
	if (pending)
		CALL(sendmsg(s, &m, 0));
	wait_for_error(s);
	CALL(send(s, data, SEGMENT, 0));
	close(s);
}

/* How many of the second call are out before the answer to one comes, which ends it, is the kernel's affair. */
static void batch(int f, unsigned n, bool alike)
{
	struct mmsghdr vec[MOST] = { 0 };
	struct iovec iov[MOST];
	int s = refused(f, true), sent;

	for (unsigned i = 0; i < n; i++) {
		iov[i] = (struct iovec){ data + i * SEGMENT, media(data + i * SEGMENT, alike ? SEGMENT : SEGMENT - i, 3, picture++) };
		vec[i].msg_hdr = (struct msghdr){ .msg_iov = &iov[i], .msg_iovlen = 1 };
	}
	say("%u messages%s", n, alike ? " of one length" : "");
	CALL(sendmmsg(s, vec, n, 0));
	errno = SENTINEL;
	sent = sendmmsg(s, vec, n, 0);
	say("again: %s, %s", sent >= 1 ? "some are out" : "none is out", error_name(errno));
	close(s);
}

int main(void)
{
	for (int k = 0; k < 2; k++) {
		int f = k ? AF_INET6 : AF_INET;

		for (size_t n = 2; n <= MOST; n++) {
			train(f, n, false);
			train(f, n, true);
			batch(f, (unsigned)n, true);
			batch(f, (unsigned)n, false);
		}
	}
}
