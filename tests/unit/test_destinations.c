/* SPDX-License-Identifier: BSD-3-Clause */
/* Which destinations no route may cover, as a table: the edges of each kind.
 * rule: 45 */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "route.h"

static const struct {
	const char *destination;
	bool never;
	const char *why;
} table[] = {
	{ "0.0.0.1", false, "left to the kernel" },
	{ "10.0.0.1", false, "private" },
	{ "127.0.0.1", false, "loopback" },
	{ "169.253.255.255", false, "before link-local" },
	{ "169.254.0.0", true, "first of link-local" },
	{ "169.254.255.255", true, "last of link-local" },
	{ "169.255.0.0", false, "behind link-local" },
	{ "192.0.2.255", false, "broadcast of some network: the kernel is asked" },
	{ "223.255.255.255", false, "before multicast" },
	{ "224.0.0.0", true, "first of multicast" },
	{ "232.1.2.3", true, "source-specific multicast" },
	{ "239.255.255.255", true, "last of multicast" },
	{ "240.0.0.0", false, "reserved: the kernel decides" },
	{ "255.255.255.254", false, "before broadcast" },
	{ "255.255.255.255", true, "broadcast" },
	{ "::1", false, "loopback" },
	{ "2001:db8::1", false, "global" },
	{ "fc00::1", false, "unique local" },
	{ "fe7f:ffff::1", false, "before link-local" },
	{ "fe80::1", true, "first of link-local" },
	{ "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", true, "last of link-local" },
	{ "fec0::1", false, "behind link-local" },
	{ "feff::1", false, "before multicast" },
	{ "ff00::", true, "first of multicast" },
	{ "ff02::1", true, "all nodes of a link" },
	{ "ff0e::1", true, "global multicast" },
	{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", true, "last of multicast" },
};

static void each_kind_is_decided(void **state)
{
	(void)state;
	for (unsigned i = 0; i < sizeof(table) / sizeof(*table); i++) {
		uint8_t addr[16] = { 0 };
		uint8_t version = inet_pton(AF_INET, table[i].destination, addr) == 1 ? 4 : 6;

		if (version == 6)
			assert_int_equal(inet_pton(AF_INET6, table[i].destination, addr), 1);
		if (route_never(version, addr) != table[i].never)
			fail_msg("%s (%s) should %sbe left out", table[i].destination, table[i].why, table[i].never ? "" : "not ");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(each_kind_is_decided) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
