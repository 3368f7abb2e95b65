/* SPDX-License-Identifier: BSD-3-Clause */
/* The peer changes: connected again, by a duplicate, by a child, behind our back, and not at all.
 * rule: 44
 * expect: seen>=16 wrapped>=10 */
#include "victim.h"

static struct receiver a, b;
static uint32_t sent;

static void send_some(int s, const char *what)
{
	uint8_t p[MEDIA_LEN];
	unsigned n = 0;

	n += CALL(send(s, p, media(p, sizeof p, 1, sent++), 0)) > 0;
	n += CALL(write(s, p, media(p, sizeof p, 1, sent++))) > 0;
	say("%s: %u sent", what, n);
	collect_within(&a, a.records + 2, SILENCE_MS);
	report(&a, "a", a.records);
	collect_within(&b, b.records + 2, SILENCE_MS);
	report(&b, "b", b.records);
}

int main(void)
{
	int s = udp(AF_INET), copy = dup(s);
	struct sockaddr nobody = { .sa_family = AF_UNSPEC };
	uint8_t p[MEDIA_LEN];

	a = receiver(AF_INET), b = receiver_at(AF_INET, "127.0.0.9");
	send_some(s, "never connected");
	CALL(connect(s, &a.at.sa, a.at.len));
	send_some(s, "to a");
	CALL(connect(s, &b.at.sa, b.at.len));
	send_some(s, "to b");
	CALL(connect(copy, &a.at.sa, a.at.len));
	send_some(s, "to a by the duplicate");
	CALL(connect(s, &nobody, sizeof nobody));
	send_some(s, "to nobody");
	CALL(sendto(s, p, media(p, sizeof p, 2, 0), 0, &b.at.sa, b.at.len));
	report(&b, "b", 1);
	CALL(syscall(SYS_connect, s, &b.at.sa, b.at.len));
	send_some(s, "to b behind our back");
	pid_t pid = fork();
	if (pid == 0)
		_exit(connect(s, &a.at.sa, a.at.len) ? 1 : 0);
	await_child("child", pid);
	send_some(s, "to a by the child");
	CALL(sendto(s, p, media(p, sizeof p, 2, 1), 0, &b.at.sa, b.at.len));
	report(&b, "b", 1);
	CALL(connect(s, &a.at.sa, 1));
	CALL(connect(-1, &a.at.sa, a.at.len));
	CALL(syscall(SYS_connect, s, &nobody, sizeof nobody));
	send_some(s, "to nobody behind our back");
}
