/* SPDX-License-Identifier: BSD-3-Clause */
/* Segment trains over a device that cannot split them, and over one that cannot even make checksums: what the kernel says
 * is what it says without us, and what is said to have been sent arrives.
 * rule: 32 33
 * expect: seen>=8 wrapped>=8 */
#include "victim.h"
#include <sched.h>
#include <signal.h>

static uint8_t data[65536];

static struct receiver receiver_of(const char *path)
{
	int here = (int)MUST(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC)), there = (int)MUST(open(path, O_RDONLY | O_CLOEXEC));

	MUST(setns(there, CLONE_NEWNET));
	if (system("ip link set lo up; ip addr add 192.0.2.2/24 dev v1; ip link set v1 up"))
		skip("needs ip");
	struct receiver r = receiver_at(AF_INET, "0.0.0.0");
	MUST(setns(here, CLONE_NEWNET));
	close(here), close(there);
	r.at = address(AF_INET, "192.0.2.2", port_of(&r.at));
	return r;
}

static void trains(struct receiver *r, int s, bool option, uint32_t tag)
{
	static const struct { size_t len; uint16_t segment; } cases[] = { { 3000, 1200 }, { 12000, 1200 }, { 1200, 1200 }, { 40000, 1000 } };
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(uint16_t))];

	for (unsigned i = 0; i < 4; i++, tag++) {
		struct iovec iov = { data, cases[i].len };
		struct msghdr m = { .msg_name = &r->at.sa, .msg_namelen = r->at.len, .msg_iov = &iov, .msg_iovlen = 1 };
		int segment = cases[i].segment;
		unsigned count = 0;

		for (size_t at = 0; at < cases[i].len; at += (size_t)segment, count++)
			media(data + at, cases[i].len - at < (size_t)segment ? cases[i].len - at : (size_t)segment, tag, count);
		if (option) {
			MUST(setsockopt(s, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof segment));
		} else {
			memset(control, 0, sizeof control);
			m.msg_control = control, m.msg_controllen = sizeof control;
			struct cmsghdr *c = CMSG_FIRSTHDR(&m);
			c->cmsg_level = IPPROTO_UDP, c->cmsg_type = UDP_SEGMENT, c->cmsg_len = CMSG_LEN(sizeof cases[i].segment);
			memcpy(CMSG_DATA(c), &cases[i].segment, sizeof cases[i].segment);
		}
		long n = CALL(sendmsg(s, &m, 0));
		if (option)
			n = CALL(sendto(s, data, cases[i].len, 0, &r->at.sa, r->at.len)) > 0 ? n : -1;
		report(r, "receiver", n < 0 ? 0 : option ? 2 * count : count);
	}
}

int main(void)
{
	char command[200], path[64];
	int hold[2], ready[2], zero = 0;

	if (!getenv("VICTIM_OWN_NETNS"))
		skip("needs a network namespace of its own");
	MUST(pipe(hold));
	MUST(pipe(ready));
	pid_t pid = fork();
	if (pid == 0) {
		char c = (char)unshare(CLONE_NEWNET);
		close(hold[1]);
		(void)!write(ready[1], &c, 1);
		(void)!read(hold[0], &c, 1);
		_exit(0);
	}
	char c = 1;
	close(hold[0]);
	if (read(ready[0], &c, 1) != 1 || c)
		skip("needs a second network namespace");
	snprintf(command, sizeof command, "ip link del v0 2>/dev/null; ip link add v0 type veth peer name v1 netns %d && "
		"ip addr add 192.0.2.1/24 dev v0 && ip link set v0 up", (int)pid);
	if (system(command))
		skip("needs ip and veth");
	snprintf(path, sizeof path, "/proc/%d/ns/net", (int)pid);
	struct receiver r = receiver_of(path);
	int s = udp(AF_INET);
	if (system("ethtool -K v0 tx-udp-segmentation off tso off gso off >/dev/null"))
		skip("needs ethtool");
	say("no segmentation");
	trains(&r, s, false, 1);
	trains(&r, s, true, 11);
	MUST(setsockopt(s, IPPROTO_UDP, UDP_SEGMENT, &zero, sizeof zero));
	if (system("ethtool -K v0 tx off >/dev/null"))
		skip("needs ethtool");
	say("no checksums");
	trains(&r, s, false, 21);
	trains(&r, s, true, 31);
	close(hold[1]);
	await_child("keeper", pid);
}
