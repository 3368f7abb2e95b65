/* SPDX-License-Identifier: BSD-3-Clause */
/* rule: 53 */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "memory.h"
#include "ours.h"
#include "process.h"
#include "unrouted.h"

enum { NOW = 1000000, BELIEVED = 20 };

static uint8_t rtp[20] = { 0x80, 96 };
static struct iovec iov;
static struct sockaddr_in to;
static int fd;

static struct msghdr message(void)
{
	iov = (struct iovec){ rtp, sizeof(rtp) };
	to = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(5004), .sin_addr.s_addr = htonl(0x0a000001) };
	return (struct msghdr){ .msg_name = &to, .msg_namelen = sizeof(to), .msg_iov = &iov, .msg_iovlen = 1 };
}

static struct msghdr noted(void)
{
	struct msghdr msg = message();

	rtp[0] = 0x80, rtp[1] = 96;
	unrouted_note(fd, &msg, NOW);
	assert_true(unrouted_any(fd));
	assert_true(unrouted_is(fd, &msg, true, NOW));
	assert_true(unrouted_is(fd, &msg, false, NOW));
	return msg;
}

static void what_was_noted_is_believed_for_a_while(void **state)
{
	struct msghdr msg = noted();

	(void)state;
	assert_true(unrouted_is(fd, &msg, true, NOW + BELIEVED - 1));
	assert_false(unrouted_is(fd, &msg, true, NOW + BELIEVED));
}

static void another_number_or_address_is_another(void **state)
{
	struct msghdr msg = noted();

	(void)state;
	assert_false(unrouted_is(fd + 1, &msg, true, NOW));
	to.sin_port = htons(5006);
	assert_false(unrouted_is(fd, &msg, true, NOW));
	to.sin_port = htons(5004);
	to.sin_addr.s_addr = htonl(0x0a000002);
	assert_false(unrouted_is(fd, &msg, true, NOW));
	msg.msg_name = NULL;
	assert_false(unrouted_is(fd, &msg, true, NOW));
}

static void another_payload_or_message_is_asked_about(void **state)
{
	struct msghdr msg = noted(), other = msg;
	struct iovec two[2] = { { rtp, 12 }, { rtp + 12, 8 } };

	(void)state;
	for (unsigned first = 0; first < 256; first++) {
		rtp[0] = (uint8_t)first;
		assert_int_equal(unrouted_is(fd, &msg, true, NOW), first >> 6 == 2);
	}
	rtp[0] = 0x80, rtp[1] = 200; /* RTCP */
	assert_false(unrouted_is(fd, &msg, true, NOW));
	rtp[1] = 96;
	iov.iov_len = 11;
	assert_false(unrouted_is(fd, &msg, true, NOW));
	iov.iov_len = sizeof(rtp);
	other.msg_iov = two, other.msg_iovlen = 2;
	assert_false(unrouted_is(fd, &other, false, NOW));
	other = msg;
	other.msg_control = rtp, other.msg_controllen = 16;
	assert_false(unrouted_is(fd, &other, true, NOW));
	assert_true(unrouted_is(fd, &msg, true, NOW));
}

/* What an ear hears of the number may give it a route. */
static void what_was_heard_ends_it(void **state)
{
	struct msghdr msg = noted();

	(void)state;
	socktab_heard_connect(fd);
	assert_false(unrouted_any(fd));
	assert_false(unrouted_is(fd, &msg, true, NOW));
	/* Nor does the next note of the number bring it back. */
	to.sin_port = htons(5008);
	unrouted_note(fd, &msg, NOW);
	assert_true(unrouted_is(fd, &msg, true, NOW));
	to.sin_port = htons(5004);
	assert_false(unrouted_is(fd, &msg, true, NOW));
	msg = noted();
	socktab_heard_option(fd, IPPROTO_UDP, 103);
	assert_false(unrouted_is(fd, &msg, true, NOW));
	msg = noted();
	socktab_turned(fd);
	assert_false(unrouted_any(fd));
}

static void nothing_is_read_that_cannot_be(void **state)
{
	struct msghdr msg = noted(), bad = msg;

	(void)state;
	bad.msg_name = (void *)8;
	assert_false(unrouted_is(fd, &bad, true, NOW));
	unrouted_note(fd, &bad, NOW);
	bad = msg;
	bad.msg_namelen = sizeof(struct sockaddr_storage);
	assert_false(unrouted_is(fd, &bad, true, NOW));
	bad = msg;
	bad.msg_iov = (void *)8;
	assert_false(unrouted_is(fd, &bad, false, NOW));
	iov.iov_base = (void *)8;
	assert_false(unrouted_is(fd, &msg, true, NOW));
}

static void what_passed_is_taken_once(void **state)
{
	(void)state;
	unrouted_pass();
	unrouted_pass();
	assert_int_equal(unrouted_take(), 2);
	assert_int_equal(unrouted_take(), 0);
}

static int start(void **state)
{
	(void)state;
	if (process_start() || ours_start() || socktab_start(16) || unrouted_start())
		return -1;
	memory_tick(NOW);
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	return fd < 0 ? -1 : 0;
}

static int stop(void **state)
{
	(void)state;
	return close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_noted_is_believed_for_a_while),
		cmocka_unit_test(another_number_or_address_is_another),
		cmocka_unit_test(another_payload_or_message_is_asked_about),
		cmocka_unit_test(what_was_heard_ends_it),
		cmocka_unit_test(nothing_is_read_that_cannot_be),
		cmocka_unit_test(what_passed_is_taken_once),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
