/* SPDX-License-Identifier: BSD-3-Clause
 *
 * metrics.h - the figures for node_exporter's textfile collector. */
#ifndef PROVISION_METRICS_H
#define PROVISION_METRICS_H

#include "service.h"

#define PROVISION_VERSION "0.1"

/* Writes metrics_file as a whole, 0644; nothing without one. Complains once while it cannot be written. */
void metrics_write(const struct service *s);

#endif
