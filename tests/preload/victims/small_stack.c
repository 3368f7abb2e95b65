/* SPDX-License-Identifier: BSD-3-Clause */
/* A thread with the smallest stack there is sends by every door.
 * rule: 47
 * not under: asan tsan ubsan
 * expect: seen>=28 wrapped>=20 */
#include "victim.h"
#include <limits.h>
#include <pthread.h>

static struct receiver r;
static int s;
static uint8_t p[MEDIA_LEN];
static long results[4][7];
static int errors[4][7];

#define STEP(k, expression) do { errno = SENTINEL; results[i][k] = (long)(expression); errors[i][k] = errno; } while (0)

static void *sender(void *unused)
{
	static struct iovec iov = { p, sizeof p };
	static struct mmsghdr one = { .msg_hdr = { .msg_iov = &iov, .msg_iovlen = 1 } };

	for (uint32_t i = 0; i < 4; i++) {
		media(p, sizeof p, 1, i);
		STEP(0, send(s, p, sizeof p, 0));
		STEP(1, sendto(s, p, sizeof p, 0, &r.at.sa, r.at.len));
		STEP(2, sendmsg(s, &one.msg_hdr, 0));
		STEP(3, sendmmsg(s, &one, 1, 0));
		STEP(4, write(s, p, sizeof p));
		STEP(5, writev(s, &iov, 1));
		STEP(6, syscall(SYS_sendto, s, p, sizeof p, 0, NULL, 0));
	}
	return unused;
}

int main(void)
{
	pthread_attr_t attributes;
	pthread_t thread;

	r = receiver(AF_INET), s = udp(AF_INET);
	MUST(connect(s, &r.at.sa, r.at.len));
	if (pthread_attr_init(&attributes) || pthread_attr_setstacksize(&attributes, (size_t)PTHREAD_STACK_MIN) ||
		pthread_create(&thread, &attributes, sender, NULL))
		broken("thread");
	pthread_join(thread, NULL);
	for (int i = 0; i < 4; i++)
		for (int k = 0; k < 7; k++)
			told("door", results[i][k], errors[i][k], true);
	report(&r, "receiver", 28);
}
