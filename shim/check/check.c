// SPDX-License-Identifier: BSD-3-Clause
// mdshim-check: the shim's own reader as a program, so that a mistake in shim.conf is seen before anything is started.
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "config.h"


static struct config config;
static struct config_errors errors;

static int usage(FILE *to, int status)
{
	fputs("usage: mdshim-check [--quiet] FILE           check a configuration file and say what it means\n"
	      "       mdshim-check --get KEY FILE           print stats_dir, log_file or key_file\n"
	      "       mdshim-check --help | --version\n"
	      "Exit status: 0 the file is good, 1 it is not, 2 wrong usage.\n", to);
	return status;
}

static void messages(const char *file, const struct config_message *m, unsigned count, unsigned most, const char *kind)
{
	for (unsigned i = 0; i < count && i < most; i++) {
		if (m[i].line)
			fprintf(stderr, "%s:%d: %s%s\n", file, m[i].line, kind, m[i].text);
		else
			fprintf(stderr, "%s: %s%s\n", file, kind, m[i].text);
	}
	if (count > most)
		fprintf(stderr, "%s: %s%u more\n", file, kind, count - most);
}

static const char *address(uint8_t version, const uint8_t *addr, char text[static INET6_ADDRSTRLEN])
{
	return inet_ntop(version == 4 ? AF_INET : AF_INET6, addr, text, INET6_ADDRSTRLEN);
}

static void show_ports(const char *what, const struct ports *ports, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		printf("%s%u", i ? " " : what, ports[i].low);
		if (ports[i].high != ports[i].low)
			printf("-%u", ports[i].high);
	}
}

static void show_carries(const struct route *r)
{
	static const char *const carries[] = { "nothing", "rtp", "quic", "rtp+quic" };

	printf(", %s, %s", r->ofc ? "OFC" : "MED", carries[r->carries & 3]);
	if (r->quic_frames)
		fputs(", quic carries frames", stdout);
	if (r->protection != PROTECTION_AUTO)
		fputs(r->protection == PROTECTION_SRTP ? ", srtp" : ", clear", stdout);
	if (r->policy)
		printf(", policy %s", config.policy[r->policy].name);
	if (r->token_len)
		printf(", token of %u octets in %u datagrams", r->token_len, r->token_count);
	if (r->stun_token != STUN_TOKEN_OFF)
		fputs(r->stun_token == STUN_TOKEN_INSERT ? ", token into STUN requests" : ", token by STUN indication", stdout);
}

static void show_route(const struct route *r)
{
	char text[INET6_ADDRSTRLEN];

	printf("route %s: ", r->name);
	if (r->mode == MODE_TUNNEL) {
		const struct router *to = &config.router[r->router];

		printf(to->at.version == 6 ? "tunnel to %s [%s]:%u" : "tunnel to %s %s:%u", to->name,
			address(to->at.version, to->at.addr, text), to->at.port);
	} else {
		fputs(r->mode == MODE_INLINE ? "inline" : "off, sent as the program asked", stdout);
	}
	if (r->mode != MODE_OFF)
		show_carries(r);
	for (unsigned i = 0; i < r->destinations; i++)
		printf("%s%s/%u", i ? " " : ", for ", address(r->destination[i].version, r->destination[i].addr, text),
			r->destination[i].length);
	show_ports(", from port ", r->local_port, r->local_ports);
	show_ports(", to port ", r->remote_port, r->remote_ports);
	if (r->process[0])
		printf(", program %s", r->process);
	putchar('\n');
}

static void show_numbers(const char *what, const struct numbers *numbers)
{
	for (unsigned i = 0; i < numbers->n; i++)
		printf("%s%u", i ? " " : what, numbers->value[i]);
}

static void show_policy(const struct policy *p)
{
	if (!p->payload_types.n && !p->ssrcs.n && !p->streams.n)
		return;
	printf("policy %s", p->name);
	show_numbers(", payload types ", &p->payload_types);
	show_numbers(", SSRCs ", &p->ssrcs);
	show_numbers(", QUIC streams ", &p->streams);
	putchar('\n');
}

static void show(const char *file)
{
	printf("%s: good\nprograms:", file);
	for (unsigned i = 0; i < config.processes; i++)
		printf(" %s", config.process[i]);
	puts(config.enabled ? "" : " (enabled = no: none is served)");
	if (!config.auth)
		puts("auth: off");
	else if (config.has_key && config.key.cover)
		printf("auth: key %u, %s, cover %u octets\n", config.key.keyid, md_algorithm_name(config.key.algorithm),
			config.key.cover);
	else if (config.has_key)
		printf("auth: key %u, %s, cover datagram\n", config.key.keyid, md_algorithm_name(config.key.algorithm));
	for (unsigned i = 0; i < config.routes; i++)
		show_route(&config.route[i]);
	for (unsigned i = 0; i < config.policies; i++)
		show_policy(&config.policy[i]);
	if (!config.routes)
		puts("no routes: nothing is wrapped");
}

static int get(const char *key)
{
	if (strcmp(key, "stats_dir") == 0)
		puts(config.stats_dir);
	else if (strcmp(key, "log_file") == 0)
		puts(config.log_file);
	else if (strcmp(key, "key_file") == 0)
		puts(config.key_file);
	else
		return usage(stderr, 2);
	return 0;
}

int main(int argc, char **argv)
{
	const char *key = NULL, *file;
	bool quiet = false;
	int at = 1, status = 0;

	for (; at < argc && argv[at][0] == '-' && argv[at][1]; at++) {
		if (strcmp(argv[at], "--help") == 0)
			return usage(stdout, 0);
		if (strcmp(argv[at], "--version") == 0)
			return puts("mdshim-check " MDSHIM_VERSION) < 0;
		if (strcmp(argv[at], "--get") == 0 && at + 1 < argc)
			key = argv[++at];
		else if (strcmp(argv[at], "--quiet") == 0)
			quiet = true;
		else
			return usage(stderr, 2);
	}
	if (at + 1 != argc)
		return usage(stderr, 2);
	file = argv[at];
	if (config_read(file, &config, &errors) != 0) {
		messages(file, errors.error, errors.count, CONFIG_ERRORS, "");
		return 1;
	}
	if (!quiet && !key)
		messages(file, errors.warning, errors.warnings, CONFIG_WARNINGS, "warning: ");
	if (key)
		status = get(key);
	else if (!quiet)
		show(file);
	explicit_bzero(&config, sizeof config);
	return fflush(stdout) == 0 ? status : 1;
}
