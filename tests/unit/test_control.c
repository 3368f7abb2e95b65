/* SPDX-License-Identifier: BSD-3-Clause */
/* rule: 30 45 */
#include <linux/net_tstamp.h>
#include <linux/udp.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "control.h"
#include "route.h"

union room {
	struct cmsghdr align;
	uint8_t octets[512];
};

static size_t put(union room *room, size_t at, int level, int type, const void *value, size_t len)
{
	struct cmsghdr *c = (struct cmsghdr *)(void *)(room->octets + at);

	c->cmsg_level = level;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(c), value, len);
	return at + CMSG_SPACE(len);
}

static struct control read_of(union room *room, size_t len)
{
	struct msghdr msg = { .msg_control = room, .msg_controllen = len };
	struct control control;

	control_read(&msg, &control);
	return control;
}

static void no_control_data_asks_nothing(void **state)
{
	struct msghdr msg = { 0 };
	struct control control;

	(void)state;
	control_read(&msg, &control);
	assert_false(control.foreign || control.has_segment || control.has_source || control.has_tos);
}

static void what_is_carried_over_is_read(void **state)
{
	union room room = { 0 };
	struct in_pktinfo info = { .ipi_ifindex = 3, .ipi_spec_dst.s_addr = htonl(0x0a000001) };
	uint16_t segment = 1200;
	int tos = 0xb8, ttl = 9;
	size_t len = put(&room, 0, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof(segment));
	struct control control;

	(void)state;
	len = put(&room, len, IPPROTO_IP, IP_TOS, &tos, sizeof(tos));
	len = put(&room, len, IPPROTO_IP, IP_TTL, &ttl, sizeof(ttl));
	len = put(&room, len, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
	control = read_of(&room, len);
	assert_false(control.foreign);
	assert_int_equal(control.segment, 1200);
	assert_int_equal(control.tos, 0xb8);
	assert_int_equal(control.ttl, 9);
	assert_int_equal(control.interface, 3);
	assert_int_equal(control.version, 4);
	assert_memory_equal(control.source, "\x0a\x00\x00\x01", 4);
}

static void a_mapped_source_is_ipv4(void **state)
{
	union room room = { 0 };
	struct in6_pktinfo info = { .ipi6_ifindex = 0 };
	struct control control;

	(void)state;
	memcpy(info.ipi6_addr.s6_addr, "\0\0\0\0\0\0\0\0\0\0\xff\xff\x7f\0\0\1", 16);
	control = read_of(&room, put(&room, 0, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof(info)));
	assert_int_equal(control.version, 4);
	assert_memory_equal(control.source, "\x7f\0\0\1", 4);
}

static void one_octet_of_tos_will_do(void **state)
{
	union room room = { 0 };
	uint8_t tos = 0x2e;

	(void)state;
	assert_int_equal(read_of(&room, put(&room, 0, IPPROTO_IP, IP_TOS, &tos, 1)).tos, 0x2e);
}

static void what_is_not_carried_over_is_foreign(void **state)
{
	union room room = { 0 };
	uint64_t when = 1;
	int fd = 1;

	(void)state;
	assert_true(read_of(&room, put(&room, 0, SOL_SOCKET, SCM_TXTIME, &when, sizeof(when))).foreign);
	assert_true(read_of(&room, put(&room, 0, SOL_SOCKET, SCM_RIGHTS, &fd, sizeof(fd))).foreign);
	assert_true(read_of(&room, put(&room, 0, 12345, 1, &fd, sizeof(fd))).foreign);
}

static void every_bad_length_is_noticed(void **state)
{
	union room room = { 0 };
	int tos = 1;
	size_t len = put(&room, 0, IPPROTO_IP, IP_TOS, &tos, sizeof(tos));

	(void)state;
	for (size_t bad = 0; bad < 40; bad++) {
		room.align.cmsg_len = bad;
		if (bad != CMSG_LEN(4) && bad != CMSG_LEN(1))
			assert_true(read_of(&room, len).foreign);
	}
	room.align.cmsg_len = SIZE_MAX;
	assert_true(read_of(&room, len).broken);
	assert_true(read_of(&room, sizeof(room) + 1).foreign);
}

static void a_segment_message_is_left_out(void **state)
{
	union room room = { 0 }, copy;
	uint16_t segment = 1200;
	int tos = 7;
	size_t len = put(&room, 0, IPPROTO_IP, IP_TOS, &tos, sizeof(tos));
	struct msghdr msg = { .msg_control = &room };

	(void)state;
	len = put(&room, len, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof(segment));
	len = put(&room, len, IPPROTO_IP, IP_TTL, &tos, sizeof(tos));
	msg.msg_controllen = len;
	assert_int_equal(control_without_segment(&msg, &copy, sizeof(copy)), 2 * CMSG_SPACE(sizeof(int)));
	assert_false(read_of(&copy, 2 * CMSG_SPACE(sizeof(int))).has_segment);
	assert_true(read_of(&copy, 2 * CMSG_SPACE(sizeof(int))).has_ttl);
	assert_int_equal(control_without_segment(&msg, &copy, 20), -1);
}

static struct md_tuple tuple4(uint8_t a, uint8_t b, uint8_t c, uint8_t d, uint16_t port)
{
	return (struct md_tuple){ .version = 4, .dst = { a, b, c, d }, .dport = port, .sport = 40000 };
}

static void the_first_route_wins(void **state)
{
	static struct config config;
	struct md_tuple to = tuple4(203, 0, 113, 9, 5004);

	(void)state;
	memset(&config, 0, sizeof(config));
	config.routes = 3;
	for (unsigned i = 0; i < 3; i++) {
		config.route[i].destinations = 1;
		config.route[i].destination[0] = (struct prefix){ 4, 24, { 203, 0, 113 } };
		config.route[i].carries = CARRIES_RTP;
	}
	config.route[0].local_ports = 1;
	config.route[0].local_port[0] = (struct ports){ 1, 39999 };
	strcpy(config.route[1].process, "gst-*");
	assert_int_equal(route_find(&config, "gst-launch-1.0", &to, CARRIES_RTP), 1);
	assert_int_equal(route_find(&config, "ffmpeg", &to, CARRIES_RTP), 2);
	assert_int_equal(route_find(&config, "ffmpeg", &to, CARRIES_QUIC), -1);
	config.route[0].local_port[0].high = 40000;
	assert_int_equal(route_find(&config, "ffmpeg", &to, CARRIES_RTP), 0);
	to = tuple4(203, 0, 114, 9, 5004);
	assert_int_equal(route_find(&config, "ffmpeg", &to, CARRIES_RTP), -1);
}

static void some_destinations_are_never_wrapped(void **state)
{
	const uint8_t v6_multicast[16] = { 0xff, 2 }, v6_local[16] = { 0xfe, 0x80 }, v6_global[16] = { 0x20, 1 };

	(void)state;
	assert_true(route_never(4, (const uint8_t[]){ 224, 0, 0, 1 }));
	assert_true(route_never(4, (const uint8_t[]){ 239, 255, 255, 255 }));
	assert_true(route_never(4, (const uint8_t[]){ 255, 255, 255, 255 }));
	assert_true(route_never(4, (const uint8_t[]){ 169, 254, 1, 1 }));
	assert_false(route_never(4, (const uint8_t[]){ 223, 255, 255, 255 }));
	assert_false(route_never(4, (const uint8_t[]){ 240, 0, 0, 1 }));
	assert_true(route_never(6, v6_multicast));
	assert_true(route_never(6, v6_local));
	assert_false(route_never(6, v6_global));
}

static void a_routers_own_address_is_known(void **state)
{
	static struct config config;
	struct md_tuple to = tuple4(192, 0, 2, 254, 49777);

	(void)state;
	config.routers = 1;
	config.router[0].at = (struct endpoint){ 4, { 192, 0, 2, 254 }, 49777 };
	assert_true(route_to_router(&config, &to));
	to.dport = 49778;
	assert_false(route_to_router(&config, &to));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_control_data_asks_nothing),
		cmocka_unit_test(what_is_carried_over_is_read),
		cmocka_unit_test(a_mapped_source_is_ipv4),
		cmocka_unit_test(one_octet_of_tos_will_do),
		cmocka_unit_test(what_is_not_carried_over_is_foreign),
		cmocka_unit_test(every_bad_length_is_noticed),
		cmocka_unit_test(a_segment_message_is_left_out),
		cmocka_unit_test(the_first_route_wins),
		cmocka_unit_test(some_destinations_are_never_wrapped),
		cmocka_unit_test(a_routers_own_address_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
