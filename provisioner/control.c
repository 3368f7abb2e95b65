/* SPDX-License-Identifier: BSD-3-Clause */
#include "control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { GUESTS = 16, QUESTION = 64 };
#define PATIENCE 5. /* seconds for question and answer */

struct guest {
	struct control *control;
	ev_io io;
	ev_timer patience;
	bool used;
	char question[QUESTION];
	size_t asked;
	char *answer;
	size_t len, sent;
};

struct control {
	struct ev_loop *loop;
	struct service *service;
	int (*reload)(struct service *s);
	ev_io io;
	char path[CONFIG_PATH];
	struct guest guest[GUESTS];
};

static void leave(struct guest *g)
{
	ev_io_stop(g->control->loop, &g->io);
	ev_timer_stop(g->control->loop, &g->patience);
	close(g->io.fd);
	free(g->answer);
	g->answer = NULL;
	g->used = false;
}

static json_t *answer_make(struct control *c, const char *question)
{
	int err;

	if (strcmp(question, "books") == 0)
		return service_books(c->service);
	if (strcmp(question, "csp") == 0)
		return service_csp(c->service);
	if (strcmp(question, "reload") != 0)
		return json_pack("{s:s}", "error", "expected books, csp or reload");
	err = c->reload(c->service);
	return err ? json_pack("{s:s}", "error", c->service->problem) : json_pack("{s:b}", "reloaded", 1);
}

static void on_write(struct guest *g)
{
	ssize_t n = send(g->io.fd, g->answer + g->sent, g->len - g->sent, MSG_NOSIGNAL);

	if (n > 0)
		g->sent += (size_t)n;
	else if (errno == EAGAIN || errno == EINTR)
		return;
	if (n <= 0 || g->sent == g->len)
		leave(g);
}

static void on_read(struct guest *g)
{
	ssize_t n = recv(g->io.fd, g->question + g->asked, QUESTION - 1 - g->asked, 0);
	char *end;
	json_t *answer;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0)
		g->asked += (size_t)n;
	end = memchr(g->question, '\n', g->asked);
	if (!end) {
		if (n <= 0 || g->asked == QUESTION - 1)
			leave(g);
		return;
	}
	*end = '\0';
	answer = answer_make(g->control, g->question);
	g->answer = answer ? json_dumps(answer, JSON_COMPACT) : NULL;
	json_decref(answer);
	if (!g->answer) {
		leave(g);
		return;
	}
	g->len = strlen(g->answer);
	ev_io_stop(g->control->loop, &g->io);
	ev_io_set(&g->io, g->io.fd, EV_WRITE);
	ev_io_start(g->control->loop, &g->io);
}

static void on_guest(struct ev_loop *loop, ev_io *w, int events)
{
	(void)loop, (void)events;
	if (((struct guest *)w->data)->answer)
		on_write(w->data);
	else
		on_read(w->data);
}

static void on_patience(struct ev_loop *loop, ev_timer *w, int events)
{
	(void)loop, (void)events;
	leave(w->data);
}

static void on_knock(struct ev_loop *loop, ev_io *w, int events)
{
	struct control *c = w->data;
	struct guest *g = c->guest;
	int fd = accept4(w->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	(void)events;
	if (fd < 0)
		return;
	while (g < c->guest + GUESTS && g->used)
		g++;
	if (g == c->guest + GUESTS) {
		close(fd);
		return;
	}
	memset(g, 0, sizeof(*g));
	g->control = c;
	g->used = true;
	ev_io_init(&g->io, on_guest, fd, EV_READ);
	g->io.data = g;
	ev_timer_init(&g->patience, on_patience, PATIENCE, 0.);
	g->patience.data = g;
	ev_io_start(loop, &g->io);
	ev_timer_start(loop, &g->patience);
}

/* A socket that nobody answers at is left over from a process that was killed; the lock of the state folder says that. */
static int listen_at(const struct config *config, gid_t group)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd, err = 0;

	if (strlen(config->control_socket) >= sizeof(at.sun_path))
		return -ENAMETOOLONG;
	strcpy(at.sun_path, config->control_socket);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	unlink(at.sun_path);
	if (fchmod(fd, 0660) < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 || chmod(at.sun_path, 0660) < 0 ||
		(group != (gid_t)-1 && chown(at.sun_path, (uid_t)-1, group) < 0) || listen(fd, GUESTS) < 0)
		err = -errno;
	if (!err)
		return fd;
	close(fd);
	return err;
}

int control_open(struct control **out, struct ev_loop *loop, struct service *s, int (*reload)(struct service *s))
{
	struct control *c = calloc(1, sizeof(*c));
	int fd;

	if (!c)
		return -ENOMEM;
	fd = listen_at(&s->config, s->group);
	if (fd < 0) {
		free(c);
		return fd;
	}
	c->loop = loop;
	c->service = s;
	c->reload = reload;
	strcpy(c->path, s->config.control_socket);
	ev_io_init(&c->io, on_knock, fd, EV_READ);
	c->io.data = c;
	ev_io_start(loop, &c->io);
	*out = c;
	return 0;
}

void control_close(struct control *c)
{
	for (int i = 0; i < GUESTS; i++)
		if (c->guest[i].used)
			leave(&c->guest[i]);
	ev_io_stop(c->loop, &c->io);
	close(c->io.fd);
	unlink(c->path);
	free(c);
}
