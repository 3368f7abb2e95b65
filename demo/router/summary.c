/* SPDX-License-Identifier: BSD-3-Clause
 *
 * summary.c - the figures of a run, for people and as JSON. */
#include "report.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <string.h>

enum { FLOWS_LISTED = 256 };

static double milliseconds(double ticks)
{
	return ticks * 1000 / 65536;
}

static double seconds(const struct report *report)
{
	struct moment now;

	receive_now(&now);
	return (double)(now.ms - report->begun.ms) / 1000;
}

static uint64_t actions(const struct report *report, enum decide_action action)
{
	uint64_t n = 0;

	for (unsigned mode = 0; mode < 2; mode++)
		for (unsigned reason = 0; reason < MD_REASON_COUNT; reason++)
			n += report->outcome[mode][action][reason];
	return n;
}

static struct receive_counts receive_sum(const struct summary *s)
{
	struct receive_counts sum = { 0 };

	for (size_t i = 0; i < s->receivers; i++) {
		sum.kernel_drops += s->receiver[i].count.kernel_drops;
		sum.truncated += s->receiver[i].count.truncated;
		sum.bad_header += s->receiver[i].count.bad_header;
		sum.martian += s->receiver[i].count.martian;
		sum.other += s->receiver[i].count.other;
	}
	return sum;
}

/* Of the packets the senders numbered, those that never came. */
static double loss_percent(const struct flows_totals *t, uint64_t tracked)
{
	uint64_t sent = tracked + t->loss.lost;

	return sent ? 100 * (double)t->loss.lost / (double)sent : 0;
}

static uint64_t tracked(const struct report *report)
{
	return actions(report, DECIDE_METADATA) + report->outcome[DECIDE_TUNNEL][DECIDE_PLAIN][MD_R_UNKNOWN_CODE] +
		report->outcome[DECIDE_INLINE][DECIDE_PLAIN][MD_R_UNKNOWN_CODE];
}

static const char *errno_name(int error)
{
	const char *name = error ? strerrorname_np(error) : NULL;

	return name ? name : "unknown";
}

static void print_forward(const struct forward *f, FILE *to)
{
	fprintf(to, "mdrouter: forwarded %" PRIu64 " (%" PRIu64 " octets)", f->packets, f->octets);
	for (int i = 0; i < FORWARD_ERRNO_MAX; i++)
		if (f->failed[i])
			fprintf(to, ", %s %" PRIu64, errno_name(i), f->failed[i]);
	fputc('\n', to);
}

static void print_outcomes(const struct report *report, FILE *to)
{
	for (unsigned mode = 0; mode < 2; mode++)
		for (unsigned action = DECIDE_PLAIN; action <= DECIDE_DROP; action++)
			for (unsigned reason = 0; reason < MD_REASON_COUNT; reason++)
				if (report->outcome[mode][action][reason])
					fprintf(to, "mdrouter: %s, %s, %s: %" PRIu64 "\n", decide_mode_name(mode),
						decide_action_name((enum decide_action)action),
						md_reason_name((enum md_reason)reason), report->outcome[mode][action][reason]);
}

void summary_print(const struct summary *s, FILE *to)
{
	const struct report *report = s->report;
	struct flows_totals t = flows_totals(s->flows);
	struct receive_counts counts = receive_sum(s);

	fprintf(to, "mdrouter: %" PRIu64 " packets in %.1f s: %" PRIu64 " with metadata, %" PRIu64 " plain, %" PRIu64
		" dropped\n", report->packets, seconds(report), actions(report, DECIDE_METADATA),
		actions(report, DECIDE_PLAIN), actions(report, DECIDE_DROP));
	fprintf(to, "mdrouter: %" PRIu64 " flows (%" PRIu64 " evicted), %" PRIu64 " MDUs, %" PRIu64 " tokens\n", t.begun,
		t.evicted, t.mdus, report->tokens);
	fprintf(to, "mdrouter: lost %" PRIu64 " by sequence (%.2f %%), late %" PRIu64 ", repeated %" PRIu64
		"; jitter mean %.3f ms, greatest %.3f ms\n", t.loss.lost, loss_percent(&t, tracked(report)), t.loss.late,
		t.loss.repeated, milliseconds(t.jitter_mean), milliseconds(t.jitter_max));
	if (s->forward)
		print_forward(s->forward, to);
	fprintf(to, "mdrouter: receiving: %" PRIu64 " lost in the kernel's buffer, %" PRIu64 " with a bad IP header, %"
		PRIu64 " martian, %" PRIu64 " too long, %" PRIu64 " not for us\n", counts.kernel_drops, counts.bad_header,
		counts.martian, counts.truncated, counts.other + report->foreign);
	print_outcomes(report, to);
	fflush(to);
}

static json_t *number(uint64_t value)
{
	return json_integer((json_int_t)value);
}

/* {"tunnel": {"metadata": n, "plain": {reason: n}, "drop": {reason: n}}, "inline": ...} */
static json_t *outcomes_json(const struct report *report)
{
	json_t *all = json_object(), *of_mode, *of_action;

	for (unsigned mode = 0; mode < 2; mode++) {
		of_mode = json_object();
		json_object_set_new(of_mode, "metadata", number(report->outcome[mode][DECIDE_METADATA][MD_R_NONE]));
		for (unsigned action = DECIDE_PLAIN; action <= DECIDE_DROP; action++) {
			of_action = json_object();
			for (unsigned reason = 0; reason < MD_REASON_COUNT; reason++)
				if (report->outcome[mode][action][reason])
					json_object_set_new(of_action, md_reason_name((enum md_reason)reason),
						number(report->outcome[mode][action][reason]));
			json_object_set_new(of_mode, decide_action_name(action), of_action);
		}
		json_object_set_new(all, decide_mode_name(mode), of_mode);
	}
	return all;
}

/* By reason, whatever the mode and the action. */
static json_t *failures_json(const struct report *report)
{
	json_t *all = json_object();
	uint64_t n;

	for (unsigned reason = MD_R_NONE + 1; reason < MD_REASON_COUNT; reason++) {
		n = 0;
		for (unsigned mode = 0; mode < 2; mode++)
			for (unsigned action = 0; action < 3; action++)
				n += report->outcome[mode][action][reason];
		if (reason == MD_R_BAD_LENGTH_TOKEN)
			n += report->bad_tokens;
		if (n)
			json_object_set_new(all, md_reason_name(reason), number(n));
	}
	return all;
}

static json_t *radio_json(const struct radio *radio)
{
	struct radio_counts c;

	if (!radio)
		return json_null();
	c = radio_counts(radio);
	return json_pack("{s:s, s:I, s:I, s:I, s:I}", "policy", radio_policy_name(radio), "packets", (json_int_t)c.in, "sent",
		(json_int_t)c.sent, "dropped", (json_int_t)c.dropped, "waiting", (json_int_t)c.waiting);
}

static json_t *forward_json(const struct forward *f)
{
	json_t *errors = json_object();

	if (!f) {
		json_decref(errors);
		return json_null();
	}
	for (int i = 0; i < FORWARD_ERRNO_MAX; i++)
		if (f->failed[i])
			json_object_set_new(errors, errno_name(i), number(f->failed[i]));
	return json_pack("{s:o, s:o, s:o}", "packets", number(f->packets), "octets", number(f->octets), "errors", errors);
}

static json_t *receive_json(const struct summary *s)
{
	struct receive_counts counts = receive_sum(s);

	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "kernel_drops", number(counts.kernel_drops), "bad_header",
		number(counts.bad_header), "martian", number(counts.martian), "truncated", number(counts.truncated),
		"not_for_us", number(counts.other + s->report->foreign));
}

static json_t *flows_json(const struct flows *flows, uint32_t bq_unit)
{
	json_t *list = json_array();
	const struct flow *f = flows_newest(flows);
	char text[TUPLE_TEXT];

	for (int i = 0; f && i < FLOWS_LISTED; i++, f = f->older) {
		struct flow_loss loss = flow_loss(f);

		json_array_append_new(list, json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:f, s:o}", "flow",
			tuple_text(text, &f->tuple), "mode", f->inlined ? "inline" : "tunnel", "packets",
			number(f->packets), "octets", number(f->octets), "mdus", number(f->mdus), "lost",
			number(loss.lost), "late", number(loss.late), "repeated", number(loss.repeated), "jitter_ms",
			milliseconds(f->jitter), "burst", number((uint64_t)f->bq * bq_unit)));
	}
	return list;
}

/* What is kept, never a code. */
static json_t *books_json(struct shelf *shelf)
{
	struct shelf_book kept[2];
	unsigned n = shelf ? shelf_books(shelf, kept) : 0;
	struct shelf_counts c;
	json_t *list = json_array();

	if (!shelf) {
		json_decref(list);
		return json_null();
	}
	c = shelf_counts(shelf);
	for (unsigned i = 0; i < n; i++)
		json_array_append_new(list, json_pack("{s:o, s:o, s:o}", "book", number(kept[i].book), "codes", number(kept[i].codes),
			"keys", number(kept[i].keys)));
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "kept", list, "offers", number(c.offers), "accepted", number(c.accepted),
		"repeated", number(c.repeated), "rejected", number(c.rejected), "damaged", number(c.damaged));
}

static json_t *summary_object(const struct summary *s)
{
	const struct report *report = s->report;
	struct flows_totals t = flows_totals(s->flows);
	json_t *o = json_object();

	json_object_set_new(o, "seconds", json_real(seconds(report)));
	json_object_set_new(o, "packets", number(report->packets));
	json_object_set_new(o, "octets", number(report->octets));
	for (unsigned action = 0; action < 3; action++)
		json_object_set_new(o, decide_action_name(action), number(actions(report, action)));
	json_object_set_new(o, "mdus", number(t.mdus));
	json_object_set_new(o, "tokens", number(report->tokens));
	json_object_set_new(o, "lost", number(t.loss.lost));
	json_object_set_new(o, "lost_percent", json_real(loss_percent(&t, tracked(report))));
	json_object_set_new(o, "late", number(t.loss.late));
	json_object_set_new(o, "repeated", number(t.loss.repeated));
	json_object_set_new(o, "jitter_ms", json_pack("{s:f, s:f}", "mean", milliseconds(t.jitter_mean), "max",
		milliseconds(t.jitter_max)));
	json_object_set_new(o, "failures", failures_json(report));
	json_object_set_new(o, "outcomes", outcomes_json(report));
	json_object_set_new(o, "forward", forward_json(s->forward));
	json_object_set_new(o, "radio", radio_json(s->radio));
	json_object_set_new(o, "gtpu", s->ran ? json_pack("{s:I, s:I}", "packets", (json_int_t)s->ran->packets, "failed",
		(json_int_t)s->ran->failed) : json_null());
	json_object_set_new(o, "receive", receive_json(s));
	json_object_set_new(o, "flows", json_pack("{s:o, s:o, s:o, s:o}", "begun", number(t.begun), "kept",
		number(t.flows), "evicted", number(t.evicted), "evicted_busy", number(t.evicted_busy)));
	json_object_set_new(o, "books", books_json(s->shelf));
	json_object_set_new(o, "per_flow", flows_json(s->flows, report->bq_unit));
	return o;
}

int summary_json(const struct summary *s, FILE *to)
{
	json_t *o = summary_object(s);
	int error = o ? 0 : -ENOMEM;

	if (o && (json_dumpf(o, to, JSON_INDENT(1) | JSON_REAL_PRECISION(12)) < 0 || fputc('\n', to) == EOF ||
			 fflush(to) != 0))
		error = -EIO;
	json_decref(o);
	return error;
}
