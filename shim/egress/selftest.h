/* SPDX-License-Identifier: BSD-3-Clause
 *
 * selftest.h - one datagram to ourselves over the loopback interface: does what an engine sends arrive as it should? Only
 * from the constructor. */
#ifndef MD_SELFTEST_H
#define MD_SELFTEST_H

#include <mdshim/wire.h>

#include "../outlet.h"

enum { SELFTEST_USER = 9, SELFTEST_AREA = 9 }; /* odd, so that a pad octet is there */

struct selftest {
	int receiver, sender;      /* UDP sockets, of ours */
	uint64_t receiver_cookie, sender_cookie;
	struct md_tuple tuple;     /* from the one to the other */
	uint8_t user[SELFTEST_USER], area[SELFTEST_AREA];
};

/* What it says, but for the ports. */
void selftest_fill(struct selftest *test, uint8_t version);

/* 0, or -errno: there is no loopback interface to test with, and nothing is open. */
int selftest_open(struct selftest *test, uint8_t version);
void selftest_close(struct selftest *test);

/* How the area looks, for whoever has to know it again. */
struct md_arm_form selftest_form(void);

/* Waits for the datagram: 0 if its user data are right, or if none came (it may be filtered here and nowhere else);
 * -EBADMSG if they are wrong. */
int selftest_arrived(const struct selftest *test);

#endif
