/* SPDX-License-Identifier: BSD-3-Clause
 *
 * filter.h - classic BPF programs that keep from our sockets what is not for us. */
#ifndef MDROUTER_FILTER_H
#define MDROUTER_FILTER_H

#include "address.h"

#include <linux/filter.h>

enum { FILTER_MAX = 48 };

struct filter {
	struct sock_filter code[FILTER_MAX];
	unsigned short count;
};

/* Nothing passes. */
void filter_nothing(struct filter *f);

/* On a cooked packet socket: UDP to that address and port for this host, no fragments. IPv6 packets with extension
 * headers pass whatever is behind them; classic BPF cannot walk these. */
void filter_tunnel(struct filter *f, const struct endpoint *e);

/* On a cooked packet socket: UDP datagrams with a surplus area, not those that this host sends, no fragments; IPv6 with
 * extension headers as above. */
void filter_inline(struct filter *f);

/* 0 or -errno. */
int filter_attach(int fd, const struct filter *f);

#endif
