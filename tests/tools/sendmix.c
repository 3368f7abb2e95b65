/* SPDX-License-Identifier: BSD-3-Clause
 *
 * sendmix SEED COUNT COVER [single | far] - a random sequence of calls on UDP sockets, the same for every run with that seed: usual ones, and
 * odd ones between them. Says what each call returned and which packets came of it on the loopback interface, without what
 * differs from run to run: numbers count from the first of each flow, MACs and times are judged, not shown. So two runs say
 * the same if what was done is the same.
 *
 * With "single" nothing is asked for that could leave as a segment train: on the loopback interface the segments of one that carries areas
 * are finished behind the place where packets are looked at here. With "far" all goes to v0, most of it by calls of many datagrams, and
 * packets are looked at where they come in at v1, the other end; they are said after the calls, since they arrive when they do.
 *
 * The key is 00..0f, KeyID 7, and covers COVER octets; the router is 127.0.0.1:49777, with "far" 198.18.0.9:49777. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <mdshim/hints.h>
#include <mdshim/wire.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

enum { SOCKETS = 6, FLOWS = 4096, PORT = 5004, HERE = 6000, ROUTER = 49777, MOST = 1600, STREAMS = 3, SEVERAL = 70, TRAIN = 40000, QUIET_MS = 300 };

static uint64_t state;
static int tap, number[SOCKETS];
static bool single, far;
static FILE *arrived;           /* what is said of packets */
static uint32_t base = 0x7f000001;
static struct md_key key = { .keyid = 7, .algorithm = MD_AES_128_CMAC_96, .len = 16 };
static struct {
	struct md_tuple tuple;
	uint16_t seq, n;             /* first, and how many */
	uint8_t counter, mdu;        /* of the first; and how many later the latest is */
	uint32_t ts;
} flow[FLOWS];
static unsigned flows;

static uint32_t draw(uint32_t n)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(state >> 33) % n;
}

static void must(int result, const char *what)
{
	if (result >= 0)
		return;
	perror(what);
	exit(2);
}

/* --- What came of it ---------------------------------------------------------------------------------------------------- */

static uint32_t hash(const uint8_t *p, size_t len)
{
	uint32_t h = 2166136261u;

	while (len--)
		h = (h ^ *p++) * 16777619u;
	return h;
}

static const char *name_of(uint8_t version, const uint8_t *addr)
{
	static char text[2][INET6_ADDRSTRLEN];
	static int at;

	return inet_ntop(version == 4 ? AF_INET : AF_INET6, addr, text[at ^= 1], INET6_ADDRSTRLEN);
}

/* One tuple may be several flows, each with numbers of its own: this one goes on, or begins. */
static unsigned flow_of(const struct md_tuple *tuple, const struct md_metadata *meta)
{
	/* The latest first: a number may be right for an older one by chance, hence the Counter too. */
	for (unsigned i = flows; i-- > 0;)
		if (memcmp(&flow[i].tuple, tuple, sizeof(*tuple)) == 0 && meta->seq == (uint16_t)(flow[i].seq + flow[i].n) &&
			(uint8_t)(meta->counter - flow[i].counter - flow[i].mdu + 16) <= 17) {
			flow[i].n++;
			if ((uint8_t)(meta->counter - flow[i].counter - flow[i].mdu) == 1)
				flow[i].mdu++;
			return i;
		}
	if (flows == FLOWS) {
		fputs("sendmix: too many flows\n", stderr);
		exit(2);
	}
	flow[flows].tuple = *tuple;
	flow[flows].seq = meta->seq;
	flow[flows].n = 1;
	flow[flows].counter = meta->counter;
	flow[flows].ts = meta->ts;
	return flows++;
}

static void tell_area(const struct md_datagram *d, const struct md_tuple *whose)
{
	static const struct md_ids ids = MD_IDS_DEFAULT;
	struct md_option_ref list[MD_OPTIONS_MAX];
	struct iovec user = { (void *)(uintptr_t)d->user, d->user_len };
	struct md_traffic_key traffic;
	enum md_reason reason = MD_R_NONE;
	struct md_options o;
	struct timespec now;
	uint8_t mac[MD_MAC_LEN];
	size_t at = 0, count = 0;
	unsigned f;

	if (md_surplus_check(d->surplus, d->surplus_len, d->udp_length, d->checksum_zero, &at, &reason) != 0 ||
		md_walk(d->surplus + at, d->surplus_len - at, &ids, list, &count, &reason) != MD_OK) {
		fprintf(arrived, " area %s", md_reason_name(reason));
		return;
	}
	md_options_read(d->surplus + at, list, count, &ids, &o);
	f = flow_of(whose, &o.meta);
	clock_gettime(CLOCK_REALTIME, &now);
	fprintf(arrived, " flow %u area %zu option %d s %u counter %u d %u p %u l %u bq %u seq %u", f, d->surplus_len, (int)o.meta.option, o.meta.s,
		(uint8_t)(o.meta.counter - flow[f].counter), o.meta.d, o.meta.p, o.meta.l, o.meta.bq,
		(uint16_t)(o.meta.seq - flow[f].seq));
	fprintf(arrived, " time %s", md_ntp_diff(o.meta.ts, flow[f].ts) < 0 ? "went back" :
		labs(md_ntp_diff(md_ntp_short(now.tv_sec, (uint32_t)now.tv_nsec), o.meta.ts)) > 3 << 16 ? "is wrong" : "ok");
	flow[f].ts = o.meta.ts;
	if (!o.has_auth) {
		fprintf(arrived, " no auth");
		return;
	}
	must(md_traffic_key_make(&traffic, &key, &d->tuple, NULL), "key");
	must(md_auth_mac(&traffic, &d->tuple, &user, 1, d->user_len, d->surplus, d->surplus_len, at - 2, at + o.auth_at + 4, NULL, mac),
		"mac");
	fprintf(arrived, " key %u %u mac %s", o.keyid, o.next_keyid,
		md_mac_equal(mac, d->surplus + at + o.auth_at + 4) ? "right" : "wrong");
}

/* Outer source ports are the kernel's choice, and so are most Identifications; and DF, by whether it left in a train, which depends on when
 * its agreement with us was renewed. */
static void tell_datagram(const struct md_datagram *d, bool outer, bool inner)
{
	const struct md_ip *ip = &d->ip;

	fprintf(arrived, " %s:%u > ", name_of(d->tuple.version, d->tuple.src), outer ? 0 : d->tuple.sport);
	fprintf(arrived, "%s:%u ttl %u tos %u df %d label %d user %zu", name_of(d->tuple.version, d->tuple.dst), d->tuple.dport,
		ip->ttl, ip->tos, ip->df && (inner || !far), ip->flow_label != 0, d->user_len);
	if (!outer)
		fprintf(arrived, " %08x", hash(d->user, d->user_len));
}

static void tell_packet(const uint8_t *octets, size_t len)
{
	enum md_reason reason = MD_R_NONE;
	struct md_datagram d, inner;
	bool outer;

	memset(&d, 0, sizeof(d));
	/* The checksum is left to a device that there is not. */
	if (md_datagram_read(octets, len, &d, &reason) != 0 && reason != MD_R_UDP_CHECKSUM) {
		if (far && reason == MD_R_NOT_UDP)
			return; /* the kernel's own, about neighbours */
		fprintf(arrived, "  %zu octets: %s\n", len, md_reason_name(reason));
		return;
	}
	outer = d.tuple.dport == ROUTER && md_inner_check(d.user, d.user_len, &inner, &reason) == 0;
	fprintf(arrived, " ");
	tell_datagram(&d, outer, false);
	if (outer)
		tell_datagram(&inner, false, true);
	if (d.surplus_len)
		tell_area(&d, outer ? &inner.tuple : &d.tuple);
	fprintf(arrived, "\n");
}

static void tell_all(void)
{
	static uint8_t octets[70000];
	struct sockaddr_ll from;
	socklen_t len = sizeof(from);
	ssize_t n;

	while ((n = recvfrom(tap, octets, sizeof(octets), MSG_DONTWAIT, (void *)&from, &len)) >= 0 || errno == EINTR) {
		if (n > 0 && (from.sll_pkttype == PACKET_OUTGOING) != far)
			tell_packet(octets, (size_t)n);
		len = sizeof(from);
	}
}

static void tell(const char *what, long result)
{
	printf("%s = %ld %s\n", what, result, result < 0 ? strerrorname_np(errno) : "");
	tell_all();
}

/* --- Packets ------------------------------------------------------------------------------------------------------------ */

static uint32_t packets[STREAMS];

static void put(uint8_t *p, uint32_t v)
{
	v = htonl(v);
	memcpy(p, &v, sizeof(v));
}

/* RTP: H.264 slices and fragments, VP8, audio, a transport stream; five packets to a picture. */
static size_t media(uint8_t *p, size_t len)
{
	static const uint8_t type[] = { 96, 96, 96, 97, 111, 33 };
	uint32_t stream = draw(STREAMS), n = packets[stream]++, kind = draw(sizeof(type));

	for (size_t i = 0; i < len; i++)
		p[i] = (uint8_t)(i * (n + 3));
	p[0] = 0x80;
	p[1] = (uint8_t)(type[kind] | (n % 5 == 4 ? 0x80 : 0));
	put(p + 4, n / 5 * 3000);
	put(p + 8, 0x1000 + stream);
	p[2] = (uint8_t)(n >> 8);
	p[3] = (uint8_t)n;
	if (len > 14) {
		p[12] = n % 5 ? 0x5c : 0x41;
		p[13] = (uint8_t)(n % 5 == 1 ? 0x81 : n % 5 == 4 ? 0x41 : 0x01);
	}
	return len;
}

static size_t any_len(void)
{
	return draw(8) ? 12 + draw(1200) : 12 + draw(MOST - 12);
}

static socklen_t destination(int s, struct sockaddr_in6 *six)
{
	struct sockaddr_in *four = (void *)six;
	uint32_t which = draw(6);

	memset(six, 0, sizeof(*six));
	if (s < 3 || draw(5) == 0) {
		four->sin_family = AF_INET;
		four->sin_port = htons((uint16_t)(PORT + which % 2));
		four->sin_addr.s_addr = htonl(base + which / 2);
		return sizeof(*four);
	}
	six->sin6_family = AF_INET6;
	six->sin6_port = htons((uint16_t)(PORT + which % 2));
	if (draw(4))
		inet_pton(AF_INET6, far ? "2001:db8::1" : "::1", &six->sin6_addr);
	else
		inet_pton(AF_INET6, far ? "::ffff:198.18.0.2" : "::ffff:127.0.0.2", &six->sin6_addr);
	return sizeof(*six);
}

/* --- Calls ---------------------------------------------------------------------------------------------------------------- */

static void open_at(int s)
{
	struct sockaddr_in6 here = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)(HERE + s)) };
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = here.sin6_port };
	int no = 0, fd = socket(s < 3 ? AF_INET : AF_INET6, SOCK_DGRAM, 0);

	must(fd, "socket");
	if (s >= 3)
		must(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof(no)), "V6ONLY");
	if (number[s]) {
		must(dup2(fd, number[s]), "dup2");
		close(fd);
	} else {
		number[s] = fd;
	}
	fd = number[s];
	must(s < 3 ? bind(fd, (void *)&four, sizeof(four)) : bind(fd, (void *)&here, sizeof(here)), "bind");
}

static void usual(int s, bool plain)
{
	uint8_t octets[MOST];
	size_t len = media(octets, any_len()), cut = draw((uint32_t)len);
	struct sockaddr_in6 to;
	struct iovec iov[3] = { { octets, cut }, { octets + cut, (len - cut) / 2 }, { octets + cut + (len - cut) / 2, len - cut - (len - cut) / 2 } };
	struct msghdr msg = { .msg_name = &to, .msg_iov = iov, .msg_iovlen = 3 };

	if (plain || draw(3)) {
		msg.msg_namelen = destination(s, &to);
		tell("sendto", sendto(number[s], octets, len, draw(4) ? 0 : MSG_DONTWAIT | MSG_NOSIGNAL, (void *)&to, msg.msg_namelen));
	} else if (draw(2)) {
		msg.msg_namelen = destination(s, &to);
		tell("sendmsg", sendmsg(number[s], &msg, 0));
	} else {
		tell("send", send(number[s], octets, len, 0));
	}
}

/* As usual, but for one thing. */
static void with_flags(int s)
{
	static const int flags[] = { MSG_CONFIRM, MSG_MORE, MSG_DONTROUTE, 0x100000 };
	uint8_t octets[MOST];
	size_t len = media(octets, any_len());
	struct sockaddr_in6 to;
	socklen_t to_len = destination(s, &to);
	int flag = flags[draw(4)];

	/* Afterwards Linux sends a connected socket's datagrams to where the pieces went (the flow it keeps for both is one), and they were
	 * signed for its peer: that is between this program and the kernel. */
	if (flag == MSG_MORE && (single || far))
		flag = 0;
	tell("flagged", sendto(number[s], octets, len, flag, (void *)&to, to_len));
	if (flag == MSG_MORE)
		tell("released", sendto(number[s], octets, 20, 0, (void *)&to, to_len));
}

static void with_control(int s)
{
	_Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(sizeof(struct in6_pktinfo))] = { 0 };
	struct cmsghdr *c = (void *)control;
	uint8_t octets[MOST];
	struct sockaddr_in6 to;
	struct iovec iov = { octets, media(octets, any_len()) };
	struct msghdr msg = { .msg_name = &to, .msg_namelen = destination(s, &to), .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control };
	int tos = (int)draw(64) << 2;
	uint16_t segment = single ? MOST : 400;
	struct in_pktinfo info = { .ipi_spec_dst.s_addr = htonl(far ? 0xc0000201 : 0x7f000001) };

	c->cmsg_level = IPPROTO_IP;
	switch (draw(3)) {
	case 0:
		c->cmsg_type = IP_TOS;
		c->cmsg_len = CMSG_LEN(sizeof(tos));
		memcpy(CMSG_DATA(c), &tos, sizeof(tos));
		break;
	case 1:
		c->cmsg_level = IPPROTO_UDP;
		c->cmsg_type = UDP_SEGMENT;
		c->cmsg_len = CMSG_LEN(sizeof(segment));
		memcpy(CMSG_DATA(c), &segment, sizeof(segment));
		break;
	default:
		c->cmsg_type = IP_PKTINFO;
		c->cmsg_len = CMSG_LEN(sizeof(info));
		memcpy(CMSG_DATA(c), &info, sizeof(info));
	}
	msg.msg_controllen = CMSG_ALIGN(c->cmsg_len);
	tell("controlled", sendmsg(number[s], &msg, 0));
}

static void option(int s)
{
	int tos = (int)draw(64) << 2, ttl = 1 + (int)draw(200), discover = (int)draw(4), segment = draw(2) || single ? 0 : 500;

	switch (draw(6)) {
	case 0: tell("IP_TOS", setsockopt(number[s], IPPROTO_IP, IP_TOS, &tos, sizeof(tos))); break;
	case 1: tell("IP_TTL", setsockopt(number[s], IPPROTO_IP, IP_TTL, &ttl, sizeof(ttl))); break;
	case 2: tell("IP_MTU_DISCOVER", setsockopt(number[s], IPPROTO_IP, IP_MTU_DISCOVER, &discover, sizeof(discover))); break;
	case 3: tell("IPV6_TCLASS", setsockopt(number[s], IPPROTO_IPV6, IPV6_TCLASS, &tos, sizeof(tos))); break;
	case 4: tell("IPV6_UNICAST_HOPS", setsockopt(number[s], IPPROTO_IPV6, IPV6_UNICAST_HOPS, &ttl, sizeof(ttl))); break;
	default: tell("UDP_SEGMENT", setsockopt(number[s], IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof(segment)));
	}
}

static void hint(int s)
{
	struct md_hint hint = { .version = MD_HINT_VERSION };

	/* Once a socket has been told something it keeps it: the short way is not for it any more. */
	if (draw(4))
		return;
	hint.given = draw(2) ? MD_HINT_IMPORTANCE : 0;
	hint.importance = (uint8_t)(1 + draw(6));
	tell("hint", setsockopt(number[s], MD_HINT_LEVEL, MD_HINT_SOCKET, &hint, sizeof(hint)));
}

static void move(int s)
{
	struct sockaddr_in6 to = { .sin6_family = AF_UNSPEC };
	socklen_t len = draw(3) ? destination(s, &to) : sizeof(to);

	if (to.sin6_family == AF_UNSPEC) {
		/* It forgets the port too. */
		tell("connect to nobody", connect(number[s], (void *)&to, len));
		open_at(s);
		return;
	}
	tell("connect", connect(number[s], (void *)&to, len));
}

static void other_packet(int s)
{
	static const uint8_t first[][2] = { { 0x81, 201 }, { 0, 1 }, { 22, 254 }, { 0xc3, 0 }, { 0x43, 0 }, { 70, 1 }, { 0x80, 200 } };
	uint8_t octets[100] = { 0 };
	struct sockaddr_in6 to;
	socklen_t to_len = destination(s, &to);
	size_t len = draw(5) ? sizeof(octets) : draw(13);

	memcpy(octets, first[draw(sizeof(first) / 2)], 2);
	/* DTLS tells that the socket's media are encrypted: seldom, so that the others are read. */
	if (octets[0] == 22 && draw(4))
		octets[0] = 0;
	tell("other", sendto(number[s], octets, len, 0, (void *)&to, to_len));
}

/* A message in a call of several that is not like the others. */
static void odd(struct msghdr *msg, uint8_t *control)
{
	struct cmsghdr *c = (void *)control;
	int tos = 32;

	switch (draw(far ? 200 : 100)) {
	case 0: msg->msg_iov->iov_base = (void *)16; break;
	case 1: msg->msg_namelen = 8; break;
	case 2: msg->msg_iov->iov_len = draw(13); break;
	case 3: msg->msg_iov->iov_len = 0; break;
	case 4:
	case 5:
		c->cmsg_level = IPPROTO_IP;
		c->cmsg_type = IP_TOS;
		c->cmsg_len = CMSG_LEN(sizeof(tos));
		memcpy(CMSG_DATA(c), &tos, sizeof(tos));
		msg->msg_control = control;
		msg->msg_controllen = CMSG_ALIGN(c->cmsg_len);
		break;
	default: break;
	}
}

static void several(int s)
{
	_Alignas(struct cmsghdr) uint8_t tos[CMSG_SPACE(sizeof(int))] = { 0 };
	static uint8_t octets[SEVERAL][MOST];
	struct sockaddr_in6 to[SEVERAL];
	struct iovec iov[SEVERAL];
	struct mmsghdr message[SEVERAL] = { 0 };
	unsigned n = 1 + draw(single ? 3 : far ? SEVERAL : 12);
	bool alike = draw(3) == 0, anywhere = draw(2);
	size_t len = any_len(), sum = 0;

	for (unsigned i = 0; i < n; i++) {
		socklen_t to_len = i && !anywhere ? message[0].msg_hdr.msg_namelen : destination(s, &to[i]);

		if (i && !anywhere)
			to[i] = to[0];
		iov[i] = (struct iovec){ octets[i], media(octets[i], alike ? len : any_len()) };
		message[i].msg_hdr = (struct msghdr){ .msg_name = &to[i], .msg_namelen = to_len, .msg_iov = &iov[i], .msg_iovlen = 1 };
		if (draw(24) == 0)
			octets[i][0] = 0;
		odd(&message[i].msg_hdr, tos);
	}
	tell("sendmmsg", sendmmsg(number[s], message, n, 0));
	for (unsigned i = 0; i < n; i++)
		sum += message[i].msg_len;
	printf("%zu octets\n", sum);
	for (unsigned i = 0; i < n; i++)
		if (message[i].msg_len && message[i].msg_len != iov[i].iov_len)
			printf("message %u is %u octets long\n", i, message[i].msg_len);
}

/* One call that the kernel is to cut, of packets as they come. */
static void train(int s)
{
	_Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(sizeof(uint16_t))] = { 0 };
	static uint8_t octets[TRAIN];
	struct cmsghdr *c = (void *)control;
	uint16_t segment = (uint16_t)(draw(6) ? 200 + draw(1240) : 12 + draw(60));
	uint32_t n = 1 + draw(40);
	struct sockaddr_in6 to;
	struct iovec iov[2] = { { octets, 0 } };
	struct msghdr msg = { .msg_name = &to, .msg_namelen = destination(s, &to), .msg_iov = iov, .msg_iovlen = 1, .msg_control = control };
	size_t len = 0;

	while (n-- && len + segment <= TRAIN) {
		media(octets + len, segment);
		if (draw(40) == 0)
			octets[len] = 0;
		len += segment;
	}
	if (draw(2))
		len -= draw(segment);
	iov[0].iov_len = len;
	if (draw(6) == 0) {
		iov[0].iov_len = draw((uint32_t)len);
		iov[1] = (struct iovec){ octets + iov[0].iov_len, len - iov[0].iov_len };
		msg.msg_iovlen = 2;
	}
	c->cmsg_level = IPPROTO_UDP;
	c->cmsg_type = UDP_SEGMENT;
	c->cmsg_len = CMSG_LEN(sizeof(segment));
	memcpy(CMSG_DATA(c), &segment, sizeof(segment));
	msg.msg_controllen = CMSG_ALIGN(c->cmsg_len);
	tell("train", sendmsg(number[s], &msg, 0));
}

static void bad(int s)
{
	uint8_t octets[MOST];
	size_t len = media(octets, any_len());
	struct sockaddr_in6 to;
	socklen_t to_len = destination(s, &to);

	switch (draw(4)) {
	case 0: tell("no octets", sendto(number[s], (void *)16, len, 0, (void *)&to, to_len)); break;
	case 1: tell("no address", sendto(number[s], octets, len, 0, (void *)16, to_len)); break;
	case 2: tell("short address", sendto(number[s], octets, len, 0, (void *)&to, 8)); break;
	default: tell("longer address", sendto(number[s], octets, len, 0, (void *)&to, to_len + 4));
	}
}

static void step(void)
{
	int s = (int)draw(SOCKETS);

	if (!single && draw(far ? 2 : 24) == 0) {
		if (draw(2))
			train(s);
		else
			several(s);
		return;
	}
	switch (draw(64)) {
	case 0: with_flags(s); break;
	case 1:
	case 2: with_control(s); break;
	case 3: option(s); break;
	case 4: hint(s); break;
	case 5: move(s); break;
	case 6:
	case 7: other_packet(s); break;
	case 8:
	case 9:
	case 10: several(s); break;
	case 11: bad(s); break;
	case 12:
		open_at(s);
		tell("opened anew", 0);
		break;
	default: usual(s, draw(2));
	}
}

/* Somebody is there, so that nothing comes back. */
static void listen_at(int family, uint16_t port)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons(port) };
	int yes = 1, fd = socket(family, SOCK_DGRAM, 0);

	must(fd, "socket");
	if (family == AF_INET6)
		must(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof(yes)), "V6ONLY");
	must(bind(fd, family == AF_INET ? (void *)&four : (void *)&six, family == AF_INET ? sizeof(four) : sizeof(six)), "bind");
}

int main(int argc, char **argv)
{
	cpu_set_t here;
	struct sockaddr_ll all = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	int room = 1 << 24;
	char *text = NULL;
	size_t text_len = 0;

	if (argc < 4) {
		fputs("usage: sendmix SEED COUNT COVER [single | far]\n", stderr);
		return 2;
	}
	state = strtoull(argv[1], NULL, 10);
	key.cover = (uint32_t)strtoul(argv[3], NULL, 10);
	single = argc > 4 && strcmp(argv[4], "single") == 0;
	far = argc > 4 && strcmp(argv[4], "far") == 0;
	/* By one CPU, so that packets arrive in the order they left in. */
	CPU_ZERO(&here);
	CPU_SET((unsigned)sched_getcpu(), &here);
	must(sched_setaffinity(0, sizeof(here), &here), "affinity");
	base = far ? 0xc6120001 : base;
	arrived = far ? open_memstream(&text, &text_len) : stdout;
	all.sll_ifindex = (int)if_nametoindex(far ? "v1" : "lo");
	for (uint8_t i = 0; i < 16; i++)
		key.key[i] = i;
	tap = socket(AF_PACKET, SOCK_DGRAM, htons(ETH_P_ALL));
	must(tap, "packet socket");
	must(bind(tap, (void *)&all, sizeof(all)), "packet socket");
	setsockopt(tap, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	for (uint16_t i = 0; i < 2; i++) {
		listen_at(AF_INET, (uint16_t)(PORT + i));
		listen_at(AF_INET6, (uint16_t)(PORT + i));
	}
	listen_at(AF_INET, ROUTER);
	for (int s = 0; s < SOCKETS; s++)
		open_at(s);
	for (long n = strtol(argv[2], NULL, 10); n > 0; n--)
		step();
	if (far) {
		struct pollfd more = { .fd = tap, .events = POLLIN };

		while (poll(&more, 1, QUIET_MS) > 0)
			tell_all();
		fclose(arrived);
		fputs(text, stdout);
		free(text);
	}
	return 0;
}
