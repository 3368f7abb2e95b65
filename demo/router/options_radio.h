/* SPDX-License-Identifier: BSD-3-Clause
 *
 * options_radio.h - what the command line says of the radio link and of GTP-U. For options.c; readers as there. */
#ifndef MDROUTER_OPTIONS_RADIO_H
#define MDROUTER_OPTIONS_RADIO_H

#include "options.h"

int read_radio(struct options *o, const char *text, const char **expected);
int read_radio_policy(struct options *o, const char *text, const char **expected);
int read_radio_seed(struct options *o, const char *text, const char **expected);
int read_radio_delay(struct options *o, const char *text, const char **expected);
int read_radio_queue(struct options *o, const char *text, const char **expected);
int read_radio_budget(struct options *o, const char *text, const char **expected);
int read_gtpu(struct options *o, const char *text, const char **expected);
int read_teid(struct options *o, const char *text, const char **expected);
int read_qfi(struct options *o, const char *text, const char **expected);

/* What only all options together can tell: NULL, or the mistake. */
const char *options_radio_check(const struct options *o);

#endif
