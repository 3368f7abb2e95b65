/* SPDX-License-Identifier: BSD-3-Clause */
/* The environment is the program's: what it sets, empties and replaces changes nothing for what was read at the start.
 * rule: 70 77
 * expect: seen==40 wrapped==40 */
#include "victim.h"

extern char **environ;

static void ten(struct receiver *r, int s, uint32_t tag)
{
	uint8_t p[MEDIA_LEN];

	for (uint32_t i = 0; i < 10; i++)
		QUIETLY(sendto(s, p, media(p, sizeof p, tag, i), 0, &r->at.sa, r->at.len));
	report(r, "receiver", 10);
}

int main(void)
{
	struct receiver r = receiver(AF_INET);
	int s = udp(AF_INET);
	char *none[] = { NULL };
	bool routed = getenv("VICTIM_ROUTED") != NULL;

	CALL(setenv("MDSHIM_DISABLE", "1", 1));
	CALL(setenv("MDSHIM_CONF", "/nonexistent", 1));
	ten(&r, s, 1);
	MUST(chdir("/"));
	environ = none;
	if (routed)
		setenv("VICTIM_ROUTED", "1", 1);
	ten(&r, udp(AF_INET), 2);
	clearenv();
	if (routed)
		setenv("VICTIM_ROUTED", "1", 1);
	ten(&r, s, 3);
	environ = NULL;
	if (routed)
		setenv("VICTIM_ROUTED", "1", 1);
	ten(&r, s, 4);
}
