/* SPDX-License-Identifier: BSD-3-Clause
 *
 * decide.h - what happens to one packet, and what it says (wire format, section 9).
 *
 * Pure but for the state it is handed: octets, configuration, time in, verdict out; no I/O and no clock. */
#ifndef MDROUTER_DECIDE_H
#define MDROUTER_DECIDE_H

#include "address.h"
#include "flows.h"
#include "keys.h"
#include "prefix.h"

#include <mdshim/codebook.h>

enum decide_mode { DECIDE_TUNNEL, DECIDE_INLINE };
enum decide_policy { DECIDE_REQUIRED, DECIDE_PREFER, DECIDE_OFF };
enum decide_action { DECIDE_METADATA, DECIDE_PLAIN, DECIDE_DROP };
enum decide_auth { DECIDE_AUTH_UNSEEN, DECIDE_AUTH_OFF, DECIDE_AUTH_BAD, DECIDE_AUTH_OK };

struct decide_config {
	struct md_ids ids;
	enum decide_policy policy;
	const struct prefixes *cap, *client; /* empty: not checked */
	const struct endpoint *own; /* where the router itself listens */
	size_t own_count;
	/* Looks an OFC code up in the live books and adds to meta what it means; false: in none. NULL: no books. */
	bool (*code_find)(void *books, struct md_metadata *meta, struct md_meaning *meaning);
	void *books;
};

struct decide_state {
	struct keys *keys;
	struct flows *flows;
};

/* Pointers go into the packet. */
struct decision {
	enum decide_mode mode;
	enum decide_action action;
	enum md_reason reason;     /* MD_R_NONE exactly with DECIDE_METADATA */
	enum decide_auth auth;
	enum md_reason auth_reason; /* with DECIDE_AUTH_BAD */
	struct md_datagram outer;  /* as far as it could be read */
	struct md_datagram inner;  /* tunnel mode, as far as it could be read */
	bool inner_good;           /* may be forwarded */
	bool foreign;              /* inline mode: not from a CAP to a client, not looked at */
	struct md_options options; /* meta.option is MD_NO_OPTION before the options are read */
	struct md_meaning meaning; /* of an OFC code that is known */
	bool tracked;              /* sequence, time and burst are valid: note and flow are set */
	struct flow *flow;
	struct flow_note note;
};

/* Decides on one IP packet. */
void decide(const struct decide_config *config, struct decide_state *state, enum decide_mode mode,
	const uint8_t *packet, size_t len, const struct moment *now, struct decision *out);

/* The names used in JSON lines and the summary. */
const char *decide_mode_name(enum decide_mode mode);
const char *decide_action_name(enum decide_action action);

#endif
