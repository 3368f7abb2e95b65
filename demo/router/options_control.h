/* SPDX-License-Identifier: BSD-3-Clause
 *
 * options_control.h - what the command line says of the control endpoint and its books. For options.c; readers as there. */
#ifndef MDROUTER_OPTIONS_CONTROL_H
#define MDROUTER_OPTIONS_CONTROL_H

#include "options.h"

int read_control(struct options *o, const char *text, const char **expected);
int read_tls_cert(struct options *o, const char *text, const char **expected);
int read_tls_key(struct options *o, const char *text, const char **expected);
int read_client_ca(struct options *o, const char *text, const char **expected);
int read_client_crl(struct options *o, const char *text, const char **expected);
int read_client_name(struct options *o, const char *text, const char **expected);
int read_books(struct options *o, const char *text, const char **expected);
int read_domain(struct options *o, const char *text, const char **expected);
int read_lab(struct options *o, const char *text, const char **expected);

#endif
