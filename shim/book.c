/* SPDX-License-Identifier: BSD-3-Clause */
#include "book.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "memory.h"
#include "process.h"
#include "real.h"

enum {
	LOOK_MS = 10,        /* the generation word */
	PROBE_MS = 1000,     /* the file of that name */
	COPIES = 4,
	LANES = 8,           /* of pins, so that threads do not share one */
	YIELDS = 64
};

struct copy {
	struct { _Alignas(64) _Atomic uint32_t pins; } lane[LANES];
	_Atomic uint64_t choice;     /* second, key's index and RNextKeyID, as found out last */
	uint64_t mark[MD_SNAPSHOT_KEYS];
	struct md_snapshot snapshot;
};

/* Of one domain, in memory that is wiped at fork: a child takes its own copy of the file it has mapped as well. */
struct shelf {
	_Atomic uintptr_t looker;    /* the thread that looks or takes; never taken over: a copy has one writer */
	_Atomic uint32_t looked, probed; /* milliseconds */
	_Atomic uint32_t current;    /* of copy[], counted from 1; 0: none */
	uint64_t generation;         /* seen last; the looker's */
	struct copy copy[COPIES];
};

/* Of one domain, in ordinary memory: a child has to know what it inherited. The looker's. */
struct file {
	const char *domain;
	void *map;                   /* MD_IMAGE_SIZE octets at a fixed place, empty or the file */
	uint64_t device, inode;
	bool mapped;
	_Atomic uint8_t why_not;     /* enum md_aside while there is no copy */
	char path[CONFIG_TEXT + MD_BOOK_DOMAIN + 8];
};

static struct file file[CONFIG_DOMAINS];
static struct shelf *shelf;
static unsigned shelves;

/* --- The file ---------------------------------------------------------------------------------------------------- */

/* Nothing there: as an image in which nothing was ever published. One step for whoever reads meanwhile. */
static void unmap(struct file *f)
{
	raw_call(SYS_mmap, (long)f->map, MD_IMAGE_SIZE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1,
		0);
	f->mapped = false;
}

/* The file takes the place of what is mapped. */
static void map(struct file *f, const struct stat *is, int fd)
{
	long where;

	if (!S_ISREG(is->st_mode) || is->st_size != MD_IMAGE_SIZE)
		return;
	where = raw_call(SYS_mmap, (long)f->map, MD_IMAGE_SIZE, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0);
	if (where != (long)f->map)
		return;
	f->mapped = true;
	f->device = is->st_dev;
	f->inode = is->st_ino;
}

/* Whether the file of that name is another than the mapped one, and then it is mapped. */
static bool probe(struct file *f)
{
	struct stat is = { 0 };
	long fd, err = raw_call(SYS_newfstatat, AT_FDCWD, (long)f->path, (long)&is, AT_SYMLINK_NOFOLLOW, 0, 0);

	if (!err && f->mapped && is.st_dev == f->device && is.st_ino == f->inode)
		return false;
	fd = err ? err : raw_call(SYS_openat, AT_FDCWD, (long)f->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY,
		0, 0, 0);
	atomic_store_explicit(&f->why_not, fd == -EACCES || fd == -EPERM ? MD_A_BOOK_UNREADABLE : MD_A_NO_BOOK,
		memory_order_relaxed);
	if (fd < 0)
		return false; /* what is mapped is still good, whatever became of its name */
	err = raw_call(SYS_fstat, fd, (long)&is, 0, 0, 0, 0);
	if (!err)
		map(f, &is, (int)fd);
	raw_close((int)fd);
	return !err && f->mapped && is.st_ino == f->inode && is.st_dev == f->device;
}

/* --- Taking a copy ----------------------------------------------------------------------------------------------- */

static uint64_t mix(uint64_t sum, uint64_t word)
{
	sum = (sum ^ word) * 0x9e3779b97f4a7c15u;
	return sum ^ sum >> 29;
}

/* Two keys with the same mark are the same in every attribute, but for a chance of one in 2^64. */
static uint64_t mark_of(const struct md_snapshot_key *key)
{
	const uint8_t *octets = (const uint8_t *)key;
	uint64_t sum = 1, word;

	_Static_assert(sizeof(*key) % 8 == 0 && offsetof(struct md_snapshot_key, key) == 24, "no padding within");
	for (size_t i = 16; i < sizeof(*key); i += 8) { /* its times do not make it another key */
		memcpy(&word, octets + i, 8);
		sum = mix(sum, word);
	}
	return sum | 1;
}

/* Nobody uses it. A reader who is late pins it and finds at once that it is not the current one. */
static bool vacant(struct shelf *s, uint32_t i)
{
	uint32_t pins = 0;

	if (i == atomic_load(&s->current))
		return false;
	for (unsigned n = 0; n < LANES; n++)
		pins |= atomic_load(&s->copy[i - 1].lane[n].pins);
	return !pins;
}

/* Books that were used are not left lying about. */
static void tidy(struct shelf *s)
{
	for (uint32_t i = 1; i <= COPIES; i++)
		if (s->copy[i - 1].snapshot.book && vacant(s, i))
			explicit_bzero(&s->copy[i - 1].snapshot, sizeof(s->copy[i - 1].snapshot));
}

static void take(struct shelf *s, struct file *f)
{
	struct copy *copy;
	uint32_t i = 1;

	while (i <= COPIES && !vacant(s, i))
		i++;
	/* The file may have been cut: every page is asked for just before it is read. */
	if (i > COPIES || !memory_now(f->map, MD_IMAGE_SIZE, false))
		return;
	copy = &s->copy[i - 1];
	if (md_image_take(f->map, MD_IMAGE_SIZE, &s->generation, &copy->snapshot) != 0 ||
		strcmp(copy->snapshot.domain, f->domain) != 0)
		return;
	for (uint32_t k = 0; k < copy->snapshot.keys; k++)
		copy->mark[k] = mark_of(&copy->snapshot.key[k]);
	atomic_store_explicit(&copy->choice, 0, memory_order_relaxed);
	atomic_store(&s->current, i);
}

/* By one thread at a time. */
static void look(struct shelf *s, struct file *f, uint32_t tick)
{
	uint32_t probed = atomic_load_explicit(&s->probed, memory_order_relaxed);

	atomic_store_explicit(&s->looked, tick | 1, memory_order_relaxed);
	if (!probed || tick - probed >= PROBE_MS) {
		atomic_store_explicit(&s->probed, tick | 1, memory_order_relaxed);
		if (probe(f))
			s->generation = 0;
		tidy(s);
	}
	if (!f->mapped)
		return;
	if (!memory_now(f->map, 1, false))
		unmap(f);
	else if (md_image_generation(f->map) != s->generation)
		take(s, f);
}

int book_start(const struct config *config)
{
	if (!config->domains)
		return 0;
	shelf = process_memory(config->domains * sizeof(*shelf));
	if (!shelf)
		return -ENOMEM;
	madvise(shelf, config->domains * sizeof(*shelf), MADV_DONTDUMP);
	shelves = config->domains;
	for (unsigned i = 0; i < shelves; i++) {
		struct file *f = &file[i];

		f->domain = config->domain[i];
		strcpy(stpcpy(stpcpy(stpcpy(f->path, config->publish_dir), "/"), f->domain), ".book");
		f->map = mmap(NULL, MD_IMAGE_SIZE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (f->map == MAP_FAILED)
			return -ENOMEM;
		atomic_store(&f->why_not, MD_A_NO_BOOK);
		if (probe(f))
			take(&shelf[i], f);
	}
	return 0;
}

/* --- Using it ----------------------------------------------------------------------------------------------------- */

/* What this thread has pinned, to be let go of if it leaves our code by a jump. */
static _Thread_local _Atomic uint32_t *volatile pinned;

static unsigned lane(void)
{
	return (unsigned)((uint64_t)(uintptr_t)&pinned * 0x9e3779b97f4a7c15u >> 32) % LANES;
}

static void unpin(_Atomic uint32_t *pins)
{
	pinned = NULL;
	atomic_fetch_sub(pins, 1);
}

/* Whoever has a book goes on with it while another thread looks; who has none gives that one time to finish, which takes some ten
 * microseconds. A thread that was stopped meanwhile is not replaced. */
static bool begin_look(struct shelf *s, bool patient)
{
	uintptr_t nobody = 0;

	for (int i = 0; !atomic_compare_exchange_strong(&s->looker, &nobody, (uintptr_t)&pinned); i++) {
		if (!patient || i == YIELDS)
			return false;
		raw_call(SYS_sched_yield, 0, 0, 0, 0, 0, 0);
		nobody = 0;
	}
	return true;
}

void book_abandon(void)
{
	if (pinned)
		unpin(pinned);
	for (unsigned i = 0; i < shelves; i++) {
		uintptr_t me = (uintptr_t)&pinned;

		atomic_compare_exchange_strong(&shelf[i].looker, &me, 0);
	}
}

/* The current copy, pinned, or NULL. */
static struct copy *pin(struct shelf *s, unsigned at)
{
	for (;;) {
		uint32_t current = atomic_load(&s->current);
		struct copy *copy = &s->copy[current ? current - 1 : 0];

		if (!current)
			return NULL;
		atomic_fetch_add(&copy->lane[at].pins, 1);
		pinned = &copy->lane[at].pins;
		if (atomic_load(&s->current) == current)
			return copy;
		unpin(&copy->lane[at].pins); /* books change once in a while: the next time it is right */
	}
}

static bool usable(const struct copy *copy, int64_t now)
{
	return copy && md_snapshot_usable(&copy->snapshot, now);
}

/* A call reads the clock once, and may take a book later that came into force meanwhile: it is published when it does, by the
 * clock of this host, and the second has turned. */
static int64_t turned(const struct copy *copy, int64_t now)
{
	return copy && copy->snapshot.not_before == now + 1 ? now + 1 : now;
}

/* The key is found once a second. */
static void choose_key(struct copy *copy, int64_t now, struct book *book)
{
	uint64_t choice = atomic_load_explicit(&copy->choice, memory_order_relaxed);
	const struct md_snapshot_key *key = copy->snapshot.key;

	if (choice >> 16 != (uint64_t)now) {
		uint8_t next = 0;
		const struct md_snapshot_key *best = md_snapshot_key(&copy->snapshot, now, &next);

		choice = (uint64_t)now << 16 | (uint64_t)(best ? best - key : UINT8_MAX) << 8 | next;
		atomic_store_explicit(&copy->choice, choice, memory_order_relaxed);
	}
	book->next_keyid = (uint8_t)choice;
	choice = choice >> 8 & UINT8_MAX;
	book->key = choice == UINT8_MAX ? NULL : &key[choice];
	book->mark = book->key ? copy->mark[choice] : 0;
}

enum md_aside book_pin(int domain, int64_t now, uint32_t tick, struct book *book)
{
	struct shelf *s = &shelf[domain];
	uint32_t looked = atomic_load_explicit(&s->looked, memory_order_relaxed);
	unsigned at = lane();
	struct copy *copy = pin(s, at);

	if (!looked || tick - looked >= LOOK_MS) {
		bool good = usable(copy, now);

		if (copy)
			unpin(&copy->lane[at].pins);
		if (begin_look(s, !good)) {
			look(s, &file[domain], tick);
			atomic_store(&s->looker, 0);
		}
		copy = pin(s, at);
	}
	now = turned(copy, now);
	if (!usable(copy, now)) {
		bool before = copy && now < copy->snapshot.not_before;

		if (copy)
			unpin(&copy->lane[at].pins);
		return !copy ? (enum md_aside)atomic_load_explicit(&file[domain].why_not, memory_order_relaxed) :
			before ? MD_A_NO_BOOK : MD_A_BOOK_EXPIRED;
	}
	book->snapshot = &copy->snapshot;
	book->pin = &copy->lane[at].pins;
	choose_key(copy, now, book);
	return MD_ASIDE_COUNT;
}

void book_let_go(struct book *book)
{
	if (book->pin)
		unpin(book->pin);
	book->pin = NULL;
}
