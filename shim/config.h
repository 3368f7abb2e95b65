/* SPDX-License-Identifier: BSD-3-Clause
 *
 * config.h - shim.conf as the shim uses it: read once at start, never changed afterwards.
 *
 * The reader uses no heap, no stdio and no locale, since it runs in the constructor of a preloaded library. */
#ifndef MD_CONFIG_H
#define MD_CONFIG_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include <mdshim/codebook.h>

#include "classify.h"

enum {
	CONFIG_NAME = 64,       /* octets of a section name with its NUL */
	CONFIG_ROUTERS = 32,
	CONFIG_ROUTES = 64,
	CONFIG_DOMAINS = 16,
	CONFIG_POLICIES = 16,   /* number 0 is the default policy */
	CONFIG_PREFIXES = 32,   /* per route */
	CONFIG_PORTS = 16,      /* ranges per route */
	CONFIG_PROCESSES = 64,
	CONFIG_TURN = 16,
	CONFIG_ENGINES = 4,
	CONFIG_SOCKET = 108,    /* octets of a Unix socket's path with its NUL */
	CONFIG_NUMBERS = 16,    /* in one list of numbers or MIDs */
	CONFIG_MID = 33,        /* octets of a media identification (MID) with its NUL */
	CONFIG_ERRORS = 64,     /* errors kept; what is beyond is only counted */
	CONFIG_WARNINGS = 16,
	CONFIG_TEXT = 160,      /* octets of a path with its NUL */
	CONFIG_MESSAGE = 320,   /* octets of an error text with its NUL */
	CONFIG_FILE_MAX = 1048576
};

struct prefix {
	uint8_t version;        /* 4 or 6 */
	uint8_t length;         /* bits */
	uint8_t addr[16];
};

struct ports {
	uint16_t low, high;
};

struct endpoint {
	uint8_t version;        /* 4 or 6, 0 = not given */
	uint8_t addr[16];
	uint16_t port;
};

enum mode { MODE_TUNNEL, MODE_INLINE, MODE_OFF };

enum { CARRIES_RTP = 1, CARRIES_QUIC = 2 };

enum stun_token { STUN_TOKEN_OFF, STUN_TOKEN_INSERT, STUN_TOKEN_INDICATION };

struct numbers {
	unsigned n;
	uint32_t value[CONFIG_NUMBERS];
};

struct mids {
	unsigned n;
	char value[CONFIG_NUMBERS][CONFIG_MID];
};

/* Class to D, P, L (classifier, section 6), and whose it is on every route, instead of the route's own. */
struct policy {
	char name[CONFIG_NAME];
	struct { uint8_t d, p, l; } row[CLASS_COUNT];
	struct numbers payload_types, ssrcs, streams;
	struct mids mids;
};

struct router {
	char name[CONFIG_NAME];
	struct endpoint at;
	struct endpoint source; /* outer source address, version 0: as the system chooses */
	uint32_t mtu;           /* largest outer IP packet, octets */
	uint8_t ttl;
	bool ofc;               /* the option of its routes, which must agree, */
	int domain;             /* and their domain: index, -1 without one */
	bool used;
};

struct route {
	char name[CONFIG_NAME];
	struct prefix destination[CONFIG_PREFIXES];
	unsigned destinations;
	struct ports local_port[CONFIG_PORTS], remote_port[CONFIG_PORTS];
	unsigned local_ports, remote_ports; /* 0: any */
	char process[CONFIG_NAME];          /* "" or a shell pattern for the program name */
	enum mode mode;
	int router;             /* index, -1 without one */
	bool ofc;
	int domain;             /* whose books give key and codes: index, -1: the key is that of [auth] */
	unsigned carries;       /* CARRIES_*: payload kinds the route takes */
	bool quic_frames;       /* a QUIC flow carries frames (RTP over QUIC): S = 0 */
	bool quic_priority;     /* the urgency of HTTP/3 streams (RFC 9218) becomes P */
	enum protection protection;
	int policy;             /* index */
	uint8_t token[MD_TOKEN_MAX]; /* network token, token_len 0: none */
	uint32_t token_len, token_count, token_interval;
	enum stun_token stun_token;
};

struct config {
	bool enabled;
	char process[CONFIG_PROCESSES][CONFIG_NAME]; /* shell patterns; a program that matches one is served */
	unsigned processes;
	char stats_dir[CONFIG_TEXT];
	char log_file[CONFIG_TEXT];  /* "" = none */
	char publish_dir[CONFIG_TEXT]; /* of the provisioner */
	char broker_socket[CONFIG_SOCKET]; /* of the provisioner: descriptors are lent there */
	uint8_t engine[CONFIG_ENGINES]; /* enum md_engine, in the order in which they are tried */
	unsigned engines;
	uint32_t flows, sockets;     /* bounds of the tables */
	bool auth;                   /* off in laboratories only */
	char key_file[CONFIG_TEXT];  /* "" = none */
	bool has_key;
	bool by_book;                /* some key comes from a book */
	struct md_key key;
	int64_t not_before, not_after; /* of the key, seconds since 1970; 0 and INT64_MAX without */
	struct md_ids ids;
	uint32_t bq_unit;
	uint16_t stun_type;          /* 0: none */
	unsigned stun_responses;     /* also success responses get a token */
	struct reading reading;
	struct prefix turn[CONFIG_TURN];
	unsigned turns;
	struct policy policy[CONFIG_POLICIES];
	unsigned policies;
	bool selective;              /* a policy says whose it is */
	char domain[CONFIG_DOMAINS][MD_BOOK_DOMAIN];
	unsigned domains;
	bool by_mid;                 /* by MIDs, among others */
	struct router router[CONFIG_ROUTERS];
	unsigned routers;
	struct route route[CONFIG_ROUTES];
	unsigned routes;
};

/* Errors as "FILE:LINE: what was expected"; FILE is the caller's to print. Line 0: the file as a whole. Warnings are for
 * a program that checks a file; the configuration can be used all the same. */
struct config_message {
	int line;
	char text[CONFIG_MESSAGE];
};
struct config_errors {
	unsigned count, warnings;    /* all, also those not kept */
	struct config_message error[CONFIG_ERRORS], warning[CONFIG_WARNINGS];
};

/* Every key of every section, for documents and tests. */
struct config_key {
	const char *section, *name;  /* section "router" stands for [router NAME], name "N" in "payload" for 0 to 127 */
	const char *expected;        /* what a value is, as error texts say it */
};
extern const struct config_key config_keys[];
extern const unsigned config_key_count;

/* Fills *config from a file text of len octets (no NUL needed), defaults first. The key and token files it names are
 * read too. Returns 0, or -EINVAL with *errors filled; *config is wiped then and not to be used. Routes behind the last
 * are not touched. One call at a time in a process: the reader's own memory is static. errno is left alone. */
int config_parse(const char *text, size_t len, struct config *config, struct config_errors *errors);

/* The same for the file at path (at most 1 MiB). Errors besides: -errno of open or read, with a text at line 0. */
int config_read(const char *path, struct config *config, struct config_errors *errors);

/* Whether a program of this name is served: enabled, a pattern matches, and there is a route that can apply to it. */
bool config_serves(const struct config *config, const char *program);

/* Whether a shell pattern (*, ?, [a-z], [!a-z], backslash) matches the whole of a name. Octets, no locale. */
bool pattern_match(const char *pattern, const char *name);

/* Whether one of n prefixes holds the address; version 4 or 6, addresses as on the wire. */
bool prefix_match(const struct prefix *prefix, unsigned n, uint8_t version, const uint8_t addr[static 16]);

#endif
