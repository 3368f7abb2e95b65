/* SPDX-License-Identifier: BSD-3-Clause */
/* One thread shuts all of them in (SECCOMP_FILTER_FLAG_TSYNC) while the others are in the middle of sending: what is on its
 * way there makes no call any more that would kill.
 * rule: 66 74
 * not under: asan tsan
 * modes: inline tunnel unserved disabled
 * known: a send that is on its way when another thread installs the filter goes on asking the kernel
 * expect: seen>=100 */
#include "seccomp.h"
#include <pthread.h>
#include <stdatomic.h>

enum { SENDERS = 3 };

static int s;
static _Atomic int sent[SENDERS];
static _Atomic bool stop;

static void *sender(void *number)
{
	uint32_t tag = (uint32_t)(uintptr_t)number;
	uint8_t p[200];

	for (uint32_t i = 0; !stop; i++) {
		(void)!send(s, p, media(p, sizeof p, tag, i), 0);
		sent[tag]++;
	}
	return NULL;
}

static void all_send_more(void)
{
	for (int i = 0; i < SENDERS; i++)
		for (int before = sent[i]; sent[i] < before + 50;)
			atomic_signal_fence(memory_order_seq_cst);
}

int main(void)
{
	/* The sends, what the transcript needs, and what the end of a thread takes. */
	static const long own[] = { SYS_sendto, SYS_write, SYS_futex, SYS_madvise, SYS_munmap, SYS_mprotect, SYS_rt_sigprocmask,
		SYS_exit, SYS_exit_group };
	struct sock_filter filter[40];
	unsigned short n = 0;
	struct receiver r = receiver(AF_INET);
	pthread_t thread[SENDERS];

	s = udp(AF_INET);
	MUST(connect(s, &r.at.sa, r.at.len));
	filter[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (unsigned i = 0; i < sizeof own / sizeof *own; i++) {
		filter[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)own[i], 0, 1);
		filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	}
	filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	struct sock_fprog program = { n, filter };
	for (int i = 0; i < SENDERS; i++)
		if (pthread_create(&thread[i], NULL, sender, (void *)(uintptr_t)i))
			broken("pthread_create");
	all_send_more();
	MUST(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	MUST(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program));
	all_send_more();
	stop = true;
	for (int i = 0; i < SENDERS; i++)
		pthread_join(thread[i], NULL);
	say("all of them live");
	_exit(0);
}
