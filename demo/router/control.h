/* SPDX-License-Identifier: BSD-3-Clause
 *
 * control.h - the CSP's end of the provisioner's protocol (provisioner/openapi.yaml): HTTPS with certificates of both ends, in
 * a thread of its own. */
#ifndef MDROUTER_CONTROL_H
#define MDROUTER_CONTROL_H

#include "shelf.h"

struct control_options {
	const char *address;         /* without brackets */
	uint16_t port;
	const char *certificate, *key, *client_ca, *client_crl, *client_name; /* the last two may be NULL */
};

struct control;

/* Opens everything and begins to serve; the options live as long as it does. The files are read again at the next connection
 * when one of them has changed, and the ones before stay in use if the new ones are bad. 0, or -errno with what is wrong. */
int control_open(struct control **out, const struct control_options *o, struct shelf *shelf, char text[static 300]);
void control_close(struct control *c);

/* Ends it, whatever connections there are, and opens it anew, certificates and all; *c may be NULL. What cannot be read is found out
 * before: then the old one goes on. 0, or -errno with what is wrong; *c is NULL where none is open any more. */
int control_reopen(struct control **c, const struct control_options *o, struct shelf *shelf, char text[static 300]);

#endif
