/* SPDX-License-Identifier: BSD-3-Clause */
#include "control.h"

#include <linux/udp.h>
#include <netinet/in.h>
#include <string.h>

/* A number the kernel takes; what it would refuse is not ours to make good. */
static bool in_range(const struct cmsghdr *c, int least)
{
	int value = 0;

	memcpy(&value, CMSG_DATA(c), sizeof(value));
	return value >= least && value <= 255;
}

static bool is(const struct cmsghdr *c, int level, int type, size_t len)
{
	return c->cmsg_level == level && c->cmsg_type == type && c->cmsg_len == CMSG_LEN(len);
}

static uint8_t small(const struct cmsghdr *c)
{
	int value = 0;

	/* IP_TOS may be one octet or an int (ip(7)). */
	if (c->cmsg_len == CMSG_LEN(1))
		return *CMSG_DATA(c);
	memcpy(&value, CMSG_DATA(c), sizeof(value));
	return (uint8_t)value;
}

static void read_source4(const struct cmsghdr *c, struct control *control)
{
	struct in_pktinfo info;

	memcpy(&info, CMSG_DATA(c), sizeof(info));
	control->interface = (uint32_t)info.ipi_ifindex;
	if (info.ipi_spec_dst.s_addr == htonl(INADDR_ANY))
		return;
	control->has_source = true;
	control->version = 4;
	memcpy(control->source, &info.ipi_spec_dst, 4);
}

static void read_source6(const struct cmsghdr *c, struct control *control)
{
	struct in6_pktinfo info;

	memcpy(&info, CMSG_DATA(c), sizeof(info));
	control->interface = (uint32_t)info.ipi6_ifindex;
	if (IN6_IS_ADDR_UNSPECIFIED(&info.ipi6_addr))
		return;
	control->has_source = true;
	control->version = IN6_IS_ADDR_V4MAPPED(&info.ipi6_addr) ? 4 : 6;
	if (control->version == 4)
		memcpy(control->source, info.ipi6_addr.s6_addr + 12, 4);
	else
		memcpy(control->source, &info.ipi6_addr, 16);
}

/* Ours alone: what it says of the packet, or nothing. The kernel would not look at it. */
static void read_hint(const struct cmsghdr *c, struct control *control)
{
	struct md_hint hint = { .version = 0 };

	if (is(c, MD_HINT_LEVEL, MD_HINT_PACKET, sizeof(hint)))
		memcpy(&hint, CMSG_DATA(c), sizeof(hint));
	if (md_hint_valid(&hint))
		control->hint = hint;
	else
		control->bad_hints++;
}

static void read_one(const struct cmsghdr *c, struct control *control)
{
	if (c->cmsg_level == MD_HINT_LEVEL) {
		read_hint(c, control);
	} else if (is(c, IPPROTO_UDP, UDP_SEGMENT, sizeof(uint16_t))) {
		control->has_segment = true;
		memcpy(&control->segment, CMSG_DATA(c), sizeof(control->segment));
	} else if (is(c, IPPROTO_IP, IP_TOS, 1) || (is(c, IPPROTO_IP, IP_TOS, sizeof(int)) && in_range(c, 0)) ||
		(is(c, IPPROTO_IPV6, IPV6_TCLASS, sizeof(int)) && in_range(c, 0))) {
		control->has_tos = true;
		control->tos = small(c);
	} else if ((is(c, IPPROTO_IP, IP_TTL, sizeof(int)) && in_range(c, 1)) ||
		(is(c, IPPROTO_IPV6, IPV6_HOPLIMIT, sizeof(int)) && in_range(c, 0))) {
		control->has_ttl = true;
		control->ttl = small(c);
	} else if (is(c, IPPROTO_IP, IP_PKTINFO, sizeof(struct in_pktinfo))) {
		read_source4(c, control);
	} else if (is(c, IPPROTO_IPV6, IPV6_PKTINFO, sizeof(struct in6_pktinfo))) {
		read_source6(c, control);
	} else {
		control->foreign = true;
	}
}

/* The next message, checked against the length of the control data, which the kernel's macros leave to the caller. */
static const struct cmsghdr *step(const struct msghdr *msg, size_t *at, bool *broken)
{
	const struct cmsghdr *c = (const void *)((const uint8_t *)msg->msg_control + *at);

	if (msg->msg_controllen - *at < sizeof(*c))
		return NULL;
	if (c->cmsg_len < sizeof(*c) || c->cmsg_len > msg->msg_controllen - *at) {
		*broken = true;
		return NULL;
	}
	*at += CMSG_ALIGN(c->cmsg_len);
	if (*at > msg->msg_controllen)
		*at = msg->msg_controllen;
	return c;
}

void control_read(const struct msghdr *msg, struct control *control)
{
	const struct cmsghdr *c;
	size_t at = 0;

	memset(control, 0, sizeof(*control));
	if (!msg->msg_controllen)
		return;
	if (!msg->msg_control || msg->msg_controllen > CONTROL_MAX) {
		control->foreign = true;
		return;
	}
	while ((c = step(msg, &at, &control->broken)) != NULL)
		read_one(c, control);
	if (control->broken)
		control->foreign = true;
}

long control_without_segment(const struct msghdr *msg, void *dst, size_t room)
{
	const struct cmsghdr *c;
	size_t at = 0, done = 0;
	bool broken = false;

	memset(dst, 0, room);
	while (msg->msg_controllen && (c = step(msg, &at, &broken)) != NULL) {
		if ((c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_SEGMENT) || c->cmsg_level == MD_HINT_LEVEL)
			continue;
		if (done + CMSG_ALIGN(c->cmsg_len) > room)
			return -1;
		memcpy((uint8_t *)dst + done, c, c->cmsg_len);
		done += CMSG_ALIGN(c->cmsg_len);
	}
	return broken ? -1 : (long)done;
}
