// SPDX-License-Identifier: BSD-3-Clause
// Reading the counters. The folder is writable for everybody, so nothing in a file is believed: it is read into memory
// of our own (a mapped file could be cut under us), its numbers are checked, its texts are made fit to print.
#include "statsfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

int statsfile_pid(const char *name)
{
	size_t digits = strspn(name, "0123456789");

	if (digits == 0 || digits > 9 || name[0] == '0' || strcmp(name + digits, ".stats") != 0)
		return 0;
	return (int)strtol(name, NULL, 10);
}

bool statsfile_process(int pid)
{
	char path[32];

	snprintf(path, sizeof path, "/proc/%d", pid);
	return access(path, F_OK) == 0;
}

// Field 22 of /proc/PID/stat, 0 without such a process. The name in field 2 may hold anything, blanks and brackets too.
static uint64_t start_ticks(int pid)
{
	char path[32], text[1024], *at;
	ssize_t n;
	int fd;

	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof text - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	at = strrchr(text, ')');
	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	return at ? strtoull(at, NULL, 10) : 0;
}

__attribute__((format(printf, 2, 3))) static void bad(struct statsfile *out, const char *format, ...)
{
	va_list values;

	va_start(values, format);
	vsnprintf(out->why, sizeof out->why, format, values);
	va_end(values);
}

static void printable(char *text, size_t room)
{
	text[room - 1] = '\0';
	for (size_t i = 0; text[i]; i++)
		if (text[i] < 0x20 || text[i] > 0x7e)
			text[i] = '?';
	memset(text + strlen(text), 0, room - strlen(text));
}

static bool octets_read(int dirfd, struct statsfile *out)
{
	uint8_t octets[MD_STATS_SIZE];
	struct stat st;
	ssize_t n = -1;
	int fd = openat(dirfd, out->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);

	if (fd < 0) {
		bad(out, "%s", errno == ELOOP ? "expected a file, found a symbolic link" : strerror(errno));
		return false;
	}
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		bad(out, "expected a file");
	else if (st.st_size != MD_STATS_SIZE)
		bad(out, "expected %d octets, found %lld", MD_STATS_SIZE, (long long)st.st_size);
	else if ((n = pread(fd, octets, sizeof octets, 0)) != MD_STATS_SIZE)
		bad(out, "expected %d octets, read %zd", MD_STATS_SIZE, n);
	else
		memcpy(&out->stats, octets, sizeof out->stats);
	close(fd);
	return n == MD_STATS_SIZE;
}

static bool check(struct statsfile *out)
{
	struct md_stats *s = &out->stats;

	if (s->magic != MD_STATS_MAGIC)
		bad(out, "expected counters of mdshim, found 0x%08x in front", s->magic);
	else if (s->version != MD_STATS_VERSION)
		bad(out, "expected version %d, found %u: mdctl and libmdshim do not belong together", MD_STATS_VERSION, s->version);
	else if (s->size != MD_STATS_SIZE)
		bad(out, "expected size %d inside, found %u", MD_STATS_SIZE, s->size);
	else if (s->pid != out->pid)
		bad(out, "expected counters of process %d, found those of %d", out->pid, s->pid);
	else if (s->engine_v4 >= MD_ENGINE_COUNT || s->engine_v6 >= MD_ENGINE_COUNT)
		bad(out, "expected engines below %d, found %u and %u", MD_ENGINE_COUNT, s->engine_v4, s->engine_v6);
	else
		return true;
	return false;
}

void statsfile_read(int dirfd, const char *name, struct statsfile *out)
{
	time_t now = time(NULL);

	memset(out, 0, sizeof *out);
	snprintf(out->name, sizeof out->name, "%s", name);
	out->pid = statsfile_pid(name);
	out->good = octets_read(dirfd, out) && check(out);
	if (!out->good)
		return;
	printable(out->stats.comm, sizeof out->stats.comm);
	printable(out->stats.config, sizeof out->stats.config);
	out->alive = out->stats.start_ticks != 0 && start_ticks(out->pid) == out->stats.start_ticks;
	if (out->alive && (uint64_t)now > out->stats.started)
		out->uptime = (uint64_t)now - out->stats.started;
}

uint64_t statsfile_wrapped(const struct md_stats *stats)
{
	return stats->count[MD_C_WRAPPED_MED_TUNNEL] + stats->count[MD_C_WRAPPED_MED_INLINE] +
		stats->count[MD_C_WRAPPED_OFC_TUNNEL] + stats->count[MD_C_WRAPPED_OFC_INLINE];
}

uint64_t statsfile_aside(const struct md_stats *stats)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < MD_ASIDE_COUNT; i++)
		sum += stats->aside[i];
	return sum;
}

const char *engine_name(uint32_t engine)
{
	static const char *const names[] = {
#define ENGINE_NAME(name, text) text,
		MD_ENGINES(ENGINE_NAME)
#undef ENGINE_NAME
	};

	return engine < MD_ENGINE_COUNT ? names[engine] : "?";
}

const char *engine_refusal(uint32_t engine, uint32_t error)
{
	static const struct { uint32_t engine, error; const char *text; } known[] = {
		{ MD_ENGINE_PATCH, ENOPROTOOPT, "refused: the patch is not in the kernel (mdctl arm)" },
		{ MD_ENGINE_PATCH, EOPNOTSUPP, "refused: the patch is not in the kernel (mdctl arm)" },
		{ MD_ENGINE_PATCH, ENODEV, "refused: the patch does not serve this network namespace (mdctl arm --netns)" },
		{ MD_ENGINE_PATCH, EPERM, "refused: the loopback interface has no patch (mdctl arm)" },
		{ MD_ENGINE_NFT, ENOENT, "refused: no mdprovisiond with nft = yes (provisioner.conf)" },
		{ MD_ENGINE_NFT, ECONNREFUSED, "refused: no mdprovisiond with nft = yes (provisioner.conf)" },
		{ MD_ENGINE_NFT, ENOPROTOOPT, "refused: mdprovisiond does not offer it (nft = yes in provisioner.conf)" },
		{ MD_ENGINE_NFT, ENODEV, "refused: no rule cuts the area off in this network namespace" },
		{ MD_ENGINE_NFT, EPERM, "refused: the kernel or a rule refuses the test datagram" },
		{ MD_ENGINE_NFT, EXDEV, "refused: mdprovisiond does not serve this network namespace (arm_namespaces)" },
		{ MD_ENGINE_RAW, EPERM, "refused: no CAP_NET_RAW, and nobody lends" },
		{ MD_ENGINE_RAW, EACCES, "refused: no CAP_NET_RAW, and [raw] of provisioner.conf does not name the process" },
		{ MD_ENGINE_RAW, EXDEV, "refused: mdprovisiond does not serve this network namespace (arm_namespaces)" },
		{ MD_ENGINE_AFXDP, EINPROGRESS, "not asked for yet: with the first datagram of a tunnel" },
		{ MD_ENGINE_AFXDP, ENOENT, "refused: no mdprovisiond with an [afxdp] section (provisioner.conf)" },
		{ MD_ENGINE_AFXDP, ECONNREFUSED, "refused: no mdprovisiond with an [afxdp] section (provisioner.conf)" },
		{ MD_ENGINE_AFXDP, ECONNRESET, "refused: mdprovisiond ended" },
		{ MD_ENGINE_AFXDP, ESHUTDOWN, "refused: mdprovisiond took it back" },
		{ MD_ENGINE_AFXDP, ETIMEDOUT, "refused: mdprovisiond does not answer, or looks after the link address no more" },
		{ MD_ENGINE_AFXDP, ENOPROTOOPT, "refused: mdprovisiond does not offer it ([afxdp] in provisioner.conf)" },
		{ MD_ENGINE_AFXDP, EACCES, "refused: no [afxdp] of provisioner.conf names the process" },
		{ MD_ENGINE_AFXDP, EXDEV, "refused: mdprovisiond does not serve this network namespace (arm_namespaces)" },
		{ MD_ENGINE_AFXDP, EADDRINUSE, "refused: another process sends by the queue of the interface" },
		{ MD_ENGINE_AFXDP, ENODEV, "refused: the interface that [afxdp] of provisioner.conf names is not there" },
		{ MD_ENGINE_AFXDP, EAFNOSUPPORT, "refused: the interface that [afxdp] of provisioner.conf names is no Ethernet" },
		{ MD_ENGINE_AFXDP, EINVAL, "refused: the interface has no such queue ([afxdp] in provisioner.conf)" },
		{ MD_ENGINE_AFXDP, ENETDOWN, "refused: the interface is down" },
		{ MD_ENGINE_AFXDP, ENXIO, "refused: the interface has gone" },
		{ MD_ENGINE_AFXDP, ENETUNREACH, "refused: the route to the router does not lead by the interface" },
		{ MD_ENGINE_AFXDP, EHOSTUNREACH, "refused: the next hop's link address is not known" },
	};
	static char text[96];

	for (unsigned i = 0; i < sizeof known / sizeof *known; i++)
		if (known[i].engine == engine && known[i].error == error)
			return known[i].text;
	if (error == EBADMSG)
		return "never used: its test datagram did not arrive as it was meant";
	snprintf(text, sizeof text, "refused: %s", error < 4096 ? strerror((int)error) : "unknown error");
	return text;
}
