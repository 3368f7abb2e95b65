/* SPDX-License-Identifier: BSD-3-Clause */
/* What real programs sent, sent again: SRT, whose control packets look like RTP, QUIC with a greased bit, ChannelData, DTLS
 * with SRTP, plain media. Each datagram arrives once and unaltered, and where nothing but the network is in between, in
 * its order.
 * rule: 46
 * route: payload = rtp, quic
 * expect: seen>=1000 wrapped>=350 aside.not-media>=300 */
#include "victim.h"

static unsigned in_turn;

static int by_value(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

	return a < b ? -1 : a > b;
}

/* The UDP payload of an Ethernet frame; NULL: none. */
static const uint8_t *payload(const uint8_t *frame, size_t len, size_t *n, uint16_t *from)
{
	size_t at = 14, head;

	if (len < 42 || frame[12] != 8 || frame[13] != 0 || frame[at + 9] != IPPROTO_UDP)
		return NULL;
	head = 4u * (frame[at] & 15u);
	at += head;
	if (at + 8 > len)
		return NULL;
	*n = (size_t)(frame[at + 4] << 8 | frame[at + 5]) - 8;
	*from = (uint16_t)(frame[at] << 8 | frame[at + 1]);
	return at + 8 + *n <= len ? frame + at + 8 : NULL;
}

/* One of the program's sockets: as many as the capture has source ports. */
static int socket_of(uint16_t port, const struct receiver *r)
{
	static struct { uint16_t port; int fd; } known[16];

	if (!r) {
		for (unsigned i = 0; i < 16; i++)
			if (known[i].fd)
				close(known[i].fd), known[i].fd = 0;
		return -1;
	}
	for (unsigned i = 0; i < 16; i++) {
		if (known[i].fd && known[i].port != port)
			continue;
		if (!known[i].fd) {
			known[i].port = port, known[i].fd = udp(AF_INET);
			MUST(connect(known[i].fd, &r->at.sa, r->at.len));
		}
		return known[i].fd;
	}
	return known[0].fd;
}

static void replay(const char *name)
{
	static uint32_t sent[RECORDS], got[RECORDS];
	struct receiver r = receiver(AF_INET);
	uint8_t header[24], record[16];
	static uint8_t frame[65536];
	char path[600];
	unsigned count = 0, failed = 0;
	FILE *f;

	snprintf(path, sizeof path, "%s/tests/captures/%s.pcap", getenv("VICTIM_TOP") ? getenv("VICTIM_TOP") : ".", name);
	f = fopen(path, "re");
	if (!f || fread(header, sizeof header, 1, f) != 1)
		skip("the captures are not there");
	while (count < RECORDS && fread(record, sizeof record, 1, f) == 1) {
		uint32_t len;
		uint16_t from;
		size_t n;
		memcpy(&len, record + 8, sizeof len);
		if (len > sizeof frame || fread(frame, len, 1, f) != 1)
			break;
		const uint8_t *p = payload(frame, len, &n, &from);
		if (!p)
			continue;
		struct iovec iov[2] = { { (void *)(uintptr_t)p, n / 3 }, { (void *)(uintptr_t)(p + n / 3), n - n / 3 } };
		struct msghdr m = { .msg_iov = iov, .msg_iovlen = 2 };
		int s = socket_of(from, &r);
		sent[count++] = hash(2166136261u, p, n);
		failed += (count % 2 ? send(s, p, n, 0) : sendmsg(s, &m, 0)) != (ssize_t)n;
		if (count % 20 == 0)
			collect(&r, count);
	}
	fclose(f);
	socket_of(0, NULL);
	collect(&r, count);
	collect_within(&r, count + 1, SILENCE_MS);
	for (unsigned i = 0; i < r.records; i++)
		got[i] = r.record[i].hash;
	in_turn = r.records == count && (getenv("VICTIM_ROUTED") || memcmp(got, sent, count * sizeof *got) == 0);
	qsort(got, r.records, sizeof *got, by_value);
	qsort(sent, count, sizeof *sent, by_value);
	say("%s: %u sent, %u failed, %u arrived%s%s", name, count, failed, r.records,
		r.records == count && memcmp(got, sent, count * sizeof *got) == 0 ? ", unaltered" : ", not what was sent",
		in_turn ? ", in turn" : ", OUT OF TURN");
	close(r.fd), free(r.record);
}

int main(void)
{
	replay("srt-mpegts");
	replay("quic-ngtcp2");
	replay("coturn-channeldata");
	replay("chromium-dtls-srtp-vp8");
	replay("gst-bundle-vp8-opus-rtcp");
}
