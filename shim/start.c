/* SPDX-License-Identifier: BSD-3-Clause
 *
 * start.c - the constructor: everything that may open, map or allocate happens here, once, before the first wrapped send.
 *
 * It runs in every process that inherits the environment, sh and true among them: one look, and most are left alone. A
 * failure means pass-through, said in the log if one was asked for. There is no destructor: others still send at exit. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "book.h"
#include "broker.h"
#include "config.h"
#include "egress.h"
#include "flowtab.h"
#include "hall.h"
#include "hints.h"
#include "lend.h"
#include "log.h"
#include "ours.h"
#include "path.h"
#include "process.h"
#include "real.h"
#include "run.h"
#include "socktab.h"
#include "stats.h"
#include "tapped.h"
#include "unrouted.h"
#include "usage.h"

static struct config config;
static struct config_errors errors;

static const char *setting(const char *name)
{
	const char *value = secure_getenv(name);

	return value && *value ? value : NULL;
}

static bool switched_off(void)
{
	const char *value = setting("MDSHIM_DISABLE");

	return value && strcmp(value, "0") != 0;
}

/* The file that was asked for must be there; the usual one may be missing. */
static bool configure(void)
{
	const char *asked = setting("MDSHIM_CONF");
	const char *path = asked ? asked : "/etc/mdshim/shim.conf";
	int err = config_read(path, &config, &errors);

	if (err == -ENOENT && !asked)
		log_line("no %s: passing through", path);
	else if (err && errors.count)
		log_line("%s:%d: %s (%u errors in all): passing through", path, errors.error[0].line, errors.error[0].text,
			errors.count);
	else if (err)
		log_line("%s: %s: passing through", path, strerror(-err));
	return err == 0;
}

static bool lend(void)
{
	int err = 0;

	if (config.auth && (config.has_key || config.by_book))
		err = lend_open(config.key.algorithm, &hall.lend);
	if (err)
		log_line("libcrypto cannot be opened, which %s needs here: passing through",
			md_algorithm_name(config.key.algorithm));
	if (!config.auth)
		log_line("warning: AUTH is off; what is sent can be forged by anybody (laboratories only)");
	return err == 0;
}

/* Routes of other programs are not ours: what does not apply here is not looked at again. */
static bool keep_routes(bool *ipv4, bool *ipv6)
{
	bool any = false;

	for (unsigned i = 0; i < config.routes; i++) {
		const struct route *route = &config.route[i];
		const struct router *router = route->router >= 0 ? &config.router[route->router] : NULL;

		if (route->mode == MODE_OFF)
			continue;
		any = true;
		for (unsigned j = 0; j < route->destinations; j++) {
			uint8_t version = route->mode == MODE_TUNNEL && router ? router->at.version :
											 route->destination[j].version;

			*(version == 4 ? ipv4 : ipv6) = true;
		}
	}
	return any;
}

static bool want_urgency(void)
{
	for (unsigned i = 0; i < config.routes; i++)
		if (config.route[i].quic_priority && config.route[i].mode != MODE_OFF)
			return true;
	return false;
}

static bool make_rooms(void)
{
	int err = process_start();

	if (!err) {
		process_is_new();
		err = ours_start();
	}
	if (!err)
		err = socktab_start(config.sockets);
	if (!err)
		err = flowtab_start(config.flows, config.reading.dd_id != 0);
	if (!err)
		err = hints_start();
	if (!err)
		err = unrouted_start();
	if (!err)
		err = run_start();
	tapped_urgency = want_urgency();
	if (!err)
		err = tapped_start(&config.reading, config.sockets);
	if (!err)
		err = book_start(&config);
	if (!err && config.auth && md_cpu_has_aes())
		err = batch_start();
	if (err)
		log_line("no memory for the tables: %s: passing through", strerror(-err));
	return err == 0;
}

static void open_stats(void)
{
	const char *path = setting("MDSHIM_CONF");
	int err = stats_open(config.stats_dir, path ? path : "/etc/mdshim/shim.conf");

	if (err)
		log_line("no counters in %s: %s", config.stats_dir, strerror(-err));
	if (!err && config.domains)
		usage_open(config.stats_dir);
}

static void begin(void)
{
	const char *where = setting("MDSHIM_LOG");
	bool ipv4 = false, ipv6 = false;

	if (switched_off())
		return;
	if (where)
		log_open(where);
	if (!configure())
		return;
	if (!where && config.log_file[0])
		log_open(config.log_file);
	if (!config_serves(&config, program_invocation_short_name) || !keep_routes(&ipv4, &ipv6))
		return;
	if (!lend() || !make_rooms())
		return;
	open_stats();
	broker_start(config.broker_socket);
	egress_start(config.engine, config.engines, ipv4, ipv6);
	snprintf(hall.program, sizeof(hall.program), "%s", program_invocation_short_name);
	hall.config = &config;
	path_serving = true;
}

static __attribute__((constructor)) void start(void)
{
	int saved = errno;

	real_bind();
	begin();
	errno = saved;
}
