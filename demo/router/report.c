/* SPDX-License-Identifier: BSD-3-Clause */
#include "report.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

static json_t *auth_json(const struct decision *d)
{
	switch (d->auth) {
	case DECIDE_AUTH_OK:
		return json_string("ok");
	case DECIDE_AUTH_OFF:
		return json_string("off");
	case DECIDE_AUTH_BAD:
		return json_string(md_reason_name(d->auth_reason));
	case DECIDE_AUTH_UNSEEN:
		break;
	}
	return json_null();
}

/* The fields of MED or OFC as they were read; of an OFC without a book only what needs none (section 9). */
static void metadata_json(json_t *line, const struct md_metadata *m, const struct md_meaning *meaning, bool known,
	uint32_t bq_unit)
{
	json_object_set_new(line, "option", json_string(m->option == MD_MED ? "med" : "ofc"));
	if (m->option == MD_MED || known) {
		json_object_set_new(line, "s", json_integer(m->s));
		json_object_set_new(line, "d", json_integer(m->d));
		json_object_set_new(line, "p", json_integer(m->p));
		json_object_set_new(line, "l", json_integer(m->l));
	}
	if (m->option == MD_OFC && known && m->s)
		json_object_set_new(line, "stream", json_integer(meaning->stream));
	if (m->option == MD_OFC && known && !m->s) {
		json_object_set_new(line, "role", json_string(md_role_name((enum md_role)meaning->role)));
		json_object_set_new(line, "colour", json_integer(meaning->colour));
	}
	if (m->option == MD_MED)
		json_object_set_new(line, "counter", json_integer(m->counter));
	json_object_set_new(line, "bq", json_integer(m->bq));
	json_object_set_new(line, "burst", json_integer((json_int_t)m->bq * bq_unit));
	json_object_set_new(line, "seq", json_integer(m->seq));
	json_object_set_new(line, "ts", json_integer(m->ts));
}

static const char *track_name(enum md_track_result result)
{
	static const char *const name[] = { "next", "ahead", "late", "repeated" };

	return name[result];
}

/* The flow, and in tunnel mode the outer datagram, as far as they could be read. */
static void addresses_json(json_t *line, const struct decision *d)
{
	const struct md_datagram *own = d->mode == DECIDE_TUNNEL ? &d->inner : &d->outer;
	char text[TUPLE_TEXT];

	json_object_set_new(line, "flow", own->tuple.version ? json_string(tuple_text(text, &own->tuple)) : json_null());
	if (d->mode == DECIDE_TUNNEL && d->outer.tuple.version)
		json_object_set_new(line, "outer", json_string(tuple_text(text, &d->outer.tuple)));
}

static json_t *line_json(const struct report *report, const struct decision *d, const struct moment *at)
{
	json_t *line = json_pack("{s:f, s:s, s:s, s:o}", "t", (double)at->unix_ns / 1e9, "mode",
		decide_mode_name(d->mode), "action", decide_action_name(d->action), "reason",
		d->reason == MD_R_NONE ? json_null() : json_string(md_reason_name(d->reason)));

	if (!line)
		return NULL;
	addresses_json(line, d);
	if (d->options.meta.option == MD_NO_OPTION)
		json_object_set_new(line, "option", json_null());
	else
		metadata_json(line, &d->options.meta, &d->meaning, d->action == DECIDE_METADATA, report->bq_unit);
	json_object_set_new(line, "auth", auth_json(d));
	if (d->options.has_auth)
		json_object_set_new(line, "keyid", json_integer(d->options.keyid));
	if (d->options.token)
		json_object_set_new(line, "token_len", json_integer((json_int_t)d->options.token_len));
	if (d->tracked) {
		json_object_set_new(line, "mdu_new", json_boolean(d->note.mdu_new));
		json_object_set_new(line, "track", json_string(track_name(d->note.track)));
	}
	if (d->mode == DECIDE_TUNNEL)
		json_object_set_new(line, "inner_len", json_integer((json_int_t)d->outer.user_len));
	return line;
}

static void give_up(struct report *report, const char *what)
{
	fprintf(stderr, "mdrouter: --json: %s; no more lines are written\n", what);
	fclose(report->lines);
	report->lines = NULL;
}

static void line_write(struct report *report, const struct decision *d, const struct moment *at)
{
	json_t *line = line_json(report, d, at);

	if (line && json_dumpf(line, report->lines, JSON_COMPACT | JSON_REAL_PRECISION(16)) == 0)
		fputc('\n', report->lines);
	json_decref(line);
	if (ferror(report->lines))
		give_up(report, strerror(errno));
}

/* At most one line per reason and second. */
static void say_drop(struct report *report, const struct decision *d, const struct moment *at)
{
	int64_t second = at->unix_ns / 1000000000;
	char text[TUPLE_TEXT] = "";

	if (report->said[d->reason].second == second) {
		report->said[d->reason].kept_back++;
		return;
	}
	if (d->outer.tuple.version)
		tuple_text(text, &d->outer.tuple);
	fprintf(stderr, "mdrouter: dropped (%s) %s", md_reason_name(d->reason), text);
	if (report->said[d->reason].kept_back)
		fprintf(stderr, "; %llu more like it before", (unsigned long long)report->said[d->reason].kept_back);
	fputc('\n', stderr);
	report->said[d->reason].second = second;
	report->said[d->reason].kept_back = 0;
}

void report_packet(struct report *report, const struct decision *d, const struct moment *at)
{
	bool believed = d->auth == DECIDE_AUTH_OK || d->auth == DECIDE_AUTH_OFF;

	report->packets++;
	report->octets += d->outer.length;
	report->outcome[d->mode][d->action][d->reason]++;
	report->tokens += believed && d->options.token;
	report->bad_tokens += d->options.token_reason != MD_R_NONE;
	if (report->lines)
		line_write(report, d, at);
	if (d->action == DECIDE_DROP)
		say_drop(report, d, at);
}

void report_flush(struct report *report)
{
	if (report->lines && fflush(report->lines) != 0)
		give_up(report, strerror(errno));
}
