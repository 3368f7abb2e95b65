/* SPDX-License-Identifier: BSD-3-Clause */
#include "service.h"

#include "bookdisk.h"
#include "log.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What a configuration needs besides itself. */
struct stage {
	struct config config;
	struct peers peers[CONFIG_DOMAINS];
};

static void stage_free(struct stage *stage)
{
	for (uint32_t i = 0; stage && i < CONFIG_DOMAINS; i++)
		peers_free(&stage->peers[i]);
	free(stage);
}

/* The file, and every certificate it names. problem receives the first line of what is wrong; all of it is logged. */
static int stage_load(const char *path, struct stage **out, char problem[static 512])
{
	struct stage *stage = calloc(1, sizeof(*stage));
	static struct config_errors errors;
	char text[400];
	int err;

	*out = NULL;
	problem[0] = '\0';
	if (!stage)
		return -ENOMEM;
	err = config_read(path, &stage->config, &errors);
	for (unsigned i = 0; i < errors.count && i < CONFIG_ERRORS; i++) {
		log_error("%s:%d: %s", path, errors.error[i].line, errors.error[i].text);
		if (!i)
			snprintf(problem, 512, "%.200s:%d: %.255s", path, errors.error[i].line, errors.error[i].text);
	}
	for (uint32_t i = 0; !err && i < stage->config.domains; i++) {
		err = peers_load(&stage->peers[i], &stage->config, stage->config.domain[i].name, text);
		if (err) {
			log_error("%s", text);
			snprintf(problem, 512, "%s", text);
		}
	}
	if (err)
		stage_free(stage);
	else
		*out = stage;
	return err;
}

static int fail(const char *what, const char *why, int err)
{
	log_error("%s: %s", what, why);
	return err;
}

int service_check(const char *path)
{
	struct stage *stage;
	char problem[512];
	int err = stage_load(path, &stage, problem);

	stage_free(stage);
	return err;
}

static int group_find(const char *name, gid_t *out)
{
	struct group *g;

	*out = (gid_t)-1;
	if (!*name)
		return 0;
	g = getgrnam(name);
	if (!g)
		return -ENOENT;
	*out = g->gr_gid;
	return 0;
}

static int domain_add(struct service *s, const struct domain_config *config, const struct config *general, struct peers *peers,
	char text[static 400])
{
	struct domain *d = calloc(1, sizeof(*d));
	int err = d ? domain_open(d, config, general, s->group, peers, text) : -ENOMEM;

	if (err)
		free(d);
	else
		s->domain[s->domains++] = d;
	return err;
}

static int folders(struct service *s)
{
	int err = file_folder(s->config.publish_dir, 0755);

	if (err)
		return fail(s->config.publish_dir, strerror(-err), err);
	err = store_open(s->config.state_dir, &s->lock);
	if (err == -EBUSY)
		return fail(s->config.state_dir, "another mdprovisiond is at work there", err);
	return err ? fail(s->config.state_dir, strerror(-err), err) : 0;
}

int service_open(struct service *s, const char *path)
{
	struct stage *stage;
	char text[400] = "no memory";
	int err;

	memset(s, 0, sizeof(*s));
	s->path = path;
	err = stage_load(path, &stage, s->problem);
	if (err)
		return err;
	s->config = stage->config;
	log_verbose = s->config.verbose;
	err = group_find(s->config.group, &s->group);
	if (err)
		fail("group", "expected the name of a group of this host (or group = with nothing)", err);
	else
		err = folders(s);
	for (uint32_t i = 0; !err && i < s->config.domains; i++) {
		err = domain_add(s, &s->config.domain[i], &s->config, &stage->peers[i], text);
		if (err)
			fail(s->config.domain[i].name, text, err);
	}
	stage_free(stage);
	return err;
}

void service_start(struct service *s, struct ev_loop *loop, struct http *http)
{
	s->loop = loop;
	s->http = http;
	s->started = ev_time();
	for (unsigned i = 0; i < s->domains; i++)
		domain_start(s->domain[i], loop, http);
}

void service_stop(struct service *s)
{
	for (unsigned i = 0; i < s->domains; i++) {
		domain_close(s->domain[i]);
		explicit_bzero(s->domain[i], sizeof(*s->domain[i]));
		free(s->domain[i]);
	}
	s->domains = 0;
	if (s->lock > 0)
		close(s->lock);
}

/* --- Another configuration --------------------------------------------------------------------------------------------------- */

static struct domain *domain_find(struct service *s, const char *name)
{
	for (unsigned i = 0; i < s->domains; i++)
		if (strcmp(s->domain[i]->config.name, name) == 0)
			return s->domain[i];
	return NULL;
}

static bool has_domain(const struct config *c, const char *name)
{
	for (uint32_t i = 0; i < c->domains; i++)
		if (strcmp(c->domain[i].name, name) == 0)
			return true;
	return false;
}

static int refuse(struct service *s, int err)
{
	s->reloads_refused++;
	log_error("the new configuration is refused as a whole; the old one goes on: %s", s->problem);
	return err;
}

/* Where things lie is fixed while the daemon runs. */
static bool same_places(const struct config *a, const struct config *b)
{
	return strcmp(a->state_dir, b->state_dir) == 0 && strcmp(a->publish_dir, b->publish_dir) == 0 &&
		strcmp(a->group, b->group) == 0 && strcmp(a->control_socket, b->control_socket) == 0;
}

/* New domains are opened first, since only that can fail; they are closed again if a later one does. */
static int open_new(struct service *s, struct stage *stage, unsigned before)
{
	char text[400] = "no memory";

	for (uint32_t i = 0; i < stage->config.domains; i++) {
		const struct domain_config *c = &stage->config.domain[i];
		int err;

		if (domain_find(s, c->name))
			continue;
		err = s->domains == CONFIG_DOMAINS ? -ENOSPC : domain_add(s, c, &stage->config, &stage->peers[i], text);
		if (!err)
			continue;
		snprintf(s->problem, sizeof(s->problem), "domain %s: %s", c->name,
			err == -ENOSPC ? "too many at once: remove domains first, then add others" : text);
		while (s->domains > before) {
			domain_close(s->domain[--s->domains]);
			free(s->domain[s->domains]);
		}
		return err;
	}
	return 0;
}

static void commit(struct service *s, struct stage *stage, unsigned before)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < s->domains; i++) {
		struct domain *d = s->domain[i];

		if (i >= before) {
			domain_start(d, s->loop, s->http);
		} else if (!has_domain(&stage->config, d->config.name)) {
			domain_drop(d);
			free(d);
			continue;
		}
		for (uint32_t k = 0; i < before && k < stage->config.domains; k++)
			if (strcmp(stage->config.domain[k].name, d->config.name) == 0)
				domain_change(d, &stage->config.domain[k], &stage->peers[k]);
		strcpy(d->stats_dir, stage->config.stats_dir);
		s->domain[kept++] = d;
	}
	s->domains = kept;
	s->config = stage->config;
	log_verbose = s->config.verbose;
}

int service_reload(struct service *s)
{
	struct stage *stage;
	unsigned before = s->domains;
	int err = stage_load(s->path, &stage, s->problem);

	if (err)
		return refuse(s, err);
	if (!same_places(&s->config, &stage->config)) {
		snprintf(s->problem, sizeof(s->problem), "state_dir, publish_dir, group and control_socket cannot change while running");
		err = -EINVAL;
	} else {
		err = open_new(s, stage, before);
	}
	if (!err) {
		commit(s, stage, before);
		s->reloads++;
		s->problem[0] = '\0';
		log_error("configuration read again: %u domains", s->domains);
	}
	stage_free(stage);
	return err ? refuse(s, err) : 0;
}
