/* SPDX-License-Identifier: BSD-3-Clause
 *
 * receive.c - why packet sockets (AF_PACKET, cooked), and not raw ones:
 *
 * - A packet between two ends on one host, over loopback or veth, carries an unfinished UDP checksum (CHECKSUM_PARTIAL:
 *   the pseudo-header's sum, left for the device to finish) if the kernel's UDP made it, and a finished one if it came
 *   from a raw socket. Only packet sockets tell which (PACKET_AUXDATA, TP_STATUS_CSUMNOTREADY). Guessing would either
 *   drop good packets or accept wrong checksums.
 * - A raw IPv6 socket delivers neither the IPv6 header nor its extension headers.
 * - The kernel counts what it could not deliver (PACKET_STATISTICS).
 *
 * For the tunnel the socket is bound to ETH_P_IP or ETH_P_IPV6 and to no interface. It then sees exactly what the kernel's
 * IP input sees, behind bridges, bonds and VLANs, once each, whatever the interface; never what this host sends. It does
 * not see the work of the IP input itself: so the header checksum and the rule that loopback addresses stay on loopback
 * are ours to check, and fragments never match. For inline mode it is bound to one interface and to ETH_P_ALL, so that it
 * also sees what a bridge only passes through. */
#include "receive.h"

#include "filter.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PACKET_ROOM = 65535 + 40 + 1, CONTROL_ROOM = 128, BUFFER = 16 << 20 };

static uint8_t room[RECEIVE_BATCH][PACKET_ROOM];

static int step_failed(struct receiver *r, const char **step, const char *what)
{
	int error = errno;

	*step = what;
	receive_close(r);
	return -error;
}

/* Keeps the port: nobody else can take it, and the kernel sends no "port unreachable". Nothing is ever queued there. */
static int hold(struct receiver *r, const char **step)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(r->at.port) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(r->at.port), .sin6_scope_id = r->at.scope };
	bool is4 = r->at.version == 4;
	struct filter nothing;
	int small = 0;

	memcpy(&v4.sin_addr, r->at.address, 4);
	memcpy(&v6.sin6_addr, r->at.address, 16);
	r->held = socket(is4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (r->held < 0)
		return step_failed(r, step, "UDP socket");
	filter_nothing(&nothing);
	if (filter_attach(r->held, &nothing) < 0)
		return step_failed(r, step, "filter of the UDP socket");
	setsockopt(r->held, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	if (bind(r->held, is4 ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6, is4 ? sizeof(v4) : sizeof(v6)) < 0)
		return step_failed(r, step, "bind");
	return 0;
}

/* The filter is in place before the socket is bound and anything can arrive. */
static int tap(struct receiver *r, unsigned protocol, unsigned interface, const struct filter *filter,
	const char **step)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_protocol = htons((uint16_t)protocol),
		.sll_ifindex = (int)interface };
	int size = BUFFER, on = 1;

	r->fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (r->fd < 0)
		return step_failed(r, step, "packet socket");
	if (filter_attach(r->fd, filter) < 0)
		return step_failed(r, step, "filter of the packet socket");
	if (setsockopt(r->fd, SOL_PACKET, PACKET_AUXDATA, &on, sizeof(on)) < 0 ||
		setsockopt(r->fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) < 0)
		return step_failed(r, step, "options of the packet socket");
	if (setsockopt(r->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(r->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (bind(r->fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		return step_failed(r, step, "bind of the packet socket");
	return 0;
}

int receive_tunnel(struct receiver *r, const struct endpoint *at, const char **step)
{
	struct filter filter;
	int error;

	memset(r, 0, sizeof(*r));
	r->fd = r->held = -1;
	r->at = *at;
	error = hold(r, step);
	if (error < 0)
		return error;
	filter_tunnel(&filter, at);
	return tap(r, at->version == 4 ? ETH_P_IP : ETH_P_IPV6, at->scope, &filter, step);
}

int receive_inline(struct receiver *r, const char *interface, const char **step)
{
	struct filter filter;
	unsigned index = if_nametoindex(interface);

	memset(r, 0, sizeof(*r));
	r->fd = r->held = -1;
	r->inlined = true;
	if (!index)
		return step_failed(r, step, "interface");
	strncpy(r->interface, interface, sizeof(r->interface) - 1);
	filter_inline(&filter);
	return tap(r, ETH_P_ALL, index, &filter, step);
}

void receive_close(struct receiver *r)
{
	if (r->fd >= 0)
		close(r->fd);
	if (r->held >= 0)
		close(r->held);
	r->fd = r->held = -1;
}

static int64_t nanoseconds(const struct timespec *t)
{
	return (int64_t)t->tv_sec * 1000000000 + t->tv_nsec;
}

void receive_now(struct moment *now)
{
	struct timespec real, mono;

	clock_gettime(CLOCK_REALTIME, &real);
	clock_gettime(CLOCK_MONOTONIC, &mono);
	now->unix_ns = nanoseconds(&real);
	now->ntp = md_ntp_short(real.tv_sec, (uint32_t)real.tv_nsec);
	now->ms = (uint64_t)(nanoseconds(&mono) / 1000000);
}

/* The kernel's time of arrival, so that a packet does not age in our own queue. One that is not near the present time is
 * not believed: a scheduled transmission on the same host may leave its departure time there. */
static void arrival(struct moment *at, const struct timespec *stamp)
{
	int64_t ns = nanoseconds(stamp), ago = at->unix_ns - ns;

	if (ago < 0 || ago > 1000000000)
		return;
	at->unix_ns = ns;
	at->ntp = md_ntp_short(stamp->tv_sec, (uint32_t)stamp->tv_nsec);
}

static void control(struct msghdr *header, struct moment *at, bool *unfinished)
{
	struct tpacket_auxdata aux;
	struct timespec stamp;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
		if (c->cmsg_level == SOL_PACKET && c->cmsg_type == PACKET_AUXDATA) {
			memcpy(&aux, CMSG_DATA(c), sizeof(aux));
			*unfinished = aux.tp_status & TP_STATUS_CSUMNOTREADY;
		} else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
			memcpy(&stamp, CMSG_DATA(c), sizeof(stamp));
			arrival(at, &stamp);
		}
	}
}

/* Does what the device would have done: the field holds the pseudo-header's sum, and the complement of the sum over the
 * whole IP payload replaces it. With a surplus area that is right only because the OCS makes the area sum to nothing. */
static void checksum_finish(uint8_t *packet, const struct md_datagram *d)
{
	uint16_t sum = (uint16_t)~md_sum(0, packet + d->udp_at, d->length - d->udp_at);

	sum = sum ? sum : 0xffff;
	packet[d->udp_at + 6] = (uint8_t)(sum >> 8);
	packet[d->udp_at + 7] = (uint8_t)sum;
}

/* What IP input would refuse. */
static bool header_is_good(struct receiver *r, const uint8_t *packet, size_t len, const struct sockaddr_ll *from)
{
	uint8_t version = packet[0] >> 4;
	size_t header = version == 4 ? (size_t)(packet[0] & 15) * 4 : 40;
	bool local;

	if (len < header || header < 20 || (version == 4 && md_sum(0, packet, header) != 0xffff)) {
		r->count.bad_header++;
		return false;
	}
	local = version == 4 ? endpoint_is_loopback(4, packet + 12) || endpoint_is_loopback(4, packet + 16) :
		endpoint_is_loopback(6, packet + 8) || endpoint_is_loopback(6, packet + 24);
	if (local && from->sll_hatype != ARPHRD_LOOPBACK) {
		r->count.martian++;
		return false;
	}
	return true;
}

static bool prepare(struct receiver *r, uint8_t *packet, size_t len, const struct sockaddr_ll *from, bool unfinished)
{
	bool extended = len > 40 && packet[0] >> 4 == 6 && packet[6] != IPPROTO_UDP;
	struct md_datagram d;
	enum md_reason reason = MD_R_NONE;

	if (!header_is_good(r, packet, len, from))
		return false;
	if (!unfinished && !extended)
		return true;
	memset(&d, 0, sizeof(d));
	if (md_datagram_read(packet, len, &d, &reason) < 0 && reason != MD_R_UDP_CHECKSUM)
		return !extended;
	if (unfinished)
		checksum_finish(packet, &d);
	if (extended && !r->inlined && !endpoint_is_destination(&r->at, &d.tuple)) {
		r->count.other++;
		return false;
	}
	return true;
}

size_t receive_batch(struct receiver *r, receive_packet *packet, void *context)
{
	struct mmsghdr message[RECEIVE_BATCH] = { 0 };
	struct iovec piece[RECEIVE_BATCH];
	struct sockaddr_ll from[RECEIVE_BATCH];
	_Alignas(struct cmsghdr) char ancillary[RECEIVE_BATCH][CONTROL_ROOM];
	struct moment now, at;
	bool unfinished;
	int n;

	for (size_t i = 0; i < RECEIVE_BATCH; i++) {
		piece[i] = (struct iovec){ room[i], sizeof(room[i]) };
		message[i].msg_hdr = (struct msghdr){ &from[i], sizeof(from[i]), &piece[i], 1, ancillary[i], CONTROL_ROOM, 0 };
	}
	n = recvmmsg(r->fd, message, RECEIVE_BATCH, MSG_DONTWAIT, NULL);
	if (n <= 0)
		return 0;
	receive_now(&now);
	for (int i = 0; i < n; i++) {
		at = now;
		unfinished = false;
		control(&message[i].msg_hdr, &at, &unfinished);
		if (message[i].msg_hdr.msg_flags & MSG_TRUNC)
			r->count.truncated++;
		else if (prepare(r, room[i], message[i].msg_len, &from[i], unfinished))
			packet(context, r, room[i], message[i].msg_len, &at);
	}
	return (size_t)n;
}

void receive_drops(struct receiver *r)
{
	struct tpacket_stats stats;
	socklen_t len = sizeof(stats);

	if (getsockopt(r->fd, SOL_PACKET, PACKET_STATISTICS, &stats, &len) == 0)
		r->count.kernel_drops += stats.tp_drops; /* reading them sets them to zero */
}
