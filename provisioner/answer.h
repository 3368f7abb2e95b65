/* SPDX-License-Identifier: BSD-3-Clause
 *
 * answer.h - what a controller said to an offer (codebook format, section 4), also as problem details (RFC 9457). */
#ifndef PROVISION_ANSWER_H
#define PROVISION_ANSWER_H

#include "csp.h"

enum answer { ANSWER_NONE, ANSWER_ACCEPTED, ANSWER_REJECTED };

/* Reads an answer; ANSWER_NONE for whatever is not exactly one, *why says what it was. reasons receives known reasons and
 * well-formed places only, since a peer could send anything. */
enum answer answer_read(const struct http_result *result, const struct offer *offer, char reasons[static 256], const char **why);

#endif
