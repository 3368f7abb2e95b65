/* SPDX-License-Identifier: BSD-3-Clause
 *
 * victim.h - what every victim program needs: receivers on loopback, plausible media packets and a transcript.
 *
 * A victim shows one trap of being interposed. Its transcript (standard output) holds every return value, every errno and
 * everything the receivers got, and nothing that changes from run to run; so it must be the same with and without the
 * shim. Comments in a victim's source tell the driver what to look for:
 *   rule: numbers of the rules it covers          expect: counters of the served runs, e.g. seen>=10 aside.flags==2
 *   expect inline / expect tunnel: of that mode    preload: libraries of ../libs that come behind the shim
 *   not under: sanitizers it makes no sense with   modes: those it is for, instead of all
 *   by: dlopen, where LD_PRELOAD is not the way     known: a reason, where a served run is known to fail
 *   route: a line of its own for the configured route
 *   interrupted: a reason, where not every datagram seen is counted as wrapped or aside
 * Exit status 77 means "cannot be shown here", with the reason as the last line. */
#ifndef VICTIM_H
#define VICTIM_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

enum { SENTINEL = 4711, MEDIA_LEN = 1200, LISTED = 24, RECORDS = 8192, PATIENCE_MS = 5000, SILENCE_MS = 10 };

/* --- The transcript --------------------------------------------------------------------------------------- */

/* One line, written at once. */
__attribute__((format(printf, 1, 2))) static inline void say(const char *format, ...)
{
	char line[512];
	va_list arguments;

	va_start(arguments, format);
	int n = vsnprintf(line, sizeof line - 1, format, arguments);
	va_end(arguments);
	if (n < 0)
		n = 0;
	if (n > (int)sizeof line - 2)
		n = (int)sizeof line - 2;
	line[n++] = '\n';
	for (int done = 0; done < n;) {
		ssize_t wrote = write(STDOUT_FILENO, line + done, (size_t)(n - done));
		if (wrote < 0 && errno != EINTR)
			_exit(99);
		done += wrote > 0 ? (int)wrote : 0;
	}
}

static inline const char *error_name(int error)
{
	const char *name = strerrorname_np(error);

	return name ? name : error == SENTINEL ? "untouched" : "?";
}

static inline void told(const char *what, long result, int error, bool always)
{
	if (result < 0)
		say("%s = %ld %s", what, result, error_name(error));
	else if (error != SENTINEL)
		say("%s = %ld but errno became %s", what, result, error_name(error));
	else if (always)
		say("%s = %ld", what, result);
}

/* Makes the call with a sentinel in errno, which success must leave alone, and tells the outcome; QUIETLY only tells
 * of failure. The value is the call's. */
#define CALL(...) __extension__({ errno = SENTINEL; long result_ = (long)(__VA_ARGS__); int error_ = errno; \
	told(#__VA_ARGS__, result_, error_, true); result_; })
#define QUIETLY(...) __extension__({ errno = SENTINEL; long result_ = (long)(__VA_ARGS__); int error_ = errno; \
	told(#__VA_ARGS__, result_, error_, false); result_; })

static inline _Noreturn void skip(const char *why)
{
	say("%s", why);
	_exit(77);
}

static inline _Noreturn void broken(const char *what)
{
	say("the victim itself failed: %s: %s", what, error_name(errno));
	_exit(99);
}

#define MUST(...) __extension__({ long must_ = (long)(__VA_ARGS__); if (must_ < 0) broken(#__VA_ARGS__); must_; })

static inline uint32_t hash(uint32_t h, const void *data, size_t len)
{
	const uint8_t *p = data;

	for (size_t i = 0; i < len; i++)
		h = (h ^ p[i]) * 16777619u;
	return h;
}

/* --- Packets ---------------------------------------------------------------------------------------------- */

/* An RTP packet of len octets (at least 14): payload type 96, H.264 slices, one picture each. tag is the SSRC and
 * tells senders apart, index counts a sender's packets. Returns len. */
static inline size_t media(void *packet, size_t len, uint32_t tag, uint32_t index)
{
	uint8_t *p = packet;
	uint32_t ts = index * 3000, random = tag * 2654435761u + index;

	p[0] = 0x80, p[1] = 0x80 | 96;
	p[2] = (uint8_t)(index >> 8), p[3] = (uint8_t)index;
	for (int i = 0; i < 4; i++) {
		p[4 + i] = (uint8_t)(ts >> (24 - 8 * i));
		p[8 + i] = (uint8_t)(tag >> (24 - 8 * i));
	}
	p[12] = index % 30 ? 0x41 : 0x65;
	p[13] = 0x9a;
	for (size_t i = 14; i < len; i++) {
		random = random * 1664525u + 1013904223u;
		p[i] = (uint8_t)(random >> 24);
	}
	return len;
}

/* --- Sockets ---------------------------------------------------------------------------------------------- */

struct address {
	union {
		struct sockaddr sa;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	};
	socklen_t len;
};

static inline struct address address(int family, const char *text, uint16_t port)
{
	struct address a;

	memset(&a, 0, sizeof a);
	if (family == AF_INET) {
		a.in.sin_family = AF_INET, a.in.sin_port = htons(port), a.len = sizeof a.in;
		inet_pton(AF_INET, text, &a.in.sin_addr);
	} else {
		a.in6.sin6_family = AF_INET6, a.in6.sin6_port = htons(port), a.len = sizeof a.in6;
		inet_pton(AF_INET6, text, &a.in6.sin6_addr);
	}
	return a;
}

static inline struct address own_address(int fd)
{
	struct address a;

	memset(&a, 0, sizeof a);
	a.len = sizeof a.in6;
	MUST(getsockname(fd, &a.sa, &a.len));
	return a;
}

static inline uint16_t port_of(const struct address *a)
{
	return ntohs(a->sa.sa_family == AF_INET ? a->in.sin_port : a->in6.sin6_port);
}

static inline struct address with_port(struct address a, uint16_t port)
{
	if (a.sa.sa_family == AF_INET)
		a.in.sin_port = htons(port);
	else
		a.in6.sin6_port = htons(port);
	return a;
}

static inline int udp(int family)
{
	return (int)MUST(socket(family, SOCK_DGRAM, 0));
}

/* --- Receivers -------------------------------------------------------------------------------------------- */

struct record {
	uint32_t tag, index, len, hash, from;
	uint16_t port;
	uint8_t tos, ttl;
	bool media;
};

struct receiver {
	int fd;
	struct address at;
	unsigned records;
	struct record *record;
};

static uint16_t known_ports[256];
static unsigned known_count;

/* Datagrams may come from this socket's port; nobody else is expected once somebody is known. */
static inline void know(int fd)
{
	struct address a = own_address(fd);

	if (known_count < 256)
		known_ports[known_count++] = port_of(&a);
}

static inline struct receiver receiver_at(int family, const char *where)
{
	struct receiver r = { .fd = udp(family), .record = calloc(RECORDS, sizeof(struct record)) };
	int on = 1, room = 16 << 20;

	if (!r.record)
		broken("calloc");
	if (family == AF_INET6)
		MUST(setsockopt(r.fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on));
	r.at = address(family, where, 0);
	MUST(bind(r.fd, &r.at.sa, r.at.len));
	r.at = own_address(r.fd);
	if (setsockopt(r.fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room))
		MUST(setsockopt(r.fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room));
	if (family == AF_INET) {
		MUST(setsockopt(r.fd, IPPROTO_IP, IP_RECVTOS, &on, sizeof on));
		MUST(setsockopt(r.fd, IPPROTO_IP, IP_RECVTTL, &on, sizeof on));
	} else {
		MUST(setsockopt(r.fd, IPPROTO_IPV6, IPV6_RECVTCLASS, &on, sizeof on));
		MUST(setsockopt(r.fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, &on, sizeof on));
	}
	return r;
}

static inline struct receiver receiver(int family)
{
	return receiver_at(family, family == AF_INET ? "127.0.0.1" : "::1");
}

static inline struct record record_of(const uint8_t *data, size_t len, struct msghdr *message, const struct address *from)
{
	struct record r = { .len = (uint32_t)len, .hash = hash(2166136261u, data, len), .port = port_of(from) };

	r.media = len >= 12 && data[0] == 0x80 && (data[1] & 0x7f) == 96;
	if (r.media) {
		r.tag = (uint32_t)data[8] << 24 | (uint32_t)data[9] << 16 | (uint32_t)data[10] << 8 | data[11];
		r.index = ((uint32_t)data[4] << 24 | (uint32_t)data[5] << 16 | (uint32_t)data[6] << 8 | data[7]) / 3000;
	}
	r.from = from->sa.sa_family == AF_INET ? hash(0, &from->in.sin_addr, 4) : hash(0, &from->in6.sin6_addr, 16);
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		bool tos = (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TOS) ||
		           (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_TCLASS);
		bool ttl = (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TTL) ||
		           (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_HOPLIMIT);
		if (tos)
			r.tos = *CMSG_DATA(c);
		if (ttl)
			r.ttl = *CMSG_DATA(c);
	}
	return r;
}

/* Takes what is there; waits, at most for patience, until count records are kept. False if it did not come to that. */
static inline bool collect_within(struct receiver *r, unsigned count, int patience)
{
	static uint8_t data[65536];
	int saved = errno;

	for (;;) {
		struct address from;
		struct iovec iov = { data, sizeof data };
		_Alignas(struct cmsghdr) char control[256];
		struct msghdr message = { .msg_name = &from.in6, .msg_namelen = sizeof from.in6, .msg_iov = &iov,
			.msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };
		ssize_t n = recvmsg(r->fd, &message, MSG_DONTWAIT);

		if (n >= 0 && r->records < RECORDS)
			r->record[r->records++] = record_of(data, (size_t)n, &message, &from);
		if (n >= 0 || errno == EINTR)
			continue;
		struct pollfd ready = { .fd = r->fd, .events = POLLIN };
		if (r->records >= count || (poll(&ready, 1, patience) == 0))
			break;
	}
	errno = saved;
	return r->records >= count;
}

static inline bool collect(struct receiver *r, unsigned count)
{
	return collect_within(r, count, PATIENCE_MS);
}

static inline int by_sender(const void *left, const void *right)
{
	const struct record *a = left, *b = right;

#define BY(field) if (a->field != b->field) return a->field < b->field ? -1 : 1
	BY(media); BY(tag); BY(index); BY(len); BY(hash); BY(tos); BY(from);
#undef BY
	return 0;
}

/* Order within each sender's media, which may begin again at 0. A router forwards later than the network, so that wrapped and native datagrams of
 * one sender may pass each other there: VICTIM_ROUTED. */
static inline bool in_order(const struct receiver *r)
{
	if (getenv("VICTIM_ROUTED"))
		return true;
	for (unsigned i = 1; i < r->records; i++)
		for (unsigned j = i; r->record[i].media && j-- > 0;)
			if (r->record[j].media && r->record[j].tag == r->record[i].tag) {
				if (r->record[j].index > r->record[i].index && r->record[i].index)
					return false;
				break;
			}
	return true;
}

/* What arrived, sorted by sender: waits for count datagrams, then makes sure that there are no more. */
static inline void report(struct receiver *r, const char *name, unsigned count)
{
	bool ordered, strangers = false;
	uint32_t all = 2166136261u;

	collect(r, count);
	collect_within(r, r->records + 1, SILENCE_MS);
	ordered = in_order(r);
	qsort(r->record, r->records, sizeof *r->record, by_sender);
	for (unsigned i = 0; i < r->records; i++) {
		bool known = known_count == 0;
		for (unsigned k = 0; k < known_count; k++)
			known |= known_ports[k] == r->record[i].port;
		strangers |= !known;
	}
	say("%s got %u%s%s%s", name, r->records, r->records == count ? "" : ", not what was sent",
		ordered ? ", in order" : ", OUT OF ORDER", strangers ? ", from a STRANGE PORT" : "");
	for (unsigned i = 0; i < r->records; i++) {
		struct record *d = &r->record[i];
		if (getenv("VICTIM_ROUTED") && d->media && d->ttl % 2 && d->ttl > 1)
			d->ttl++;
		if (r->records <= LISTED)
			say("  sender %x index %u length %u hash %08x tos %02x ttl %u source %08x", d->tag, d->index, d->len,
				d->hash, d->tos, d->ttl, d->from);
		all = hash(all, &d->tag, 20);
		all = hash(all, &d->tos, 2);
	}
	if (r->records > LISTED)
		say("  all %08x", all);
	r->records = 0;
}

/* --- Children --------------------------------------------------------------------------------------------- */

static inline void await_child(const char *name, pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			broken("waitpid");
	say("%s ended: %s %d", name, WIFEXITED(status) ? "status" : "signal",
		WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
}

#endif
