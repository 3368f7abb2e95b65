/* SPDX-License-Identifier: BSD-3-Clause */
#include "selftest.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>

#include "../ours.h"
#include "../real.h"

enum { WAIT_MS = 50 };

/* Pad, OCS, and an option of experiments that nobody knows (RFC 9868). */
static const uint8_t pattern[SELFTEST_AREA] = { 0, 0, 0, 127, 6, 'm', 'd', 's', 't' };

struct md_arm_form selftest_form(void)
{
	struct md_arm_form form = { .len = SELFTEST_AREA, .head_len = 4 };

	memcpy(form.head, pattern + 3, sizeof(form.head));
	return form;
}

static int open_bound(uint8_t version, uint16_t *port, uint64_t *cookie)
{
	static const uint8_t four[16] = { 127, 0, 0, 1 }, six[16] = { [15] = 1 };
	struct sockaddr_in6 addr;
	socklen_t len = outlet_addr(&addr, version, version == 4 ? four : six, 0);
	int fd = ours_socket(version == 4 ? AF_INET : AF_INET6, SOCK_DGRAM, IPPROTO_UDP, cookie);
	long err;

	if (fd < 0)
		return fd;
	err = raw_bind(fd, &addr, len);
	len = sizeof(addr);
	if (!err)
		err = raw_getsockname(fd, &addr, &len);
	if (err) {
		ours_close(fd, *cookie);
		return (int)err;
	}
	*port = ntohs(addr.sin6_port); /* stands at the same place in both families */
	return fd;
}

void selftest_fill(struct selftest *test, uint8_t version)
{
	uint16_t ocs;

	memset(test, 0, sizeof(*test));
	test->tuple.version = version;
	if (version == 4)
		memcpy(test->tuple.src, "\177\0\0\1", 4);
	else
		test->tuple.src[15] = 1;
	memcpy(test->tuple.dst, test->tuple.src, sizeof(test->tuple.dst));
	memcpy(test->user, "self-test", SELFTEST_USER);
	memcpy(test->area, pattern, sizeof(pattern));
	ocs = md_ocs(test->area + 1, sizeof(test->area) - 1, sizeof(test->area));
	test->area[1] = (uint8_t)(ocs >> 8);
	test->area[2] = (uint8_t)ocs;
}

int selftest_open(struct selftest *test, uint8_t version)
{
	selftest_fill(test, version);
	test->receiver = open_bound(version, &test->tuple.dport, &test->receiver_cookie);
	if (test->receiver < 0)
		return test->receiver;
	test->sender = open_bound(version, &test->tuple.sport, &test->sender_cookie);
	if (test->sender < 0) {
		ours_close(test->receiver, test->receiver_cookie);
		return test->sender;
	}
	return 0;
}

void selftest_close(struct selftest *test)
{
	ours_close(test->receiver, test->receiver_cookie);
	ours_close(test->sender, test->sender_cookie);
}

int selftest_arrived(const struct selftest *test)
{
	struct timespec wait = { 0, WAIT_MS * 1000000L };
	struct pollfd p = { .fd = test->receiver, .events = POLLIN };
	uint8_t got[SELFTEST_USER + SELFTEST_AREA + 1];
	long n;

	if (raw_call(SYS_ppoll, (long)&p, 1, (long)&wait, 0, 0, 0) <= 0)
		return 0;
	n = raw_call(SYS_recvfrom, test->receiver, (long)got, sizeof(got), MSG_DONTWAIT, 0, 0);
	if (n < 0)
		return 0;
	return n == SELFTEST_USER && memcmp(got, test->user, SELFTEST_USER) == 0 ? 0 : -EBADMSG;
}
