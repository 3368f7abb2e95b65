/* SPDX-License-Identifier: BSD-3-Clause */
#include "nft.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <mdshim/broker.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ANSWER = 32768, INNER4_MIN = 9, INNER6_HEADER = 40, UDP_HEADER = 8, SAID = 300, LISTING_MAX = 1 << 20 };

static void name_of(uint32_t bit, char name[static NFT_NAME])
{
	snprintf(name, NFT_NAME, "mdshim_%08" PRIx32, bit);
}

__attribute__((format(printf, 3, 4))) static int fail(char *why, int err, const char *format, ...)
{
	va_list values;

	va_start(values, format);
	vsnprintf(why, NFT_WHY, format, values);
	va_end(values);
	return err;
}

/* --- The kernel's list of tables -------------------------------------------------------------------------------------- */

static int ask_tables(void)
{
	struct {
		struct nlmsghdr head;
		struct nfgenmsg about;
	} ask = {
		.head = { sizeof(ask), NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETTABLE, NLM_F_REQUEST | NLM_F_DUMP, 1, 0 },
		.about = { NFPROTO_INET, NFNETLINK_V0, 0 },
	};
	int err, fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);

	if (fd < 0)
		return -errno;
	if (send(fd, &ask, sizeof(ask), 0) == sizeof(ask))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

/* The bit of one of our tables, 0: another's. */
static uint32_t bit_of(const char *name, size_t len)
{
	char text[NFT_NAME], again[NFT_NAME];
	unsigned bit = 0;

	if (len >= sizeof(text))
		return 0;
	memcpy(text, name, len);
	text[len] = '\0';
	if (sscanf(text, "mdshim_%8x", &bit) != 1)
		return 0;
	name_of(bit, again);
	return strcmp(text, again) == 0 ? bit : 0;
}

static uint32_t read_table(const struct nlmsghdr *message)
{
	const char *at = (const char *)NLMSG_DATA(message) + NLMSG_ALIGN(sizeof(struct nfgenmsg));
	const char *end = (const char *)message + message->nlmsg_len;
	struct nlattr attribute;

	while (end - at >= (ptrdiff_t)sizeof(attribute)) {
		memcpy(&attribute, at, sizeof(attribute));
		if (attribute.nla_len < sizeof(attribute) || attribute.nla_len > end - at)
			break;
		if ((attribute.nla_type & NLA_TYPE_MASK) == NFTA_TABLE_NAME) {
			size_t len = attribute.nla_len - sizeof(attribute);

			return bit_of(at + sizeof(attribute), strnlen(at + sizeof(attribute), len));
		}
		at += NLA_ALIGN(attribute.nla_len);
	}
	return 0;
}

/* 0: more is to come, 1: that was all, or what each said, or -errno. */
static int read_tables(const char *octets, size_t n, int (*each)(void *context, uint32_t bit), void *context, int *result)
{
	const struct nlmsghdr *message = (const struct nlmsghdr *)(const void *)octets;

	for (; NLMSG_OK(message, n); message = NLMSG_NEXT(message, n)) {
		uint32_t bit;

		if (message->nlmsg_type == NLMSG_DONE)
			return 1;
		if (message->nlmsg_type == NLMSG_ERROR) {
			*result = ((const struct nlmsgerr *)NLMSG_DATA(message))->error;
			return 1;
		}
		bit = read_table(message);
		if (bit && (*result = each(context, bit)) != 0)
			return 1;
	}
	return 0;
}

int nft_each(int (*each)(void *context, uint32_t bit), void *context)
{
	static _Thread_local _Alignas(struct nlmsghdr) char octets[ANSWER];
	int result = 0, fd = ask_tables();
	ssize_t n;

	if (fd < 0)
		return fd;
	do {
		n = recv(fd, octets, sizeof(octets), 0);
		if (n < 0)
			result = -errno;
	} while (n > 0 && !read_tables(octets, (size_t)n, each, context, &result));
	close(fd);
	return result;
}

static int is_it(void *context, uint32_t bit)
{
	return bit == *(const uint32_t *)context;
}

/* 1, 0 or -errno. */
static int is_there(uint32_t bit)
{
	return nft_each(is_it, &bit);
}

/* --- The program ------------------------------------------------------------------------------------------------------ */

static int start(char *const *argv, int in, int out, int complaint, pid_t *pid)
{
	char *const environment[] = { (char[]){ "PATH=/usr/sbin:/usr/bin:/sbin:/bin" }, (char[]){ "LC_ALL=C" }, NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t how;
	sigset_t none, usual;
	int err;

	sigemptyset(&none);
	sigemptyset(&usual);
	sigaddset(&usual, SIGPIPE);
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&how);
	posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setsigmask(&how, &none);
	posix_spawnattr_setsigdefault(&how, &usual);
	err = posix_spawn_file_actions_adddup2(&actions, in, 0);
	if (!err)
		err = posix_spawn_file_actions_adddup2(&actions, out, 1);
	if (!err)
		err = posix_spawn_file_actions_adddup2(&actions, complaint, 2);
	if (!err)
		err = posix_spawn(pid, NFT_PROGRAM, &actions, &how, argv, environment);
	posix_spawnattr_destroy(&how);
	posix_spawn_file_actions_destroy(&actions);
	return -err;
}

/* Whoever runs an event loop may have buried the child before we come; then what it complained of has to tell. */
static int await(pid_t pid, int complaint)
{
	struct stat said;
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return fstat(complaint, &said) == 0 && said.st_size == 0 ? 0 : -EIO;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EIO;
}

static int run(char *const *argv, int in, int out, char why[static NFT_WHY])
{
	char said[SAID] = "";
	int err, complaint = memfd_create("nft", MFD_CLOEXEC);
	pid_t pid = 0;

	if (complaint < 0)
		return fail(why, -errno, "no memory");
	err = start(argv, in, out, complaint, &pid);
	if (err) {
		fail(why, err, NFT_PROGRAM ": %s", strerror(-err));
	} else {
		err = await(pid, complaint);
		if (pread(complaint, said, sizeof(said) - 1, 0) < 0)
			said[0] = '\0';
		said[strcspn(said, "\n")] = '\0';
		if (err)
			fail(why, err, NFT_PROGRAM ": %s", *said ? said : "it failed");
	}
	close(complaint);
	return err;
}

static int run_script(FILE *script, int in, char why[static NFT_WHY])
{
	char *const argv[] = { (char[]){ "nft" }, (char[]){ "-f" }, (char[]){ "-" }, NULL };
	int err = 0, out = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (fflush(script) != 0 || lseek(in, 0, SEEK_SET) < 0 || out < 0)
		err = fail(why, -EIO, "no memory");
	else
		err = run(argv, in, out, why);
	if (out >= 0)
		close(out);
	fclose(script);
	return err;
}

static FILE *script_begin(int *in, char why[static NFT_WHY])
{
	FILE *script;

	*in = memfd_create("nft", MFD_CLOEXEC);
	script = *in >= 0 ? fdopen(*in, "w+") : NULL;
	if (script)
		return script;
	fail(why, -ENOMEM, "no memory");
	if (*in >= 0)
		close(*in);
	return NULL;
}

/* --- The table -------------------------------------------------------------------------------------------------------- */

/* nftables cannot add: what it is to put there has to be looked up. */
static void write_map(FILE *to, const char *name, unsigned offset, unsigned from, unsigned until, unsigned more)
{
	fprintf(to, "\tmap %s {\n\t\ttypeof @th,%u,16 : udp length\n\t\telements = {\n", name, offset);
	for (unsigned n = from; n <= until; n++)
		fprintf(to, "\t\t\t%u : %u%s\n", n, n + more, n < until ? "," : "");
	fputs("\t\t}\n\t}\n", to);
}

/* The bit goes once it has served: a datagram that is put into another (VXLAN, IPsec behind a translation) keeps its mark, and
 * the outer one is none of ours. */
static void write_rule(FILE *to, unsigned version, const char *map, unsigned offset, uint32_t bit)
{
	fprintf(to, "\t\tmeta l4proto udp @th,64,4 %u udp length set @th,%u,16 map @%s "
		"meta mark set meta mark & 0x%08" PRIx32 " counter name cut accept\n", version, offset, map, ~bit);
}

static void write_table(FILE *to, uint32_t bit)
{
	char name[NFT_NAME];

	name_of(bit, name);
	fprintf(to, "table inet %s {\n\tcounter cut {\n\t}\n\tcounter refused {\n\t}\n", name);
	write_map(to, "four", 80, INNER4_MIN, MD_BROKER_LENGTH_MAX, UDP_HEADER);
	write_map(to, "six", 96, 1, MD_BROKER_LENGTH_MAX - INNER6_HEADER, UDP_HEADER + INNER6_HEADER);
	fprintf(to, "\tchain out {\n\t\ttype filter hook postrouting priority 300; policy accept;\n"
		"\t\tmeta mark & 0x%08" PRIx32 " == 0 accept\n", bit);
	write_rule(to, 4, "four", 80, bit);
	write_rule(to, 6, "six", 96, bit);
	fputs("\t\tcounter name refused drop\n\t}\n}\n", to);
}

int nft_ensure(uint32_t bit, bool *fresh, char why[static NFT_WHY])
{
	int in, err = is_there(bit);
	FILE *script;

	*fresh = false;
	if (err < 0)
		return fail(why, err, "nftables cannot be asked: %s%s", strerror(-err), err == -EPERM ? " (needs CAP_NET_ADMIN)" : "");
	if (err)
		return 0;
	script = script_begin(&in, why);
	if (!script)
		return -ENOMEM;
	write_table(script, bit);
	err = run_script(script, in, why);
	*fresh = !err;
	return err;
}

int nft_shut(uint32_t bit, char why[static NFT_WHY])
{
	char name[NFT_NAME];
	int in;
	FILE *script = script_begin(&in, why);

	if (!script)
		return -ENOMEM;
	name_of(bit, name);
	fprintf(script, "flush chain inet %s out\nadd rule inet %s out meta mark & 0x%08" PRIx32 " == 0 accept\n"
		"add rule inet %s out counter name refused drop\n", name, name, bit, name);
	return run_script(script, in, why);
}

int nft_remove(uint32_t bit, char why[static NFT_WHY])
{
	char name[NFT_NAME];
	int in;
	FILE *script = script_begin(&in, why);

	if (!script)
		return -ENOMEM;
	name_of(bit, name);
	fprintf(script, "delete table inet %s\n", name);
	return run_script(script, in, why);
}

static void take_count(json_t *listing, const char *name, uint64_t *count)
{
	json_t *all = json_object_get(listing, "nftables"), *one;
	size_t i;

	json_array_foreach(all, i, one) {
		json_t *counter = json_object_get(one, "counter");
		const char *found = json_string_value(json_object_get(counter, "name"));

		if (found && strcmp(found, name) == 0)
			*count = (uint64_t)json_integer_value(json_object_get(counter, "packets"));
	}
}

int nft_counted(uint32_t bit, uint64_t *cut, uint64_t *refused)
{
	static char octets[LISTING_MAX];
	char name[NFT_NAME], why[NFT_WHY];
	char *const argv[] = { (char[]){ "nft" }, (char[]){ "-j" }, (char[]){ "list" }, (char[]){ "counters" }, (char[]){ "table" },
		(char[]){ "inet" }, name, NULL };
	int err, in = open("/dev/null", O_RDONLY | O_CLOEXEC), out = memfd_create("nft", MFD_CLOEXEC);
	json_t *listing = NULL;
	ssize_t n = 0;

	name_of(bit, name);
	*cut = *refused = 0;
	err = in < 0 || out < 0 ? -ENOMEM : run(argv, in, out, why);
	if (!err && (n = pread(out, octets, sizeof(octets), 0)) > 0)
		listing = json_loadb(octets, (size_t)n, 0, NULL);
	if (!err && !listing)
		err = -EIO;
	take_count(listing, "cut", cut);
	take_count(listing, "refused", refused);
	json_decref(listing);
	if (in >= 0)
		close(in);
	if (out >= 0)
		close(out);
	return err;
}
