/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What sockets keep of the interfaces that were armed (guard.bpf.c): it spares looks into the map, and is worth nothing as
 * soon as an interface has been taken out. In namespaces of its own, with sockets that send areas themselves; whatever
 * comes out of any interface, at any time, has its area behind the user data. */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <mdshim/wire.h>

#include "../../provisioner/armstate.h"

enum { USER = 100, AREA = 17, PORT = 7000, WAYS = 2, PATH = 400, NO_TEST = 77 };

/* One pair of interfaces: what is sent to 198.18.NUMBER.2, or fd00:NUMBER::2, leaves by the first and is seen at the second. */
struct way {
	struct arm_interface at;
	struct arm_interface_state state; /* as it was when it was armed */
	int far;                          /* hears what leaves by it */
};

static struct arm *arm;
static struct way ways[WAYS];
static char folder[] = "/tmp/test_patch_kept.XXXXXX", pins[PATH], group[PATH], home[PATH], why[ARM_WHY];
static const char *refused;
static unsigned heard;

static const struct md_arm_form form = { .len = AREA, .head = { 120, 12 }, .head_len = 2 };

#define NEEDS_KERNEL() do { if (refused) { print_message("%s\n", refused); skip(); } } while (0)

/* --- The stage ---------------------------------------------------------------------------------------------------------- */

__attribute__((format(printf, 1, 2))) static void shell(const char *format, ...)
{
	char command[512];
	va_list values;

	va_start(values, format);
	vsnprintf(command, sizeof(command), format, values);
	va_end(values);
	if (system(command) != 0)
		fail_msg("%s", command);
}

static bool write_to(const char *path, const char *name, const char *text)
{
	char full[2 * PATH];
	ssize_t n = -1;
	int fd;

	snprintf(full, sizeof(full), "%s/%s", path, name);
	fd = open(full, O_WRONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = write(fd, text, strlen(text));
		close(fd);
	}
	return n >= 0;
}

/* The control group that we are in, as a path. */
static bool find_home(void)
{
	char mount[PATH / 2] = "", own[PATH / 2] = "", line[1024];
	FILE *f = fopen("/proc/self/mounts", "re");

	while (f && fgets(line, sizeof(line), f))
		if (!*mount && strstr(line, " cgroup2 "))
			sscanf(line, "%*s %199s", mount);
	if (f)
		fclose(f);
	f = fopen("/proc/self/cgroup", "re");
	while (f && fgets(line, sizeof(line), f))
		if (strncmp(line, "0::", 3) == 0)
			sscanf(line, "0::%199s", own);
	if (f)
		fclose(f);
	snprintf(home, sizeof(home), "%s%s", mount, strcmp(own, "/") == 0 ? "" : own);
	return *mount != '\0';
}

static int listen_at(const char *name)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = (int)if_nametoindex(name) };
	struct timeval soon = { .tv_sec = 5 };
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, htons(ETH_P_ALL));

	assert_true(fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0);
	assert_return_code(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof(soon)), errno);
	return fd;
}

/* index: the number that the first interface is to have, 0: any. */
static void make_way(unsigned i, uint32_t index)
{
	char name[8], number[24] = "";

	if (index)
		snprintf(number, sizeof(number), "index %u", index);
	shell("ip link add a%u %s address 02:00:00:00:00:01 type veth peer name b%u address 02:00:00:00:00:02 && "
		"sysctl -qw net.ipv6.conf.a%u.accept_dad=0 net.ipv6.conf.b%u.disable_ipv6=1 && ip link set b%u up && ip link set a%u up && "
		"ip addr add 198.18.%u.1/24 dev a%u && ip -6 addr add fd00:%u::1/64 dev a%u nodad && "
		"ip neigh replace 198.18.%u.2 lladdr 02:00:00:00:00:02 nud permanent dev a%u && "
		"ip -6 neigh replace fd00:%u::2 lladdr 02:00:00:00:00:02 nud permanent dev a%u",
		i, number, i, i, i, i, i, i, i, i, i, i, i, i, i);
	snprintf(name, sizeof(name), "b%u", i);
	ways[i].far = listen_at(name);
}

static void remember_ways(void)
{
	struct arm_interface at = { 0 };
	struct arm_interface_state state;

	while (arm_next(arm, &at, &state))
		if (state.name[0] == 'a' && state.name[1] >= '0' && state.name[1] < '0' + WAYS) {
			ways[state.name[1] - '0'].at = at;
			ways[state.name[1] - '0'].state = state;
		}
}

static int begin(void **state)
{
	struct arm_place place = { pins, group, false };
	char pid[16];

	(void)state;
	if (geteuid() != 0)
		refused = "needs root, to load programs into the kernel";
	else if (!find_home())
		refused = "no file system of control groups is mounted";
	else if (!mkdtemp(folder))
		return -1;
	else if (unshare(CLONE_NEWNS | CLONE_NEWNET) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		refused = "no namespaces to be had";
	else if (mount("bpf", folder, "bpf", 0, NULL) < 0)
		refused = "no BPF file system";
	if (refused)
		return 0;
	snprintf(pins, sizeof(pins), "%s/m", folder);
	snprintf(group, sizeof(group), "%.300s/mdshim-kept.%d", home, (int)getpid());
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	if (mkdir(group, 0755) < 0 || !write_to(group, "cgroup.procs", pid)) {
		refused = "no control group";
		return 0;
	}
	shell("ip link set lo up");
	for (unsigned i = 0; i < WAYS; i++)
		make_way(i, 0);
	if (arm_open(&arm, &place, why) != 0) {
		refused = why;
		return 0;
	}
	if (arm_namespace(arm, -1, NULL, why) != 0)
		return -1;
	remember_ways();
	return ways[0].at.index && ways[1].at.index ? 0 : -1;
}

static int end(void **state)
{
	char pid[16];

	(void)state;
	if (arm)
		arm_unpin_all(arm), rmdir(pins), arm_close(arm);
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	if (*group) {
		write_to(home, "cgroup.procs", pid);
		rmdir(group);
	}
	umount(folder);
	rmdir(folder);
	return 0;
}

/* --- Sockets ------------------------------------------------------------------------------------------------------------ */

static int armed_socket(int family)
{
	struct md_arm_request request = { .version = MD_ARM_VERSION, .forms = 1, .form = { form } };
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_return_code(setsockopt(fd, MD_ARM_LEVEL, MD_ARM_SOCKET, &request, sizeof(request)), errno);
	return fd;
}

static int send_by(int fd, int family, unsigned i)
{
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(PORT) };
	uint8_t octets[USER + AREA];
	uint16_t ocs;

	for (unsigned k = 0; k < sizeof(octets); k++)
		octets[k] = (uint8_t)(k * 11 + 1);
	octets[USER] = octets[USER + 1] = 0;
	memcpy(octets + USER + 2, form.head, form.head_len);
	ocs = md_ocs(octets + USER, AREA, AREA);
	octets[USER] = (uint8_t)(ocs >> 8);
	octets[USER + 1] = (uint8_t)ocs;
	four.sin_addr.s_addr = htonl(0xc6120002u | i << 8);
	six.sin6_addr.s6_addr[0] = 0xfd;
	six.sin6_addr.s6_addr[3] = (uint8_t)i;
	six.sin6_addr.s6_addr[15] = 2;
	return sendto(fd, octets, sizeof(octets), 0, family == AF_INET ? (const void *)&four : (const void *)&six,
		family == AF_INET ? sizeof(four) : sizeof(six)) == sizeof(octets) ? 0 : errno;
}

/* The next datagram of ours that came out there; with its area in the user data it ends the test. False: none, if asked not to
 * wait. */
static bool hear(unsigned i, int flags)
{
	uint8_t octets[2048];
	struct sockaddr_ll from;

	for (;;) {
		socklen_t len = sizeof(from);
		ssize_t n = recvfrom(ways[i].far, octets, sizeof(octets), flags, (struct sockaddr *)&from, &len);
		size_t udp = octets[0] >> 4 == 4 ? 20 : 40;

		if (n < 0)
			return false;
		if (from.sll_pkttype == PACKET_OUTGOING || octets[udp == 20 ? 9 : 6] != IPPROTO_UDP || octets[udp + 2] != PORT >> 8 ||
			octets[udp + 3] != (PORT & 255))
			continue;
		assert_int_equal(n, udp + 8 + USER + AREA);
		assert_int_equal(octets[udp + 4] << 8 | octets[udp + 5], 8 + USER);
		heard++;
		return true;
	}
}

static void passes(int fd, int family, unsigned i)
{
	assert_int_equal(send_by(fd, family, i), 0);
	assert_true(hear(i, 0));
}

static void is_refused(int fd, int family, unsigned i)
{
	assert_int_equal(send_by(fd, family, i), EPERM);
	assert_false(hear(i, MSG_DONTWAIT));
}

/* Puts one back that was taken out; the patch was on it all the time. */
static void put_back(unsigned i)
{
	assert_int_equal(bpf_map_update_elem(arm->interfaces, &ways[i].at, &ways[i].state, BPF_ANY), 0);
}

/* A link that was unpinned lets go a moment later, and until then no other is attached. */
static void arm_again(void)
{
	struct timespec moment = { .tv_nsec = 1000000 };
	int err = -1;

	for (int tries = 0; tries < 10000 && err; tries++) {
		err = arm_namespace(arm, -1, NULL, why);
		if (err)
			clock_nanosleep(CLOCK_MONOTONIC, 0, &moment, NULL);
	}
	if (err)
		fail_msg("%s", why);
}

static const int families[] = { AF_INET, AF_INET6 };

/* --- Cases -------------------------------------------------------------------------------------------------------------- */

static void the_map_is_looked_into_once(void **state)
{
	(void)state;
	NEEDS_KERNEL();
	for (unsigned k = 0; k < 2; k++) {
		int fd = armed_socket(families[k]), late = armed_socket(families[k]);

		passes(fd, families[k], 0);
		/* Behind everybody's back, which no daemon does: this socket knows, and the other has to look. */
		assert_int_equal(bpf_map_delete_elem(arm->interfaces, &ways[0].at), 0);
		passes(fd, families[k], 0);
		is_refused(late, families[k], 0);
		put_back(0);
		passes(late, families[k], 0);
		close(fd);
		close(late);
	}
}

static void what_was_kept_is_worth_nothing_once_one_is_taken_out(void **state)
{
	(void)state;
	NEEDS_KERNEL();
	for (unsigned k = 0; k < 2; k++) {
		int fd = armed_socket(families[k]), other = armed_socket(families[k]);

		for (int round = 0; round < 20; round++) {
			passes(fd, families[k], 0);
			passes(fd, families[k], 0);
			passes(other, families[k], 1);
			arm_take_out(arm, &ways[0].at);
			is_refused(fd, families[k], 0);
			is_refused(other, families[k], 0);
			passes(other, families[k], 1);
			passes(fd, families[k], 1);
			is_refused(fd, families[k], 0);
			put_back(0);
		}
		close(fd);
		close(other);
	}
}

/* From one interface to the other and back, datagram by datagram, one of them armed or both. */
static void a_socket_moves_between_interfaces(void **state)
{
	int fd;

	(void)state;
	NEEDS_KERNEL();
	fd = armed_socket(AF_INET);
	for (unsigned out = 0; out < WAYS; out++) {
		arm_take_out(arm, &ways[out].at);
		for (int round = 0; round < 20; round++) {
			passes(fd, AF_INET, 1 - out);
			is_refused(fd, AF_INET, out);
		}
		put_back(out);
		for (int round = 0; round < 20; round++) {
			passes(fd, AF_INET, out);
			passes(fd, AF_INET, 1 - out);
		}
	}
	close(fd);
}

/* Somebody takes the patch off an interface; the daemon sees it, and puts it back. */
static void the_patch_comes_back(void **state)
{
	char path[ARM_PATH];
	uint64_t before;
	int fd;

	(void)state;
	NEEDS_KERNEL();
	fd = armed_socket(AF_INET);
	passes(fd, AF_INET, 0);
	before = atomic_load(arm->raised);
	arm_path_of_link(arm, &ways[0].at, ARMLINK_OUT, path);
	assert_return_code(unlink(path), errno);
	arm_again();
	assert_true(atomic_load(arm->raised) > before);
	passes(fd, AF_INET, 0);
	passes(fd, AF_INET, 1);
	close(fd);
}

/* An interface goes, and another comes that has its number: what was kept of the first says nothing of it. */
static void a_number_comes_again(void **state)
{
	uint32_t number;
	int fd;

	(void)state;
	NEEDS_KERNEL();
	fd = armed_socket(AF_INET);
	number = ways[1].at.index;
	passes(fd, AF_INET, 1);
	close(ways[1].far);
	shell("ip link del a1");
	arm_again();
	make_way(1, number);
	assert_int_equal(if_nametoindex("a1"), number);
	is_refused(fd, AF_INET, 1);
	passes(fd, AF_INET, 0);
	arm_again();
	passes(fd, AF_INET, 1);
	remember_ways();
	close(fd);
}

/* It dies between taking an interface out and raising the generation. */
static void a_daemon_dies_half_way(void **state)
{
	struct arm_place place = { pins, group, false };
	uint64_t before;
	int fd;

	(void)state;
	NEEDS_KERNEL();
	fd = armed_socket(AF_INET);
	passes(fd, AF_INET, 0);
	atomic_fetch_or(arm->raised, ARM_CHANGING);
	passes(fd, AF_INET, 0);
	assert_int_equal(bpf_map_delete_elem(arm->interfaces, &ways[0].at), 0);
	is_refused(fd, AF_INET, 0);
	passes(fd, AF_INET, 1);
	before = atomic_load(arm->raised);
	arm_close(arm);
	arm = NULL;
	assert_int_equal(arm_open(&arm, &place, why), 0);
	assert_true(atomic_load(arm->raised) > before);
	assert_int_equal(atomic_load(arm->raised) & ARM_CHANGING, 0);
	is_refused(fd, AF_INET, 0);
	put_back(0);
	passes(fd, AF_INET, 0);
	close(fd);
}

/* The first thing a daemon that finds a patch of its own does: nothing is lost by it, nor learnt wrongly. */
static void a_daemon_comes_again(void **state)
{
	struct arm_place place = { pins, group, false };
	int fd;

	(void)state;
	NEEDS_KERNEL();
	fd = armed_socket(AF_INET6);
	for (int round = 0; round < 10; round++) {
		passes(fd, AF_INET6, 0);
		arm_close(arm);
		arm = NULL;
		passes(fd, AF_INET6, 0);
		assert_int_equal(arm_open(&arm, &place, why), 0);
		passes(fd, AF_INET6, 0);
		passes(fd, AF_INET6, 1);
	}
	close(fd);
}

static atomic_bool over;

static void *hammer(void *of)
{
	int fd = *(int *)of;

	for (unsigned i = 0; !over; i++)
		send_by(fd, AF_INET, i & 1);
	return NULL;
}

/* Others send by the same socket over both interfaces all the while: what is taken out is refused at once. */
static void nobody_keeps_what_was_being_taken_out(void **state)
{
	pthread_t thread[2];
	unsigned sent = 0;
	int fd;

	(void)state;
	NEEDS_KERNEL();
	fd = armed_socket(AF_INET);
	over = false;
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, hammer, &fd), 0);
	for (unsigned round = 0; round < 2000; round++) {
		arm_take_out(arm, &ways[0].at);
		for (int again = 0; again < 3; again++)
			sent += send_by(fd, AF_INET, 0) != EPERM;
		put_back(0);
		while (hear(round & 1, MSG_DONTWAIT))
			;
	}
	over = true;
	for (unsigned i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	while (hear(0, MSG_DONTWAIT) || hear(1, MSG_DONTWAIT))
		;
	assert_int_equal(sent, 0);
	close(fd);
}

static void they_were_heard(void **state)
{
	(void)state;
	NEEDS_KERNEL();
	assert_true(heard > 300);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_map_is_looked_into_once),
		cmocka_unit_test(what_was_kept_is_worth_nothing_once_one_is_taken_out),
		cmocka_unit_test(a_socket_moves_between_interfaces),
		cmocka_unit_test(the_patch_comes_back),
		cmocka_unit_test(a_number_comes_again),
		cmocka_unit_test(a_daemon_dies_half_way),
		cmocka_unit_test(a_daemon_comes_again),
		cmocka_unit_test(nobody_keeps_what_was_being_taken_out),
		cmocka_unit_test(they_were_heard),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
