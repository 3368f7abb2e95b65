/* SPDX-License-Identifier: BSD-3-Clause
 *
 * main.c - mdrouter, the reference wireless router: opens everything, runs the loop, prints the summary. */
#include "bookjson.h"
#include "lend.h"
#include "options.h"
#include "radio.h"
#include "ran.h"
#include "report.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ev.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RECEIVERS = OPTIONS_ENDPOINTS + OPTIONS_INTERFACES, TRAFFIC_KEYS = 8192, BATCHES = 8, LAST_BATCHES = 4096, LINES = 1 << 18 };

struct router {
	struct options options;
	struct decide_config config;
	struct decide_state state;
	struct report report;
	struct forward forward;
	struct receiver receiver[RECEIVERS];
	ev_io watcher[RECEIVERS];
	size_t receivers;
	struct shelf *shelf;           /* NULL: no control endpoint */
	struct control *control;
	struct radio *radio;           /* NULL: none */
	struct ran ran;                /* with options.gtpu */
};

static struct router router;

__attribute__((noreturn)) static void fail(const char *what, const char *why, int error)
{
	fprintf(stderr, "mdrouter: %s: %s", what, why);
	if (error)
		fprintf(stderr, ": %s", strerror(error));
	fputc('\n', stderr);
	exit(1);
}

/* Tells what to do about the errors that an operator can do something about. */
__attribute__((noreturn)) static void fail_open(const char *what, const char *step, int error)
{
	if (error == EADDRINUSE)
		fail(what, "the port is in use by another program", 0);
	if (error == EADDRNOTAVAIL)
		fail(what, "not an address of this host", 0);
	if (error == EACCES && strcmp(step, "bind") == 0)
		fail(what, "a port below 1024 needs the capability CAP_NET_BIND_SERVICE", 0);
	if (error == EPERM || error == EACCES)
		fail(what, "needs the capability CAP_NET_RAW (run as root, or: setcap cap_net_raw+ep mdrouter)", 0);
	fail(what, step, error);
}

/* A tunnelled datagram goes on: through the radio link, to a radio network, or at once. */
static void send_on(struct router *r, uint8_t *inner, const struct decision *d)
{
	if (r->radio)
		radio_add(r->radio, inner, d, r->options.bq_unit);
	else if (r->options.gtpu.version)
		ran_send(&r->ran, inner, d, r->options.bq_unit);
	else
		forward_add(&r->forward, inner, &d->inner, d->outer.ip.tos & 3);
}

static void handle(void *context, const struct receiver *from, uint8_t *packet, size_t len, const struct moment *at)
{
	struct router *r = context;
	struct decision d;

	decide(&r->config, &r->state, from->inlined ? DECIDE_INLINE : DECIDE_TUNNEL, packet, len, at, &d);
	if (d.foreign || (from->inlined && d.reason == MD_R_NO_OPTIONS)) {
		r->report.foreign++;
		return;
	}
	report_packet(&r->report, &d, at);
	if (!from->inlined && d.action != DECIDE_DROP && r->options.forward)
		send_on(r, packet + (d.outer.user - packet), &d);
}

/* Whether there may be more. */
static bool read_batch(struct router *r, struct receiver *receiver)
{
	size_t n;

	if (r->shelf)
		shelf_lock(r->shelf);
	n = receive_batch(receiver, handle, r);
	if (r->shelf)
		shelf_unlock(r->shelf);

	/* Inner datagrams lie in the buffers of the batch: they leave before the next one is read. */
	if (r->options.forward)
		forward_flush(&r->forward);
	return n == RECEIVE_BATCH;
}

static void readable(struct ev_loop *loop, ev_io *w, int events)
{
	(void)loop;
	(void)events;
	for (int i = 0; i < BATCHES && read_batch(&router, w->data); i++)
		;
}

/* The endpoint for books begins anew; what is forwarded goes on meanwhile. */
static void restart_control(void)
{
	char text[300];

	if (!router.shelf)
		return;
	if (control_reopen(&router.control, &router.options.control, router.shelf, text) < 0)
		fprintf(stderr, "mdrouter: --control: %s%s\n", text, router.control ? "; the endpoint goes on as it was" : "");
}

static void every_second(struct ev_loop *loop, ev_timer *w, int events)
{
	struct moment now;

	(void)loop;
	(void)w;
	(void)events;
	receive_now(&now);
	flows_expire(router.state.flows, now.ms);
	report_flush(&router.report);
	if (!router.shelf)
		return;
	shelf_lock(router.shelf);
	shelf_tick(router.shelf, now.unix_ns / 1000000000);
	shelf_unlock(router.shelf);
	if (!router.control)
		restart_control();
}

static void summarise(void)
{
	struct summary s = { &router.report, router.state.flows, router.options.forward ? &router.forward : NULL,
		router.receiver, router.receivers, router.shelf, router.radio,
		router.options.gtpu.version ? &router.ran : NULL };
	const char *path = router.options.summary;
	FILE *file;

	for (size_t i = 0; i < router.receivers; i++)
		receive_drops(&router.receiver[i]);
	report_flush(&router.report);
	summary_print(&s, stderr);
	if (!path)
		return;
	file = strcmp(path, "-") == 0 ? stdout : fopen(path, "we");
	if (!file || summary_json(&s, file) < 0)
		fprintf(stderr, "mdrouter: --summary '%s': %s\n", path, strerror(errno));
	if (file && file != stdout)
		fclose(file);
}

static void on_usr1(struct ev_loop *loop, ev_signal *w, int events)
{
	(void)loop;
	(void)w;
	(void)events;
	summarise();
}

static void on_hangup(struct ev_loop *loop, ev_signal *w, int events)
{
	(void)loop;
	(void)w;
	(void)events;
	restart_control();
}

static void on_end(struct ev_loop *loop, ev_signal *w, int events)
{
	(void)w;
	(void)events;
	ev_break(loop, EVBREAK_ALL);
}

/* What cannot be written is better known now than at the end. Opening a pipe would wait for its reader. */
static void files_open(struct router *r)
{
	const struct options *o = &r->options;
	struct stat is;
	FILE *file;

	if (o->summary && strcmp(o->summary, "-") != 0 && !(stat(o->summary, &is) == 0 && S_ISFIFO(is.st_mode))) {
		file = fopen(o->summary, "ae");
		if (!file)
			fail("--summary", o->summary, errno);
		fclose(file);
	}
	if (!o->json)
		return;
	r->report.lines = strcmp(o->json, "-") == 0 ? stdout : fopen(o->json, "we");
	if (!r->report.lines)
		fail("--json", o->json, errno);
	setvbuf(r->report.lines, NULL, _IOFBF, LINES);
}

static void set_up(struct router *r)
{
	struct options *o = &r->options;
	uint64_t seed;

	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		fail("getrandom", "no random numbers", errno);
	r->state.keys = keys_new(TRAFFIC_KEYS, seed, &lend_libcrypto);
	r->state.flows = flows_new(o->flows, o->window, o->limit, seed);
	if (!r->state.keys || !r->state.flows)
		fail("start", "no memory", 0);
	for (size_t i = 0; i < o->keys; i++)
		if (keys_add(r->state.keys, &o->key[i]) < 0)
			fail("start", "no memory", 0);
	if (o->keys)
		explicit_bzero(o->key, o->keys * sizeof(*o->key));
	free(o->key);
	r->config = (struct decide_config){ .ids = o->ids, .policy = o->policy, .cap = &o->cap, .client = &o->client,
		.own = o->listen, .own_count = o->listens };
	r->report.bq_unit = o->bq_unit;
	receive_now(&r->report.begun);
	if (o->policy == DECIDE_OFF)
		fputs("mdrouter: --auth off: anybody can send through this router; for laboratories only\n", stderr);
}

/* The books that are there, and the endpoint for more. */
static void open_control(struct router *r)
{
	struct options *o = &r->options;
	static char address[INET6_ADDRSTRLEN];
	char text[300] = "no memory";
	int error;

	if (!o->control_at.version)
		return;
	bookjson_secrecy();
	error = shelf_open(&r->shelf, o->books, o->domain, o->lab, r->state.keys, (int64_t)time(NULL));
	if (error < 0)
		fail("--books", o->books, -error);
	r->config.code_find = shelf_find;
	r->config.books = r->shelf;
	inet_ntop(o->control_at.version == 4 ? AF_INET : AF_INET6, o->control_at.address, address, sizeof(address));
	o->control.address = address;
	o->control.port = o->control_at.port;
	if (control_open(&r->control, &o->control, r->shelf, text) < 0)
		fail("--control", text, 0);
}

static void watch(struct router *r, struct ev_loop *loop)
{
	struct receiver *receiver = &r->receiver[r->receivers];
	ev_io *w = &r->watcher[r->receivers++];

	ev_io_init(w, readable, receiver->fd, EV_READ);
	w->data = receiver;
	ev_io_start(loop, w);
}

static void open_sockets(struct router *r, struct ev_loop *loop)
{
	char what[ENDPOINT_TEXT + 16], text[ENDPOINT_TEXT];
	const char *step = "";
	int error;

	for (size_t i = 0; i < r->options.listens; i++) {
		snprintf(what, sizeof(what), "--listen %s", endpoint_text(text, &r->options.listen[i]));
		error = receive_tunnel(&r->receiver[r->receivers], &r->options.listen[i], &step);
		if (error < 0)
			fail_open(what, step, -error);
		watch(r, loop);
	}
	for (size_t i = 0; i < r->options.interfaces; i++) {
		snprintf(what, sizeof(what), "--inline %s", r->options.interface[i]);
		error = receive_inline(&r->receiver[r->receivers], r->options.interface[i], &step);
		if (error < 0)
			fail_open(what, step, -error);
		watch(r, loop);
	}
	r->options.forward = r->options.forward && r->options.listens;
	if (r->options.forward && (error = forward_open(&r->forward)) < 0)
		fail_open("--forward yes", "raw socket", -error);
}

static void open_radio(struct router *r, struct ev_loop *loop)
{
	char problem[200] = "no memory";
	int error = 0;

	if (r->options.radio.trace && radio_open(&r->radio, &r->options.radio, loop, &r->forward, problem) < 0)
		fail("--radio", problem, 0);
	if (r->options.gtpu.version && (error = ran_open(&r->ran, &r->options.gtpu, r->options.teid, r->options.qfi)) < 0)
		fail("--gtpu", "socket", -error);
}

static void say_ready(int fd)
{
	if (fd < 0)
		return;
	if (write(fd, "ready\n", 6) != 6)
		fail("--ready-fd", "expected an open descriptor", errno);
	if (fd > 2)
		close(fd);
}

static void close_all(struct router *r)
{
	for (size_t i = 0; i < r->receivers; i++)
		receive_close(&r->receiver[i]);
	if (r->radio)
		radio_close(r->radio);
	if (r->options.gtpu.version)
		ran_close(&r->ran);
	if (r->options.forward)
		forward_close(&r->forward);
	if (r->report.lines)
		fclose(r->report.lines);
	if (r->control)
		control_close(r->control);
	if (r->shelf)
		shelf_close(r->shelf);
	flows_free(r->state.flows);
	keys_free(r->state.keys);
}

/* What has arrived already still counts, but a sender that does not stop must not keep us. */
static void finish(struct router *r)
{
	for (size_t i = 0; i < r->receivers; i++)
		for (int batch = 0; batch < LAST_BATCHES && read_batch(r, &r->receiver[i]); batch++)
			;
}

int main(int argc, char **argv)
{
	struct ev_loop *loop;
	ev_signal interrupt, terminate, usr1, hangup;
	ev_timer second;

	options_read(&router.options, argc, argv);
	signal(SIGPIPE, SIG_IGN);
	loop = ev_default_loop(0);
	if (!loop)
		fail("start", "no event loop", 0);
	set_up(&router);
	files_open(&router);
	open_sockets(&router, loop);
	open_radio(&router, loop);
	open_control(&router);
	ev_signal_init(&interrupt, on_end, SIGINT);
	ev_signal_start(loop, &interrupt);
	ev_signal_init(&terminate, on_end, SIGTERM);
	ev_signal_start(loop, &terminate);
	ev_signal_init(&usr1, on_usr1, SIGUSR1);
	ev_signal_start(loop, &usr1);
	ev_signal_init(&hangup, on_hangup, SIGHUP);
	if (router.shelf)
		ev_signal_start(loop, &hangup); /* without an endpoint it ends the program, as ever */
	ev_timer_init(&second, every_second, 1., 1.);
	ev_timer_start(loop, &second);
	say_ready(router.options.ready_fd);
	ev_run(loop, 0);
	finish(&router);
	summarise();
	close_all(&router);
	return 0;
}
