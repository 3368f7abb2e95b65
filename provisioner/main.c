/* SPDX-License-Identifier: BSD-3-Clause
 *
 * main.c - mdprovisiond: opens everything, says so, runs the loop. In the foreground unless --detach is given; whatever can
 * fail at the start fails before that. */
#include "armwatch.h"
#include "bookjson.h"
#include "broker.h"
#include "control.h"
#include "log.h"
#include "metrics.h"
#include "notify.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

static struct service service;
static struct armwatch *armwatch;
static struct broker *broker;
static ev_timer metrics, watchdog;

static void status(void)
{
	char text[256];
	unsigned active = 0;

	for (unsigned i = 0; i < service.domains; i++)
		active += service.domain[i]->active != NULL;
	snprintf(text, sizeof(text), "STATUS=%u domains, %u with an active book", service.domains, active);
	notify(text);
}

/* The old one goes first, since both would listen at the same place. */
static void broker_again(const struct config *config)
{
	char why[BROKER_WHY];

	broker_close(broker);
	if (broker_open(&broker, config, why) != 0)
		log_error("broker: %s", why);
	else if (broker_run(broker) != 0)
		log_error("broker: no thread");
}

static int reload(struct service *s)
{
	char text[64];
	struct timespec now;
	int err;

	clock_gettime(CLOCK_MONOTONIC, &now);
	snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
	notify(text);
	err = service_reload(s);
	if (!err) {
		ev_timer_stop(s->loop, &metrics);
		metrics.repeat = s->config.metrics_interval;
		ev_timer_again(s->loop, &metrics);
		armwatch_stop(armwatch);
		armwatch = armwatch_start(s->loop, &s->config);
		broker_again(&s->config);
	}
	notify("READY=1");
	status();
	return err;
}

static void on_reload(struct ev_loop *loop, ev_signal *w, int events)
{
	(void)loop, (void)w, (void)events;
	(void)reload(&service);
}

static void on_end(struct ev_loop *loop, ev_signal *w, int events)
{
	(void)w, (void)events;
	ev_break(loop, EVBREAK_ALL);
}

static void on_metrics(struct ev_loop *loop, ev_timer *w, int events)
{
	(void)loop, (void)w, (void)events;
	metrics_write(&service);
	status();
}

static void on_watchdog(struct ev_loop *loop, ev_timer *w, int events)
{
	(void)loop, (void)w, (void)events;
	notify("WATCHDOG=1");
}

/* Books and keys must not be found in a core file, nor read by other processes of the same user. */
static void keep_secrets(void)
{
	struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0);
	bookjson_secrecy();
}

static void usage(FILE *to)
{
	fputs("usage: mdprovisiond [--config FILE] [--check | --detach] [--ready-fd N]\n\n"
	      "  --config FILE  configuration (/etc/mdshim/provisioner.conf)\n"
	      "  --check        read configuration and certificates, say what is wrong, and end\n"
	      "  --detach       go into the background once everything is open\n"
	      "  --ready-fd N   write \"ready\" there then\n"
	      "  --help, --version\n", to);
}

struct arguments {
	const char *config;
	bool check, detach;
	int ready_fd;
};

static void arguments_read(struct arguments *a, int argc, char **argv)
{
	static const struct option known[] = { { "config", required_argument, NULL, 'c' }, { "check", no_argument, NULL, 't' },
		{ "detach", no_argument, NULL, 'd' }, { "ready-fd", required_argument, NULL, 'r' }, { "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' }, { 0 } };
	char *end;
	int c;

	*a = (struct arguments){ "/etc/mdshim/provisioner.conf", false, false, -1 };
	while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
		switch (c) {
		case 'c': a->config = optarg; break;
		case 't': a->check = true; break;
		case 'd': a->detach = true; break;
		case 'r':
			a->ready_fd = (int)strtol(optarg, &end, 10);
			if (*end || !*optarg || fcntl(a->ready_fd, F_GETFD) < 0) {
				log_error("--ready-fd '%s': expected the number of an open descriptor", optarg);
				exit(2);
			}
			break;
		case 'h': usage(stdout); exit(0);
		case 'v': puts("mdprovisiond " PROVISION_VERSION " (mdshim)"); exit(0);
		default: usage(stderr); exit(2);
		}
	}
	if (optind < argc) {
		usage(stderr);
		exit(2);
	}
}

static void say_ready(int fd)
{
	if (fd >= 0 && write(fd, "ready\n", 6) != 6)
		log_error("--ready-fd: %s", strerror(errno));
	if (fd > 2)
		close(fd);
	notify("READY=1");
	status();
}

static void run(struct ev_loop *loop, const struct arguments *a)
{
	static ev_signal hup, term, interrupt;
	double alive = notify_watchdog();

	ev_signal_init(&hup, on_reload, SIGHUP);
	ev_signal_start(loop, &hup);
	ev_signal_init(&term, on_end, SIGTERM);
	ev_signal_start(loop, &term);
	ev_signal_init(&interrupt, on_end, SIGINT);
	ev_signal_start(loop, &interrupt);
	ev_init(&metrics, on_metrics);
	metrics.repeat = service.config.metrics_interval;
	ev_timer_again(loop, &metrics);
	if (alive > 0) {
		ev_timer_init(&watchdog, on_watchdog, alive / 2, alive / 2);
		ev_timer_start(loop, &watchdog);
	}
	metrics_write(&service);
	say_ready(a->ready_fd);
	ev_run(loop, 0);
	notify("STOPPING=1");
}

int main(int argc, char **argv)
{
	struct arguments a;
	struct ev_loop *loop;
	struct http *http;
	struct control *control;
	char why[BROKER_WHY];
	int err;

	arguments_read(&a, argc, argv);
	keep_secrets();
	signal(SIGPIPE, SIG_IGN);
	if (a.check)
		return service_check(a.config) ? 1 : 0;
	if (service_open(&service, a.config))
		return 1;
	loop = ev_default_loop(0);
	http = loop && curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? http_new(loop) : NULL;
	if (!http) {
		log_error("no event loop, or libcurl cannot be used");
		return 1;
	}
	err = control_open(&control, loop, &service, reload);
	if (err) {
		log_error("%s: %s", service.config.control_socket, strerror(-err));
		return 1;
	}
	if (broker_open(&broker, &service.config, why) != 0) {
		log_error("broker: %s", why);
		return 1;
	}
	if (a.detach && daemon(0, 1) < 0) {
		log_error("--detach: %s", strerror(errno));
		return 1;
	}
	if (a.detach)
		ev_loop_fork(loop);
	service_start(&service, loop, http);
	armwatch = armwatch_start(loop, &service.config);
	if (broker_run(broker) != 0)
		log_error("broker: no thread");
	run(loop, &a);
	control_close(control);
	armwatch_stop(armwatch);
	broker_close(broker);
	metrics_write(&service);
	service_stop(&service);
	http_free(http);
	curl_global_cleanup();
	return 0;
}
