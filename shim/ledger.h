/* SPDX-License-Identifier: BSD-3-Clause
 *
 * ledger.h - files of counters that outlive the process: <dir>/<pid><suffix>, mapped to be written. */
#ifndef MD_LEDGER_H
#define MD_LEDGER_H

#include <stddef.h>

/* Makes the file of len octets with its room on disk, so that a full disk cannot end the host later, and maps it. introduce
 * fills what was all zero before anybody can see it. 0 or -errno. Only from the constructor. */
int ledger_open(const char *dir, const char *suffix, size_t len, void (*introduce)(void *map, const void *argument),
	const void *argument, void **map);

#endif
