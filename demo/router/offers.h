/* SPDX-License-Identifier: BSD-3-Clause
 *
 * offers.h - requests to the control endpoint and their answers (provisioner/openapi.yaml). */
#ifndef MDROUTER_OFFERS_H
#define MDROUTER_OFFERS_H

#include "shelf.h"

struct evhttp_request;

struct offers {
	struct shelf *shelf;
	const char *client_name;     /* NULL: any that the authority vouches for */
};

/* For evhttp_set_gencb(). */
void offers_request(struct evhttp_request *request, void *offers);

/* Whether the request came over TLS from whom we expect. */
bool control_trusts(struct evhttp_request *request, const char *client_name);

#endif
