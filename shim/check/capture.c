// SPDX-License-Identifier: BSD-3-Clause
#include "capture.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { ROOM = 262144, FILE_HEAD = 24, RECORD_HEAD = 16, UDP = 17, UDP_HEAD = 8 };

/* Link types (https://www.tcpdump.org/linktypes.html). */
enum { LINK_NULL = 0, LINK_ETHERNET = 1, LINK_RAW = 101, LINK_SLL = 113, LINK_IPV4 = 228, LINK_IPV6 = 229, LINK_SLL2 = 276 };

static FILE *file;
static bool swapped;
static uint32_t link_type;
static unsigned long count;
static uint8_t room[ROOM];
static struct iovec piece;

static uint32_t number(const uint8_t *at)
{
	uint32_t n;

	memcpy(&n, at, sizeof n);
	return swapped ? __builtin_bswap32(n) : n;
}

static uint16_t be16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

const char *capture_open(const char *path)
{
	uint8_t head[FILE_HEAD];
	uint32_t magic;

	file = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
	if (!file)
		return "cannot be opened";
	if (fread(head, sizeof head, 1, file) != 1)
		return "no capture file";
	memcpy(&magic, head, sizeof magic);
	swapped = magic == 0xd4c3b2a1 || magic == 0x4d3cb2a1;
	if (magic == 0x0a0d0d0a)
		return "a pcapng file; editcap -F pcap makes the other kind of it";
	if (!swapped && magic != 0xa1b2c3d4 && magic != 0xa1b23c4d)
		return "no capture file";
	link_type = number(head + 20) & 0x0fffffff;
	return NULL;
}

/* Octets before the IP header, -1 for what is not IP. */
static long link_head(const uint8_t *p, size_t len)
{
	size_t at;

	switch (link_type) {
	case LINK_NULL: return 4;
	case LINK_RAW:
	case LINK_IPV4:
	case LINK_IPV6: return 0;
	case LINK_SLL: return 16;
	case LINK_SLL2: return 20;
	case LINK_ETHERNET: break;
	default: return -1;
	}
	for (at = 12; at + 2 <= len && (be16(p + at) == 0x8100 || be16(p + at) == 0x88a8); at += 4)
		;
	return at + 2 <= len && (be16(p + at) == 0x0800 || be16(p + at) == 0x86dd) ? (long)at + 2 : -1;
}

/* The UDP datagram of an IP packet. */
static bool dissect(const uint8_t *p, size_t len, struct captured *packet)
{
	size_t head, udp;

	memset(&packet->tuple, 0, sizeof packet->tuple);
	if (len >= 20 && p[0] >> 4 == 4) {
		head = 4 * (size_t)(p[0] & 15);
		if (head < 20 || p[9] != UDP || (be16(p + 6) & 0x3fff))
			return false;
		packet->tuple.version = 4;
		memcpy(packet->tuple.src, p + 12, 4);
		memcpy(packet->tuple.dst, p + 16, 4);
	} else if (len >= 40 && p[0] >> 4 == 6 && p[6] == UDP) {
		head = 40;
		packet->tuple.version = 6;
		memcpy(packet->tuple.src, p + 8, 16);
		memcpy(packet->tuple.dst, p + 24, 16);
	} else {
		return false;
	}
	if (len < head + UDP_HEAD)
		return false;
	packet->tuple.sport = be16(p + head);
	packet->tuple.dport = be16(p + head + 2);
	udp = be16(p + head + 4);
	if (udp < UDP_HEAD || head + udp > len)
		return false;
	piece = (struct iovec){ (void *)(uintptr_t)(p + head + UDP_HEAD), udp - UDP_HEAD };
	packet->data = octets_of(&piece, 1);
	return true;
}

bool capture_next(struct captured *packet, const char **wrong)
{
	uint8_t head[RECORD_HEAD];

	while (fread(head, sizeof head, 1, file) == 1) {
		size_t len = number(head + 8);
		long at;

		if (len > ROOM || fread(room, 1, len, file) != len) {
			*wrong = "ends within a packet";
			return false;
		}
		packet->number = ++count;
		at = link_head(room, len);
		if (at >= 0 && (size_t)at <= len && dissect(room + at, len - (size_t)at, packet))
			return true;
	}
	if (ferror(file))
		*wrong = "cannot be read";
	return false;
}
