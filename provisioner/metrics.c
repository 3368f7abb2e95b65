/* SPDX-License-Identifier: BSD-3-Clause */
#include "metrics.h"

#include "bookdisk.h"
#include "log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

static void head(FILE *to, const char *name, const char *type, const char *help)
{
	fprintf(to, "# HELP mdprovisiond_%s %s\n# TYPE mdprovisiond_%s %s\n", name, help, name, type);
}

static void domain_counts(FILE *to, const struct service *s)
{
	static const struct { const char *name, *help; size_t at; } row[] = {
		{ "books_minted_total", "Books made.", offsetof(struct domain_counts, minted) },
		{ "books_activated_total", "Books that became active.", offsetof(struct domain_counts, activated) },
		{ "books_rejected_total", "Books a controller refused.", offsetof(struct domain_counts, rejected) },
		{ "books_expired_total", "Books that expired without a successor, or before all had accepted them.",
			offsetof(struct domain_counts, expired) },
		{ "books_retired_total", "Books forgotten.", offsetof(struct domain_counts, retired) },
		{ "failures_total", "Books that could not be made, stored or published.", offsetof(struct domain_counts, failed) },
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		head(to, row[i].name, "counter", row[i].help);
		for (unsigned k = 0; k < s->domains; k++) {
			uint64_t value;

			memcpy(&value, (const char *)&s->domain[k]->count + row[i].at, sizeof(value));
			fprintf(to, "mdprovisiond_%s{domain=\"%s\"} %" PRIu64 "\n", row[i].name, s->domain[k]->config.name, value);
		}
	}
}

static void csp_counts(FILE *to, const struct service *s)
{
	static const struct { const char *name, *help; size_t at; } row[] = {
		{ "offers_total", "Books offered to a controller, repeats included.", offsetof(struct csp_counts, offers) },
		{ "offers_accepted_total", "Offers a controller accepted.", offsetof(struct csp_counts, accepted) },
		{ "offers_rejected_total", "Offers a controller refused.", offsetof(struct csp_counts, rejected) },
		{ "offers_failed_total", "Offers without an answer.", offsetof(struct csp_counts, failed) },
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		head(to, row[i].name, "counter", row[i].help);
		for (unsigned k = 0; k < s->domains; k++) {
			for (unsigned n = 0; n < s->domain[k]->peers.n; n++) {
				const struct peer *p = &s->domain[k]->peers.peer[n];
				uint64_t value;

				memcpy(&value, (const char *)&p->csp.count + row[i].at, sizeof(value));
				fprintf(to, "mdprovisiond_%s{domain=\"%s\",controller=\"%s\"} %" PRIu64 "\n", row[i].name,
					s->domain[k]->config.name, p->config.name, value);
			}
		}
	}
}

static void gauges(FILE *to, const struct service *s)
{
	head(to, "active_book", "gauge", "Epoch id of the book in use, 0 without one.");
	for (unsigned k = 0; k < s->domains; k++)
		fprintf(to, "mdprovisiond_active_book{domain=\"%s\"} %u\n", s->domain[k]->config.name,
			s->domain[k]->active ? s->domain[k]->active->stored.book : 0);
	head(to, "active_book_expiry_timestamp_seconds", "gauge", "When the book in use ends, 0 without one.");
	for (unsigned k = 0; k < s->domains; k++)
		fprintf(to, "mdprovisiond_active_book_expiry_timestamp_seconds{domain=\"%s\"} %" PRId64 "\n", s->domain[k]->config.name,
			s->domain[k]->active ? s->domain[k]->active->book->not_after : 0);
	head(to, "reloads_total", "counter", "Configurations taken over while running.");
	fprintf(to, "mdprovisiond_reloads_total %" PRIu64 "\n", s->reloads);
	head(to, "reloads_refused_total", "counter", "Configurations refused while running.");
	fprintf(to, "mdprovisiond_reloads_refused_total %" PRIu64 "\n", s->reloads_refused);
	head(to, "start_time_seconds", "gauge", "When the daemon was started.");
	fprintf(to, "mdprovisiond_start_time_seconds %.3f\n", s->started);
	head(to, "build_info", "gauge", "Version of the daemon.");
	fprintf(to, "mdprovisiond_build_info{version=\"%s\"} 1\n", PROVISION_VERSION);
}

void metrics_write(const struct service *s)
{
	static bool complained;
	char folder[CONFIG_PATH], *slash, *text = NULL;
	struct iovec piece;
	size_t len = 0;
	FILE *to;
	int err;

	strcpy(folder, s->config.metrics_file);
	slash = strrchr(folder, '/');
	if (!slash || !slash[1] || !(to = open_memstream(&text, &len)))
		return;
	domain_counts(to, s);
	csp_counts(to, s);
	gauges(to, s);
	fclose(to);
	*slash = '\0';
	piece = (struct iovec){ text, len };
	err = file_replace(*folder ? folder : "/", slash + 1, 0644, &piece, 1);
	if (err && !complained)
		log_error("%s: %s", s->config.metrics_file, strerror(-err));
	complained = err;
	free(text);
}
