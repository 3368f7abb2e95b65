/* SPDX-License-Identifier: BSD-3-Clause */
/* Nobody listens, for a hundred datagrams: each is refused, and each refusal is answered by sending the same again. Then
 * somebody listens.
 * rule: 33 43
 * expect: seen>=200 wrapped>=80 */
#include "victim.h"

enum { N = 100 };

static void family(int f)
{
	struct receiver r = receiver(f);
	struct address at = r.at;
	int s = udp(f);
	unsigned refused = 0, again = 0, other = 0, silent = 0, later = 0;
	uint8_t p[MEDIA_LEN];

	MUST(connect(s, &r.at.sa, r.at.len));
	close(r.fd);
	for (uint32_t i = 0; i < N; i++) {
		struct pollfd told = { .fd = s };
		media(p, sizeof p, 1, i);
		errno = SENTINEL;
		ssize_t n = i % 3 ? send(s, p, sizeof p, 0) : write(s, p, sizeof p);
		if (n < 0 && errno == ECONNREFUSED) {
			refused++;
			errno = SENTINEL;
			n = send(s, p, sizeof p, 0);
			again += n == MEDIA_LEN;
		}
		other += n != MEDIA_LEN || errno != SENTINEL;
		silent += poll(&told, 1, PATIENCE_MS) != 1;
	}
	say("%u refused, %u sent again, %u something else, %u never refused", refused, again, other, silent);
	r.fd = udp(f);
	MUST(bind(r.fd, &at.sa, at.len));
	int on = 1;
	setsockopt(r.fd, f == AF_INET ? IPPROTO_IP : IPPROTO_IPV6, f == AF_INET ? IP_RECVTOS : IPV6_RECVTCLASS, &on, sizeof on);
	CALL(send(s, p, media(p, sizeof p, 2, 0), 0));
	for (uint32_t i = 0; i < 10; i++)
		later += QUIETLY(send(s, p, media(p, sizeof p, 2, i), 0)) > 0;
	report(&r, "receiver", later);
}

int main(void)
{
	family(AF_INET);
	family(AF_INET6);
}
