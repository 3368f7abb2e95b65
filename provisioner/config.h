/* SPDX-License-Identifier: BSD-3-Clause
 *
 * config.h - provisioner.conf: read as a whole or refused as a whole. */
#ifndef PROVISION_CONFIG_H
#define PROVISION_CONFIG_H

#include <mdshim/codebook.h>

enum {
	CONFIG_DOMAINS = 16,
	CONFIG_CONTROLLERS = 64,
	CONFIG_LENDS = 32,
	CONFIG_XSKS = 32,
	CONFIG_SOCKET = 108,         /* octets of a Unix socket's path with its NUL */
	CONFIG_DEVICE = 16,
	CONFIG_MEANINGS = 36,        /* 4 x 3 x 3 */
	CONFIG_ERRORS = 32,
	CONFIG_PATH = 256,
	CONFIG_URL = 512,
	CONFIG_NAME = 64
};

struct controller_config {
	char name[CONFIG_NAME];
	char domain[MD_BOOK_DOMAIN];
	char url[CONFIG_URL];
	char ca[CONFIG_PATH], certificate[CONFIG_PATH], key[CONFIG_PATH], crl[CONFIG_PATH]; /* crl "": none */
	double connect_timeout, timeout;
};

struct importance {
	uint8_t d, p, l;
};

struct domain_config {
	char name[MD_BOOK_DOMAIN];
	bool ofc;                    /* else books carry keys only */
	double epoch, lead, overlap, drain, reject_wait, retry_first, retry_max; /* seconds */
	uint32_t codes, colours, streams;
	struct importance meaning[CONFIG_MEANINGS], stream[CONFIG_MEANINGS];
	uint32_t meanings, stream_meanings;
	bool legacy16, nat;
	uint32_t bq_unit, cover;     /* 0: not said; 0: datagram */
	double key_life;
	enum md_algorithm algorithm;
};

/* Who may have raw or AF_XDP sockets: all that is given has to be so. */
struct lend_config {
	char name[CONFIG_NAME];
	bool by_uid, by_gid;
	uint32_t uid, gid;
	char cgroup[CONFIG_PATH];    /* "": any */
	char device[CONFIG_DEVICE];  /* to which they are bound; "": to none */
};

/* Who may have an AF_XDP socket, and where it sends. */
struct xsk_config {
	struct lend_config to;       /* its device is the interface */
	uint32_t queue;
	bool fixed;                  /* the router's link address is given, else it is looked up */
	uint8_t next_hop[6];
	int line;                    /* of the section */
};

struct config {
	char state_dir[CONFIG_PATH], publish_dir[CONFIG_PATH], group[CONFIG_NAME], control_socket[CONFIG_PATH];
	char stats_dir[CONFIG_PATH], metrics_file[CONFIG_PATH]; /* "": none */
	double metrics_interval;
	bool verbose;
	bool arm;                    /* put the egress patch into the kernel */
	char arm_namespaces[CONFIG_PATH]; /* "own", "all", or names */
	char arm_dir[CONFIG_PATH], arm_cgroup[CONFIG_PATH]; /* arm_cgroup "": the root */
	char broker_socket[CONFIG_SOCKET];
	bool nft;                    /* mark sockets, and put the table in that knows them by it */
	uint32_t nft_mark;           /* one bit */
	struct lend_config lend[CONFIG_LENDS];
	uint32_t lends;
	struct xsk_config xsk[CONFIG_XSKS];
	uint32_t xsks;
	struct domain_config domain[CONFIG_DOMAINS];
	uint32_t domains;
	struct controller_config controller[CONFIG_CONTROLLERS];
	uint32_t controllers;
};

struct config_errors {
	unsigned count;              /* all, also those not kept */
	struct { int line; char text[256]; } error[CONFIG_ERRORS];
};

/* Every key, for documents and tests. */
struct config_key {
	const char *section, *name, *expected, *standard; /* standard NULL: the key is required */
};
const struct config_key *config_key_at(unsigned i); /* NULL behind the last */

/* Defaults, then the text. 0; or -EINVAL with *errors filled: *config is not to be used then. One call at a time. */
int config_parse(const char *text, size_t len, struct config *config, struct config_errors *errors);

/* The same for a file. Also -errno of open and read, with a text at line 0. */
int config_read(const char *path, struct config *config, struct config_errors *errors);

#endif
