/* SPDX-License-Identifier: BSD-3-Clause */
#include "judge.h"

#include <stdlib.h>
#include <string.h>

static int ascending(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static int64_t after(const struct frame *f, int64_t when)
{
	return when == INT64_MAX ? INT64_MAX : when - f->sent;
}

/* Centiles of what took from being sent to the time given, in milliseconds, of those that have one. */
static int centiles(double out[101], const struct frames *frames, const int64_t *at)
{
	int64_t *list = malloc(frames->count * sizeof(*list));
	unsigned n = 0;

	if (!list)
		return -1;
	for (unsigned i = 0; i < frames->count; i++)
		if (at[i] != INT64_MAX)
			list[n++] = after(&frames->frame[i], at[i]);
	qsort(list, n, sizeof(*list), ascending);
	for (unsigned i = 0; n && i <= 100; i++)
		out[i] = (double)list[(size_t)i * (n - 1) / 100] / 1e3;
	free(list);
	return 0;
}

static int delays(struct verdict *v, const struct frames *frames, const struct arm_result *r)
{
	double whole[101] = { 0 };

	if (centiles(whole, frames, r->done) < 0 || centiles(v->usable, frames, r->when) < 0)
		return -1;
	v->p50 = whole[50];
	v->p95 = whole[95];
	v->p99 = whole[99];
	return 0;
}

static void count(struct verdict *v, const struct frames *frames, const struct arm_result *r)
{
	double all = 0, wasted = 0;
	unsigned in = 0, in_60 = 0, decodable = 0, keys = 0;

	for (unsigned i = 0; i < frames->count; i++) {
		const struct frame *f = &frames->frame[i];
		int64_t delay = after(f, r->when[i]);

		in += delay <= JUDGE_FIRST;
		in_60 += delay <= JUDGE_SECOND;
		decodable += delay != INT64_MAX;
		keys += f->key && r->done[i] != INT64_MAX;
		all += r->carried[i];
		wasted += delay <= JUDGE_FIRST ? 0 : r->carried[i];
	}
	v->in_time = (double)in / frames->count;
	v->in_time_60 = (double)in_60 / frames->count;
	v->decodable = (double)decodable / frames->count;
	v->keys = frames->keys ? (double)keys / frames->keys : 1;
	v->wasted = all > 0 ? wasted / all : 0;
	waste_shares(v->waste, frames, r, JUDGE_FIRST);
}

/* A place in the film shows its own picture if that came in time, else what was shown before. */
static void show(const struct frames *frames, const struct arm_result *r, const struct pictures *decoded, int *shown)
{
	int last = -1;

	for (unsigned i = 0; i < frames->count; i++)
		shown[i] = -1;
	for (unsigned i = 0; i < frames->count; i++) {
		const struct frame *f = &frames->frame[i];

		if (after(f, r->when[i]) <= JUDGE_FIRST && decoded->there[f->display])
			shown[f->display] = (int)f->display;
	}
	for (unsigned i = 0; i < frames->count; i++)
		last = shown[i] = shown[i] < 0 ? last : shown[i];
}

static double frozen(const int *shown, unsigned count)
{
	unsigned run = 0, sum = 0;

	for (unsigned i = 0; i < count; i++) {
		run = shown[i] == (int)i ? 0 : run + 1;
		if (run == JUDGE_FREEZE)
			sum += JUDGE_FREEZE;
		else if (run > JUDGE_FREEZE)
			sum++;
	}
	return (double)sum / count;
}

/* How like what was filmed is what is shown. Most pictures are in their place and as in the whole stream. */
static double likeness(const struct pictures *source, const struct pictures *clean, const struct pictures *decoded, unsigned place,
	int shown)
{
	size_t size = (size_t)source->width * source->height;

	if (shown < 0)
		return 0;
	if (shown == (int)place && clean->alike && memcmp(picture(decoded, place), picture(clean, place), size) == 0)
		return clean->alike[place];
	return pictures_ssim(source, picture(source, place), picture(decoded, (unsigned)shown));
}

/* Nothing came that could be decoded: the viewer sees nothing. */
static bool is_dark(const struct frames *frames, const struct arm_result *r)
{
	for (unsigned i = 0; i < frames->count; i++)
		if (r->when[i] != INT64_MAX)
			return false;
	return true;
}

int judge_arm(struct verdict *v, const struct frames *frames, enum codec codec, const struct arm_result *r,
	const struct pictures *source, const struct pictures *clean, int *shown)
{
	struct pictures decoded;
	unsigned n = frames->count < source->count ? frames->count : source->count;
	size_t size = (size_t)source->width * source->height;

	memset(v, 0, sizeof(*v));
	count(v, frames, r);
	if (is_dark(frames, r)) {
		for (unsigned i = 0; i < frames->count; i++)
			shown[i] = -1;
		v->frozen = 1;
		return delays(v, frames, r);
	}
	if (delays(v, frames, r) < 0 || pictures_decode(&decoded, frames, codec, r->when, clean) < 0)
		return -1;
	if (!decoded.luma || decoded.width != source->width || decoded.height != source->height || clean->width != source->width) {
		pictures_free(&decoded);
		return -1;
	}
	for (unsigned i = 0; i < frames->count; i++)
		v->damaged += decoded.there[i] && memcmp(picture(&decoded, i), picture(clean, i), size) != 0;
	show(frames, r, &decoded, shown);
	v->frozen = frozen(shown, frames->count);
	for (unsigned i = 0; i < n; i++)
		v->ssim += likeness(source, clean, &decoded, i, shown[i]) / n;
	pictures_free(&decoded);
	return 0;
}

json_t *judge_json(const struct verdict *v, uint64_t seed)
{
	json_t *list = json_array(), *waste = json_object();

	for (int i = 0; i <= 100; i++)
		json_array_append_new(list, json_real(v->usable[i]));
	for (int i = 0; i < WASTE_CAUSES; i++)
		json_object_set_new(waste, waste_names[i], json_real(v->waste[i]));
	return json_pack("{s:I, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:i, s:o, s:o}", "seed", (json_int_t)seed, "in_time", v->in_time,
		"in_time_60", v->in_time_60, "decodable", v->decodable, "frozen", v->frozen, "p50", v->p50, "p95", v->p95, "p99", v->p99,
		"keys", v->keys, "wasted", v->wasted, "ssim", v->ssim, "damaged", (int)v->damaged, "waste", waste, "usable", list);
}
