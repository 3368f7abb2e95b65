/* SPDX-License-Identifier: BSD-3-Clause
 *
 * wire.h - the octets mdshim puts behind the user data of a UDP datagram.
 *
 * UDP options area (RFC 9868), the MED and OFC options (draft-kaippallimalil-tsvwg-media-hdr-wireless-04) and our
 * profile of AUTH (option kind 9, shaped like TCP-AO: RFC 5925, RFC 5926). Everything here is pure: no I/O, clock,
 * heap, errno, log or global state; every function may be called from a signal handler and from any thread.
 *
 * Numbers in structures are in host order, addresses in network order as they stand on the wire. Functions that
 * write return the number of octets written, functions that check return 0; both return a negative enum md_err
 * otherwise, and then what they were to write is unspecified. */
#ifndef MDSHIM_WIRE_H
#define MDSHIM_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include <mdshim/reason.h>

#ifdef __cplusplus
#define MD_ALIGNED(n) alignas(n)
extern "C" {
#else
#define MD_ALIGNED(n) _Alignas(n)
#endif

enum md_err {
	MD_E_ROOM = -1,   /* the destination is too small */
	MD_E_VALUE = -2,  /* a field holds a value that must not be sent, or an argument is out of its range */
	MD_E_LEND = -3,   /* a primitive is needed that the caller did not lend (struct md_lend) */
	MD_E_REFUSED = -4 /* the octets are not acceptable; an enum md_reason says why */
};

/* --- Identifiers ------------------------------------------------------------------------------------------- */

enum {
	MD_KIND_EOL = 0,
	MD_KIND_NOP = 1,
	MD_KIND_AUTH = 9,
	MD_KIND_EXP = 127,
	MD_KIND_UNSAFE = 192, /* from here on an unknown kind forbids the use of the user data (RFC 9868, section 12) */

	MD_LAB_MED_EXID = 0xfffe, /* laboratory values: not to be used outside a closed network */
	MD_LAB_OFC_EXID = 0xfffd,
	MD_LAB_TOKEN_EXID = 0xfffc,
	MD_LAB_MED_KIND = 120,
	MD_LAB_OFC_KIND = 121,
	MD_KIND_FIRST = 10, /* range of the kind form (wire format, section 3.1) */
	MD_KIND_LAST = 126,

	MD_CODE_LEN = 16,
	MD_LEGACY_CODE_LEN = 7,
	MD_MED_VALUE = 10, /* value octets behind the head of the option */
	MD_OFC_VALUE = 23,
	MD_OFC_LEGACY_VALUE = 14,
	MD_AUTH_LEN = 16,
	MD_MAC_LEN = 12,
	MD_TOKEN_MIN = 5,
	MD_TOKEN_MAX = 1024,   /* our own limit for a token, in octets */
	MD_OPTIONS_MAX = 32,   /* options a receiver is ready to look at in one datagram */
	MD_AREA_FIXED = 3,     /* OCS and either a pad octet or a closing EOL */
	MD_AREA_USUAL = 46,    /* longest area without a token: OFC in EXP form with AUTH */
	MD_BQ_UNIT = 3000,     /* default unit of the burst quantum, octets */
	MD_COVER_MIN = 64,     /* smallest AUTH cover, octets of user data */
	MD_KEY_MIN = 16,       /* length of a master key, octets */
	MD_KEY_MAX = 64
};

enum md_form { MD_FORM_EXP, MD_FORM_KIND };

/* How the options are recognised; configured alike at both ends of a domain. */
struct md_ids {
	enum md_form form;   /* what a sender emits; a receiver reads EXP always, kinds when they are not 0 */
	uint16_t med_exid, ofc_exid, token_exid;
	uint8_t med_kind, ofc_kind; /* MD_KIND_FIRST..MD_KIND_LAST, 0 = none */
	bool legacy16;       /* OFC with a code of 56 bits: sent and read if set */
};

#define MD_IDS_DEFAULT \
	{ MD_FORM_EXP, MD_LAB_MED_EXID, MD_LAB_OFC_EXID, MD_LAB_TOKEN_EXID, 0, 0, false }

/* --- MED and OFC ------------------------------------------------------------------------------------------- */

enum md_option { MD_NO_OPTION, MD_MED, MD_OFC };

/* What one MED or OFC option says (wire format, section 4). counter, s, d, p and l are MED's, code is OFC's. */
struct md_metadata {
	enum md_option option;
	uint8_t s;           /* 0 speaks of an MDU, 1 of a stream */
	uint8_t counter;
	uint8_t d, p, l;     /* sent: d 0..3 (0 if s), p 1..3, l 0..2; received: 0 = no information */
	uint8_t bq;          /* burst quantum, 0 = no information */
	uint16_t seq;
	uint32_t ts;         /* NTP short format, 0 = no time */
	uint8_t code[MD_CODE_LEN]; /* with legacy16 only the first MD_LEGACY_CODE_LEN octets */
};

/* Length of the option that md_metadata_write() emits for it, in octets; 0 for MD_NO_OPTION. */
size_t md_metadata_size(const struct md_ids *ids, enum md_option option);

/* Writes the MED or OFC option in the form of ids (sections 3.2, 3.3). RES is sent 0.
 * Errors: MD_E_ROOM; MD_E_VALUE: an undefined d, p or l (section 4.3), MD_NO_OPTION, or kind form without a kind. */
ptrdiff_t md_metadata_write(uint8_t *dst, size_t room, const struct md_ids *ids, const struct md_metadata *m);

/* Head and value of an EXP option: "7F Len ExID" or, from a total of 255 octets on, "7F FF ExtLen ExID"
 * (RFC 9868; section 2.3). Errors: MD_E_ROOM; MD_E_VALUE if the total would pass 65535. */
ptrdiff_t md_exp_write(uint8_t *dst, size_t room, uint16_t exid, const void *value, size_t len);

/* --- Network tokens (section 10) ---------------------------------------------------------------------------- */

/* The four head octets of a token: reflect 0..15, descriptor 28 bits. Errors: MD_E_ROOM, MD_E_VALUE. */
ptrdiff_t md_token_head_write(uint8_t *dst, size_t room, unsigned reflect, uint32_t descriptor);

/* Length of the EXP option that carries a token of len octets. */
size_t md_token_option_size(size_t len);

/* Which datagrams of one flow carry the token (section 10.1). Zero at first. */
struct md_token_turn {
	uint32_t begun;      /* when the first token of this round was sent */
	unsigned sent;       /* tokens of this round */
};

/* Whether the next wrapped datagram, in which room octets are left, carries the token, and if so notes that it does.
 * count and interval as configured: token_count per round, a new round every token_interval seconds (0: never). now is
 * in NTP short format. */
bool md_token_due(struct md_token_turn *turn, unsigned count, uint32_t interval, uint32_t now, size_t token_len,
	size_t room);

/* --- Walking the options (sections 2.5, 2.6) ---------------------------------------------------------------- */

enum md_verdict { MD_OK, MD_DISCARD, MD_DROP };

struct md_option_ref {
	uint8_t kind;
	bool exp;            /* exid counts */
	uint16_t exid;
	size_t at, length;   /* of the whole option, from the beginning of the walked octets */
	size_t value_at, value_len; /* behind the head (and the ExID) */
};

/* Walks the octets behind the OCS. list receives at most MD_OPTIONS_MAX entries and *count their number, 0 unless
 * the verdict is MD_OK; *reason is MD_R_NONE exactly then. EOL and NOP are not listed. */
enum md_verdict md_walk(const uint8_t *area, size_t len, const struct md_ids *ids,
	struct md_option_ref list[MD_OPTIONS_MAX], size_t *count, enum md_reason *reason);

/* What a walked area means. */
struct md_options {
	struct md_metadata meta;   /* meta.option is MD_NO_OPTION if neither MED nor OFC counts */
	enum md_reason meta_reason; /* then why: NO_METADATA, BOTH or BAD_LENGTH_*; else NONE */
	bool has_auth;
	enum md_reason auth_reason; /* without: AUTH_MISSING or AUTH_LENGTH; else NONE */
	uint8_t keyid, next_keyid;
	size_t auth_at;            /* offset of the AUTH option in the walked octets */
	const uint8_t *token;      /* points into the walked octets, NULL if there is none */
	size_t token_len;
	enum md_reason token_reason; /* BAD_LENGTH_TOKEN or NONE */
};

/* Interprets the list of a walk with verdict MD_OK: the first instance of an identity counts, undefined values become
 * "no information" (section 4.3), a MED beside an OFC voids both. */
void md_options_read(const uint8_t *area, const struct md_option_ref *list, size_t count, const struct md_ids *ids,
	struct md_options *out);

/* --- Sums and OCS (section 2.2) ----------------------------------------------------------------------------- */

/* Ones' complement sum (RFC 1071) of the octets, folded to 16 bits in the byte order of the wire read as a big endian
 * number, added to start. The first octet is the high half of a word; a final odd octet is extended with zero. */
uint16_t md_sum(uint16_t start, const void *octets, size_t len);

/* The same over n pieces that are one run of octets; pieces of odd length are allowed. */
uint16_t md_sum_pieces(uint16_t start, const struct iovec *piece, size_t n);

/* OCS of a surplus area: octets from the OCS field on, which must be zero; surplus_len includes the pad octet. */
uint16_t md_ocs(const uint8_t *from_ocs, size_t len, size_t surplus_len);

/* Checks a whole surplus area (pad octet included) behind a UDP header that says udp_length and, if checksum_zero,
 * carries no UDP checksum. 0: *options_at is where the walk begins. MD_E_REFUSED: *reason is NO_OPTIONS,
 * SURPLUS_SHORT, PAD, OCS or OCS_ZERO. */
int md_surplus_check(const uint8_t *surplus, size_t len, size_t udp_length, bool checksum_zero, size_t *options_at,
	enum md_reason *reason);

/* --- AUTH (section 5) --------------------------------------------------------------------------------------- */

enum md_algorithm { MD_AES_128_CMAC_96, MD_HMAC_SHA1_96 };

/* "aes-128-cmac-96" or "hmac-sha1-96", upper or lower case; -1 for anything else. */
int md_algorithm_parse(const char *name);
const char *md_algorithm_name(enum md_algorithm algorithm); /* in upper case, as in codebooks */

/* Primitives that the caller lends: AES-128 for a CPU without AES instructions, SHA-1 always. Scratch areas are
 * ours, on the stack, aligned to 16. Members that are NULL are not lent. */
enum { MD_AES_SCRATCH = 256, MD_SHA1_SCRATCH = 128 };
struct md_lend {
	void (*aes_key)(void *scratch, const uint8_t key[16]);
	void (*aes_block)(const void *scratch, const uint8_t in[16], uint8_t out[16]); /* in may be out */
	void (*sha1_begin)(void *scratch);
	void (*sha1_add)(void *scratch, const void *octets, size_t len);
	void (*sha1_end)(void *scratch, uint8_t digest[20]);
};

/* Whether this CPU has AES instructions that we use (AES-NI, ARMv8), so that CMAC needs nothing lent. */
bool md_cpu_has_aes(void);

/* A master key and its attributes (section 5.2). */
struct md_key {
	uint8_t keyid;
	enum md_algorithm algorithm;
	uint8_t key[MD_KEY_MAX];
	size_t len;          /* MD_KEY_MIN..MD_KEY_MAX; shorter ones are accepted only for published test vectors */
	uint32_t cover;      /* octets of user data under the MAC, MD_COVER_MIN..65535; 0 = datagram, all of them */
	bool nat;            /* source address and port count as zero */
};

/* The addresses of one UDP datagram. */
struct md_tuple {
	uint8_t version;     /* 4 or 6 */
	uint8_t src[16], dst[16]; /* version 4: the first four octets */
	uint16_t sport, dport;
};

/* Ready to sign or verify: made once per master key and tuple, then read only. No secret beside the key inside. */
struct md_traffic_key {
	union {
		MD_ALIGNED(16) uint8_t schedule[11][16]; /* AES-128 round keys; only the first if they were not expanded */
		uint8_t hmac[20];
	} u;
	uint8_t subkey[16];  /* K2 of RFC 4493, of nearly every datagram; K1 follows from it, and every flow keeps one of these */
	uint32_t cover;      /* as in struct md_key */
	uint8_t keyid;
	uint8_t algorithm;
	bool nat;
	bool expanded;       /* the CPU's own AES is in use */
	uint64_t mark;       /* the caller's own; 0 at first */
};

/* Full AES-128-CMAC (RFC 4493) of n pieces. lend may be NULL where md_cpu_has_aes(). Errors: MD_E_LEND. */
int md_cmac(const uint8_t key[16], const struct iovec *piece, size_t n, const struct md_lend *lend, uint8_t mac[16]);

/* Full HMAC-SHA1 (RFC 2104) of n pieces with a key of any length. Errors: MD_E_LEND. */
int md_hmac_sha1(const uint8_t *key, size_t len, const struct iovec *piece, size_t n, const struct md_lend *lend,
	uint8_t mac[20]);

/* The Context of section 5.3, into dst (20 octets for IPv4, 44 for IPv6). Errors: MD_E_ROOM, MD_E_VALUE (version). */
ptrdiff_t md_auth_context(uint8_t *dst, size_t room, const struct md_tuple *tuple, bool nat);

/* Traffic key octets from a master key and a context: 16 for CMAC, 20 for HMAC. Errors: MD_E_VALUE, MD_E_LEND. */
ptrdiff_t md_auth_kdf(uint8_t out[20], const struct md_key *key, const uint8_t *context, size_t len,
	const struct md_lend *lend);

/* Both steps, and the key made ready. Errors: MD_E_VALUE, MD_E_LEND. */
int md_traffic_key_make(struct md_traffic_key *out, const struct md_key *key, const struct md_tuple *tuple,
	const struct md_lend *lend);

/* The MAC of section 5.4 over a datagram: user data in n pieces, user_len octets in all; surplus is the complete area,
 * in which the OCS field at ocs_at (2 octets) and the MAC field at mac_at (MD_MAC_LEN octets) count as zero
 * whatever they hold. surplus_len is at most 65527. Errors: MD_E_VALUE, MD_E_LEND. */
int md_auth_mac(const struct md_traffic_key *key, const struct md_tuple *tuple, const struct iovec *user, size_t n,
	size_t user_len, const uint8_t *surplus, size_t surplus_len, size_t ocs_at, size_t mac_at,
	const struct md_lend *lend, uint8_t mac[MD_MAC_LEN]);

/* Compares in constant time. */
bool md_mac_equal(const uint8_t a[MD_MAC_LEN], const uint8_t b[MD_MAC_LEN]);

/* --- The surplus area as a whole (section 2.4) -------------------------------------------------------------- */

struct md_area {
	const struct md_ids *ids;
	const struct md_metadata *meta;     /* NULL: none */
	const uint8_t *token;               /* NULL: none */
	size_t token_len;
	const struct md_traffic_key *key;   /* NULL: no AUTH */
	uint8_t next_keyid;                 /* RNextKeyID */
	const struct md_tuple *tuple;       /* of the datagram that carries the area; with a key */
	const struct iovec *user;           /* its user data */
	size_t pieces, user_len;
	size_t fill;                        /* length wanted (EOL and zeros fill it up), 0 = just what is needed */
};

/* Length of the area md_area_write() makes; the same for every user_len. */
size_t md_area_size(const struct md_area *area);

/* Writes pad or not, OCS, MED or OFC, token, AUTH, closing EOL, MAC and OCS, in the order of section 5.7.
 * room: octets at dst that may be written, also beyond the area; with more than MD_AREA_USUAL + 2 of them it takes one pass.
 * Errors: MD_E_ROOM; MD_E_VALUE (metadata, token length, fill below what is needed, fewer user data than said); MD_E_LEND. */
ptrdiff_t md_area_write(uint8_t *dst, size_t room, const struct md_area *area, const struct md_lend *lend);

/* The same octets right behind user data that lie in one piece: user, area->user_len octets; area->user and area->pieces are not looked at.
 * room: octets behind them that may be written. */
ptrdiff_t md_area_write_behind(uint8_t *user, size_t room, const struct md_area *area, const struct md_lend *lend);

/* One area of several. */
struct md_area_job {
	const struct md_area *area;
	uint8_t *dst;
	size_t room;
	ptrdiff_t len;       /* result, as of md_area_write() */
	size_t mac_at;       /* where the MAC lies in it, 0: there is none */
};

/* md_area_write() for n areas of any lengths and keys, which differ in dst: the same octets, in less time where
 * md_cpu_has_aes(), as the MACs of MD_AREA_BATCH datagrams are computed side by side. Each succeeds or fails by itself. Takes about 4 KB of stack. */
enum { MD_AREA_BATCH = 8 };
void md_area_write_all(struct md_area_job *job, size_t n, const struct md_lend *lend);

/* --- IP and UDP headers (sections 6.2, 6.3, 6.4) ------------------------------------------------------------ */

struct md_ip {
	uint8_t ttl;         /* or hop limit */
	uint8_t tos;         /* DSCP and ECN, or traffic class */
	bool df;             /* IPv4 */
	uint16_t id;         /* IPv4 Identification */
	uint32_t flow_label; /* IPv6, 20 bits */
};

enum { MD_IPV4_HEADERS = 28, MD_IPV6_HEADERS = 48 };

/* Writes IP and UDP header of a datagram: user_len octets of user data whose md_sum() is user_sum, then surplus_len
 * octets of surplus area. All checksums are computed; a UDP checksum of 0 is sent as FFFF. With a surplus area whose
 * OCS is right the UDP checksum is the one over user data alone. Returns MD_IPV4_HEADERS or MD_IPV6_HEADERS.
 * Errors: MD_E_ROOM; MD_E_VALUE: version, or a length that passes 65535. */
ptrdiff_t md_headers_write(uint8_t *dst, size_t room, const struct md_tuple *tuple, const struct md_ip *ip,
	size_t user_len, uint16_t user_sum, size_t surplus_len);

/* One IP packet taken apart. Pointers go into the packet. */
struct md_datagram {
	struct md_tuple tuple;
	struct md_ip ip;
	const uint8_t *user;
	size_t user_len;
	const uint8_t *surplus;
	size_t surplus_len;  /* 0: none */
	size_t udp_length;
	bool checksum_zero;  /* IPv4 without UDP checksum */
	size_t udp_at;       /* offset of the UDP header in the packet */
	size_t length;       /* of the IP packet; octets behind it are link layer padding */
};

/* Reads a whole IP packet that carries UDP (IPv4 options and IPv6 extension headers allowed, no fragments) and verifies
 * the UDP checksum. MD_E_REFUSED: *reason is NOT_UDP, UDP_LENGTH or UDP_CHECKSUM; what was read up to there stays in
 * out. The IPv4 header checksum is not looked at: whoever hands us the packet has done so. */
int md_datagram_read(const uint8_t *packet, size_t len, struct md_datagram *out, enum md_reason *reason);

/* Checks an inner datagram (section 6.4 but for the prefixes) and reads it. MD_E_REFUSED: *reason is INNER_*. */
int md_inner_check(const uint8_t *inner, size_t len, struct md_datagram *out, enum md_reason *reason);

/* ECN of the forwarded datagram from inner and outer (RFC 6040, figure 4; table of section 6.4): 0..3, or -1: drop. */
int md_ecn_decapsulate(unsigned inner, unsigned outer);

/* Changes ECN and decrements TTL or hop limit of an inner datagram in place, checksum included; version as checked by
 * md_inner_check(). MD_E_REFUSED: *reason is INNER_ECN or INNER_TTL (the TTL was 0 or 1). */
int md_inner_forward(uint8_t *inner, size_t len, unsigned outer_ecn, enum md_reason *reason);

/* --- Fields (section 4) -------------------------------------------------------------------------------------- */

/* Octets as burst quantum: rounded up in units, at most 255, 0 for 0. unit 0 counts as MD_BQ_UNIT. */
uint8_t md_burst_quantum(uint64_t octets, uint32_t unit);

/* Time since 1970 as NTP short format (RFC 5905). May be 0. nsec 0..999999999. */
uint32_t md_ntp_short(int64_t sec, uint32_t nsec);

/* The value to send for it: 0 becomes 1, since 0 means "no time". */
uint32_t md_ntp_send(uint32_t ts);

/* a - b in ticks of 1/65536 s, modulo 2^32 as a signed number. */
int32_t md_ntp_diff(uint32_t a, uint32_t b);

/* new - last modulo 65536 as a signed number, -32768..32767 (RFC 1982). */
int32_t md_seq_delta(uint16_t newer, uint16_t last);

/* The Timestamps of one flow as a sender: never back, at most 64 times the same (section 4.6). Zero at first. */
struct md_clock {
	uint32_t last;       /* last value sent, 0: none yet */
	uint32_t back;       /* earliest time read since the clock was set back, 0: it was not */
	uint8_t repeats;     /* how often last was sent */
};

/* What to send next at time now. A clock that was set back is believed again when it has caught up, or 2 s later. */
uint32_t md_clock_next(struct md_clock *clock, uint32_t now);

#ifdef __cplusplus
}
#endif
#endif
