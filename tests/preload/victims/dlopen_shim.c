/* SPDX-License-Identifier: BSD-3-Clause */
/* The shim comes late, by dlopen: its doors are called by hand and must have somewhere to go; dlclose changes nothing.
 * rule: 7 8 73
 * by: dlopen
 * expect: processes>=0 */
#include "victim.h"
#include <dlfcn.h>

int main(void)
{
	struct receiver r = receiver(AF_INET);
	const char *path = getenv("VICTIM_SHIM");
	void *library = path ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
	union { void *object; ssize_t (*call)(int, const void *, size_t, int); } door = { library ? dlsym(library, "send") : NULL };
	union { void *object; ssize_t (*call)(int, const void *, size_t); } writer = { library ? dlsym(library, "write") : NULL };
	int s = udp(AF_INET);
	uint8_t p[MEDIA_LEN];

	if (path && (!library || !door.object || !writer.object))
		say("%s", library ? "no door" : dlerror());
	if (!door.object || !writer.object)
		door.call = send, writer.call = write;
	MUST(connect(s, &r.at.sa, r.at.len));
	for (uint32_t i = 0; i < 5; i++) {
		CALL(door.call(s, p, media(p, sizeof p, 1, i), 0));
		CALL(writer.call(s, p, media(p, sizeof p, 2, i)));
		CALL(send(s, p, media(p, sizeof p, 3, i), 0));
		if (i == 2 && library)
			dlclose(library);
	}
	report(&r, "receiver", 15);
}
