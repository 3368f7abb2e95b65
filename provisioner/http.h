/* SPDX-License-Identifier: BSD-3-Clause
 *
 * http.h - HTTPS requests of a libev loop, by libcurl's multi interface: TLS 1.3 and certificates of both ends, nothing
 * followed, nothing cached, answers of at most 64 KiB. */
#ifndef PROVISION_HTTP_H
#define PROVISION_HTTP_H

#include "credentials.h"

#include <ev.h>

struct http;
struct http_call;

struct http_request {
	const char *url;
	const struct credentials *credentials; /* as they are when the call begins */
	const char *correlator;
	const void *body;            /* lives until the call is over */
	size_t len;
	double connect_timeout, timeout;
};

struct http_result {
	const char *error;           /* why there was no answer; NULL: there was one */
	long status;
	double retry_after;          /* seconds, 0: not said */
	const char *body;            /* NUL-terminated */
	size_t len;
};

/* Called once, from the loop; the call is over then. */
typedef void http_done(void *context, const struct http_result *result);

struct http *http_new(struct ev_loop *loop);
void http_free(struct http *http); /* no call may be open */

/* Begins a PUT; NULL without memory. */
struct http_call *http_put(struct http *http, const struct http_request *request, http_done *done, void *context);

/* Ends a call; done is not called. */
void http_cancel(struct http_call *call);

#endif
