/* SPDX-License-Identifier: BSD-3-Clause */
#include "armpair.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { NUMBERS = 8, MTU = 65535, ROOM = 1024, ANSWER = 16384 };

/* The first takes packets of one segment only, so that the kernel makes segments in front of it; the pair then has no say in
 * what becomes of checksums. */
enum { SEGMENTS = 1 };

struct ask {
	_Alignas(struct nlmsghdr) uint8_t octets[ROOM];
};

struct link {
	uint32_t index, peer, mtu, segments;
	bool up, veth;
	char alias[256];
};

static struct nlmsghdr *head_of(struct ask *ask)
{
	return (struct nlmsghdr *)(void *)ask->octets;
}

static struct rtattr *add(struct ask *ask, unsigned short type, const void *data, size_t len)
{
	struct nlmsghdr *head = head_of(ask);
	struct rtattr *at = (struct rtattr *)(void *)(ask->octets + NLMSG_ALIGN(head->nlmsg_len));

	at->rta_type = type;
	at->rta_len = (unsigned short)RTA_LENGTH(len);
	if (len)
		memcpy(RTA_DATA(at), data, len);
	head->nlmsg_len = NLMSG_ALIGN(head->nlmsg_len) + (uint32_t)RTA_ALIGN(at->rta_len);
	return at;
}

static void add_number(struct ask *ask, unsigned short type, uint32_t number)
{
	add(ask, type, &number, sizeof(number));
}

static void end(struct ask *ask, struct rtattr *nest)
{
	nest->rta_len = (unsigned short)(ask->octets + head_of(ask)->nlmsg_len - (uint8_t *)nest);
}

static struct ifinfomsg *begin(struct ask *ask, unsigned short type, unsigned flags)
{
	memset(ask, 0, sizeof(*ask));
	head_of(ask)->nlmsg_len = NLMSG_LENGTH(sizeof(struct ifinfomsg));
	head_of(ask)->nlmsg_type = type;
	head_of(ask)->nlmsg_flags = (unsigned short)(NLM_F_REQUEST | flags);
	return NLMSG_DATA(head_of(ask));
}

/* The kernel's answer to one request: its length, 0 for a mere consent, or -errno. */
static int talk(struct ask *ask, void *answer, size_t room)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	const struct nlmsghdr *head = answer;
	ssize_t n = -1;
	int err;

	if (fd >= 0 && send(fd, ask->octets, head_of(ask)->nlmsg_len, 0) >= 0)
		n = recv(fd, answer, room, 0);
	err = n < 0 ? -errno : -EPROTO;
	if (fd >= 0)
		close(fd);
	if (n < (ssize_t)sizeof(*head) || !NLMSG_OK(head, (size_t)n))
		return err;
	if (head->nlmsg_type != NLMSG_ERROR)
		return (int)n;
	return head->nlmsg_len < NLMSG_LENGTH(sizeof(int)) ? -EPROTO : *(const int *)NLMSG_DATA(head);
}

/* The attribute at an offset of len octets, or NULL; the offset moves behind it. */
static const struct rtattr *next(const void *attributes, size_t len, size_t *offset)
{
	const struct rtattr *at = (const void *)((const uint8_t *)attributes + *offset);

	if (*offset + sizeof(*at) > len || at->rta_len < sizeof(*at) || at->rta_len > len - *offset)
		return NULL;
	*offset += RTA_ALIGN(at->rta_len);
	return at;
}

static uint32_t number_in(const struct rtattr *at)
{
	uint32_t number = 0;

	if (RTA_PAYLOAD(at) >= sizeof(number))
		memcpy(&number, RTA_DATA(at), sizeof(number));
	return number;
}

static bool is_veth(const struct rtattr *info)
{
	const struct rtattr *at;
	size_t offset = 0;

	while ((at = next(RTA_DATA(info), RTA_PAYLOAD(info), &offset)))
		if (at->rta_type == IFLA_INFO_KIND)
			return RTA_PAYLOAD(at) >= 4 && memcmp(RTA_DATA(at), "veth", 4) == 0;
	return false;
}

static int look(const char *name, struct link *link)
{
	_Alignas(struct nlmsghdr) uint8_t answer[ANSWER] = { 0 };
	struct nlmsghdr *head = (struct nlmsghdr *)(void *)answer;
	const struct ifinfomsg *about;
	const struct rtattr *at;
	size_t offset = 0;
	struct ask ask;
	int n;

	begin(&ask, RTM_GETLINK, 0);
	add(&ask, IFLA_IFNAME, name, strlen(name) + 1);
	n = talk(&ask, answer, sizeof(answer));
	if (n <= 0)
		return n ? n : -EPROTO;
	memset(link, 0, sizeof(*link));
	if (head->nlmsg_type != RTM_NEWLINK || head->nlmsg_len < NLMSG_LENGTH(sizeof(struct ifinfomsg)))
		return -EPROTO;
	about = NLMSG_DATA(head);
	link->index = (uint32_t)about->ifi_index;
	link->up = (about->ifi_flags & IFF_UP) != 0;
	while ((at = next(IFLA_RTA(about), IFLA_PAYLOAD(head), &offset))) {
		switch (at->rta_type) {
		case IFLA_LINK: link->peer = number_in(at); break;
		case IFLA_MTU: link->mtu = number_in(at); break;
		case IFLA_GSO_MAX_SEGS: link->segments = number_in(at); break;
		case IFLA_LINKINFO: link->veth = is_veth(at); break;
		case IFLA_IFALIAS: snprintf(link->alias, sizeof(link->alias), "%.*s", (int)RTA_PAYLOAD(at), (const char *)RTA_DATA(at)); break;
		default: break;
		}
	}
	return 0;
}

static int create(const char *in, const char *out)
{
	_Alignas(struct nlmsghdr) uint8_t answer[ANSWER];
	struct rtattr *info, *data, *peer;
	struct ifinfomsg none = { .ifi_family = AF_UNSPEC };
	struct ask ask;

	begin(&ask, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK);
	add(&ask, IFLA_IFNAME, in, strlen(in) + 1);
	add_number(&ask, IFLA_MTU, MTU);
	add_number(&ask, IFLA_GSO_MAX_SEGS, SEGMENTS);
	info = add(&ask, IFLA_LINKINFO, NULL, 0);
	add(&ask, IFLA_INFO_KIND, "veth", 4);
	data = add(&ask, IFLA_INFO_DATA, NULL, 0);
	peer = add(&ask, VETH_INFO_PEER, &none, sizeof(none));
	add(&ask, IFLA_IFNAME, out, strlen(out) + 1);
	add_number(&ask, IFLA_MTU, MTU);
	end(&ask, peer);
	end(&ask, data);
	end(&ask, info);
	return talk(&ask, answer, sizeof(answer));
}

/* Nobody is to have an address there, nor to look for neighbours. A kernel without IPv6 has no such file. */
static void no_ipv6(const char *name)
{
	char path[100];
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/disable_ipv6", name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	(void)!write(fd, "1", 1);
	close(fd);
}

/* As it has to be, whatever it was. */
static int set(const char *name, const struct link *link, const char *alias, bool first)
{
	_Alignas(struct nlmsghdr) uint8_t answer[ANSWER];
	struct ifinfomsg *about;
	struct ask ask;

	if (link->up && link->mtu == MTU && strcmp(link->alias, alias) == 0 && (!first || link->segments == SEGMENTS))
		return 0;
	no_ipv6(name);
	about = begin(&ask, RTM_NEWLINK, NLM_F_ACK);
	about->ifi_index = (int)link->index;
	about->ifi_flags = about->ifi_change = IFF_UP;
	add(&ask, IFLA_IFALIAS, alias, strlen(alias));
	add_number(&ask, IFLA_MTU, MTU);
	if (first)
		add_number(&ask, IFLA_GSO_MAX_SEGS, SEGMENTS);
	return talk(&ask, answer, sizeof(answer));
}

static void names(unsigned number, char in[static IFNAMSIZ], char out[static IFNAMSIZ])
{
	snprintf(in, IFNAMSIZ, "mdshim-gso%u", number);
	snprintf(out, IFNAMSIZ, "mdshim-seg%u", number);
}

/* A pair without an alias was left by one of us who did not get further. */
static bool is_ours(const struct link *link, const char *alias)
{
	return link->veth && (!link->alias[0] || strcmp(link->alias, alias) == 0);
}

static int take(unsigned number, const char *alias, struct armpair *pair)
{
	char in[IFNAMSIZ], out[IFNAMSIZ];
	struct link first, second;
	int err;

	names(number, in, out);
	err = look(in, &first);
	if (err == -ENODEV) {
		err = create(in, out);
		if (!err)
			err = look(in, &first);
	}
	if (!err)
		err = look(out, &second);
	if (err)
		return err;
	if (!is_ours(&first, alias) || !is_ours(&second, alias) || first.peer != second.index || second.peer != first.index)
		return -EEXIST;
	err = set(in, &first, alias, true);
	if (!err)
		err = set(out, &second, alias, false);
	*pair = (struct armpair){ first.index, second.index };
	return err;
}

int armpair_make(const char *alias, struct armpair *pair)
{
	int err = -EEXIST;

	/* One that is somebody else's, or half of one, is left alone. */
	for (unsigned i = 0; i < NUMBERS && (err == -EEXIST || err == -ENODEV); i++)
		err = take(i, alias, pair);
	return err;
}

void armpair_remove(const char *alias)
{
	_Alignas(struct nlmsghdr) uint8_t answer[ANSWER];
	char in[IFNAMSIZ], out[IFNAMSIZ];
	struct link link;
	struct ask ask;

	for (unsigned i = 0; i < NUMBERS; i++) {
		names(i, in, out);
		if (look(in, &link) != 0 || !link.veth || strcmp(link.alias, alias) != 0)
			continue;
		begin(&ask, RTM_DELLINK, NLM_F_ACK)->ifi_index = (int)link.index;
		talk(&ask, answer, sizeof(answer));
	}
}
