/* SPDX-License-Identifier: BSD-3-Clause
 *
 * hints.h - what an application may tell the shim of the media it sends: constants and structures, nothing to link.
 *
 * Three ways, all at one private level that the kernel does not know:
 *   MD_HINT_PACKET  a control message of sendmsg() or sendmmsg(): speaks of that message. Linux ignores control messages of
 *                   a level it does not know on UDP sockets, so the same call works without the shim.
 *   MD_HINT_RTP     setsockopt() on any UDP socket, with an array of struct md_hint_rtp: speaks of RTP packets still to be
 *                   sent, by whatever library and socket of this process; for those who cannot reach the send call.
 *   MD_HINT_SOCKET  setsockopt(): speaks of every packet of the socket, where the packet has no hint of its own.
 * setsockopt() is answered by the shim, in a process that it serves: 0, or EINVAL for a hint that must not be sent. Without
 * it the kernel refuses (ENOPROTOOPT, or EOPNOTSUPP), so that MD_HINT_SOCKET with length 0 asks "are you there?" and
 * changes nothing.
 *
 * Every item is given or left out by itself; what is left out is found as if there were no hint. A hint with a value out of
 * range counts as none at all. Hints on a packet win over those on the socket. */
#ifndef MDSHIM_HINTS_H
#define MDSHIM_HINTS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
	MD_HINT_LEVEL = 0x6d64, /* "md" */
	MD_HINT_VERSION = 1
};

/* Control message type and option names. */
enum { MD_HINT_PACKET = 1, MD_HINT_SOCKET = 2, MD_HINT_RTP = 3 };

/* Bits of md_hint.given. */
enum {
	MD_HINT_MDU = 0x01,        /* mdu */
	MD_HINT_START = 0x02,      /* start */
	MD_HINT_END = 0x04,        /* end */
	MD_HINT_IMPORTANCE = 0x08, /* importance; the policy of the route makes D, P and L of it */
	MD_HINT_DPL = 0x10,        /* d, p and l, as they are to be sent */
	MD_HINT_BURST = 0x20,      /* burst */
	MD_HINT_STREAM = 0x40,     /* stream */
	MD_HINT_ALL = 0x7f
};

/* md_hint.importance. */
enum {
	MD_IS_DISCARDABLE = 1, /* nothing refers to it */
	MD_IS_ENHANCEMENT = 2, /* a layer above, which others may refer to */
	MD_IS_BASE = 3,
	MD_IS_KEY = 4,
	MD_IS_AUDIO = 5,       /* every packet is an MDU of its own */
	MD_IS_REPAIR = 6       /* the same; retransmission or FEC */
};

struct md_hint {
	uint8_t version;       /* MD_HINT_VERSION */
	uint8_t zero;
	uint16_t given;        /* MD_HINT_* */
	uint32_t mdu;          /* names the frame: packets of the flow's SSRC with the same number are one MDU */
	uint32_t burst;        /* IP packets in octets that follow back to back on this flow, this one included */
	uint8_t start, end;    /* 0 or 1: first or last packet of its MDU */
	uint8_t importance;    /* MD_IS_* */
	uint8_t d, p, l;       /* 0..3, 1..3, 0..2 (draft-kaippallimalil-tsvwg-media-hdr-wireless) */
	uint8_t stream;        /* number of the stream inside the flow, where the flow is told of as streams (QUIC) */
	uint8_t zero2;
};

struct md_hint_rtp {
	uint32_t ssrc;         /* host order */
	uint16_t seq, zero;
	struct md_hint hint;
};

/* Whether the shim will take the hint. */
static inline int md_hint_valid(const struct md_hint *h)
{
	if (h->version != MD_HINT_VERSION || h->zero || h->zero2 || (h->given & ~(unsigned)MD_HINT_ALL))
		return 0;
	if (((h->given & MD_HINT_START) && h->start > 1) || ((h->given & MD_HINT_END) && h->end > 1))
		return 0;
	if ((h->given & MD_HINT_IMPORTANCE) && (h->importance < MD_IS_DISCARDABLE || h->importance > MD_IS_REPAIR))
		return 0;
	return !(h->given & MD_HINT_DPL) || (h->d <= 3 && h->p >= 1 && h->p <= 3 && h->l <= 2);
}

/* Room for a hint in control data. */
#define MD_HINT_SPACE CMSG_SPACE(sizeof(struct md_hint))

/* Appends a hint to control data of len octets, which may be 0 and ends at a multiple of the alignment; room is what there
 * is in all. Returns the new length for msg_controllen, or 0 if it does not fit. */
static inline size_t md_hint_put(void *control, size_t len, size_t room, const struct md_hint *hint)
{
	struct cmsghdr head;
	unsigned char *at = (unsigned char *)control + len;

	if (len > room || room - len < MD_HINT_SPACE)
		return 0;
	memset(at, 0, MD_HINT_SPACE);
	memset(&head, 0, sizeof(head));
	head.cmsg_level = MD_HINT_LEVEL;
	head.cmsg_type = MD_HINT_PACKET;
	head.cmsg_len = CMSG_LEN(sizeof(*hint));
	memcpy(at, &head, sizeof(head));
	memcpy(at + CMSG_LEN(0), hint, sizeof(*hint));
	return len + MD_HINT_SPACE;
}

#ifdef __cplusplus
}
#endif
#endif
