/* SPDX-License-Identifier: BSD-3-Clause */
#include "next.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <string.h>

#define KNOWN ((uint64_t)1 << 63) /* in an answer, above any address */

static uint64_t seal(const void *caller, uint64_t answer)
{
	return (uint64_t)(uintptr_t)caller ^ answer * 0x9e3779b97f4a7c15u;
}

static struct link_map *object_of(const void *address)
{
	struct link_map *map = NULL;
	Dl_info info;

	return dladdr1(address, &info, (void **)&map, RTLD_DL_LINKMAP) ? map : NULL;
}

static const char *soname_of(const struct link_map *map)
{
	const char *strings = NULL;
	const ElfW(Dyn) *d;

	for (d = map->l_ld; d->d_tag != DT_NULL; d++)
		if (d->d_tag == DT_STRTAB)
			strings = (const char *)d->d_un.d_ptr;
	for (d = map->l_ld; strings && d->d_tag != DT_NULL; d++)
		if (d->d_tag == DT_SONAME)
			return strings + d->d_un.d_val;
	return "";
}

/* In an object that is loaded already, and what it needs. */
static void *look_in(const struct next *next, const char *file)
{
	void *handle = dlopen(file, RTLD_LAZY | RTLD_NOLOAD), *found = NULL;

	if (!handle)
		return NULL;
	found = dlsym(handle, next->name);
	dlclose(handle);
	return found == next->tap ? NULL : found;
}

/* As the loader would: the scope all share, then the caller's own, then the library wherever it is. */
static void *look_up(const struct next *next, const void *caller)
{
	struct link_map *map;
	void *found = dlsym(RTLD_NEXT, next->name);

	if (found)
		return found;
	map = object_of(caller);
	if (map && map->l_name[0])
		found = look_in(next, map->l_name);
	return found ? found : look_in(next, next->soname);
}

/* An answer that is kept must stay true: its library is not unloaded any more. */
static void hold(const struct link_map *map)
{
	void *handle = map->l_name[0] ? dlopen(map->l_name, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE) : NULL;

	if (handle)
		dlclose(handle);
}

static __attribute__((noinline)) uint64_t ask(const struct next *next, const void *caller)
{
	int saved = errno;
	void *found = look_up(next, caller);
	struct link_map *map = found ? object_of(found) : NULL;
	uint64_t answer = (uint64_t)(uintptr_t)found;

	if (map) {
		hold(map);
		if (strcmp(soname_of(map), next->soname) == 0)
			answer |= KNOWN;
	}
	dlerror(); /* what failed was not the application's */
	errno = saved;
	return answer;
}

void *next_of(struct next *next, const void *caller, bool *known)
{
	unsigned i = (unsigned)((uintptr_t)caller >> 2 ^ (uintptr_t)caller >> 7) % NEXT_CALLERS;
	uint64_t answer = atomic_load_explicit(&next->kept[i].answer, memory_order_relaxed);

	if (!answer || atomic_load_explicit(&next->kept[i].check, memory_order_relaxed) != seal(caller, answer)) {
		answer = ask(next, caller);
		atomic_store_explicit(&next->kept[i].answer, answer, memory_order_relaxed);
		atomic_store_explicit(&next->kept[i].check, seal(caller, answer), memory_order_relaxed);
	}
	*known = (answer & KNOWN) != 0;
	return (void *)(uintptr_t)(answer & ~KNOWN);
}
