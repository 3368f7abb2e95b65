/* SPDX-License-Identifier: BSD-3-Clause */
#include "options_radio.h"

#include <errno.h>
#include <radio_queue.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int number(const char *text, unsigned long least, unsigned long most, uint32_t *out)
{
	char *end;
	unsigned long n;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	n = strtoul(text, &end, text[0] == '0' && (text[1] | 0x20) == 'x' ? 16 : 10);
	*out = (uint32_t)n;
	return errno || *end || n < least || n > most ? -EINVAL : 0;
}

int read_radio(struct options *o, const char *text, const char **expected)
{
	(void)expected;
	o->radio.trace = text;
	return *text && strlen(text) < 200 ? 0 : -EINVAL;
}

int read_radio_policy(struct options *o, const char *text, const char **expected)
{
	(void)expected;
	o->radio.policy = text;
	return radio_queue_policy(text) ? 0 : -EINVAL;
}

int read_radio_seed(struct options *o, const char *text, const char **expected)
{
	(void)expected;
	return number(text, 0, UINT32_MAX, &o->radio.seed);
}

int read_radio_delay(struct options *o, const char *text, const char **expected)
{
	(void)expected;
	return number(text, 0, 10000, &o->radio.delay_ms);
}

int read_radio_queue(struct options *o, const char *text, const char **expected)
{
	(void)expected;
	return number(text, 1, 1000000, &o->radio.queue);
}

int read_radio_budget(struct options *o, const char *text, const char **expected)
{
	(void)expected;
	return number(text, 1, 60000, &o->radio.budget_ms);
}

/* An address alone: the port is that of GTP-U. */
int read_gtpu(struct options *o, const char *text, const char **expected)
{
	char with_port[100];

	(void)expected;
	snprintf(with_port, sizeof(with_port), strchr(text, ':') && *text != '[' ? "[%s]:%d" : "%s:%d", text, GTPU_PORT);
	return strlen(text) > 60 || endpoint_parse(with_port, &o->gtpu) < 0 || !endpoint_is_unicast(&o->gtpu) ? -EINVAL : 0;
}

int read_teid(struct options *o, const char *text, const char **expected)
{
	(void)expected;
	o->has_teid = true;
	return number(text, 0, UINT32_MAX, &o->teid);
}

int read_qfi(struct options *o, const char *text, const char **expected)
{
	uint32_t n;

	(void)expected;
	if (number(text, 0, 63, &n) < 0)
		return -EINVAL;
	o->qfi = (uint8_t)n;
	return 0;
}

const char *options_radio_check(const struct options *o)
{
	if ((o->radio.trace || o->gtpu.version) && (!o->forward || !o->listens))
		return "--radio, --gtpu: expected --listen, and --forward yes, with them";
	if (o->radio.trace && o->gtpu.version)
		return "--radio, --gtpu: expected one of them: behind GTP-U is a radio of its own";
	if (!!o->gtpu.version != o->has_teid)
		return "--gtpu, --teid: expected both or none";
	return NULL;
}
