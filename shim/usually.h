/* SPDX-License-Identifier: BSD-3-Clause
 *
 * usually.h - what is true of nearly every datagram, said to the compiler: it then lies in one straight line. After a system
 * call nothing of ours is in the processor's first cache, and every line that is jumped to is waited for. */
#ifndef MD_USUALLY_H
#define MD_USUALLY_H

#define usually(what) __builtin_expect(!!(what), 1)
#define seldom(what) __builtin_expect(!!(what), 0)

#endif
