// SPDX-License-Identifier: BSD-3-Clause
#include "say.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include <mdshim/hints.h>

#include "packet.h"

#define NAME(names, i) ((i) < sizeof names / sizeof *names ? names[i] : "?")

static const char *const classes[] = { "unknown", "discardable", "enhancement", "base", "key", "audio", "repair" };
static const char *const formats[] = { "video", "h264", "h265", "vp8", "vp9", "av1", "mpegts", "audio", "rtx", "fec" };
static const char *const roles[] = { "start", "middle", "end", "only" };
static const char *const protocols[] = { "nothing known", "STUN", "ZRTP", "DTLS", "TURN ChannelData", "RTCP",
	"QUIC long header", "QUIC short header", "RTP" };
static const char *const grounds[] = {
#define GROUND_TEXT(name, text) text,
	MD_GROUNDS(GROUND_TEXT)
#undef GROUND_TEXT
};
static const char *const asides[] = {
#define ASIDE_TEXT(name, text, help) help,
	MD_ASIDES(ASIDE_TEXT)
#undef ASIDE_TEXT
};
_Static_assert(sizeof classes / sizeof *classes == CLASS_COUNT && sizeof formats / sizeof *formats == FORMAT_COUNT,
	"a name for each");

void say_native(const struct saying *how, unsigned long number, unsigned protocol, const char *why)
{
	const char *what = NAME(protocols, protocol);

	if (how->json)
		printf("{\"frame\":%lu,\"native\":\"%s\",\"why\":\"%s\"}\n", number, what, why);
	else
		printf("%6lu  %-18s native: %s\n", number, what, why);
}

// The name of a route or policy; its number where the configuration is not known, or not that one.
static const char *name_of(const char *name, unsigned n, unsigned all, bool known, char text[static 16])
{
	snprintf(text, 16, "%u", n);
	return known && n < all ? name : text;
}

static const char *route_name(const struct saying *how, unsigned n, char text[static 16])
{
	return name_of(how->config ? how->config->route[n % CONFIG_ROUTES].name : "", n, how->config ? how->config->routes : 0,
		how->config != NULL, text);
}

static const char *policy_name(const struct saying *how, unsigned n, char text[static 16])
{
	return name_of(how->config ? how->config->policy[n % CONFIG_POLICIES].name : "", n,
		how->config ? how->config->policies : 0, how->config != NULL, text);
}

// What a hint gave, "" without one.
static const char *hinted(unsigned given, char text[static 96])
{
	static const char *const items[] = { " frame", " start", " end", " importance", " D, P and L", " burst", " stream" };

	text[0] = '\0';
	if (given & MD_HINT_ALL)
		strcpy(text, ", hint:");
	for (unsigned i = 0; i < sizeof items / sizeof *items; i++)
		if (given & 1u << i)
			strcat(text, items[i]);
	return text;
}

static void stream_json(const struct md_why *why)
{
	if (why->protocol == PROTO_RTP)
		printf("\"ssrc\":%u,\"seq\":%u,\"ts\":%u,\"pt\":%u,", why->ssrc, why->seq, why->ts, why->payload_type);
	else if (why->ground == MD_G_QUIC_STREAM)
		printf("\"quic_stream\":%u,", why->ssrc);
	printf("\"stream\":%u,", why->counter);
}

static void mdu_json(const struct md_why *why)
{
	static const char *const words[] = { "false", "true" };

	printf("\"ssrc\":%u,\"seq\":%u,\"ts\":%u,\"pt\":%u,\"format\":\"%s\",\"mdu\":%u,\"opened\":%s,\"role\":\"%s\","
	       "\"start\":%s,\"end\":%s,\"says\":\"%s\",\"class\":\"%s\",", why->ssrc, why->seq, why->ts, why->payload_type,
		NAME(formats, why->format), why->counter, words[(why->flags & MD_WHY_OPENED) != 0], NAME(roles, why->role),
		words[(why->flags & MD_WHY_START) != 0], words[(why->flags & MD_WHY_END) != 0], NAME(classes, why->says),
		NAME(classes, why->class_));
}

static void marked_json(const struct saying *how, unsigned long number, const struct md_why *why)
{
	char route[16], policy[16], items[96];

	printf("{\"frame\":%lu,", number);
	if (why->flags & MD_WHY_STREAM)
		stream_json(why);
	else
		mdu_json(why);
	printf("\"d\":%u,\"p\":%u,\"l\":%u,", why->d, why->p, why->l);
	if (how->burst)
		printf("\"bq\":%u,\"octets\":%u,", why->bq, why->len);
	printf("\"route\":\"%s\",\"policy\":\"%s\",\"why\":\"%s%s\"}\n", route_name(how, why->route, route),
		policy_name(how, why->policy, policy), NAME(grounds, why->ground), hinted(why->hinted, items));
}

static void stream_text(const struct md_why *why)
{
	if (why->protocol == PROTO_RTP)
		printf("%08x %5u %10u stream %3u", why->ssrc, why->seq, why->ts, why->counter);
	else if (why->ground == MD_G_QUIC_STREAM)
		printf("QUIC stream %-13u stream %3u", why->ssrc, why->counter);
	else
		printf("QUIC %20s stream %3u", "", why->counter);
}

void say_marked(const struct saying *how, unsigned long number, const struct md_why *why)
{
	char route[16], policy[16], items[96];
	bool stream = why->flags & MD_WHY_STREAM;

	if (how->json) {
		marked_json(how, number, why);
		return;
	}
	printf("%6lu  ", number);
	if (stream)
		stream_text(why);
	else
		printf("%08x %5u %10u %-6s MDU %3u %-6s %-11s", why->ssrc, why->seq, why->ts, NAME(formats, why->format),
			why->counter, NAME(roles, why->role), NAME(classes, why->class_));
	printf(" D %u P %u L %u  ", why->d, why->p, why->l);
	if (why->bq)
		printf("burst %u, ", why->bq);
	printf("%s%s%s%s%s, route %s, policy %s\n", NAME(grounds, why->ground), hinted(why->hinted, items),
		!stream && why->flags & MD_WHY_START ? ", start" : "", !stream && why->flags & MD_WHY_END ? ", end" : "",
		stream || why->says == why->class_ ? "" : ", class of earlier packets", route_name(how, why->route, route),
		policy_name(how, why->policy, policy));
}

void say_record(const struct saying *how, const struct md_why *why)
{
	if (why->aside == MD_ASIDE_COUNT)
		say_marked(how, why->number, why);
	else
		say_native(how, why->number, why->protocol, NAME(asides, why->aside));
}
