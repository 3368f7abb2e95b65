/* SPDX-License-Identifier: BSD-3-Clause
 *
 * print.c - one JSON line for each datagram, and the summary. */
#include <stdio.h>
#include <stdlib.h>

#include <arpa/inet.h>
#include <openssl/evp.h>

#include "capread.h"

static void print_hex(const char *name, struct octets in)
{
	printf(",\"%s\":\"", name);
	for (size_t i = 0; i < in.len; i++)
		printf("%02x", in.at[i]);
	putchar('"');
}

static void print_ends(const struct ip *ip, const struct udp *udp)
{
	char src[INET6_ADDRSTRLEN], dst[INET6_ADDRSTRLEN];
	int family = ip->version == 4 ? AF_INET : AF_INET6;

	inet_ntop(family, ip->src, src, sizeof(src));
	inet_ntop(family, ip->dst, dst, sizeof(dst));
	printf("{\"version\":%u,\"src\":\"%s\",\"dst\":\"%s\",\"sport\":%u,\"dport\":%u,\"ttl\":%u,\"df\":%s,\"dscp\":%u,"
	       "\"ecn\":%u,\"ip_length\":%zu,\"udp_length\":%u,\"udp_checksum\":\"%04x\"}",
		ip->version, src, dst, udp->sport, udp->dport, ip->ttl, ip->df ? "true" : "false", ip->dscp, ip->ecn, ip->len,
		udp->length, udp->checksum);
}

static void print_area(const struct packet *p)
{
	const struct area *a = &p->area;
	const char *option = a->metadata == METADATA_MED ? "med" : a->metadata == METADATA_OFC ? "ofc" : "none";

	printf(",\"surplus\":%zu,\"pad\":%d,\"ocs\":\"%04x\",\"option\":\"%s\"", p->udp.surplus.len, a->odd, a->ocs, option);
	if (a->metadata != METADATA_NONE)
		printf(",\"form\":\"%s\",\"id\":%u", a->exp_form ? "exp" : "kind", a->id);
	if (a->metadata == METADATA_MED)
		printf(",\"res\":%u,\"s\":%u,\"counter\":%u,\"d\":%u,\"p\":%u,\"l\":%u", a->res, a->s, a->counter, a->d, a->p, a->l);
	if (a->metadata == METADATA_OFC)
		print_hex("code", a->code);
	if (a->metadata != METADATA_NONE)
		printf(",\"bq\":%u,\"seq\":%u,\"ts\":%lu", a->bq, a->seq, (unsigned long)a->ts);
	if (a->has_token)
		printf(",\"token\":%zu", a->token.len);
	if (a->has_auth)
		printf(",\"auth\":{\"keyid\":%u,\"rnextkeyid\":%u,\"verified\":%s}", a->keyid, a->rnextkeyid,
			!options.keys ? "null" : p->verified ? "true" : "false");
	printf(",\"tail\":%zu", a->tail);
}

static void print_rtp(const struct packet *p)
{
	printf(",\"rtp\":{\"marker\":%s,\"pt\":%u,\"seq\":%u,\"ts\":%lu,\"ssrc\":%lu,\"payload\":%zu",
		p->rtp.marker ? "true" : "false", p->rtp.pt, p->rtp.seq, (unsigned long)p->rtp.ts, (unsigned long)p->rtp.ssrc,
		p->rtp.payload_len);
	if (options.payload)
		print_hex("octets", (struct octets){ p->app_udp->data.at + p->rtp.header_len, p->rtp.payload_len });
	putchar('}');
}

/* What the application sent, without what a router may change: addresses, UDP header, data; inline also the area. */
static void print_digest(const struct packet *p)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	size_t n = options.mode == MODE_INLINE ? p->app_ip->payload.len : p->app_udp->length;

	if (!context || !EVP_DigestInit_ex(context, EVP_sha256(), NULL) ||
			!EVP_DigestUpdate(context, p->app_ip->src, p->app_ip->addr_len) ||
			!EVP_DigestUpdate(context, p->app_ip->dst, p->app_ip->addr_len) ||
			!EVP_DigestUpdate(context, p->app_ip->payload.at, n) ||
			!EVP_DigestFinal_ex(context, digest, &len)) {
		fputs("capread: OpenSSL gives no SHA-256\n", stderr);
		exit(2);
	}
	EVP_MD_CTX_free(context);
	print_hex("digest", (struct octets){ digest, len });
}

void print_packet(const struct packet *p)
{
	if (options.quiet)
		return;
	printf("{\"frame\":%lu,\"time\":%lld.%09ld,\"ip\":", p->frame, (long long)p->sec, (long)p->nsec);
	print_ends(&p->ip, &p->udp);
	if (p->has_area)
		print_area(p);
	if (p->app_ip == &p->inner_ip) {
		printf(",\"inner\":");
		print_ends(&p->inner_ip, &p->inner_udp);
	}
	if (p->has_rtp)
		print_rtp(p);
	print_digest(p);
	puts("}");
}

void print_summary(const struct tally *t)
{
	struct rules_sum s = rules_sum();

	printf("{\"summary\":true,\"datagrams\":%lu,\"wrapped\":%lu,\"med\":%lu,\"ofc\":%lu,\"tokens\":%lu,\"empty\":%lu,"
	       "\"plain\":%lu,\"verified\":%lu,\"rtp\":%lu,\"rtcp\":%lu,\"markers\":%lu,\"flows\":%lu,\"ssrcs\":%lu,"
	       "\"mdus\":%lu,\"rtp_timestamps\":%lu,\"rtp_gaps\":%lu,\"bursts\":%lu,\"violations\":%lu}\n",
		t->datagrams, t->wrapped, t->med, t->ofc, t->tokens, t->empty, t->plain, t->verified, t->rtp, t->rtcp, t->markers,
		s.flows, s.ssrcs, s.mdus, s.rtp_timestamps, s.rtp_gaps, s.bursts, faults);
}
