/* SPDX-License-Identifier: BSD-3-Clause */
#include "route.h"

#include <fnmatch.h>
#include <string.h>

static bool port_match(const struct ports *ports, unsigned n, uint16_t port)
{
	for (unsigned i = 0; i < n; i++)
		if (port >= ports[i].low && port <= ports[i].high)
			return true;
	return n == 0;
}

static bool covers(const struct route *route, const char *program, const struct md_tuple *tuple, unsigned carries)
{
	return (route->carries & carries) != 0 &&
		prefix_match(route->destination, route->destinations, tuple->version, tuple->dst) &&
		port_match(route->local_port, route->local_ports, tuple->sport) &&
		port_match(route->remote_port, route->remote_ports, tuple->dport) &&
		(!route->process[0] || fnmatch(route->process, program, 0) == 0);
}

int route_find(const struct config *config, const char *program, const struct md_tuple *tuple, unsigned carries)
{
	for (unsigned i = 0; i < config->routes; i++)
		if (covers(&config->route[i], program, tuple, carries))
			return (int)i;
	return -1;
}

bool route_never(uint8_t version, const uint8_t *addr)
{
	static const uint8_t everybody[4] = { 255, 255, 255, 255 };

	if (version == 4)
		return addr[0] >> 4 == 14 || (addr[0] == 169 && addr[1] == 254) || memcmp(addr, everybody, 4) == 0;
	return addr[0] == 0xff || (addr[0] == 0xfe && (addr[1] & 0xc0) == 0x80);
}

bool route_to_router(const struct config *config, const struct md_tuple *tuple)
{
	size_t len = tuple->version == 4 ? 4 : 16;

	for (unsigned i = 0; i < config->routers; i++) {
		const struct endpoint *at = &config->router[i].at;

		if (at->version == tuple->version && at->port == tuple->dport && memcmp(at->addr, tuple->dst, len) == 0)
			return true;
	}
	return false;
}
