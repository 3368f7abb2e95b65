// SPDX-License-Identifier: BSD-3-Clause
#include "arm_nft.h"

#include <errno.h>
#include <fcntl.h>
#include <mdshim/broker.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "command.h"
#include "netns.h"
#include "nft.h"

enum { TABLES = 256, LEASE_MS = 2000, PATIENCE = 3 };

struct table {
	int netns;           // a descriptor
	uint32_t inode, bit;
};

struct found {
	struct table table[TABLES];
	int count, netns, err;
};

static int keep(void *context, uint32_t bit)
{
	struct found *f = context;
	struct stat at;

	if (f->count == TABLES)
		return -ENOSPC;
	if (fstat(f->netns, &at) < 0)
		return 0;
	f->table[f->count] = (struct table){ fcntl(f->netns, F_DUPFD_CLOEXEC, 0), (uint32_t)at.st_ino, bit };
	if (f->table[f->count].netns < 0)
		return -errno;
	f->count++;
	return 0;
}

// A namespace that goes while we look is none.
static int look_at(void *context, int netns)
{
	struct found *f = context;
	int err, back;

	if (netns_enter(netns, &back) != 0)
		return 0;
	f->netns = netns;
	err = nft_each(keep, f);
	netns_leave(back);
	if (err && !f->err)
		f->err = err;
	return 0;
}

static void look_at_named(struct found *f, const struct arm_nft_places *places)
{
	for (unsigned i = 0; i < places->names; i++) {
		int netns = netns_open(places->name[i]);

		if (netns < 0) {
			complain("arm: network namespace %s: %s", places->name[i], strerror(-netns));
			f->err = netns;
			continue;
		}
		look_at(f, netns);
		close(netns);
	}
}

static int look(struct found *f, const struct arm_nft_places *places)
{
	memset(f, 0, sizeof *f);
	if (places->names)
		look_at_named(f, places);
	else
		netns_each(look_at, f);
	// A kernel without nftables has no tables.
	return f->err == -EPROTONOSUPPORT || f->err == -EINVAL || f->err == -EOPNOTSUPP ? 0 : f->err;
}

static void let_go(struct found *f)
{
	for (int i = 0; i < f->count; i++)
		close(f->table[i].netns);
}

static bool count(const struct table *t, uint64_t *cut, uint64_t *refused)
{
	int back, err = netns_enter(t->netns, &back);

	if (err)
		return false;
	err = nft_counted(t->bit, cut, refused);
	netns_leave(back);
	return err == 0;
}

int arm_nft_show(const struct arm_nft_places *places)
{
	static struct found f;
	uint64_t cut, refused;
	int err = look(&f, places);

	if (err)
		complain("arm: the tables of nftables: %s", strerror(-err));
	for (int i = 0; i < f.count; i++) {
		if (!count(&f.table[i], &cut, &refused))
			continue;
		printf("table inet mdshim_%08x of nftables, network namespace %u: %llu cut, %llu refused\n", f.table[i].bit,
			f.table[i].inode, (unsigned long long)cut, (unsigned long long)refused);
	}
	let_go(&f);
	return err ? err : f.count;
}

json_t *arm_nft_json(const struct arm_nft_places *places)
{
	static struct found f;
	json_t *all = json_array();
	uint64_t cut, refused;
	char name[32];

	(void)look(&f, places);
	for (int i = 0; i < f.count; i++) {
		snprintf(name, sizeof name, "mdshim_%08x", f.table[i].bit);
		if (count(&f.table[i], &cut, &refused))
			json_array_append_new(all, json_pack("{s:s,s:I,s:I,s:I}", "table", name, "netns", (json_int_t)f.table[i].inode,
				"cut", (json_int_t)cut, "refused", (json_int_t)refused));
	}
	let_go(&f);
	return all;
}

// Whether it marks no socket any more; if nobody answers, nobody does.
static void tell_daemon(const char *path)
{
	struct md_broker_request request = { MD_BROKER_VERSION, MD_BROKER_OFF, 0 };
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	struct timeval patience = { PATIENCE, 0 };
	struct md_broker_answer answer;
	int fd;

	if (strlen(path) >= sizeof at.sun_path)
		return;
	strcpy(at.sun_path, path);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	if (connect(fd, (struct sockaddr *)&at, sizeof at) == 0 && (send(fd, &request, sizeof request, MSG_NOSIGNAL) < 0 ||
		recv(fd, &answer, sizeof answer, 0) != sizeof answer || answer.error))
		complain("arm: %s: mdprovisiond does not answer, and may put its table in again", path);
	close(fd);
}

static int each(struct found *f, int (*what)(uint32_t bit, char *why))
{
	char why[NFT_WHY];
	int back, err, result = 0;

	for (int i = 0; i < f->count; i++) {
		err = netns_enter(f->table[i].netns, &back);
		if (err)
			continue;
		err = what(f->table[i].bit, why);
		netns_leave(back);
		if (err) {
			complain("arm: network namespace %u: %s", f->table[i].inode, why);
			result = err;
		}
	}
	return result;
}

static int shut(uint32_t bit, char *why)
{
	return nft_shut(bit, why);
}

static int take_out(uint32_t bit, char *why)
{
	return nft_remove(bit, why);
}

int arm_nft_off(const struct arm_nft_places *places, const char *broker)
{
	static struct found f;
	struct timespec lease = { LEASE_MS / 1000, 0 };
	int err;

	tell_daemon(broker);
	err = look(&f, places);
	if (err)
		complain("arm: the tables of nftables: %s", strerror(-err));
	// While the gate is shut and the table still there, every sender looks once more whether it works.
	if (f.count) {
		err |= each(&f, shut);
		clock_nanosleep(CLOCK_MONOTONIC, 0, &lease, NULL);
		err |= each(&f, take_out);
	}
	let_go(&f);
	return err ? -EIO : f.count;
}
