/* SPDX-License-Identifier: BSD-3-Clause */
#include "socktab.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>

#include "age.h"
#include "ours.h"
#include "process.h"
#include "real.h"
#include "sockview.h"
#include "stats.h"
#include "usually.h"

enum {
	NO_FIRST = 8,          /* calls for which a "no" is believed: a stale one costs that many unwrapped datagrams */
	NO_MOST = 64,          /* and when it was given again and again */
	VIEW_MS = 1000,        /* how old what we know of a socket may be */
	PEER_MS = 20,          /* another process may share the socket and connect it elsewhere */
	SHED_MS = 2000
};

/* What we noted about a number. Ordinary memory: a child inherits the descriptors, and the record is asked for its
 * cookie anyway. */
struct note {
	_Atomic uint32_t sock;   /* index of its record + 1 */
	_Atomic uint8_t no;      /* calls to go until we ask again */
	_Atomic uint8_t no_for;  /* how long the last "no" was believed */
	_Atomic uint8_t connected; /* connect() made it a connected UDP socket */
};

static struct table table;
static struct note *note;
static uint32_t notes;
static uint64_t salt;

/* Not ours: believed longer each time it is said again. */
static void remember_no(struct note *n)
{
	unsigned last = atomic_load_explicit(&n->no_for, memory_order_relaxed);
	uint8_t next = (uint8_t)(!last ? NO_FIRST : last < NO_MOST ? 2 * last : NO_MOST);

	atomic_store_explicit(&n->no_for, next, memory_order_relaxed);
	atomic_store_explicit(&n->no, next, memory_order_relaxed);
	atomic_store_explicit(&n->connected, 0, memory_order_relaxed);
}

struct adoption {
	uint64_t cookie;
	uint8_t domain;
};

static bool equal(const void *record, const void *key)
{
	return ((const struct sock *)record)->cookie == *(const uint64_t *)key;
}

static uint32_t hash_of(uint64_t cookie)
{
	uint64_t x = (cookie ^ salt) * 0x9e3779b97f4a7c15u;

	return (uint32_t)(x >> 32);
}

/* Gives back the descriptors; what the kernel said is asked again should the socket come back. */
static void forget(void *record)
{
	struct sock *sock = record;

	sockview_close(&sock->outlet);
	atomic_store(&sock->stale, STALE_ALL);
}

int socktab_start(uint32_t sockets)
{
	void *memory;

	notes = ours_limit();
	memory = mmap(NULL, notes * sizeof(*note), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		-1, 0);
	if (memory == MAP_FAILED)
		return -ENOMEM;
	note = memory;
	salt = process_random();
	return table_make(&table, sockets, sizeof(struct sock), equal, forget);
}

static int ask(int fd, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	return raw_getsockopt(fd, SOL_SOCKET, name, &value, &len) == 0 ? value : -1;
}

/* AF_UNIX, ping, UDP-Lite and raw sockets are datagram sockets or carry UDP too: all three answers count. */
static uint8_t udp_domain(int fd)
{
	int domain;

	if (ask(fd, SO_PROTOCOL) != IPPROTO_UDP || ask(fd, SO_TYPE) != SOCK_DGRAM)
		return 0;
	domain = ask(fd, SO_DOMAIN);
	return domain == AF_INET ? 4 : domain == AF_INET6 ? 6 : 0;
}

static void fill(void *record, const void *argument)
{
	const struct adoption *adoption = argument;
	struct sock *sock = record;

	sock->cookie = adoption->cookie;
	sock->domain = adoption->domain;
	atomic_store(&sock->stale, STALE_ALL);
}

static struct sock *adopt(int fd, uint64_t cookie, uint32_t now)
{
	struct adoption adoption = { cookie, udp_domain(fd) };
	struct table_news news;
	struct sock *sock;

	if (!adoption.domain) {
		remember_no(&note[fd]);
		return NULL;
	}
	sock = table_add(&table, hash_of(cookie), &cookie, now, fill, &adoption, &news);
	if (news.made)
		stats_count(MD_C_SOCKETS, 1);
	if (news.forgot)
		stats_count(MD_C_SOCKETS_FORGOTTEN, 1);
	__atomic_store_n(&stats_page()->sockets_now, table_count(&table), __ATOMIC_RELAXED);
	return sock;
}

bool socktab_worth_asking(int fd, bool noted_only)
{
	struct note *n;
	uint8_t no;

	if (fd < 0 || (uint32_t)fd >= notes)
		return false;
	n = &note[fd];
	if (noted_only && !atomic_load_explicit(&n->connected, memory_order_relaxed))
		return false;
	no = atomic_load_explicit(&n->no, memory_order_relaxed);
	if (no)
		atomic_store_explicit(&n->no, (uint8_t)(no - 1), memory_order_relaxed);
	return !no;
}

/* The number was not noted as that socket. */
static __attribute__((noinline)) struct sock *find_anew(int fd, uint64_t cookie, uint32_t now)
{
	struct note *n = &note[fd];
	struct sock *sock = table_find(&table, hash_of(cookie), &cookie, now);

	if (!sock)
		sock = adopt(fd, cookie, now);
	if (sock) {
		atomic_store_explicit(&n->sock, table_index(&table, sock) + 1, memory_order_relaxed);
		atomic_store_explicit(&n->no_for, 0, memory_order_relaxed);
	}
	return sock;
}

static __attribute__((noinline, cold)) struct sock *none_of_ours(int fd)
{
	remember_no(&note[fd]);
	return NULL;
}

/* Inline, for the return from a function that was at the kernel is foretold wrong. */
inline struct sock *socktab_find(int fd, uint32_t now)
{
	const struct note *n = &note[fd];
	uint64_t cookie = 0;
	struct sock *sock;

	if (seldom(stats_cookie(fd, &cookie) != 0))
		return none_of_ours(fd);
	/* No record has the index that 0 becomes. */
	sock = table_pin_at(&table, atomic_load_explicit(&n->sock, memory_order_relaxed) - 1, &cookie, now, equal);
	if (seldom(!sock))
		return find_anew(fd, cookie, now);
	if (seldom(atomic_load_explicit(&n->no_for, memory_order_relaxed)))
		atomic_store_explicit(&note[fd].no_for, 0, memory_order_relaxed);
	return sock;
}

void socktab_let_go(struct sock *sock)
{
	table_let_go(sock);
}

/* A view as words, into which it is read straight. */
typedef uint64_t __attribute__((may_alias)) view_word;
_Static_assert(sizeof(struct view) == VIEW_WORDS * sizeof(view_word) && _Alignof(struct view) >= _Alignof(view_word),
	"a view is words");

/* The first words of the last view published. False: there is none yet, or two were published while we read. */
static inline __attribute__((always_inline)) bool last_view(struct sock *sock, struct view *view, const unsigned count)
{
	view_word *words = (view_word *)view;
	uint32_t n = atomic_load_explicit(&sock->views, memory_order_acquire);
	const _Atomic uint64_t *from = sock->view[n & 1];

	#pragma GCC unroll 32
	for (unsigned i = 0; i < count; i++)
		words[i] = atomic_load_explicit(&from[i], memory_order_acquire);
	return n && atomic_load_explicit(&sock->views, memory_order_relaxed) == n;
}

/* Under the claim: into the place of the view before the last, which nobody begins to read. */
static void publish(struct sock *sock, const struct view *view)
{
	uint64_t words[VIEW_WORDS] = { 0 };
	uint32_t n = atomic_load_explicit(&sock->views, memory_order_relaxed) + 1;

	memcpy(words, view, sizeof(*view));
	/* Release: who sees a word of this view sees that the one before it was published, and looks again. */
	for (unsigned i = 0; i < VIEW_WORDS; i++)
		atomic_store_explicit(&sock->view[n & 1][i], words[i], memory_order_release);
	atomic_store_explicit(&sock->views, n ? n : 2, memory_order_release);
}

static uint32_t what_is_stale(const struct sock *sock, const struct view *view, uint32_t now)
{
	uint32_t stale = atomic_load_explicit(&sock->stale, memory_order_relaxed);

	if (!age_below(now, view->asked, VIEW_MS))
		return STALE_ALL;
	return age_below(now, view->asked_peer, PEER_MS) ? stale : stale | STALE_ADDRESS;
}

static __attribute__((noinline)) bool read_again(struct sock *sock, int fd, uint32_t now, struct view *view, uint32_t stale)
{
	struct sockaddr_in6 peer = view->peer;
	bool good = sockview_read(view, sock->domain, fd, stale);

	if (stale == STALE_ALL)
		view->asked = now;
	if (stale & STALE_ADDRESS)
		view->asked_peer = now;
	if (memcmp(&peer, &view->peer, sizeof(peer)) != 0)
		atomic_store_explicit(&sock->errors_asked, 0, memory_order_relaxed);
	if (stale & STALE_EGRESS)
		sockview_mirror(&sock->outlet, view);
	return good;
}

bool socktab_view(struct sock *sock, int fd, uint32_t now, struct view *view)
{
	bool have = last_view(sock, view, VIEW_WORDS), good;
	uint32_t stale = have ? what_is_stale(sock, view, now) : STALE_ALL;

	if (!stale)
		return true;
	if (!claim_try(&sock->claim, now)) {
		if (have)
			return true;
		memset(view, 0, sizeof(*view));
		return sockview_read(view, sock->domain, fd, STALE_ALL);
	}
	if (!have)
		memset(view, 0, sizeof(*view));
	atomic_fetch_and(&sock->stale, ~stale);
	good = read_again(sock, fd, now, view, stale);
	if (good)
		publish(sock, view);
	else
		atomic_fetch_or(&sock->stale, stale);
	claim_drop(&sock->claim);
	return good;
}

enum { GLANCE_WORDS = (offsetof(struct view, mark) + 7) / 8 };

bool socktab_glance(struct sock *sock, uint32_t now, struct view *view)
{
	return last_view(sock, view, GLANCE_WORDS) && !what_is_stale(sock, view, now);
}

bool socktab_bind(struct sock *sock, int fd, uint32_t now, struct view *view)
{
	struct sockaddr_in any4 = { .sin_family = AF_INET };
	struct sockaddr_in6 any6 = { .sin6_family = AF_INET6 };

	if (sock->domain == 4)
		raw_bind(fd, &any4, sizeof(any4));
	else
		raw_bind(fd, &any6, sizeof(any6));
	atomic_fetch_or(&sock->stale, STALE_ADDRESS);
	return socktab_view(sock, fd, now, view) && view->bound;
}

static void mark_stale(int fd, uint32_t what)
{
	uint32_t index = atomic_load_explicit(&note[fd].sock, memory_order_relaxed);
	struct sock *sock;

	atomic_store_explicit(&note[fd].no, 0, memory_order_relaxed);
	atomic_store_explicit(&note[fd].no_for, 0, memory_order_relaxed);
	if (!index)
		return;
	/* Without asking for the cookie: at worst another socket's options are read once more. */
	sock = (struct sock *)(void *)(table.record + (index - 1) * table.stride);
	atomic_fetch_or_explicit(&sock->stale, what, memory_order_relaxed);
	if (what & STALE_ADDRESS)
		atomic_store_explicit(&sock->errors_asked, 0, memory_order_relaxed);
}

void socktab_heard_connect(int fd)
{
	if (fd < 0 || (uint32_t)fd >= notes)
		return;
	mark_stale(fd, STALE_ADDRESS);
	atomic_store_explicit(&note[fd].connected, udp_domain(fd) != 0, memory_order_relaxed);
}

void socktab_heard_option(int fd, int level, int name)
{
	uint32_t what = STALE_MARKING | STALE_SHAPE;

	if (fd < 0 || (uint32_t)fd >= notes)
		return;
	if (level == SOL_SOCKET)
		what = STALE_EGRESS;
	else if (level == IPPROTO_IP && (name == IP_TOS || name == IP_TTL))
		what = STALE_MARKING;
	mark_stale(fd, what);
}

void socktab_heard_shutdown(int fd)
{
	struct sock *sock;

	if (fd < 0 || (uint32_t)fd >= notes)
		return;
	sock = socktab_find(fd, 0);
	if (!sock)
		return;
	atomic_store_explicit(&sock->shut, 1, memory_order_relaxed);
	socktab_let_go(sock);
}

bool socktab_shed(uint32_t now)
{
	return table_forget_oldest(&table, now, SHED_MS);
}

void socktab_forked(void)
{
	ours_forked();
}
