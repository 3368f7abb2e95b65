/* SPDX-License-Identifier: BSD-3-Clause */
/* Faults, for the soak: a library in front of the shim that makes the system calls of the shim fail, and nobody else's.
 * The shim's own calls are told from the application's by the address they are made from: a seccomp filter turns calls
 * from the shim's code into SIGSYS, whose handler makes the call itself or refuses it. Functions of libc that the shim
 * calls at its start are exported here and look at their return address.
 *
 * It also stands in the way of every send: it writes down what the application sent, sees that the result is what a
 * datagram that went out gives, and now and then closes or replaces a descriptor of the shim, forks, starts a program,
 * steps the shim's clock, or does away with the file of counters or the configuration.
 *
 *   FAULTS         words of: calls start descriptors fork exec clock remove cut config; start: of processes that are
 *                  started later
 *   FAULTS_RATE    of 1000 opportunities    FAULTS_SEED    a number
 *   FAULTS_NTH     instead: only the N-th call of the shim fails
 *   FAULTS_REPORT  file of struct faults_report       FAULTS_LEDGER    file of struct faults_ledger
 *   FAULTS_STATS   folder of the counters             FAULTS_CONFIG    FILE, replaced by links to FILE.0 to FILE.3 */
#include "faults.h"

#include <dirent.h>
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

enum { SENTINEL = 4711, DECOYS = 16, HIGH = 512, SOMETIMES = 8, RARELY = 20 };

static struct faults_report *report;
static struct faults_ledger *ledger;
static uintptr_t shim_from, shim_to;
static uint64_t seed, rate, nth;
static _Atomic uint64_t threads;
static _Atomic int ready;
static _Atomic int64_t clock_step;
static bool wanted[FAULT_KINDS];
static char stats_path[PATH_MAX], config_path[PATH_MAX];
static __thread uint64_t dice;
static __thread bool inside;

extern char **environ;

/* --- Chance and system calls ----------------------------------------------------------------------------------------- */

static long kernel(long nr, long a, long b, long c, long d, long e, long f)
{
#if defined(__x86_64__)
	long result;
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;

	__asm__ volatile("syscall" : "=a"(result) : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
#else
	register long x8 __asm__("x8") = nr;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
	return x0;
#endif
}

static uint64_t roll(uint64_t sides)
{
	uint64_t x;

	if (!dice)
		dice = seed * 0x9e3779b97f4a7c15u + ++threads * 0xd1342543de82ef95u;
	x = dice += 0x9e3779b97f4a7c15u;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return (x ^ (x >> 31)) % sides;
}

static void count(enum fault_kind kind)
{
	if (report)
		__atomic_fetch_add(&report->fault[kind], 1, __ATOMIC_RELAXED);
}

/* Whether this opportunity of the kind is taken. Things that cost much happen less often. */
static bool now(enum fault_kind kind, unsigned one_of)
{
	return ready && wanted[kind] && roll(1000 * one_of) < rate;
}

/* --- Calls of the shim ------------------------------------------------------------------------------------------------ */

struct refusals { long nr; int error[13]; };

static const struct refusals refusals[] = {
	{ SYS_socket, { EMFILE, ENFILE, ENOMEM, ENOBUFS, EPERM, EACCES, EAFNOSUPPORT } },
	{ SYS_getsockopt, { ENOBUFS, ENOMEM, EPERM, ENOPROTOOPT, EINVAL, EBADF } },
	{ SYS_setsockopt, { EPERM, ENOPROTOOPT, EINVAL, ENOMEM, ENOBUFS } },
	{ SYS_bind, { EADDRINUSE, EADDRNOTAVAIL, EACCES, EINVAL, ENOMEM } },
	{ SYS_connect, { ENETUNREACH, EHOSTUNREACH, EACCES, EINTR, EAGAIN, EADDRNOTAVAIL } },
	{ SYS_getsockname, { ENOBUFS, ENOMEM, EBADF } },
	{ SYS_getpeername, { ENOBUFS, ENOTCONN, EBADF } },
	{ SYS_sendmsg, { EPERM, ENOBUFS, EAGAIN, EINTR, ENOMEM, EMSGSIZE, ENETUNREACH, EHOSTUNREACH, ENETDOWN, EINVAL, EIO } },
	{ SYS_sendmmsg, { EPERM, ENOBUFS, EAGAIN, EINTR, ENOMEM, EMSGSIZE, ENETUNREACH, EHOSTUNREACH, ENETDOWN, ENOSYS, EIO } },
	{ SYS_fcntl, { EMFILE, EINVAL, EINTR, EPERM } },
	{ SYS_ppoll, { EINTR, ENOMEM, EAGAIN } },
	{ SYS_prlimit64, { EPERM, ENOSYS } },
	{ SYS_sched_yield, { ENOSYS } },
	{ SYS_rt_sigprocmask, { ENOSYS, EPERM } },
	{ SYS_futex, { ENOSYS, ENOMEM } },
	{ SYS_getrandom, { EAGAIN, EINTR, ENOSYS } },
	{ SYS_getdents64, { EIO, ENOENT } },
	{ SYS_close, { EINTR, EIO } },
	{ SYS_mmap, { ENOMEM, EPERM } },
	{ SYS_madvise, { EINVAL, ENOMEM } },
	{ SYS_openat, { EMFILE, ENFILE, ENOENT, EACCES, ENOSPC, EINTR } },
	{ SYS_fallocate, { ENOSPC, EIO, EFBIG, EINTR } },
	{ SYS_renameat2, { ENOSPC, EACCES, EIO } },
};

/* A send that is the application's own must not fail: only those of raw sockets are the shim's. */
static bool is_ours(long nr, long fd)
{
	int type = 0;
	socklen_t len = sizeof type;

	if (nr == SYS_sendto || nr == SYS_write || nr == SYS_writev)
		return false;
	if (nr != SYS_sendmsg && nr != SYS_sendmmsg)
		return true;
	return kernel(SYS_getsockopt, fd, SOL_SOCKET, SO_TYPE, (long)&type, (long)&len, 0) == 0 && type == SOCK_RAW;
}

/* One refusal of a question keeps a socket or a flow unwrapped for a while, up to a second: those come less often, or
 * nothing else would happen. */
static unsigned seldom(long nr)
{
	return nr == SYS_sendmsg || nr == SYS_sendmmsg || nr == SYS_rt_sigprocmask ? 1 : 10;
}

/* The error that the shim's call shall get, 0 for none. */
static int refusal(enum fault_kind kind, long nr, long first)
{
	static _Atomic uint64_t calls;
	const struct refusals *r = NULL;
	unsigned choices = 0;
	uint64_t n;

	for (unsigned i = 0; i < sizeof refusals / sizeof *refusals; i++)
		if (refusals[i].nr == nr)
			r = &refusals[i];
	if (!r || !ready || !report)
		return 0;
	__atomic_fetch_add(&report->calls, 1, __ATOMIC_RELAXED);
	n = ++calls;
	if (!is_ours(nr, first) || (nth ? n != nth : !now(kind, seldom(nr))))
		return 0;
	while (r->error[choices])
		choices++;
	count(kind);
	if (r - refusals < FAULT_CALLS_MOST)
		__atomic_fetch_add(&report->refused[r - refusals], 1, __ATOMIC_RELAXED);
	return r->error[roll(choices)];
}

/* An engine tries itself with one datagram of its own before it is used. */
static bool is_trial(const struct msghdr *msg)
{
	static const char words[] = "self-test";

	for (size_t i = 0; i < msg->msg_iovlen; i++)
		if (msg->msg_iov[i].iov_len >= sizeof words - 1 && !memcmp(msg->msg_iov[i].iov_base, words, sizeof words - 1))
			return true;
	return false;
}

static void trapped(int signal, siginfo_t *info, void *context)
{
	ucontext_t *u = context;
	int saved = errno, error;
	long nr = info->si_syscall, result;
#if defined(__x86_64__)
	greg_t *g = u->uc_mcontext.gregs;
	const long a[6] = { g[REG_RDI], g[REG_RSI], g[REG_RDX], g[REG_R10], g[REG_R8], g[REG_R9] };
#else
	unsigned long long *g = u->uc_mcontext.regs;
	const long a[6] = { (long)g[0], (long)g[1], (long)g[2], (long)g[3], (long)g[4], (long)g[5] };
#endif

	(void)signal;
	error = refusal(FAULT_CALL, nr, a[0]);
	/* A descriptor is closed whatever close() answers. */
	result = error && nr != SYS_close ? -error : kernel(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	if (error)
		result = -error;
	else if (nr == SYS_sendmsg && result >= 0 && report && is_ours(nr, a[0]) && !is_trial((const struct msghdr *)a[1]))
		__atomic_fetch_add(&report->wrapped, 1, __ATOMIC_RELAXED);
	else if (nr == SYS_sendmmsg && result > 0 && report && is_ours(nr, a[0]))
		__atomic_fetch_add(&report->wrapped, (uint64_t)result, __ATOMIC_RELAXED);
#if defined(__x86_64__)
	g[REG_RAX] = result;
#else
	g[0] = (unsigned long long)result;
#endif
	errno = saved;
}

static int find_shim(struct dl_phdr_info *info, size_t size, void *unused)
{
	(void)size, (void)unused;
	if (!strstr(info->dlpi_name, "libmdshim.so"))
		return 0;
	for (unsigned i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_LOAD && (info->dlpi_phdr[i].p_flags & PF_X)) {
			shim_from = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
			shim_to = shim_from + info->dlpi_phdr[i].p_memsz;
		}
	return 1;
}

/* Five instructions that trap what comes from FIRST to LAST, whose upper halves are one; OUT more to the one that traps. */
#define TRAP_BETWEEN(first, last, out) \
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, high), \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)((first) >> 32), 0, 3), \
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, low), \
	BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, (uint32_t)(first), 0, 1), \
	BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, (uint32_t)(last), 0, (out))

/* Without the library's knowledge: it listens for filters. A filter compares 32 bits, and now and then the loader puts the
 * shim across a multiple of 4 GiB: so it is looked for in two parts, cut there, else anywhere. */
static bool set_trap(void)
{
	const uint32_t low = offsetof(struct seccomp_data, instruction_pointer), high = low + 4;
	const uintptr_t last = shim_to - 1, edge = last & ~(uintptr_t)UINT32_MAX, middle = shim_from + (shim_to - shim_from) / 2,
			cut = edge > shim_from ? edge : middle;
	struct sock_filter filter[] = {
		TRAP_BETWEEN(shim_from, cut - 1, 6),
		TRAP_BETWEEN(cut, last, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
	};
	struct sock_fprog program = { sizeof filter / sizeof *filter, filter };
	struct sigaction action = { .sa_sigaction = trapped, .sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK };

	if (sigaction(SIGSYS, &action, NULL) != 0)
		return false;
	if (kernel(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, (long)&program, 0, 0, 0) == 0)
		return true;
	kernel(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0);
	return kernel(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, (long)&program, 0, 0, 0) == 0;
}

/* --- Start ------------------------------------------------------------------------------------------------------------ */

static void *shared(const char *variable, size_t len)
{
	const char *path = getenv(variable);
	void *map;
	long fd;

	if (!path)
		return NULL;
	fd = kernel(SYS_openat, AT_FDCWD, (long)path, O_RDWR | O_CREAT | O_CLOEXEC, 0600, 0, 0);
	if (fd < 0 || kernel(SYS_ftruncate, fd, (long)len, 0, 0, 0, 0) != 0)
		return NULL;
	map = (void *)kernel(SYS_mmap, 0, (long)len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	kernel(SYS_close, fd, 0, 0, 0, 0, 0);
	return (intptr_t)map < 0 && (intptr_t)map > -4096 ? NULL : map;
}

static uint64_t number(const char *variable)
{
	const char *value = getenv(variable);

	return value ? strtoull(value, NULL, 10) : 0;
}

/* At the first call of the shim's constructor or at our own, whichever comes first. */
static void begin(void)
{
	static const char *const names[FAULT_KINDS] = { FAULT_NAMES };
	static _Atomic int begun;
	const char *words = getenv("FAULTS");

	if (begun++ || !words)
		return;
	report = shared("FAULTS_REPORT", sizeof *report);
	ledger = shared("FAULTS_LEDGER", sizeof *ledger);
	seed = number("FAULTS_SEED") + 1;
	rate = number("FAULTS_RATE");
	nth = number("FAULTS_NTH");
	for (unsigned i = 0; i < FAULT_KINDS; i++)
		wanted[i] = strstr(words, names[i]) != NULL;
	snprintf(stats_path, sizeof stats_path, "%s", getenv("FAULTS_STATS") ? getenv("FAULTS_STATS") : "");
	snprintf(config_path, sizeof config_path, "%s", getenv("FAULTS_CONFIG") ? getenv("FAULTS_CONFIG") : "");
	dl_iterate_phdr(find_shim, NULL);
	if (!report || !ledger || (shim_from && !set_trap())) {
		static const char sorry[] = "faults: cannot begin\n";

		kernel(SYS_write, 2, (long)sorry, sizeof sorry - 1, 0, 0, 0);
		kernel(SYS_exit_group, 99, 0, 0, 0, 0, 0);
	}
	/* A shim that could not start passes everything through. The sender itself is to start well, unless it is asked for:
	 * our own constructor comes after the shim's. */
	ready = __atomic_fetch_add(shim_from ? &report->processes : &report->without, 1, __ATOMIC_RELAXED) > 0 || nth;
}

static __attribute__((constructor)) void start(void)
{
	begin();
	ready = report != NULL;
}

static bool by_shim(const void *caller)
{
	begin();
	return (uintptr_t)caller >= shim_from && (uintptr_t)caller < shim_to;
}

/* --- Functions of libc that the shim calls at its start --------------------------------------------------------------- */

#define NEXT(name) static __typeof__(name) *next; \
	if (!next) \
		*(void **)&next = dlsym(RTLD_NEXT, #name)
#define BY_SHIM by_shim(__builtin_return_address(0))

static bool refused(long nr)
{
	int error = refusal(FAULT_START, nr, -1);

	if (error)
		errno = error;
	return error != 0;
}

int open(const char *path, int flags, ...)
{
	long result;
	mode_t mode = 0;

	if (flags & (O_CREAT | O_TMPFILE)) {
		va_list more;

		va_start(more, flags);
		mode = va_arg(more, mode_t);
		va_end(more);
	}
	if (BY_SHIM && refused(SYS_openat))
		return -1;
	result = syscall(SYS_openat, AT_FDCWD, path, flags, mode);
	return (int)result;
}

FILE *fopen64(const char *path, const char *mode)
{
	NEXT(fopen64);
	if (BY_SHIM && refused(SYS_openat))
		return NULL;
	return next(path, mode);
}

void *mmap(void *at, size_t len, int protection, int flags, int fd, off_t offset)
{
	NEXT(mmap);
	if (BY_SHIM && refused(SYS_mmap))
		return MAP_FAILED;
	return next(at, len, protection, flags, fd, offset);
}

int madvise(void *at, size_t len, int advice)
{
	NEXT(madvise);
	if (BY_SHIM && refused(SYS_madvise))
		return -1;
	return next(at, len, advice);
}

int posix_fallocate(int fd, off_t from, off_t len)
{
	NEXT(posix_fallocate);
	if (BY_SHIM && refused(SYS_fallocate))
		return errno;
	return next(fd, from, len);
}

int rename(const char *from, const char *to)
{
	NEXT(rename);
	if (BY_SHIM && refused(SYS_renameat2))
		return -1;
	return next(from, to);
}

int clock_gettime(clockid_t clock, struct timespec *t)
{
	static const int64_t steps[] = { 0, 3600, -3600, 1, -1, 3599, -1800 };
	long err = kernel(SYS_clock_gettime, clock, (long)t, 0, 0, 0, 0);

	if (err) {
		errno = (int)-err;
		return -1;
	}
	if (clock == CLOCK_REALTIME && wanted[FAULT_CLOCK] && BY_SHIM) {
		if (now(FAULT_CLOCK, RARELY)) {
			clock_step = steps[roll(sizeof steps / sizeof *steps)];
			count(FAULT_CLOCK);
		}
		t->tv_sec += clock_step;
	}
	return 0;
}

/* --- What happens to the process between two sends -------------------------------------------------------------------- */

static bool of_shim(int fd, int least)
{
	int type = 0, protocol = 0;
	socklen_t len = sizeof type;

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) != 0 || getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &len) != 0)
		return false;
	return (type == SOCK_RAW && protocol == IPPROTO_RAW) || fd >= least;
}

static int pick_descriptor(void)
{
	_Alignas(struct dirent64) char entries[2048];
	struct rlimit files = { 0 };
	int found = -1, dir = (int)syscall(SYS_openat, AT_FDCWD, "/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	uint64_t seen = 0;
	long n;

	getrlimit(RLIMIT_NOFILE, &files);
	while (dir >= 0 && (n = syscall(SYS_getdents64, dir, entries, sizeof entries)) > 0)
		for (long at = 0; at < n;) {
			const char *record = entries + at;
			uint16_t len;
			int fd = atoi(record + offsetof(struct dirent64, d_name));

			memcpy(&len, record + offsetof(struct dirent64, d_reclen), sizeof len);
			at += len;
			if (fd != dir && fd > 2 && of_shim(fd, (int)(files.rlim_cur / 2 > HIGH ? files.rlim_cur / 2 : HIGH)) &&
				roll(++seen) == 0)
				found = fd;
		}
	if (dir >= 0)
		close(dir);
	return found;
}

/* Something else stands at the number afterwards, or nothing. */
static void steal_descriptor(void)
{
	static _Atomic int decoy[DECOYS];
	static _Atomic unsigned decoys;
	int fd = pick_descriptor(), other = -1, ends[2], old;

	if (fd < 0)
		return;
	count(FAULT_DESCRIPTOR);
	switch (roll(5)) {
	case 0: other = (int)syscall(SYS_openat, AT_FDCWD, "/dev/null", O_WRONLY | O_CLOEXEC); break;
	case 1: other = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0); break;
	case 2: other = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0); break;
	case 3:
		if (pipe2(ends, O_CLOEXEC) == 0) {
			close(ends[0]);
			other = ends[1];
		}
		break;
	default: break;
	}
	if (other < 0) {
		close(fd);
		return;
	}
	dup3(other, fd, O_CLOEXEC);
	close(other);
	old = atomic_exchange(&decoy[decoys++ % DECOYS], fd);
	if (old > 0 && old != fd)
		close(old);
}

static void forget_counters(void)
{
	char path[PATH_MAX + 32];

	snprintf(path, sizeof path, "%s/%d.stats", stats_path, (int)getpid());
	if (now(FAULT_REMOVE, RARELY)) {
		count(FAULT_REMOVE);
		unlink(path);
	}
	if (now(FAULT_CUT, RARELY)) {
		count(FAULT_CUT);
		if (truncate(path, 0) != 0)
			return;
	}
}

/* Good, bad, empty or missing: who starts now has to live with it. */
static void replace_config(void)
{
	char from[PATH_MAX + 8], fresh[PATH_MAX + 32];

	snprintf(from, sizeof from, "%s.%u", config_path, (unsigned)roll(5));
	snprintf(fresh, sizeof fresh, "%s.%d", config_path, (int)getpid());
	unlink(fresh);
	if (symlink(from, fresh) == 0 && rename(fresh, config_path) == 0)
		count(FAULT_CONFIG);
}

static void child_ended(int status, enum fault_kind kind)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return;
	__atomic_fetch_add(&report->children_failed, 1, __ATOMIC_RELAXED);
	report->last_child = status;
	report->last_child_kind = kind;
}

static void start_program(void)
{
	char name[] = "true", *arguments[] = { name, NULL };
	int status;
	pid_t pid;

	count(FAULT_EXEC);
	if (posix_spawnp(&pid, name, NULL, NULL, arguments, environ) == 0)
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	else
		return;
	child_ended(status, FAULT_EXEC);
}

/* --- Doors ------------------------------------------------------------------------------------------------------------ */

static bool is_udp(int fd)
{
	int domain = 0, protocol = 0;
	socklen_t len = sizeof domain;

	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 && (domain == AF_INET || domain == AF_INET6) &&
		getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &len) == 0 && protocol == IPPROTO_UDP;
}

static void write_down(const struct msghdr *msg)
{
	uint64_t digest = FAULTS_DIGEST, at;

	for (size_t i = 0; i < msg->msg_iovlen; i++)
		digest = faults_digest(digest, msg->msg_iov[i].iov_base, msg->msg_iov[i].iov_len);
	at = __atomic_fetch_add(&ledger->count, 1, __ATOMIC_RELAXED);
	if (at < FAULTS_DATAGRAMS)
		ledger->digest[at] = digest;
}

/* A datagram that went out: its length, and errno as it was. */
static void judge(long result, int error, long expected)
{
	if (result == expected && error == SENTINEL)
		return;
	__atomic_fetch_add(result == expected ? &report->errnos : &report->results, 1, __ATOMIC_RELAXED);
	report->last_result = result;
	report->last_expected = expected;
	report->last_errno = error;
}

/* The child says a word of its own, an RTP packet of another source, through the socket it inherited. */
static void fork_and_send(int fd, const struct msghdr *msg)
{
	static _Atomic uint32_t serial;
	uint8_t word[200] = { 0x80, 0xe0 };
	struct iovec piece = { word, sizeof word };
	struct msghdr own = { .msg_name = msg->msg_name, .msg_namelen = msg->msg_namelen, .msg_iov = &piece, .msg_iovlen = 1 };
	uint32_t n = ++serial, who = (uint32_t)getpid();
	int status = 0;
	pid_t pid;

	NEXT(sendmsg);
	memcpy(word + 4, &n, 4);
	memcpy(word + 8, &who, 4);
	word[12] = 0x61;
	count(FAULT_FORK);
	pid = fork();
	if (pid == 0) {
		ssize_t sent;

		dice = 0;
		errno = SENTINEL;
		sent = next(fd, &own, MSG_NOSIGNAL);
		judge(sent, errno, sizeof word);
		if (sent == sizeof word)
			write_down(&own);
		_exit(0);
	}
	if (pid < 0)
		return;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	child_ended(status, FAULT_FORK);
}

static void disturb(int fd, const struct msghdr *msg)
{
	if (now(FAULT_DESCRIPTOR, 2))
		steal_descriptor();
	if (now(FAULT_FORK, SOMETIMES))
		fork_and_send(fd, msg);
	if (now(FAULT_EXEC, SOMETIMES))
		start_program();
	if (stats_path[0])
		forget_counters();
	if (config_path[0] && now(FAULT_CONFIG, RARELY))
		replace_config();
}

static long length(const struct msghdr *msg)
{
	size_t sum = 0;

	for (size_t i = 0; i < msg->msg_iovlen; i++)
		sum += msg->msg_iov[i].iov_len;
	return (long)sum;
}

/* The application's errno, kept over whatever is done here. */
static bool enter(int fd, const struct msghdr *msg, int *saved)
{
	bool serve;

	*saved = errno;
	if (!ready || inside)
		return false;
	inside = true;
	serve = is_udp(fd);
	if (serve)
		disturb(fd, msg);
	inside = serve;
	errno = serve ? SENTINEL : *saved;
	return serve;
}

static void leave(long result, const struct msghdr *msg, int saved)
{
	int error = errno;

	judge(result, error, length(msg));
	if (result == length(msg))
		write_down(msg);
	inside = false;
	errno = result < 0 ? error : saved;
}

#define DOOR(name, msg, ...) do { \
	ssize_t result; \
	int saved; \
	NEXT(name); \
	if (!enter(fd, &(msg), &saved)) \
		return next(__VA_ARGS__); \
	result = next(__VA_ARGS__); \
	leave(result, &(msg), saved); \
	return result; \
} while (0)

ssize_t send(int fd, const void *octets, size_t len, int flags)
{
	struct iovec piece = { (void *)(uintptr_t)octets, len };
	struct msghdr msg = { .msg_iov = &piece, .msg_iovlen = 1 };

	DOOR(send, msg, fd, octets, len, flags);
}

ssize_t sendto(int fd, const void *octets, size_t len, int flags, const struct sockaddr *to, socklen_t to_len)
{
	struct iovec piece = { (void *)(uintptr_t)octets, len };
	struct msghdr msg = { .msg_name = (void *)(uintptr_t)to, .msg_namelen = to_len, .msg_iov = &piece, .msg_iovlen = 1 };

	DOOR(sendto, msg, fd, octets, len, flags, to, to_len);
}

ssize_t sendmsg(int fd, const struct msghdr *msg, int flags)
{
	DOOR(sendmsg, *msg, fd, msg, flags);
}

ssize_t write(int fd, const void *octets, size_t len)
{
	struct iovec piece = { (void *)(uintptr_t)octets, len };
	struct msghdr msg = { .msg_iov = &piece, .msg_iovlen = 1 };

	DOOR(write, msg, fd, octets, len);
}

ssize_t writev(int fd, const struct iovec *pieces, int n)
{
	struct msghdr msg = { .msg_iov = (struct iovec *)(uintptr_t)pieces, .msg_iovlen = (size_t)n };

	DOOR(writev, msg, fd, pieces, n);
}

int sendmmsg(int fd, struct mmsghdr *messages, unsigned n, int flags)
{
	int result, saved, error;

	NEXT(sendmmsg);
	if (!n || !enter(fd, &messages[0].msg_hdr, &saved))
		return next(fd, messages, n, flags);
	result = next(fd, messages, n, flags);
	error = errno;
	judge(result, error, (long)n);
	for (int i = 0; i < result; i++) {
		judge((long)messages[i].msg_len, SENTINEL, length(&messages[i].msg_hdr));
		write_down(&messages[i].msg_hdr);
	}
	inside = false;
	errno = result < 0 ? error : saved;
	return result;
}
