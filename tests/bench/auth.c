/* SPDX-License-Identifier: BSD-3-Clause
 *
 * auth one|batch|ratio 4|6 COVER TIMES - areas of MED and AUTH for the datagrams of a tunnel: 1200 octets of the application's
 * behind an inner header. one, batch: writes TIMES of them one by one, or eight at a time, for somebody who counts
 * instructions. ratio: in turn, and prints the median of the time per area of eight to that of eight single ones, in
 * percent, and both medians in nanoseconds. COVER: octets of user data under the MAC, 0: all. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <mdshim/wire.h>

enum { BATCH = MD_AREA_BATCH, PAYLOAD = 1200, ROOM = 64, ROUNDS = 401, SLICE = 40 };

static struct {
	struct md_metadata meta;
	struct md_traffic_key key;
	uint8_t header[MD_IPV6_HEADERS], payload[PAYLOAD], room[ROOM];
	struct iovec user[2];
	struct md_area area;
} datagram[BATCH];
static const struct md_ids ids = MD_IDS_DEFAULT;
static struct md_tuple tuple = { .src = { 192, 0, 2, 1 }, .dst = { 192, 0, 2, 2 }, .sport = 40000, .dport = 49777 };
static struct md_area_job job[BATCH];

static void prepare(uint8_t version, uint32_t cover)
{
	struct md_key master = { .keyid = 7, .len = 16, .key = { 1, 2, 3 }, .cover = cover };

	tuple.version = version;
	for (size_t i = 0; i < BATCH; i++) {
		size_t header = version == 4 ? MD_IPV4_HEADERS : MD_IPV6_HEADERS;

		/* The shim keeps a key for each flow, even where they go to one router. */
		if (md_traffic_key_make(&datagram[i].key, &master, &tuple, NULL) < 0) {
			fprintf(stderr, "auth: this processor has no AES instructions\n");
			exit(77);
		}
		datagram[i].meta = (struct md_metadata){ .option = MD_MED, .p = 1, .seq = (uint16_t)i, .ts = 1 };
		memset(datagram[i].payload, (int)i, PAYLOAD);
		datagram[i].user[0] = (struct iovec){ datagram[i].header, header };
		datagram[i].user[1] = (struct iovec){ datagram[i].payload, PAYLOAD };
		datagram[i].area = (struct md_area){ .ids = &ids, .meta = &datagram[i].meta, .key = &datagram[i].key,
			.tuple = &tuple, .user = datagram[i].user, .pieces = 2, .user_len = header + PAYLOAD };
		job[i] = (struct md_area_job){ .area = &datagram[i].area, .dst = datagram[i].room, .room = ROOM };
	}
}

static void write_one_by_one(void)
{
	for (size_t i = 0; i < BATCH; i++)
		if (md_area_write(datagram[i].room, ROOM, &datagram[i].area, NULL) < 0)
			abort();
}

static void write_batch(void)
{
	md_area_write_all(job, BATCH, NULL);
	for (size_t i = 0; i < BATCH; i++)
		if (job[i].len < 0)
			abort();
}

static double slice(void (*work)(void))
{
	struct timespec a, b;

	clock_gettime(CLOCK_MONOTONIC, &a);
	for (int i = 0; i < SLICE; i++)
		work();
	clock_gettime(CLOCK_MONOTONIC, &b);
	return ((double)(b.tv_sec - a.tv_sec) * 1e9 + (double)(b.tv_nsec - a.tv_nsec)) / (SLICE * BATCH);
}

static int by_size(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Each slice of the batch lies between two of the single ones. */
static void compare(void)
{
	static double share[ROUNDS], one[ROUNDS], eight[ROUNDS];
	double before = slice(write_one_by_one), after;

	for (int i = 0; i < ROUNDS; i++) {
		eight[i] = slice(write_batch);
		after = slice(write_one_by_one);
		one[i] = (before + after) / 2;
		share[i] = 100 * eight[i] / one[i];
		before = after;
	}
	qsort(share, ROUNDS, sizeof *share, by_size);
	qsort(one, ROUNDS, sizeof *one, by_size);
	qsort(eight, ROUNDS, sizeof *eight, by_size);
	printf("%.1f %.1f %.1f\n", share[ROUNDS / 2], eight[ROUNDS / 2], one[ROUNDS / 2]);
}

int main(int argc, char **argv)
{
	unsigned long times;

	if (argc != 5) {
		fprintf(stderr, "usage: auth one|batch|ratio 4|6 COVER TIMES\n");
		return 2;
	}
	prepare((uint8_t)strtoul(argv[2], NULL, 10), (uint32_t)strtoul(argv[3], NULL, 10));
	times = strtoul(argv[4], NULL, 10) / BATCH;
	if (strcmp(argv[1], "ratio") == 0) {
		compare();
		return 0;
	}
	for (unsigned long i = 0; i < times; i++)
		(strcmp(argv[1], "one") == 0 ? write_one_by_one : write_batch)();
	return 0;
}
