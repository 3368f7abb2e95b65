/* SPDX-License-Identifier: BSD-3-Clause
 *
 * ours.h - descriptors of ours in somebody else's process: few, high, closed on exec, and never trusted by number. */
#ifndef MD_OURS_H
#define MD_OURS_H

#include <stdbool.h>
#include <stdint.h>

/* Only from the constructor. 0 or -errno. */
int ours_start(void);

/* How many descriptors the application may have in all: the size of tables indexed by number. */
uint32_t ours_limit(void);

/* Makes a socket and moves it high. Returns the number and *cookie, or -errno (-EMFILE also when we hold a quarter of
 * what the process may have). */
int ours_socket(int domain, int type, int protocol, uint64_t *cookie);

/* Takes a socket that was received, close-on-exec, in the same way: its new number, or -EMFILE, and it is closed. */
int ours_adopt(int fd, uint64_t *cookie);

/* Whether the number still is that socket. */
bool ours_still(int fd, uint64_t cookie);

/* Closes the number if it still is that socket. */
void ours_close(int fd, uint64_t cookie);

/* Closes what a forked child inherited and does not use. */
void ours_forked(void);

#endif
