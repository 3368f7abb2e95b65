/* SPDX-License-Identifier: BSD-3-Clause */
/* An allocator that sends and makes raw calls itself, from its first call on, and that counts what is allocated while a
 * packet is being sent: nothing.
 * rule: 1 4 17 62
 * not under: asan tsan
 * expect: seen>=100 wrapped>=98 */
#include "victim.h"

static _Alignas(16) char heap[64 << 20];
static size_t used;
static bool inside, sending;
static unsigned on_path;
static int socket_of_allocator = -1;
static struct address sink;

static void *take(size_t n)
{
	size_t at = (used + 31) & ~(size_t)15;

	if (sending)
		on_path++;
	if (!inside) {
		uint8_t p[100];
		int saved = errno;
		inside = true;
		if (syscall(SYS_gettid) <= 0 || write(-1, p, 0) != -1)
			_exit(98);
		if (socket_of_allocator >= 0)
			(void)!sendto(socket_of_allocator, p, media(p, sizeof p, 9, 0), 0, &sink.sa, sink.len);
		else
			(void)!send(-1, p, 0, 0);
		inside = false;
		errno = saved;
	}
	if (n > sizeof heap - at)
		return NULL;
	used = at + n;
	memcpy(heap + at - sizeof n, &n, sizeof n);
	return heap + at;
}

void *malloc(size_t n) { return take(n); }
void free(void *p) { (void)p; }
void *calloc(size_t n, size_t size) { return take(n * size); }
void *realloc(void *p, size_t n)
{
	size_t old = 0;
	void *q = take(n);

	if (p && q) {
		memcpy(&old, (char *)p - sizeof old, sizeof old);
		memcpy(q, p, old < n ? old : n);
	}
	return q;
}

int main(void)
{
	struct receiver r = receiver(AF_INET), allocators = receiver(AF_INET);
	int s = udp(AF_INET);
	uint8_t p[MEDIA_LEN];

	sink = allocators.at;
	socket_of_allocator = udp(AF_INET);
	for (uint32_t i = 0; i < 100; i++) {
		sending = true;
		QUIETLY(sendto(s, p, media(p, sizeof p, 1, i), 0, &r.at.sa, r.at.len));
		sending = false;
	}
	say("allocations while sending: %u", on_path);
	void *volatile some = malloc(100);
	say("the allocator works: %s", some ? "yes" : "no");
	report(&r, "receiver", 100);
	report(&allocators, "allocator's", 2);
}
