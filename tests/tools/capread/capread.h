/* SPDX-License-Identifier: BSD-3-Clause
 *
 * capread.h - what the reader of captures knows of one datagram, and the rooms that fill and judge it.
 *
 * Written from the wire document alone, on purpose without a line of the product: it is the second opinion. */
#ifndef CAPREAD_H
#define CAPREAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct octets {
	const uint8_t *at;
	size_t len;
};

struct ip {
	unsigned version, ttl, dscp, ecn;
	bool df, fragment, options;   /* options: IPv4 options or IPv6 extension headers */
	size_t addr_len, header_len, len; /* len: the whole datagram as its header says */
	uint8_t src[16], dst[16];
	unsigned protocol;
	struct octets payload;
};

struct udp {
	unsigned sport, dport, length, checksum;
	struct octets data, surplus;
};

enum metadata { METADATA_NONE, METADATA_MED, METADATA_OFC };

struct area {
	bool odd;                     /* one pad octet in front of the OCS */
	unsigned ocs;
	bool empty;                   /* an OCS and nothing that says anything */
	enum metadata metadata;
	bool exp_form;
	unsigned id;                  /* ExID or kind of MED or OFC */
	unsigned res, s, counter, d, p, l, bq, seq;
	uint32_t ts;
	struct octets code, token;
	bool has_token, has_auth;
	unsigned keyid, rnextkeyid;
	size_t mac_at;                /* of the surplus area */
	size_t tail;                  /* octets behind the last option */
};

struct rtp {
	bool marker;
	unsigned version, pt, seq;
	uint32_t ts, ssrc;
	size_t header_len, payload_len;
};

struct packet {
	unsigned long frame;          /* number in the capture, from 1 */
	int64_t sec;
	int32_t nsec;
	struct ip ip, inner_ip;
	struct udp udp, inner_udp;
	struct area area;
	struct rtp rtp;
	bool has_area, has_rtp, verified;
	const struct ip *app_ip;      /* the application datagram: the inner one in tunnel mode */
	const struct udp *app_udp;
};

enum mode { MODE_TUNNEL, MODE_INLINE, MODE_NATIVE };

struct key {
	bool hmac, nat, any_id, datagram;
	unsigned id;
	size_t cover, len;
	uint8_t octet[64];
};

struct options {
	enum mode mode;
	unsigned port;                /* 0: the default of the mode */
	unsigned med_exid, ofc_exid, token_exid, med_kind, ofc_kind; /* kinds: 0 = none */
	unsigned bq_unit;
	unsigned ttl;                 /* of the outer header, 0: any */
	unsigned within_ms;           /* Timestamp against the capture's clock, 0: not looked at */
	bool legacy16, fill, hints, late, quiet, hex, no_auth, payload;
	bool per_packet[128], layers[128]; /* by payload type: every packet, or every layer, is an MDU */
	struct key key[8];
	unsigned keys;
};
extern struct options options;

/* Notes a violation; the first ones are printed. */
void fault(const struct packet *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
extern unsigned long faults;

static inline unsigned be16(const uint8_t *at)
{
	return (unsigned)at[0] << 8 | at[1];
}

static inline uint32_t be32(const uint8_t *at)
{
	return (uint32_t)be16(at) << 16 | be16(at + 2);
}

/* parse.c: a datagram, layer by layer. False: it cannot be read any further. What violates a rule is noted. */
bool parse_ip(struct packet *p, const char *which, struct octets in, struct ip *ip);
bool parse_udp(struct packet *p, const char *which, const struct ip *ip, struct udp *udp);
bool parse_rtp(struct octets in, struct rtp *rtp);
unsigned checksum_fold(uint32_t sum);
uint32_t checksum_add(uint32_t sum, struct octets in); /* a final odd octet is extended with zero */

/* area.c: the surplus area. False: unreadable. */
bool area_parse(struct packet *p, const struct udp *udp, struct area *area);

/* auth.c: whether the MAC is the one the key gives. */
bool auth_verify(const struct packet *p, const struct key *key);
const struct key *auth_key(unsigned id);

/* rules.c: what holds between the datagrams of a flow; in the order of the capture. */
void rules_add(const struct packet *p);
void rules_end(void);
struct rules_sum {
	unsigned long flows, ssrcs, mdus, rtp_timestamps, bursts, rtp_gaps;
};
struct rules_sum rules_sum(void);

/* print.c: JSON lines. */
struct tally {
	unsigned long datagrams, wrapped, empty, plain, verified, rtp, rtcp, markers, tokens, med, ofc;
};
void print_packet(const struct packet *p);
void print_summary(const struct tally *t);

#endif
