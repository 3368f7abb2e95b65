/* SPDX-License-Identifier: BSD-3-Clause
 *
 * forge.c - sends wrapped datagrams, right or wrong in a chosen way, to a router, and looks what comes out of it.
 *
 *     forge bits 4|6 PORT KEY COVER     flips every bit of a datagram to a router on loopback; speaks TAP
 *     forge send NAME=VALUE...          see settings below; prints "sent N received N ttl N tos N"
 *     forge listen 4|6 PORT N           prints "ready", then a line for each of N datagrams to that port
 *     forge figure PATH FILE            prints a value of the router's JSON, such as .outcomes.tunnel.drop.ocs; absent: 0
 *
 * Nothing waits for time to pass: behind what it sends it sends a datagram that the router will forward, and a router
 * keeps the order. */
#include <arpa/inet.h>
#include <errno.h>
#include <jansson.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "../router/wrapped.h"
#include "../unit/lend.h"

enum { INNER_PORT = 50000, MARKER_PORT = 50001, PATIENCE = 20 };

__attribute__((noreturn)) static void die(const char *what)
{
	fprintf(stderr, "forge: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int need(int result, const char *what)
{
	if (result < 0)
		die(what);
	return result;
}

/* --- Sending -------------------------------------------------------------------------------------------------- */

enum way { ROUTED, LOOPBACK, UNFINISHED };

/* ROUTED: IPPROTO_RAW, by the routes of this host. LOOPBACK: into lo as it is, whatever it says. UNFINISHED: the same, with
 * the UDP checksum left for the device to finish, as the kernel's own datagrams travel. */
struct sender {
	enum way way;
	int fd[2]; /* by family */
	struct sockaddr_ll device; /* instead of lo, if its index is not 0 */
};

static void sender_open(struct sender *s, enum way way)
{
	int on = 1;

	s->way = way;
	for (int six = 0; six < 2; six++) {
		if (way == ROUTED)
			s->fd[six] = need(socket(six ? AF_INET6 : AF_INET, SOCK_RAW, IPPROTO_RAW), "raw socket");
		else
			s->fd[six] = need(socket(AF_PACKET, way == LOOPBACK ? SOCK_DGRAM : SOCK_RAW, 0), "packet socket");
		if (way == UNFINISHED)
			need(setsockopt(s->fd[six], SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on)), "PACKET_VNET_HDR");
	}
}

static void send_routed(const struct sender *s, const uint8_t *packet, size_t len, bool six)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };

	memcpy(&v4.sin_addr, packet + 16, 4);
	memcpy(&v6.sin6_addr, packet + 24, 16);
	if (sendto(s->fd[six], packet, len, 0, six ? (struct sockaddr *)&v6 : (struct sockaddr *)&v4,
		    six ? sizeof(v6) : sizeof(v4)) < 0)
		die("send");
}

/* The field then holds the pseudo-header's sum, over the length that a device would sum: the whole IP payload. */
static size_t unfinish(uint8_t *frame, size_t udp_at, size_t len)
{
	uint8_t *packet = frame + sizeof(struct virtio_net_hdr) + ETH_HLEN, rest[4] = { 0, 17 };
	struct virtio_net_hdr head = { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = (uint16_t)(ETH_HLEN + udp_at),
		.csum_offset = 6 };
	bool six = packet[0] >> 4 == 6;

	memcpy(frame, &head, sizeof(head));
	wrapped_put16(rest + 2, (uint16_t)(len - udp_at));
	wrapped_put16(packet + udp_at + 6, md_sum(md_sum(0, packet + (six ? 8 : 12), six ? 32 : 8), rest, sizeof(rest)));
	wrapped_put16(frame + sizeof(head) + 12, six ? ETH_P_IPV6 : ETH_P_IP);
	return sizeof(head) + ETH_HLEN + len;
}

static void send_packet(const struct sender *s, const uint8_t *packet, size_t len, size_t udp_at)
{
	bool six = udp_at != 20;
	struct sockaddr_ll to = s->device;
	uint8_t frame[64 + WRAPPED_ROOM] = { 0 };

	if (s->way == ROUTED) {
		send_routed(s, packet, len, six);
		return;
	}
	if (s->way == UNFINISHED) {
		memcpy(frame + sizeof(struct virtio_net_hdr) + ETH_HLEN, packet, len);
		len = unfinish(frame, udp_at, len);
		packet = frame;
	}
	to.sll_family = AF_PACKET;
	to.sll_protocol = htons(six ? ETH_P_IPV6 : ETH_P_IP);
	to.sll_ifindex = to.sll_ifindex ? to.sll_ifindex : (int)if_nametoindex("lo");
	to.sll_halen = 6;
	if (sendto(s->fd[six], packet, len, 0, (struct sockaddr *)&to, sizeof(to)) < 0)
		die("send");
}

/* --- Receiving ------------------------------------------------------------------------------------------------ */

struct arrived {
	uint16_t sport, dport;
	int ttl, tos;
	size_t len;          /* of the user data */
	char from[INET6_ADDRSTRLEN];
};

/* A raw socket sees what an ordinary one would refuse, such as a wrong UDP checksum inside. */
static int listen_raw(bool six)
{
	struct timeval patience = { .tv_sec = PATIENCE };
	int on = 1, size = 8 << 20, fd;

	fd = need(socket(six ? AF_INET6 : AF_INET, SOCK_RAW, IPPROTO_UDP), "raw socket");
	need(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), "SO_RCVTIMEO");
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	if (six) {
		need(setsockopt(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, &on, sizeof(on)), "IPV6_RECVHOPLIMIT");
		need(setsockopt(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, &on, sizeof(on)), "IPV6_RECVTCLASS");
	}
	return fd;
}

static void arrival6(struct msghdr *header, struct arrived *a)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
		if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_HOPLIMIT)
			memcpy(&a->ttl, CMSG_DATA(c), sizeof(int));
		if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_TCLASS)
			memcpy(&a->tos, CMSG_DATA(c), sizeof(int));
	}
}

/* The next UDP datagram, whoever it is for; false: none came. */
static bool receive(int fd, bool six, struct arrived *a)
{
	uint8_t octets[WRAPPED_ROOM];
	_Alignas(struct cmsghdr) char control[256];
	struct sockaddr_storage from = { 0 };
	struct iovec piece = { octets, sizeof(octets) };
	struct msghdr header = { &from, sizeof(from), &piece, 1, control, sizeof(control), 0 };
	ssize_t n = recvmsg(fd, &header, 0);
	size_t udp = six ? 0 : (size_t)(octets[0] & 15) * 4;

	memset(a, 0, sizeof(*a));
	if (n < 0 || (size_t)n < udp + 8)
		return n >= 0;
	a->ttl = octets[8];
	a->tos = octets[1];
	if (six) {
		arrival6(&header, a);
		inet_ntop(AF_INET6, &((struct sockaddr_in6 *)&from)->sin6_addr, a->from, sizeof(a->from));
	} else {
		inet_ntop(AF_INET, octets + 12, a->from, sizeof(a->from));
	}
	a->sport = wrapped_u16(octets + udp);
	a->dport = wrapped_u16(octets + udp + 2);
	a->len = (size_t)n - udp - 8;
	return true;
}

/* Keeps a port, so that the host does not answer with ICMP. */
static void hold_port(bool six, uint16_t port)
{
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = need(socket(six ? AF_INET6 : AF_INET, SOCK_DGRAM, 0), "UDP socket");

	need(bind(fd, six ? (struct sockaddr *)&v6 : (struct sockaddr *)&v4, six ? sizeof(v6) : sizeof(v4)), "bind");
}

/* --- What is sent --------------------------------------------------------------------------------------------- */

static uint8_t payload[1200];

static uint32_t time_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return md_ntp_send(md_ntp_short(now.tv_sec, (uint32_t)now.tv_nsec));
}

static size_t hex_read(uint8_t *dst, size_t room, const char *hex)
{
	size_t n = 0;
	unsigned value;

	for (; n < room && sscanf(hex + 2 * n, "%2x", &value) == 1; n++)
		dst[n] = (uint8_t)value;
	return n;
}

/* KEYID:ALGORITHM:HEX */
static struct md_key key_read(const char *text)
{
	struct md_key key = { 0 };
	char algorithm[32] = "";
	unsigned keyid = 0;
	int at = 0, parsed;

	if (sscanf(text, "%u:%31[^:]:%n", &keyid, algorithm, &at) != 2 || !at || (parsed = md_algorithm_parse(algorithm)) < 0)
		die("KEYID:ALGORITHM:HEX");
	key.keyid = (uint8_t)keyid;
	key.algorithm = (enum md_algorithm)parsed;
	key.len = hex_read(key.key, sizeof(key.key), text + at);
	return key;
}

static struct md_tuple loopback(bool six, uint16_t sport, uint16_t dport)
{
	struct md_tuple t = { .version = six ? 6 : 4, .sport = sport, .dport = dport };
	static const uint8_t four[4] = { 127, 0, 0, 1 };

	if (six) {
		t.src[15] = t.dst[15] = 1;
	} else {
		memcpy(t.src, four, 4);
		memcpy(t.dst, four, 4);
	}
	return t;
}

static void build(struct wrapped *w, const struct wrap *how)
{
	if (wrapped_make(w, how, lend_openssl()) < 0)
		die("cannot build the datagram");
}

static void traffic_key(struct md_traffic_key *out, const struct md_key *key, const struct md_tuple *tuple)
{
	if (md_traffic_key_make(out, key, tuple, lend_openssl()) < 0)
		die("traffic key");
}

/* Sends a datagram that will be forwarded, and counts what came through before it. */
static bool marker_passes(const struct sender *s, const struct wrap *like, int fd, uint16_t port, unsigned *passed,
	struct arrived *last)
{
	static struct md_metadata meta = { .option = MD_MED, .d = 1, .p = 1, .l = 1 };
	struct wrap how = *like;
	struct wrapped w;
	struct arrived a;
	bool six = how.inner.version == 6;

	how.inner.dport = MARKER_PORT;
	how.inner_ttl = 64;
	how.inner_tos = how.outer_tos = 0;
	how.meta = &meta;
	how.ids = NULL;
	how.token = NULL;
	meta.seq++;
	meta.ts = time_now();
	build(&w, &how);
	send_packet(s, w.octets, w.len, w.udp_at);
	while (receive(fd, six, &a)) {
		if (a.dport == MARKER_PORT)
			return true;
		if (a.dport == port) {
			(*passed)++;
			*last = a;
		}
	}
	return false;
}

/* --- bits ----------------------------------------------------------------------------------------------------- */

struct trial {
	struct sender sender;
	struct wrap how;
	struct md_metadata meta;
	uint32_t cover;
	int fd;
};

/* What may pass on the wire: IP input refuses a wrong IPv4 header checksum before AUTH is asked. */
static const char *may_pass(const struct wrapped *w, size_t bit, uint32_t cover, bool mended)
{
	if (!mended && w->udp_at == 20)
		return NULL;
	return wrapped_outside_auth(w, bit, cover, mended);
}

/* Sends one datagram with one bit flipped; whether it came through. Each is new to the router, so that none is refused
 * as a replay. */
static bool passes(struct trial *t, size_t bit, bool mended, const char **outside)
{
	struct arrived last;
	struct wrapped w;
	unsigned passed = 0;

	t->meta.seq++;
	t->meta.ts = time_now();
	build(&w, &t->how);
	*outside = may_pass(&w, bit, t->cover, mended);
	w.octets[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
	if (mended)
		wrapped_mend(w.octets, w.len);
	send_packet(&t->sender, w.octets, w.len, w.udp_at);
	if (!marker_passes(&t->sender, &t->how, t->fd, INNER_PORT, &passed, &last))
		die("the datagram behind it did not come through");
	return passed > 0;
}

static bool each_bit(struct trial *t, bool mended, unsigned *all)
{
	const char *name[16] = { 0 }, *outside;
	unsigned count[16] = { 0 }, refused = 0, wrong = 0;
	struct wrapped w;
	size_t i;

	build(&w, &t->how);
	for (size_t bit = 0; bit < w.len * 8; bit++) {
		bool passed = passes(t, bit, mended, &outside);

		refused += !passed;
		if (passed != (outside != NULL)) {
			printf("# octet %zu, bit %zu: %s\n", bit / 8, bit % 8, passed ? "came through" : "did not come through");
			wrong++;
		}
		for (i = 0; outside && i < 15 && name[i] && strcmp(name[i], outside) != 0; i++)
			;
		if (outside) {
			name[i] = outside;
			count[i]++;
		}
	}
	*all += (unsigned)w.len * 8;
	printf("# %zu bits, %u refused\n", w.len * 8, refused);
	for (i = 0; i < 16 && name[i]; i++)
		printf("# outside AUTH, came through: %s, %u bits\n", name[i], count[i]);
	return wrong == 0;
}

static int bits(bool six, uint16_t port, const char *key_text, uint32_t cover)
{
	struct md_key key = key_read(key_text);
	struct md_traffic_key traffic;
	struct trial t = { .meta = { .option = MD_MED, .counter = 42, .d = 1, .p = 1, .l = 1, .bq = 17 }, .cover = cover };
	unsigned all = 0;
	bool good = true, one;

	key.cover = cover;
	t.how = (struct wrap){ .outer = loopback(six, 40001, port), .inner = loopback(six, 40000, INNER_PORT),
		.inner_ttl = 64, .key = &traffic, .meta = &t.meta, .payload = payload, .payload_len = 100 };
	traffic_key(&traffic, &key, &t.how.outer);
	sender_open(&t.sender, LOOPBACK);
	t.fd = listen_raw(six);
	hold_port(six, INNER_PORT);
	hold_port(six, MARKER_PORT);
	for (int mended = 0; mended < 2; mended++) {
		one = each_bit(&t, mended, &all);
		printf("%sok %d - IPv%d, each bit of a wrapped datagram, %s\n", one ? "" : "not ", mended + 1, six ? 6 : 4,
			mended ? "sums made right again" : "as it is");
		good = good && one;
	}
	printf("1..2\n# sent %u and as many behind them\n", all);
	return good ? 0 : 1;
}

/* --- send ----------------------------------------------------------------------------------------------------- */

struct settings {
	struct sender sender;
	struct wrap how;
	struct md_metadata meta;
	struct md_ids ids;
	struct md_key key;
	bool has_key, no_marker, extension;
	unsigned count, copies, lose, mdu;
	double age;          /* seconds */
	uint8_t token[512];
	const char *spoil;   /* ocs, mac, udp, sum (a field as an unfinished checksum has it) */
};

/* ADDR:PORT or [ADDR]:PORT */
static void address_read(const char *text, struct md_tuple *t, uint8_t *address, uint16_t *port)
{
	char host[64] = "";
	const char *colon = strrchr(text, ':');
	bool six = text[0] == '[';

	if (!colon || colon - text >= (ptrdiff_t)sizeof(host))
		die(text);
	memcpy(host, text + six, (size_t)(colon - text) - 2u * six);
	t->version = six ? 6 : 4;
	*port = (uint16_t)atoi(colon + 1);
	if (inet_pton(six ? AF_INET6 : AF_INET, host, address) != 1)
		die(text);
}

/* IFACE/MAC, the MAC in plain hex */
static void device_read(const char *text, struct sender *s)
{
	char name[IF_NAMESIZE] = "";
	int at = 0;

	if (sscanf(text, "%15[^/]/%n", name, &at) != 1 || hex_read(s->device.sll_addr, 6, text + at) != 6)
		die(text);
	s->device.sll_ifindex = (int)if_nametoindex(name);
	s->way = LOOPBACK;
}

static void number_read(struct settings *s, const char *name, const char *value)
{
	const struct {
		const char *name;
		uint8_t *octet;
		unsigned *number;
	} row[] = {
		{ "count", NULL, &s->count }, { "copies", NULL, &s->copies }, { "lose", NULL, &s->lose },
		{ "mdu", NULL, &s->mdu }, { "s", &s->meta.s, NULL }, { "d", &s->meta.d, NULL }, { "p", &s->meta.p, NULL },
		{ "l", &s->meta.l, NULL }, { "bq", &s->meta.bq, NULL }, { "ttl", &s->how.inner_ttl, NULL },
		{ "tos", &s->how.inner_tos, NULL }, { "outer-tos", &s->how.outer_tos, NULL },
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		if (strcmp(name, row[i].name) == 0) {
			if (row[i].octet)
				*row[i].octet = (uint8_t)atoi(value);
			else
				*row[i].number = (unsigned)atoi(value);
			return;
		}
	}
	errno = EINVAL;
	die(name);
}

static void setting_read(struct settings *s, char *text)
{
	char *value = strchr(text, '=');

	if (!value)
		die(text);
	*value++ = 0;
	if (strcmp(text, "from") == 0)
		address_read(value, &s->how.outer, s->how.outer.src, &s->how.outer.sport);
	else if (strcmp(text, "to") == 0)
		address_read(value, &s->how.outer, s->how.outer.dst, &s->how.outer.dport);
	else if (strcmp(text, "inner-from") == 0)
		address_read(value, &s->how.inner, s->how.inner.src, &s->how.inner.sport);
	else if (strcmp(text, "inner-to") == 0)
		address_read(value, &s->how.inner, s->how.inner.dst, &s->how.inner.dport);
	else if (strcmp(text, "key") == 0)
		s->key = key_read(value), s->has_key = true;
	else if (strcmp(text, "cover") == 0)
		s->key.cover = (uint32_t)atoi(value);
	else if (strcmp(text, "nat") == 0)
		s->key.nat = true;
	else if (strcmp(text, "way") == 0)
		s->sender.way = *value == 'l' ? LOOPBACK : *value == 'u' ? UNFINISHED : ROUTED;
	else if (strcmp(text, "device") == 0)
		device_read(value, &s->sender);
	else if (strcmp(text, "mode") == 0)
		s->how.inlined = strcmp(value, "inline") == 0;
	else if (strcmp(text, "marker") == 0)
		s->no_marker = strcmp(value, "no") == 0;
	else if (strcmp(text, "extension") == 0)
		s->extension = true;
	else if (strcmp(text, "spoil") == 0)
		s->spoil = value;
	else if (strcmp(text, "seq") == 0)
		s->meta.seq = (uint16_t)atoi(value);
	else if (strcmp(text, "len") == 0)
		s->how.payload_len = (size_t)atoi(value) % sizeof(payload);
	else if (strcmp(text, "age") == 0)
		s->age = atof(value);
	else if (strcmp(text, "token") == 0)
		s->how.token = s->token, s->how.token_len = hex_read(s->token, sizeof(s->token), value);
	else if (strcmp(text, "med-kind") == 0)
		s->ids.form = MD_FORM_KIND, s->ids.med_kind = (uint8_t)atoi(value);
	else if (strcmp(text, "med-exid") == 0)
		s->ids.med_exid = (uint16_t)atoi(value);
	else if (strcmp(text, "legacy16") == 0)
		s->ids.legacy16 = true;
	else if (strcmp(text, "code") == 0)
		s->meta.option = hex_read(s->meta.code, MD_CODE_LEN, value) == MD_CODE_LEN ? MD_OFC : MD_NO_OPTION;
	else
		number_read(s, text, value);
}

static void spoil(struct wrapped *w, const char *what)
{
	size_t ocs_at = w->surplus_at + (w->surplus_at - w->udp_at) % 2;
	uint8_t rest[4] = { 0, 17 };

	if (strcmp(what, "ocs") == 0) {
		w->octets[ocs_at] ^= 1;
	} else if (strcmp(what, "mac") == 0) {
		w->octets[w->len - 4] ^= 1;
		wrapped_mend(w->octets, w->len);
	} else if (strcmp(what, "udp") == 0) {
		w->octets[w->udp_at + 6] ^= 1;
	} else if (strcmp(what, "sum") == 0) {
		wrapped_put16(rest + 2, (uint16_t)(w->len - w->udp_at));
		wrapped_put16(w->octets + w->udp_at + 6, md_sum(md_sum(0, w->octets + (w->udp_at == 20 ? 12 : 8),
			w->udp_at == 20 ? 8 : 32), rest, sizeof(rest)));
	}
}

/* A destination options header that says nothing, between IPv6 and UDP header; AUTH and checksums do not see it. */
static void extend(struct wrapped *w)
{
	static const uint8_t header[8] = { 17, 0, 1, 4 };

	memmove(w->octets + 48, w->octets + 40, w->len - 40);
	memcpy(w->octets + 40, header, sizeof(header));
	w->octets[6] = 60;
	wrapped_put16(w->octets + 4, (uint16_t)(w->len - 40 + 8));
	w->len += 8;
	w->udp_at += 8;
	w->user_at += 8;
	w->surplus_at += 8;
}

static int send_all(struct settings *s)
{
	struct md_traffic_key traffic;
	struct arrived last = { 0 };
	struct wrapped w;
	unsigned received = 0;
	bool six = s->how.inner.version == 6;
	int fd = s->no_marker ? -1 : listen_raw(six);

	sender_open(&s->sender, s->sender.way);
	if (s->has_key)
		traffic_key(&traffic, &s->key, &s->how.outer);
	s->how.key = s->has_key ? &traffic : NULL;
	s->how.meta = s->meta.option == MD_NO_OPTION ? NULL : &s->meta;
	for (unsigned i = 0; i < s->count; i++, s->meta.seq++) {
		s->meta.counter = (uint8_t)(s->meta.s ? 0 : i / s->mdu);
		s->meta.ts = time_now() - (uint32_t)(int32_t)(s->age * 65536);
		build(&w, &s->how);
		if (s->spoil)
			spoil(&w, s->spoil);
		if (s->extension)
			extend(&w);
		for (unsigned copy = 0; copy < s->copies && !(s->lose && i % s->lose == s->lose - 1); copy++)
			send_packet(&s->sender, w.octets, w.len, w.udp_at);
	}
	if (!s->no_marker && !marker_passes(&s->sender, &s->how, fd, s->how.inner.dport, &received, &last))
		die("the datagram behind it did not come through");
	printf("sent %u received %u ttl %d tos %d\n", s->count, received, last.ttl, last.tos);
	return 0;
}

static int send_command(int argc, char **argv)
{
	struct settings s = { .how = { .inner_ttl = 64, .payload = payload, .payload_len = 100 }, .meta = { .option = MD_MED,
		.d = 1, .p = 1, .l = 1, .seq = 100 }, .ids = MD_IDS_DEFAULT, .count = 1, .copies = 1, .mdu = 1 };

	s.how.ids = &s.ids;
	for (int i = 0; i < argc; i++)
		setting_read(&s, argv[i]);
	return send_all(&s);
}

static int listen_command(bool six, uint16_t port, unsigned count)
{
	int fd = listen_raw(six);
	struct arrived a;

	puts("ready");
	fflush(stdout);
	while (count > 0) {
		if (!receive(fd, six, &a))
			die("nothing came");
		if (a.dport != port)
			continue;
		printf("from %s:%u length %zu ttl %d tos %d\n", a.from, a.sport, a.len, a.ttl, a.tos);
		count--;
	}
	return 0;
}

/* Of a summary, or of the last line of a file of lines. */
static int figure_command(char *path, const char *file)
{
	FILE *in = fopen(file, "re");
	json_t *last = NULL, *value, *next;

	if (!in)
		die(file);
	while ((next = json_loadf(in, JSON_DISABLE_EOF_CHECK, NULL))) {
		json_decref(last);
		last = next;
	}
	fclose(in);
	value = last;
	for (char *key = strtok(path, "."); key; key = strtok(NULL, "."))
		value = json_is_array(value) ? json_array_get(value, (size_t)atoi(key)) : json_object_get(value, key);
	if (!last)
		puts("no JSON");
	else if (!value)
		puts("0");
	else if (json_is_string(value))
		puts(json_string_value(value));
	else if (json_dumpf(value, stdout, JSON_ENCODE_ANY | JSON_SORT_KEYS | JSON_REAL_PRECISION(6)) == 0)
		putchar('\n');
	json_decref(last);
	return 0;
}

int main(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(payload); i++)
		payload[i] = (uint8_t)(3 + 7 * i);
	if (argc == 6 && strcmp(argv[1], "bits") == 0)
		return bits(*argv[2] == '6', (uint16_t)atoi(argv[3]), argv[4], (uint32_t)atoi(argv[5]));
	if (argc > 2 && strcmp(argv[1], "send") == 0)
		return send_command(argc - 2, argv + 2);
	if (argc == 5 && strcmp(argv[1], "listen") == 0)
		return listen_command(*argv[2] == '6', (uint16_t)atoi(argv[3]), (unsigned)atoi(argv[4]));
	if (argc == 4 && strcmp(argv[1], "figure") == 0)
		return figure_command(argv[2], argv[3]);
	fputs("usage: forge bits 4|6 PORT KEYID:ALGORITHM:HEX COVER | send NAME=VALUE... | listen 4|6 PORT N |"
	      " figure PATH FILE\n", stderr);
	return 2;
}
