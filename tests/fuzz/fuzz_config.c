// SPDX-License-Identifier: BSD-3-Clause
/* rule: 78 */
// Any octets as a configuration: no crash, errors counted as returned, texts ended, indices within their tables.
#include <string.h>

#include "config.h"

#define HOLDS(x) do { if (!(x)) __builtin_trap(); } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct config config;
static struct config_errors errors;

static void routes_hold(void)
{
	for (unsigned i = 0; i < config.routes; i++) {
		const struct route *r = &config.route[i];

		HOLDS(r->destinations >= 1 && r->destinations <= CONFIG_PREFIXES);
		HOLDS(r->local_ports <= CONFIG_PORTS && r->remote_ports <= CONFIG_PORTS);
		HOLDS(r->router >= -1 && r->router < (int)config.routers);
		HOLDS(r->mode != MODE_TUNNEL || r->router >= 0);
		HOLDS(r->policy >= 0 && r->policy < (int)config.policies);
		HOLDS(r->token_len <= MD_TOKEN_MAX && (r->carries & 3) && !(r->carries & ~3u));
		for (unsigned k = 0; k < r->destinations; k++)
			HOLDS(r->destination[k].length <= (r->destination[k].version == 4 ? 32 : 128));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int err = config_parse((const char *)data, size, &config, &errors);

	HOLDS(err == (errors.count ? -22 : 0));
	for (unsigned i = 0; i < errors.count && i < CONFIG_ERRORS; i++) {
		size_t len = strnlen(errors.error[i].text, CONFIG_MESSAGE);

		HOLDS(len > 0 && len < CONFIG_MESSAGE);
	}
	if (err)
		return 0;
	HOLDS(config.processes <= CONFIG_PROCESSES && config.turns <= CONFIG_TURN);
	for (unsigned i = 0; i < config.policies; i++)
		for (unsigned c = 0; c < CLASS_COUNT; c++)
			HOLDS(config.policy[i].row[c].d <= 3 && config.policy[i].row[c].p >= 1 && config.policy[i].row[c].p <= 3 &&
				config.policy[i].row[c].l <= 2);
	routes_hold();
	(void)config_serves(&config, "gst-launch-1.0");
	return 0;
}
