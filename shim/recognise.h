/* SPDX-License-Identifier: BSD-3-Clause
 *
 * recognise.h - octets in, verdict out: one function for each format, pure, in a file of its own under recognise/.
 *
 * A verdict is always whole: what the format does not tell is zero, class CLASS_UNKNOWN. Where a format
 * has no end flag of its own, end is the RTP marker; so it is where the payload is implausible (classifier, section 8).
 * Nothing is read behind payload->len. */
#ifndef MD_RECOGNISE_H
#define MD_RECOGNISE_H

#include "packet.h"

/* *rest becomes the octets of o from offset at on: octets_from() for the hot path, which needs a call only where the
 * rest begins neither in the same piece nor with the next one. rest may be o. */
static __attribute__((noinline, unused)) void octets_behind_far(const struct octets *o, size_t at, struct octets *rest)
{
	*rest = octets_from(o, at);
}

static inline void octets_behind_run(const struct octets *o, size_t at, struct octets *rest)
{
	size_t len = o->len - at;

	if (at >= o->len)
		*rest = (struct octets){ 0 };
	else if (at == o->flat_len && o->piece[1].iov_len)
		*rest = (struct octets){ o->piece[1].iov_base, o->piece[1].iov_len < len ? o->piece[1].iov_len : len, len,
			o->piece + 1, o->pieces - 1 };
	else
		octets_behind_far(o, at, rest);
}

static inline __attribute__((always_inline)) void octets_behind(const struct octets *o, size_t at, struct octets *rest)
{
	if (at < o->flat_len)
		*rest = (struct octets){ o->flat + at, o->flat_len - at, o->len - at, o->piece, o->pieces };
	else
		octets_behind_run(o, at, rest);
}

/* Cuts o down to its first len octets. */
static inline void octets_shorten(struct octets *o, size_t len)
{
	o->len = len < o->len ? len : o->len;
	o->flat_len = len < o->flat_len ? len : o->flat_len;
}

/* The verdict on a payload that is too short for what it announces or contradicts itself. */
static inline struct said said_implausible(bool marker)
{
	return (struct said){ .end = marker, .implausible = true };
}

/* Highest layers seen on an SSRC since its first packet; zero at first. Kept by the caller, raised here. NULL where
 * nothing is known of them: then no packet is discardable by its layer. */
struct highest {
	uint8_t tid, sid;
	bool seen;
};

static inline void highest_raise(struct highest *highest, uint8_t tid, uint8_t sid)
{
	highest->tid = tid > highest->tid ? tid : highest->tid;
	highest->sid = sid > highest->sid ? sid : highest->sid;
	highest->seen = true;
}

/* The formats: each is entered by a jump and does what is usual in its stream at once, without a frame of its own. */
#define RECOGNISER __attribute__((noinline)) struct said
RECOGNISER h264_recognise(const struct octets *payload, bool marker);                          /* RFC 6184 */
RECOGNISER h265_recognise(const struct octets *payload, bool marker, bool don, struct highest *highest); /* RFC 7798 */
RECOGNISER vp8_recognise(const struct octets *payload, bool marker);                           /* RFC 7741 */
RECOGNISER vp9_recognise(const struct octets *payload, bool marker, struct highest *highest);  /* RFC 9628 */
RECOGNISER av1_recognise(const struct octets *payload, bool marker);                           /* AV1 RTP specification */
RECOGNISER mpegts_recognise(const struct octets *payload);                                     /* ISO/IEC 13818-1, RFC 2250 */

/* Almost any octets are a payload of VP8 or VP9. True: what only ciphertext looks like, though it can be read: bits set that
 * senders leave alone, a frame that does not begin as all do. For judging encryption; it changes no verdict. */
__attribute__((noinline)) bool vp8_doubtful(const struct octets *payload);
__attribute__((noinline)) bool vp9_doubtful(const struct octets *payload);

/* Reads the fixed header, CSRCs, extension and padding (RFC 3550, RFC 9335). False: not to be taken for RTP. */
bool rtp_recognise(const struct octets *datagram, struct rtp *rtp);

/* Finds element id 1..255 in a header extension of RFC 8285 (profiles 0xBEDE and 0x1000..0x100F). False: not there, or
 * the extension contradicts itself before it. */
bool ext_find(const struct rtp *rtp, unsigned id, struct octets *element);

/* Frame marking, RFC 9626. False: the element counts as absent. */
bool framemark_recognise(const struct octets *element, struct said *said);

/* The dependency descriptor (AV1 RTP specification, appendix A) and the structure it was announced with. */
enum { DD_TEMPLATES = 64, DD_TARGETS = 32 };
struct dd_structure {
	bool known;
	uint8_t offset, templates, targets, chains;
	struct {
		uint8_t spatial, temporal, fdiffs;
		uint8_t dti[DD_TARGETS / 4]; /* two bits each */
	} template[DD_TEMPLATES];
};

/* *structure is replaced if the element brings one that is whole. spatial and temporal receive the layer, -1 where it is
 * not known. False: the element counts as absent, *structure is as before. */
bool dd_recognise(const struct octets *element, struct dd_structure *structure, struct said *said, int *spatial,
	int *temporal);

#endif
