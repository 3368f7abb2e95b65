// SPDX-License-Identifier: BSD-3-Clause
// Any octets as provisioner.conf: no crash, errors exactly when it is refused, and what is taken keeps every bound.
#include <string.h>

#include "../../provisioner/config.h"

#define HOLDS(x) do { if (!(x)) __builtin_trap(); } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct config config;
static struct config_errors errors;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int err = config_parse((const char *)data, size, &config, &errors);

	HOLDS((err == 0) == (errors.count == 0));
	for (unsigned i = 0; i < errors.count && i < CONFIG_ERRORS; i++)
		HOLDS(strlen(errors.error[i].text) < sizeof errors.error[i].text && *errors.error[i].text);
	if (err)
		return 0;
	HOLDS(config.domains <= CONFIG_DOMAINS && config.controllers <= CONFIG_CONTROLLERS);
	for (uint32_t i = 0; i < config.domains; i++) {
		const struct domain_config *d = &config.domain[i];

		HOLDS(d->lead + d->drain <= d->epoch && d->overlap <= d->lead && d->meanings <= CONFIG_MEANINGS);
		HOLDS(d->colours >= 1 && d->colours <= MD_BOOK_COLOURS && d->codes <= MD_BOOK_CODES && d->key_life <= MD_KEY_LIFE);
	}
	for (uint32_t i = 0; i < config.controllers; i++) {
		bool known = false;

		for (uint32_t k = 0; k < config.domains; k++)
			known = known || strcmp(config.controller[i].domain, config.domain[k].name) == 0;
		HOLDS(known && strncmp(config.controller[i].url, "https://", 8) == 0);
	}
	return 0;
}
