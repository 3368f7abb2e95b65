/* SPDX-License-Identifier: BSD-3-Clause */
/* Somebody else's socket is put over every descriptor above 2 that the program did not open itself: nothing may go out
 * by it, and everything still goes out.
 * rule: 68 69
 * expect: seen>=40 wrapped>=10 */
#include "victim.h"
#include <dirent.h>

static int own[16], owned;
static struct receiver r, trap;
static int s, t;

static bool is_own(int fd)
{
	for (int i = 0; i < owned; i++)
		if (own[i] == fd)
			return true;
	return fd <= 2;
}

static void send_ten(uint32_t tag)
{
	uint8_t p[MEDIA_LEN];

	for (uint32_t i = 0; i < 5; i++) {
		QUIETLY(send(s, p, media(p, sizeof p, tag, 2 * i), 0));
		QUIETLY(sendto(s, p, media(p, sizeof p, tag, 2 * i + 1), 0, &r.at.sa, r.at.len));
	}
	report(&r, "receiver", 10);
	report(&trap, "trap", 0);
}

/* What is open and not ours, and some more. */
static void steal(void)
{
	int found[256], n = 0;
	DIR *open_ones = opendir("/proc/self/fd");

	for (struct dirent *e; (e = readdir(open_ones)) != NULL && n < 256;) {
		int fd = atoi(e->d_name);
		if (fd > 2 && fd != dirfd(open_ones) && !is_own(fd))
			found[n++] = fd;
	}
	closedir(open_ones);
	for (int i = 0; i < n; i++)
		if (dup2(t, found[i]) < 0)
			broken("dup2");
	for (int fd = 3; fd < 300; fd++)
		if (!is_own(fd))
			MUST(dup2(t, fd));
}

int main(void)
{
	r = receiver(AF_INET), trap = receiver(AF_INET), s = udp(AF_INET), t = udp(AF_INET);
	MUST(connect(s, &r.at.sa, r.at.len));
	MUST(connect(t, &trap.at.sa, trap.at.len));
	own[owned++] = r.fd, own[owned++] = trap.fd, own[owned++] = s, own[owned++] = t;
	send_ten(1);
	steal();
	send_ten(2);
	send_ten(3);
	steal();
	send_ten(4);
}
