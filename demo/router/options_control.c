/* SPDX-License-Identifier: BSD-3-Clause */
#include "options_control.h"

#include <errno.h>
#include <string.h>

int read_control(struct options *o, const char *text, const char **expected)
{
	(void)expected;
	return endpoint_parse(text, &o->control_at);
}

static int read_text(const char **into, const char *text)
{
	*into = text;
	return *text && strlen(text) < 200 ? 0 : -EINVAL;
}

int read_tls_cert(struct options *o, const char *text, const char **expected)
{
	(void)expected;
	return read_text(&o->control.certificate, text);
}

int read_tls_key(struct options *o, const char *text, const char **expected)
{
	(void)expected;
	return read_text(&o->control.key, text);
}

int read_client_ca(struct options *o, const char *text, const char **expected)
{
	(void)expected;
	return read_text(&o->control.client_ca, text);
}

int read_client_crl(struct options *o, const char *text, const char **expected)
{
	(void)expected;
	return read_text(&o->control.client_crl, text);
}

int read_client_name(struct options *o, const char *text, const char **expected)
{
	(void)expected;
	return read_text(&o->control.client_name, text);
}

int read_books(struct options *o, const char *text, const char **expected)
{
	(void)expected;
	return read_text(&o->books, text);
}

int read_domain(struct options *o, const char *text, const char **expected)
{
	(void)expected;
	o->domain = text;
	return md_domain_good(text, strlen(text)) ? 0 : -EINVAL;
}

int read_lab(struct options *o, const char *text, const char **expected)
{
	(void)text;
	(void)expected;
	o->lab = true;
	return 0;
}
