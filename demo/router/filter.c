/* SPDX-License-Identifier: BSD-3-Clause */
#include "filter.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/ipv6.h>
#include <netinet/in.h>
#include <sys/socket.h>

/* A jump there means "reject"; finish() puts the distance in. */
enum { REJECT = 255, ALL = 0x40000 };

/* Offsets from the IP header, where cooked packets begin. */
enum { V4_LENGTH = 2, V4_FRAGMENT = 6, V4_PROTOCOL = 9, V4_DST = 16, V6_LENGTH = 4, V6_NEXT = 6, V6_DST = 24, V6_END = 40 };
enum { UDP_DPORT = 2, UDP_LENGTH = 4 };

static void put(struct filter *f, unsigned code, unsigned k, unsigned jt, unsigned jf)
{
	f->code[f->count++] = (struct sock_filter){ (uint16_t)code, (uint8_t)jt, (uint8_t)jf, k };
}

static void load(struct filter *f, unsigned size, unsigned at)
{
	put(f, BPF_LD | size | BPF_ABS, at, 0, 0);
}

/* Goes on only if the accumulator is value. */
static void need(struct filter *f, unsigned value)
{
	put(f, BPF_JMP | BPF_JEQ | BPF_K, value, 0, REJECT);
}

static void need_version(struct filter *f, unsigned version)
{
	load(f, BPF_B, 0);
	put(f, BPF_ALU | BPF_AND | BPF_K, 0xf0, 0, 0);
	need(f, version << 4);
}

static uint32_t word(const uint8_t *octets)
{
	return (uint32_t)octets[0] << 24 | (uint32_t)octets[1] << 16 | (uint32_t)octets[2] << 8 | octets[3];
}

/* Extension headers: accept, UDP: go on, anything else (Fragment too): reject. */
static void need_udp6(struct filter *f)
{
	load(f, BPF_B, V6_NEXT);
	put(f, BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 4, 0);
	put(f, BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_HOPOPTS, 2, 0);
	put(f, BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_ROUTING, 1, 0);
	put(f, BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_DSTOPTS, 0, REJECT);
	put(f, BPF_RET | BPF_K, ALL, 0, 0);
}

static void need_udp4(struct filter *f)
{
	load(f, BPF_B, V4_PROTOCOL);
	need(f, IPPROTO_UDP);
	load(f, BPF_H, V4_FRAGMENT);
	put(f, BPF_JMP | BPF_JSET | BPF_K, 0x3fff, REJECT, 0); /* MF or an offset */
	put(f, BPF_LDX | BPF_B | BPF_MSH, 0, 0, 0);
}

/* Ends the program: accept, and the rejection that jumps lead to. */
static void finish(struct filter *f)
{
	put(f, BPF_RET | BPF_K, ALL, 0, 0);
	put(f, BPF_RET | BPF_K, 0, 0, 0);
	for (unsigned i = 0; i < f->count; i++) {
		struct sock_filter *at = &f->code[i];
		uint8_t distance = (uint8_t)(f->count - 2u - i);

		at->jt = at->jt == REJECT ? distance : at->jt;
		at->jf = at->jf == REJECT ? distance : at->jf;
	}
}

void filter_nothing(struct filter *f)
{
	f->count = 0;
	put(f, BPF_RET | BPF_K, 0, 0, 0);
}

void filter_tunnel(struct filter *f, const struct endpoint *e)
{
	f->count = 0;
	load(f, BPF_W, (unsigned)(SKF_AD_OFF + SKF_AD_PKTTYPE));
	need(f, PACKET_HOST);
	need_version(f, e->version);
	if (e->version == 4) {
		load(f, BPF_W, V4_DST);
		need(f, word(e->address));
		need_udp4(f);
		put(f, BPF_LD | BPF_H | BPF_IND, UDP_DPORT, 0, 0);
	} else {
		for (unsigned i = 0; i < 16; i += 4) {
			load(f, BPF_W, V6_DST + i);
			need(f, word(e->address + i));
		}
		need_udp6(f);
		load(f, BPF_H, V6_END + UDP_DPORT);
	}
	need(f, e->port);
	finish(f);
}

/* IPv4: UDP Length (A) must be below Total Length - 4 x IHL (X). */
static void surplus4(struct filter *f)
{
	need_version(f, 4);
	need_udp4(f);
	load(f, BPF_H, V4_LENGTH);
	put(f, BPF_ALU | BPF_SUB | BPF_X, 0, 0, 0);
	put(f, BPF_ST, 0, 0, 0);
	put(f, BPF_LD | BPF_H | BPF_IND, UDP_LENGTH, 0, 0);
	put(f, BPF_LDX | BPF_MEM, 0, 0, 0);
	put(f, BPF_JMP | BPF_JGE | BPF_X, 0, REJECT, 0);
	put(f, BPF_RET | BPF_K, ALL, 0, 0);
}

static void surplus6(struct filter *f)
{
	need_version(f, 6);
	need_udp6(f);
	load(f, BPF_H, V6_LENGTH);
	put(f, BPF_MISC | BPF_TAX, 0, 0, 0);
	load(f, BPF_H, V6_END + UDP_LENGTH);
	put(f, BPF_JMP | BPF_JGE | BPF_X, 0, REJECT, 0);
}

void filter_inline(struct filter *f)
{
	unsigned branch;

	f->count = 0;
	load(f, BPF_W, (unsigned)(SKF_AD_OFF + SKF_AD_PKTTYPE));
	put(f, BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING, REJECT, 0);
	load(f, BPF_W, (unsigned)(SKF_AD_OFF + SKF_AD_PROTOCOL));
	branch = f->count;
	put(f, BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IP, 0, 0);
	surplus4(f);
	f->code[branch].jf = (uint8_t)(f->count - branch - 1);
	need(f, ETH_P_IPV6);
	surplus6(f);
	finish(f);
}

int filter_attach(int fd, const struct filter *f)
{
	struct sock_fprog program = { f->count, (struct sock_filter *)(uintptr_t)f->code };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0 ? -errno : 0;
}
