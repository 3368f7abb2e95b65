/* SPDX-License-Identifier: BSD-3-Clause */
/* Two sockets answer each other by every door, one datagram at a time: what any implementation of sockets can do.
 * rule: 27
 * expect: seen==72 wrapped==72 */
#include "victim.h"

static void hear(int fd, uint32_t tag, uint32_t index)
{
	uint8_t p[MEDIA_LEN], got[MEDIA_LEN + 1];
	struct pollfd ready = { .fd = fd, .events = POLLIN };

	media(p, sizeof p, tag, index);
	if (poll(&ready, 1, PATIENCE_MS) != 1)
		say("%u of %u did not come", index, tag);
	else if (recv(fd, got, sizeof got, 0) != MEDIA_LEN || memcmp(p, got, MEDIA_LEN) != 0)
		say("%u of %u is not what was sent", index, tag);
}

static bool by_door(int door, int fd, const struct address *to, uint8_t *p)
{
	struct iovec iov[2] = { { p, 12 }, { p + 12, MEDIA_LEN - 12 } };
	struct msghdr m = { .msg_name = (void *)(uintptr_t)&to->sa, .msg_namelen = to->len, .msg_iov = iov, .msg_iovlen = 2 };
	struct mmsghdr one = { .msg_hdr = m };

	switch (door % 6) {
	case 0: return QUIETLY(sendto(fd, p, MEDIA_LEN, 0, &to->sa, to->len)) > 0;
	case 1: return QUIETLY(sendmsg(fd, &m, 0)) > 0;
	case 2: return QUIETLY(sendmmsg(fd, &one, 1, 0)) > 0;
	case 3: return QUIETLY(send(fd, p, MEDIA_LEN, 0)) > 0;
	case 4: return QUIETLY(write(fd, p, MEDIA_LEN)) > 0;
	default: return QUIETLY(writev(fd, iov, 2)) > 0;
	}
}

int main(void)
{
	static const char *const where[2] = { "127.0.0.11", "127.0.0.12" };
	struct address at[2];
	int fd[2], doors;
	uint8_t p[MEDIA_LEN];

	for (int i = 0; i < 2; i++) {
		fd[i] = udp(AF_INET);
		at[i] = address(AF_INET, where[i], (uint16_t)(6000 + i));
		MUST(bind(fd[i], &at[i].sa, at[i].len));
	}
	for (int round = 0; round < 2; round++) {
		doors = round ? 6 : 3;
		for (int i = 0; round && i < 2; i++)
			CALL(connect(fd[i], &at[!i].sa, at[!i].len));
		for (uint32_t n = 0; n < 48; n++) {
			uint32_t from = n & 1, tag = 2 * (uint32_t)round + from;
			if (n >= 24 && !round)
				break;
			media(p, sizeof p, tag, n);
			if (by_door((int)(n / 2) % doors, fd[from], &at[!from], p))
				hear(fd[!from], tag, n);
		}
	}
	say("done");
}
