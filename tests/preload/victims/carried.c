/* SPDX-License-Identifier: BSD-3-Clause */
/* What a send call may ask for, one thing after the other, or only those that are named as arguments; --list names them.
 * The README says of each of them whether the datagram is wrapped or what it is counted as; tests/integration/table.sh
 * holds each against that, one by one.
 * rule: 30 34 35 36 45 48
 * modes: inline tunnel unserved disabled badconf noconf
 * expect: seen==130 wrapped==90 aside.flags==16 aside.control==12 aside.not-unicast==12 */
#include "victim.h"
#include <linux/net_tstamp.h>
#include <mdshim/hints.h>
#include <sys/ioctl.h>
#include <time.h>

static struct receiver r, r6;
static int s, s6;
static uint8_t p[4 * MEDIA_LEN];
static uint32_t next_index;

static void ready(void)
{
	r = receiver_at(AF_INET, "127.0.0.1"), r6 = receiver_at(AF_INET6, "::1");
	s = udp(AF_INET), s6 = udp(AF_INET6);
}

static void over(void)
{
	close(s), close(s6), close(r.fd), close(r6.fd);
	free(r.record), free(r6.record);
}

/* Twice by sendmsg with a control message of that kind, twice by sendmmsg, all with flags. */
static void by_message(struct receiver *to, int fd, int level, int type, const void *value, size_t len, int flags)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(64)];
	struct iovec iov = { p, MEDIA_LEN };
	struct msghdr m = { .msg_name = &to->at.sa, .msg_namelen = to->at.len, .msg_iov = &iov, .msg_iovlen = 1 };

	if (len) {
		memset(control, 0, sizeof control);
		m.msg_control = control, m.msg_controllen = CMSG_SPACE(len);
		struct cmsghdr *c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = level, c->cmsg_type = type, c->cmsg_len = CMSG_LEN(len);
		memcpy(CMSG_DATA(c), value, len);
	}
	struct mmsghdr one = { .msg_hdr = m };
	unsigned arrive = 0;
	for (int i = 0; i < 4; i++) {
		media(p, MEDIA_LEN, 1, next_index++);
		arrive += (i % 2 ? CALL(sendmmsg(fd, &one, 1, flags)) : CALL(sendmsg(fd, &m, flags))) > 0;
	}
	report(to, "receiver", arrive);
}

static void by_flags(int flags) { by_message(&r, s, 0, 0, NULL, 0, flags); }

static void by_option(struct receiver *to, int fd, int level, int name, const void *value, size_t len)
{
	CALL(setsockopt(fd, level, name, value, (socklen_t)len));
	by_message(to, fd, 0, 0, NULL, 0, 0);
}

static void pktinfo(void)
{
	struct in_pktinfo from = { .ipi_spec_dst = { htonl(0x7f000005) } };
	struct in_pktinfo by = { .ipi_ifindex = (int)if_nametoindex("lo") };
	by_message(&r, s, IPPROTO_IP, IP_PKTINFO, &from, sizeof from, 0);
	by_message(&r, s, IPPROTO_IP, IP_PKTINFO, &by, sizeof by, 0);
}

static void pktinfo6(void)
{
	struct in6_pktinfo from = { .ipi6_addr = IN6ADDR_LOOPBACK_INIT, .ipi6_ifindex = if_nametoindex("lo") };
	by_message(&r6, s6, IPPROTO_IPV6, IPV6_PKTINFO, &from, sizeof from, 0);
}

static void tos(void) { by_message(&r, s, IPPROTO_IP, IP_TOS, &(int){ 0xb9 }, sizeof(int), 0); }
static void tclass(void) { by_message(&r6, s6, IPPROTO_IPV6, IPV6_TCLASS, &(int){ 0x2a }, sizeof(int), 0); }
static void ttl(void) { by_message(&r, s, IPPROTO_IP, IP_TTL, &(int){ 44 }, sizeof(int), 0); }
static void hoplimit(void) { by_message(&r6, s6, IPPROTO_IPV6, IPV6_HOPLIMIT, &(int){ 44 }, sizeof(int), 0); }

/* Three datagrams in one call, the last of them short. */
static void train(struct msghdr *m)
{
	struct iovec iov = { p, 2 * MEDIA_LEN + 500 };

	for (unsigned i = 0; i < 3; i++)
		media(p + i * MEDIA_LEN, i < 2 ? MEDIA_LEN : 500, 1, next_index++);
	m->msg_iov = &iov, m->msg_iovlen = 1, m->msg_name = &r.at.sa, m->msg_namelen = r.at.len;
	CALL(sendmsg(s, m, 0));
	report(&r, "receiver", 3);
}

static void segment_message(void)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(uint16_t))];
	struct msghdr m = { .msg_control = control, .msg_controllen = sizeof control };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	memset(control, 0, sizeof control);
	c->cmsg_level = IPPROTO_UDP, c->cmsg_type = UDP_SEGMENT, c->cmsg_len = CMSG_LEN(sizeof(uint16_t));
	memcpy(CMSG_DATA(c), &(uint16_t){ MEDIA_LEN }, sizeof(uint16_t));
	train(&m);
}

static void segment_option(void)
{
	CALL(setsockopt(s, IPPROTO_UDP, UDP_SEGMENT, &(int){ MEDIA_LEN }, sizeof(int)));
	train(&(struct msghdr){ .msg_flags = 0 });
}

static void dontwait(void) { by_flags(MSG_DONTWAIT); }
static void nosignal(void) { by_flags(MSG_NOSIGNAL); }
static void confirm(void) { by_flags(MSG_CONFIRM); }
static void other_flags(void) { by_flags(MSG_DONTROUTE); }

static void cork(void)
{
	int on = 1, off = 0;

	CALL(setsockopt(s, IPPROTO_UDP, UDP_CORK, &on, sizeof on));
	for (int i = 0; i < 4; i++)
		CALL(sendto(s, p, media(p, 300, 1, next_index++), 0, &r.at.sa, r.at.len));
	report(&r, "corked", 0);
	CALL(setsockopt(s, IPPROTO_UDP, UDP_CORK, &off, sizeof off));
	report(&r, "receiver", 1);
}

static void more(void)
{
	for (int i = 0; i < 4; i++)
		CALL(sendto(s, p, media(p, 300, 1, next_index++), i < 3 ? MSG_MORE : 0, &r.at.sa, r.at.len));
	report(&r, "receiver", 1);
}

static void zerocopy(void)
{
	CALL(setsockopt(s, SOL_SOCKET, SO_ZEROCOPY, &(int){ 1 }, sizeof(int)));
	by_flags(MSG_ZEROCOPY);
}

static void hints(void)
{
	struct md_hint key = { .version = MD_HINT_VERSION, .given = MD_HINT_IMPORTANCE, .importance = MD_IS_KEY };
	by_message(&r, s, MD_HINT_LEVEL, MD_HINT_PACKET, &key, sizeof key, 0);
}

static void txtime(void)
{
	struct sock_txtime how = { .clockid = CLOCK_MONOTONIC };
	uint64_t when = 1;

	CALL(setsockopt(s, SOL_SOCKET, SO_TXTIME, &how, sizeof how));
	by_message(&r, s, SOL_SOCKET, SO_TXTIME, &when, sizeof when, 0);
}

static void hopopts(void)
{
	static const uint8_t padding[8] = { 0, 0, 1, 4 };
	by_message(&r6, s6, IPPROTO_IPV6, IPV6_HOPOPTS, padding, sizeof padding, 0);
}

static void other_message(void) { by_message(&r6, s6, IPPROTO_IPV6, IPV6_DONTFRAG, &(int){ 1 }, sizeof(int), 0); }

static void multicast(void)
{
	struct ip_mreqn group = { .imr_multiaddr = { htonl(0xef010203) }, .imr_ifindex = (int)if_nametoindex("lo") };
	struct receiver m = receiver_at(AF_INET, "0.0.0.0");

	CALL(setsockopt(m.fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof group));
	CALL(setsockopt(s, IPPROTO_IP, IP_MULTICAST_IF, &group, sizeof group));
	m.at = address(AF_INET, "239.1.2.3", port_of(&m.at));
	by_message(&m, s, 0, 0, NULL, 0, 0);
	close(m.fd);
}

static void broadcast(void)
{
	struct receiver m = receiver_at(AF_INET, "0.0.0.0");

	CALL(setsockopt(s, SOL_SOCKET, SO_BROADCAST, &(int){ 1 }, sizeof(int)));
	m.at = address(AF_INET, "127.255.255.255", port_of(&m.at));
	by_message(&m, s, 0, 0, NULL, 0, 0);
	close(m.fd);
}

static void link_local(void)
{
	struct ifreq change = { .ifr_name = "lo:2" };
	struct address a = address(AF_INET, "169.254.9.9", 0);

	memcpy(&change.ifr_addr, &a.in, sizeof a.in);
	if (ioctl(s, SIOCSIFADDR, &change))
		skip("cannot give lo a second address");
	struct receiver m = receiver_at(AF_INET, "169.254.9.9");
	by_message(&m, s, 0, 0, NULL, 0, 0);
	memset(&change.ifr_addr, 0, sizeof change.ifr_addr);
	change.ifr_addr.sa_family = AF_INET;
	MUST(ioctl(s, SIOCSIFADDR, &change));
	close(m.fd);
}

static void option_ttl(void) { by_option(&r, s, IPPROTO_IP, IP_TTL, &(int){ 66 }, sizeof(int)); }
static void option_hops(void) { by_option(&r6, s6, IPPROTO_IPV6, IPV6_UNICAST_HOPS, &(int){ 66 }, sizeof(int)); }
static void option_tos(void) { by_option(&r, s, IPPROTO_IP, IP_TOS, &(int){ 0x29 }, sizeof(int)); }
static void option_class(void) { by_option(&r6, s6, IPPROTO_IPV6, IPV6_TCLASS, &(int){ 0xba }, sizeof(int)); }
static void option_pmtu(void) { by_option(&r, s, IPPROTO_IP, IP_MTU_DISCOVER, &(int){ IP_PMTUDISC_DO }, sizeof(int)); }
static void option_priority(void) { by_option(&r, s, SOL_SOCKET, SO_PRIORITY, &(int){ 5 }, sizeof(int)); }
static void option_mark(void) { by_option(&r, s, SOL_SOCKET, SO_MARK, &(int){ 9 }, sizeof(int)); }
static void option_device(void) { by_option(&r, s, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3); }
static void option_buffer(void) { by_option(&r, s, SOL_SOCKET, SO_SNDBUF, &(int){ 100000 }, sizeof(int)); }
static void option_pacing(void) { by_option(&r, s, SOL_SOCKET, SO_MAX_PACING_RATE, &(unsigned){ 100000000 }, sizeof(unsigned)); }

static const struct {
	const char *name;
	void (*what)(void);
} cases[] = {
	{ "IP_PKTINFO", pktinfo }, { "IPV6_PKTINFO", pktinfo6 }, { "IP_TOS", tos }, { "IPV6_TCLASS", tclass }, { "IP_TTL", ttl },
	{ "IPV6_HOPLIMIT", hoplimit }, { "UDP_SEGMENT, control message", segment_message },
	{ "UDP_SEGMENT, socket option", segment_option }, { "MSG_DONTWAIT", dontwait }, { "MSG_NOSIGNAL", nosignal },
	{ "MSG_CONFIRM", confirm }, { "UDP_CORK", cork }, { "MSG_MORE", more }, { "MSG_ZEROCOPY", zerocopy },
	{ "other flags", other_flags }, { "hints", hints }, { "SCM_TXTIME", txtime },
	{ "IPV6_HOPOPTS", hopopts },
	{ "every other control message", other_message }, { "multicast", multicast }, { "broadcast", broadcast },
	{ "link-local", link_local }, { "option TTL", option_ttl }, { "option hop limit", option_hops },
	{ "option TOS", option_tos }, { "option traffic class", option_class }, { "option path MTU mode", option_pmtu },
	{ "option priority", option_priority }, { "option mark", option_mark }, { "option device", option_device },
	{ "option pacing rate", option_pacing }, { "option send buffer", option_buffer },
};

int main(int argc, char **argv)
{
	bool list = argc > 1 && strcmp(argv[1], "--list") == 0;

	if (!getenv("VICTIM_OWN_NETNS") && !list)
		skip("needs a network namespace of its own");
	for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
		bool wanted = argc < 2 || list;
		for (int a = 1; a < argc; a++)
			wanted |= strcmp(argv[a], cases[i].name) == 0;
		if (wanted)
			say("%s", cases[i].name);
		if (!wanted || list)
			continue;
		ready();
		cases[i].what();
		over();
	}
}
