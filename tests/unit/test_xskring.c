/* SPDX-License-Identifier: BSD-3-Clause
 *
 * test_xskring.c - the bookkeeping of an AF_XDP ring, with the test in the place of the kernel: no frame is lost or given out twice,
 * and a number that became something else is noticed without anything being sent by it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <linux/net_tstamp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "egress/xskring.h"
#include "ours.h"

static uint32_t words[4];        /* producers and consumers */
static struct xdp_desc places[MD_XSK_FRAMES];
static uint64_t done[MD_XSK_FRAMES];

static struct xskring *ring_on(int fd)
{
	static struct xskring ring;

	memset(words, 0, sizeof(words));
	memset(&ring, 0, sizeof(ring));
	ring.fd = fd;
	ring.cookie = 1; /* nobody's */
	ring.page = aligned_alloc(MD_XSK_FRAME, MD_XSK_LEN);
	assert_non_null(ring.page);
	ring.sending_producer = &words[0];
	ring.sending_consumer = &words[1];
	ring.completed_producer = &words[2];
	ring.completed_consumer = &words[3];
	ring.to_send = places;
	ring.done = done;
	for (unsigned i = 0; i < MD_XSK_FRAMES; i++)
		ring.spare[ring.spares++] = (uint16_t)i;
	return &ring;
}

static unsigned frame_of(const struct xskring *ring, const uint8_t *at)
{
	size_t octets = (size_t)(at - (const uint8_t *)ring->page);

	assert_true(octets >= MD_XSK_FRAME && octets < MD_XSK_LEN && octets % MD_XSK_FRAME == 0);
	return (unsigned)(octets / MD_XSK_FRAME) - 1;
}

/* The number sent, or -errno of the first that was not. */
static int send_waiting(struct xskring *ring)
{
	int err;
	unsigned sent = xskring_send(ring, &err);

	return sent ? (int)sent : err;
}

static int send_one(struct xskring *ring)
{
	xskring_put(ring, 100);
	return send_waiting(ring);
}

/* What does not get out keeps neither its frame nor a place that the kernel would send later. */
static void a_stolen_number_costs_no_frame(void **state)
{
	struct xskring *ring = ring_on(-1);

	(void)state;
	for (unsigned i = 0; i < MD_XSK_FRAMES; i++) {
		assert_non_null(xskring_frame(ring));
		assert_int_equal(send_one(ring), -EBADF);
		assert_int_equal(ring->spares, MD_XSK_FRAMES);
		assert_true(places[i].addr >= (uint64_t)MD_XSK_FRAMES * MD_XSK_FRAME);
	}
	/* The kernel took none of these places: now there is none left. */
	assert_null(xskring_frame(ring));
	words[1] = 1;
	assert_non_null(xskring_frame(ring));
	free(ring->page);
}

/* Frames with the kernel are not given out until it says that it is done with them, whatever else it says. */
static void frames_come_back_once(void **state)
{
	struct xskring *ring = ring_on(-1);
	bool out[MD_XSK_FRAMES] = { false };

	(void)state;
	for (unsigned i = 0; i < MD_XSK_FRAMES; i++) {
		unsigned frame = frame_of(ring, xskring_frame(ring));

		assert_false(out[frame]);
		out[frame] = true;
	}
	assert_null(xskring_frame(ring));
	done[0] = 7 * MD_XSK_FRAME + 14; /* wherever in the frame */
	done[1] = 7 * MD_XSK_FRAME;      /* twice */
	done[2] = (uint64_t)MD_XSK_FRAMES * MD_XSK_FRAME;
	done[3] = UINT64_MAX;
	words[2] = 4;
	assert_int_equal(frame_of(ring, xskring_frame(ring)), 7);
	assert_int_equal(ring->spares, 0);
	assert_int_equal(words[3], 4);
	assert_null(xskring_frame(ring));
	xskring_give_back(ring); /* number 7 */
	xskring_give_back(ring);
	assert_int_equal(ring->spares, 1);
	words[2] = words[3] + 100000; /* nonsense ends */
	xskring_frame(ring);
	assert_true(ring->spares <= MD_XSK_FRAMES);
	free(ring->page);
}

/* Those that wait go together, in the order in which they were put. What a thread left behind that jumped away does not go. */
static void a_row_goes_or_stays_as_one(void **state)
{
	struct xskring *ring = ring_on(-1);
	unsigned frame[XSK_ROW];

	(void)state;
	for (unsigned i = 0; i < XSK_ROW; i++) {
		frame[i] = frame_of(ring, xskring_frame(ring));
		xskring_put(ring, 100 + i);
	}
	assert_null(xskring_frame(ring));
	assert_int_equal(words[0], 0);
	for (unsigned i = 0; i < XSK_ROW; i++) {
		assert_int_equal(places[i].addr, (uint64_t)frame[i] * MD_XSK_FRAME);
		assert_int_equal(places[i].len, 100 + i);
	}
	xskring_begin(ring);
	assert_int_equal(ring->spares, MD_XSK_FRAMES);
	assert_int_equal(send_waiting(ring), 0);
	assert_int_equal(words[0], 0);
	for (unsigned i = 0; i < 3; i++) {
		assert_non_null(xskring_frame(ring));
		xskring_put(ring, 100);
	}
	assert_int_equal(send_waiting(ring), -EBADF);
	assert_int_equal(words[0], 3);
	assert_int_equal(ring->spares, MD_XSK_FRAMES);
	for (unsigned i = 0; i < 3; i++)
		assert_true(places[i].addr >= (uint64_t)MD_XSK_FRAMES * MD_XSK_FRAME);
	/* The kernel passed over these, and took two of three more. */
	words[1] = 3;
	for (unsigned i = 0; i < 3; i++) {
		assert_non_null(xskring_frame(ring));
		xskring_put(ring, 100);
	}
	words[1] = 5;
	assert_int_equal(send_waiting(ring), 2);
	assert_true(places[4].addr < (uint64_t)MD_XSK_FRAMES * MD_XSK_FRAME);
	assert_true(places[5].addr >= (uint64_t)MD_XSK_FRAMES * MD_XSK_FRAME);
	assert_int_equal(ring->spares, MD_XSK_FRAMES - 2);
	free(ring->page);
}

static void nothing_arrives(int fd)
{
	char octet;

	assert_int_equal(recv(fd, &octet, 1, MSG_DONTWAIT), -1);
	assert_int_equal(errno, EAGAIN);
}

static void kick_into(int fd)
{
	struct xskring *ring = ring_on(fd);

	assert_non_null(xskring_frame(ring));
	assert_int_equal(send_one(ring), -EBADF);
	free(ring->page);
}

static void what_sits_on_the_number_sends_nothing(void **state)
{
	static const int unix_types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET };
	static const int families[] = { AF_INET, AF_INET6 };
	int pair[2], pipes[2];

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(socketpair(AF_UNIX, unix_types[i], 0, pair), 0);
		kick_into(pair[0]);
		nothing_arrives(pair[1]);
		close(pair[0]);
		close(pair[1]);
	}
	assert_int_equal(pipe(pipes), 0);
	kick_into(pipes[1]);
	close(pipes[0]);
	close(pipes[1]);
	for (unsigned i = 0; i < 4; i++) {
		struct sockaddr_in6 at = { .sin6_family = (sa_family_t)families[i % 2] };
		struct sock_txtime txtime = { .clockid = CLOCK_MONOTONIC };
		socklen_t len = sizeof(at);
		int to = socket(families[i % 2], SOCK_DGRAM, 0), from = socket(families[i % 2], SOCK_DGRAM, 0);

		if (to < 0 || bind(to, (struct sockaddr *)&at, i % 2 ? len : sizeof(struct sockaddr_in)) != 0)
			continue; /* no IPv6 */
		assert_int_equal(getsockname(to, (struct sockaddr *)&at, &len), 0);
		assert_int_equal(connect(from, (struct sockaddr *)&at, len), 0);
		if (i >= 2) /* with transmit times of its own */
			assert_int_equal(setsockopt(from, SOL_SOCKET, SO_TXTIME, &txtime, sizeof(txtime)), 0);
		kick_into(from);
		nothing_arrives(to);
		close(to);
		close(from);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stolen_number_costs_no_frame),
		cmocka_unit_test(a_row_goes_or_stays_as_one),
		cmocka_unit_test(frames_come_back_once),
		cmocka_unit_test(what_sits_on_the_number_sends_nothing),
	};

	return ours_start() == 0 ? cmocka_run_group_tests_name("rings of AF_XDP", tests, NULL, NULL) : 1;
}
