/* SPDX-License-Identifier: BSD-3-Clause
 *
 * tcp.h - a bulk TCP sender on the other side of the link, as a model: Reno (RFC 5681) with losses found as by SACK (RFC
 * 6675: three later packets acknowledged), RTO of RFC 6298. It always has something to send. */
#ifndef GAIN_TCP_H
#define GAIN_TCP_H

#include <radio_packet.h>

enum { TCP_OCTETS = 1500, TCP_WINDOW = 1024 };

struct tcp {
	struct tcp_packet {
		struct radio_packet packet;
		uint64_t number;
		bool away, lost;     /* belongs to the link; the sender has given it up */
	} slot[TCP_WINDOW];
	uint64_t next, highest, recover; /* packets: next to send, highest acknowledged, sent when the last loss was found */
	unsigned outstanding;
	double window, threshold, srtt, rttvar;
	int64_t heard;           /* last acknowledgement */
	int backoff;
	uint64_t delivered;      /* octets */
};

void tcp_begin(struct tcp *t, int64_t now);

/* The next packet that the window allows, or NULL. */
struct radio_packet *tcp_send(struct tcp *t, int64_t now);

/* The link is done with a packet of ours. */
void tcp_delivered(struct tcp *t, struct radio_packet *packet);
void tcp_dropped(struct tcp *t, struct radio_packet *packet);

/* The acknowledgement of a packet arrives at the sender. sent: when the packet was sent. */
void tcp_acknowledged(struct tcp *t, uint64_t number, int64_t sent, int64_t now);

/* When the retransmission timer fires, and what happens then. */
int64_t tcp_timer(const struct tcp *t);
void tcp_expired(struct tcp *t, int64_t now);

#endif
