// SPDX-License-Identifier: BSD-3-Clause
// mdshim-nouring COMMAND [ARGUMENT...] - executes the command with io_uring_setup refused (EPERM), behind
// "mdshim-run --no-io-uring". Linked statically: what is preloaded is meant for the command.
//
// The filter is inherited and cannot be taken off again. Without CAP_SYS_ADMIN it takes no_new_privs, under which
// set-user-ID programs get no privileges; that is said on standard error.
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	IO_URING_SETUP = 425, /* on every architecture named here */
	X32 = 0x40000000,     /* bit of the numbers of x32, which has the architecture of x86-64 */
	EXIT_OURS = 125, EXIT_REFUSED = 126, EXIT_MISSING = 127
};

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define EQUAL(value, yes, no) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), (yes), (no))
#define ANSWER(value) BPF_STMT(BPF_RET | BPF_K, (value))

static struct sock_filter filter[] = {
	LOAD(arch),
	EQUAL(AUDIT_ARCH_X86_64, 4, 0),
	EQUAL(AUDIT_ARCH_I386, 3, 0),
	EQUAL(AUDIT_ARCH_AARCH64, 2, 0),
	EQUAL(AUDIT_ARCH_ARM, 1, 0),
	ANSWER(SECCOMP_RET_ALLOW),
	LOAD(nr),
	EQUAL(IO_URING_SETUP, 2, 0),
	EQUAL(IO_URING_SETUP | X32, 1, 0),
	ANSWER(SECCOMP_RET_ALLOW),
	ANSWER(SECCOMP_RET_ERRNO | EPERM),
};

static int seccomp_set(void)
{
	struct sock_fprog program = { sizeof filter / sizeof *filter, filter };

	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0 ? 0 : -errno;
}

/* 0 or -errno. */
static int refuse(void)
{
	int err = seccomp_set();

	if (err != -EACCES)
		return err;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return -errno;
	fputs("mdshim-nouring: without CAP_SYS_ADMIN this takes no_new_privs: set-user-ID programs that the command starts "
	      "get no privileges\n", stderr);
	return seccomp_set();
}

int main(int argc, char **argv)
{
	int err;

	if (argc < 2) {
		fputs("usage: mdshim-nouring COMMAND [ARGUMENT...]\n", stderr);
		return EXIT_OURS;
	}
	err = refuse();
	if (err == -ENOSYS || err == -EINVAL) {
		fputs("mdshim-nouring: this kernel has no seccomp filters (CONFIG_SECCOMP_FILTER): io_uring cannot be refused\n",
			stderr);
		return EXIT_OURS;
	}
	if (err) {
		fprintf(stderr, "mdshim-nouring: the seccomp filter was refused: %s\n", strerror(-err));
		return EXIT_OURS;
	}
	execvp(argv[1], argv + 1);
	err = errno;
	fprintf(stderr, "mdshim-nouring: %s: %s\n", argv[1], strerror(err));
	return err == ENOENT ? EXIT_MISSING : EXIT_REFUSED;
}
