/* SPDX-License-Identifier: BSD-3-Clause */
#include "nexthop.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

enum {
	ROOM = 16384,                /* octets of a message: an interface has many attributes */
	LOWER_UP = 1 << 16,          /* IFF_LOWER_UP, which <net/if.h> leaves out */
	DRAIN = 64,
	USABLE = NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT | NUD_NOARP
};

struct mnl_socket *nexthop_open(uint32_t groups)
{
	struct timeval patience = { .tv_sec = 1 };
	struct mnl_socket *nl = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	int err;

	if (!nl)
		return NULL;
	setsockopt(mnl_socket_get_fd(nl), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (mnl_socket_bind(nl, groups, MNL_SOCKET_AUTOPID) == 0)
		return nl;
	err = errno;
	mnl_socket_close(nl);
	errno = err;
	return NULL;
}

bool nexthop_drain(struct mnl_socket *events)
{
	char octets[ROOM];
	int n = 0;

	/* Where more was told than there was room for, something was told. */
	while (n < DRAIN && (recv(mnl_socket_get_fd(events), octets, sizeof(octets), MSG_DONTWAIT) >= 0 || errno == ENOBUFS))
		n++;
	return n > 0;
}

/* One question, one answer. */
static int talk(struct mnl_socket *nl, struct nlmsghdr *question, mnl_cb_t take, void *into)
{
	static _Thread_local uint32_t number;
	char octets[ROOM];
	int rc = MNL_CB_OK;

	question->nlmsg_seq = ++number;
	if (mnl_socket_sendto(nl, question, question->nlmsg_len) < 0)
		return -errno;
	while (rc > MNL_CB_STOP) {
		ssize_t n = mnl_socket_recvfrom(nl, octets, sizeof(octets));

		if (n < 0)
			return -errno;
		/* The answer to an earlier question, which came too late, is none. */
		if (((struct nlmsghdr *)(void *)octets)->nlmsg_seq != number)
			continue;
		rc = mnl_cb_run(octets, (size_t)n, number, mnl_socket_get_portid(nl), take, into);
		if (rc < 0)
			return -errno;
		if (((struct nlmsghdr *)(void *)octets)->nlmsg_type != NLMSG_ERROR)
			return 0;
	}
	return 0;
}

/* --- Interfaces ------------------------------------------------------------------------------------------------------- */

static int take_link_attr(const struct nlattr *attr, void *into)
{
	struct nexthop_link *link = into;

	if (mnl_attr_get_type(attr) == IFLA_MTU && mnl_attr_validate(attr, MNL_TYPE_U32) == 0)
		link->mtu = mnl_attr_get_u32(attr);
	if (mnl_attr_get_type(attr) == IFLA_ADDRESS && mnl_attr_get_payload_len(attr) == sizeof(link->address)) {
		memcpy(link->address, mnl_attr_get_payload(attr), sizeof(link->address));
		link->ethernet = true;
	}
	return MNL_CB_OK;
}

static int take_link(const struct nlmsghdr *answer, void *into)
{
	const struct ifinfomsg *head = mnl_nlmsg_get_payload(answer);
	struct nexthop_link *link = into;

	link->index = (uint32_t)head->ifi_index;
	link->up = (head->ifi_flags & IFF_UP) && (head->ifi_flags & LOWER_UP);
	mnl_attr_parse(answer, sizeof(*head), take_link_attr, link);
	link->ethernet = link->ethernet && head->ifi_type == ARPHRD_ETHER;
	return MNL_CB_OK;
}

int nexthop_link(struct mnl_socket *ask, const char *name, uint32_t index, struct nexthop_link *link)
{
	char octets[512];
	struct nlmsghdr *question = mnl_nlmsg_put_header(octets);
	struct ifinfomsg *head = mnl_nlmsg_put_extra_header(question, sizeof(*head));

	question->nlmsg_type = RTM_GETLINK;
	question->nlmsg_flags = NLM_F_REQUEST;
	head->ifi_index = (int)index;
	if (name)
		mnl_attr_put_strz(question, IFLA_IFNAME, name);
	memset(link, 0, sizeof(*link));
	return talk(ask, question, take_link, link);
}

/* --- Routes and neighbours -------------------------------------------------------------------------------------------- */

static size_t length(uint8_t version)
{
	return version == 4 ? 4 : 16;
}

static uint8_t family(uint8_t version)
{
	return version == 4 ? AF_INET : AF_INET6;
}

struct way {
	uint8_t type, version;       /* of the gateway, 0: none */
	uint32_t index;
	uint8_t gateway[16];
};

static int take_route_attr(const struct nlattr *attr, void *into)
{
	struct way *way = into;
	const uint8_t *octets = mnl_attr_get_payload(attr);
	size_t len = mnl_attr_get_payload_len(attr);
	struct rtvia via;

	if (mnl_attr_get_type(attr) == RTA_OIF && mnl_attr_validate(attr, MNL_TYPE_U32) == 0) {
		way->index = mnl_attr_get_u32(attr);
	} else if (mnl_attr_get_type(attr) == RTA_GATEWAY && (len == 4 || len == 16)) {
		way->version = len == 4 ? 4 : 6;
		memcpy(way->gateway, octets, len);
	} else if (mnl_attr_get_type(attr) == RTA_VIA && len == sizeof(via) + 16) {
		memcpy(&via, octets, sizeof(via));
		way->version = via.rtvia_family == AF_INET6 ? 6 : 0;
		memcpy(way->gateway, octets + sizeof(via), 16);
	}
	return MNL_CB_OK;
}

static int take_route(const struct nlmsghdr *answer, void *into)
{
	const struct rtmsg *head = mnl_nlmsg_get_payload(answer);
	struct way *way = into;

	way->type = head->rtm_type;
	mnl_attr_parse(answer, sizeof(*head), take_route_attr, way);
	return MNL_CB_OK;
}

static int find_route(struct mnl_socket *ask, uint8_t version, const uint8_t *src, const uint8_t *dst, struct way *way)
{
	char octets[512];
	struct nlmsghdr *question = mnl_nlmsg_put_header(octets);
	struct rtmsg *head = mnl_nlmsg_put_extra_header(question, sizeof(*head));

	question->nlmsg_type = RTM_GETROUTE;
	question->nlmsg_flags = NLM_F_REQUEST;
	head->rtm_family = family(version);
	head->rtm_dst_len = head->rtm_src_len = (uint8_t)(8 * length(version));
	mnl_attr_put(question, RTA_DST, length(version), dst);
	mnl_attr_put(question, RTA_SRC, length(version), src);
	memset(way, 0, sizeof(*way));
	return talk(ask, question, take_route, way);
}

struct neighbour {
	uint16_t state;
	bool known;
	uint8_t address[6];
};

static int take_neighbour_attr(const struct nlattr *attr, void *into)
{
	struct neighbour *to = into;

	if (mnl_attr_get_type(attr) == NDA_LLADDR && mnl_attr_get_payload_len(attr) == sizeof(to->address)) {
		memcpy(to->address, mnl_attr_get_payload(attr), sizeof(to->address));
		to->known = true;
	}
	return MNL_CB_OK;
}

static int take_neighbour(const struct nlmsghdr *answer, void *into)
{
	const struct ndmsg *head = mnl_nlmsg_get_payload(answer);
	struct neighbour *to = into;

	to->state = head->ndm_state;
	mnl_attr_parse(answer, sizeof(*head), take_neighbour_attr, to);
	return MNL_CB_OK;
}

static struct nlmsghdr *about_neighbour(char *octets, uint8_t version, const uint8_t *at, uint32_t index, struct ndmsg **head)
{
	struct nlmsghdr *question = mnl_nlmsg_put_header(octets);

	*head = mnl_nlmsg_put_extra_header(question, sizeof(**head));
	question->nlmsg_flags = NLM_F_REQUEST;
	(*head)->ndm_family = family(version);
	(*head)->ndm_ifindex = (int)index;
	mnl_attr_put(question, NDA_DST, length(version), at);
	return question;
}

/* What goes by AF_XDP does not show the kernel that the neighbour is needed: it is told so, and confirms the address. */
static void use(struct mnl_socket *ask, uint8_t version, const uint8_t *at, uint32_t index)
{
	char octets[512];
	struct ndmsg *head;
	struct nlmsghdr *question = about_neighbour(octets, version, at, index, &head);

	question->nlmsg_type = RTM_NEWNEIGH;
	question->nlmsg_flags |= NLM_F_CREATE | NLM_F_ACK;
	head->ndm_flags = NTF_USE;
	(void)talk(ask, question, NULL, NULL);
}

int nexthop_find(struct mnl_socket *ask, uint8_t version, const uint8_t *src, const uint8_t *dst, uint32_t index,
	uint8_t address[static 6])
{
	struct neighbour neighbour = { 0 };
	struct nlmsghdr *question;
	struct ndmsg *head;
	char octets[512];
	const uint8_t *at = dst;
	struct way way;
	int err = find_route(ask, version, src, dst, &way);

	if (err)
		return err;
	if (way.type != RTN_UNICAST || way.index != index)
		return -ENETUNREACH;
	if (way.version) {
		version = way.version;
		at = way.gateway;
	}
	question = about_neighbour(octets, version, at, index, &head);
	question->nlmsg_type = RTM_GETNEIGH;
	err = talk(ask, question, take_neighbour, &neighbour);
	if (err && err != -ENOENT)
		return err;
	if (err || !(neighbour.state & (USABLE & ~NUD_STALE)))
		use(ask, version, at, index);
	if (err || !(neighbour.state & USABLE) || !neighbour.known)
		return -EHOSTUNREACH;
	memcpy(address, neighbour.address, sizeof(neighbour.address));
	return 0;
}
