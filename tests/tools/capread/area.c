/* SPDX-License-Identifier: BSD-3-Clause
 *
 * area.c - the surplus area as a sender has to write it: pad and OCS, MED or OFC, a token, AUTH, one EOL if UDP Length is even. */
#include <string.h>

#include "capread.h"

struct item {
	unsigned kind, exid;
	size_t at, len;       /* of the surplus area */
	struct octets value;  /* behind kind, length and ExID */
	bool exp;
};

/* The option at *at; moves *at behind it. False: the framing is broken. */
static bool next_option(struct packet *p, struct octets in, size_t *at, struct item *o)
{
	size_t head = 2, left = in.len - *at;
	const uint8_t *b = in.at + *at;

	*o = (struct item){ .kind = b[0], .at = *at };
	if (left < 2) {
		fault(p, "option of kind %u is cut off", o->kind);
		return false;
	}
	o->len = b[1];
	if (b[1] == 255) {
		head = 4;
		o->len = left < 4 ? 0 : be16(b + 2);
		if (o->len < 255) {
			fault(p, "extended length %zu of kind %u", o->len, o->kind);
			return false;
		}
	}
	if (o->len < head || o->len > left) {
		fault(p, "length %zu of kind %u, %zu octets left", o->len, o->kind, left);
		return false;
	}
	if (o->kind == 127) {
		if (o->len < head + 2) {
			fault(p, "EXP of %zu octets has no ExID", o->len);
			return false;
		}
		o->exp = true;
		o->exid = be16(b + head);
		head += 2;
	}
	o->value = (struct octets){ b + head, o->len - head };
	*at += o->len;
	return true;
}

static void read_med(struct packet *p, struct area *a, const uint8_t *v)
{
	a->metadata = METADATA_MED;
	a->res = v[0] >> 1;
	a->s = v[0] & 1;
	a->counter = v[1];
	a->d = v[2] >> 5;
	a->p = v[2] >> 2 & 7;
	a->l = v[2] & 3;
	a->bq = v[3];
	a->seq = be16(v + 4);
	a->ts = be32(v + 6);
	if (a->res)
		fault(p, "RES is %u", a->res);
	if (a->d > 3 || a->p < 1 || a->p > 3 || a->l > 2)
		fault(p, "undefined value: D %u P %u L %u", a->d, a->p, a->l);
	if (a->s && a->d)
		fault(p, "D %u with S 1", a->d);
}

static void read_ofc(struct area *a, struct octets v)
{
	size_t code = v.len - 7;

	a->metadata = METADATA_OFC;
	a->code = (struct octets){ v.at, code };
	a->bq = v.at[code];
	a->seq = be16(v.at + code + 1);
	a->ts = be32(v.at + code + 3);
}

static void read_auth(struct packet *p, struct area *a, const struct item *o)
{
	if (a->has_auth) {
		fault(p, "two AUTH options");
		return;
	}
	if (o->len != 16) {
		fault(p, "AUTH of %zu octets", o->len);
		return;
	}
	a->has_auth = true;
	a->keyid = o->value.at[0];
	a->rnextkeyid = o->value.at[1];
	a->mac_at = o->at + 4;
}

static void read_option(struct packet *p, struct area *a, const struct item *o)
{
	bool med = o->exp ? o->exid == options.med_exid : options.med_kind && o->kind == options.med_kind;
	bool ofc = o->exp ? o->exid == options.ofc_exid : options.ofc_kind && o->kind == options.ofc_kind;

	if (a->has_auth)
		fault(p, "an option of kind %u behind AUTH", o->kind);
	if (med || ofc) {
		if (a->metadata != METADATA_NONE)
			fault(p, "more than one of MED and OFC");
		if (a->has_token)
			fault(p, "MED or OFC behind the token");
		a->exp_form = o->exp;
		a->id = o->exp ? o->exid : o->kind;
		if (med && o->value.len == 10)
			read_med(p, a, o->value.at);
		else if (ofc && (o->value.len == 23 || (options.legacy16 && o->value.len == 14)))
			read_ofc(a, o->value);
		else
			fault(p, "%s of %zu octets", med ? "MED" : "OFC", o->len);
	} else if (o->exp && o->exid == options.token_exid) {
		if (a->has_token)
			fault(p, "more than one token");
		if (o->value.len < 5)
			fault(p, "token of %zu octets", o->value.len);
		a->has_token = true;
		a->token = o->value;
	} else if (o->kind == 9 && !o->exp) {
		read_auth(p, a, o);
	} else if (o->exp) {
		fault(p, "EXP with ExID %04x is none of ours", o->exid);
	} else {
		fault(p, "option of kind %u is none of ours", o->kind);
	}
}

static void judge_end(struct packet *p, struct area *a, struct octets in, size_t at)
{
	a->tail = in.len - at;
	for (size_t i = at; i < in.len; i++)
		if (in.at[i])
			fault(p, "octet %zu of the surplus area, behind EOL, is %02x", i, in.at[i]);
	if (!a->empty && !options.fill && a->tail != (a->odd ? 0u : 1u))
		fault(p, "%zu octets behind the last option with %s UDP Length", a->tail, a->odd ? "odd" : "even");
}

bool area_parse(struct packet *p, const struct udp *udp, struct area *area)
{
	struct octets in = udp->surplus;
	size_t at;
	unsigned begun = 0;

	memset(area, 0, sizeof(*area));
	area->odd = udp->length & 1;
	at = area->odd;
	if (in.len < at + 2) {
		fault(p, "surplus area of %zu octets has no room for the OCS", in.len);
		return false;
	}
	if (area->odd && in.at[0])
		fault(p, "pad octet is %02x", in.at[0]);
	area->ocs = be16(in.at + at);
	if (area->ocs == 0)
		fault(p, "OCS is zero");
	if (checksum_fold(checksum_add((uint32_t)in.len, (struct octets){ in.at + at, in.len - at })) != 0xffff)
		fault(p, "OCS %04x is wrong", area->ocs);
	for (at += 2; at < in.len && in.at[at] != 0; begun++) {
		struct item o;

		if (in.at[at] == 1) {
			fault(p, "NOP at octet %zu of the surplus area", at++);
			continue;
		}
		if (!next_option(p, in, &at, &o))
			return false;
		read_option(p, area, &o);
	}
	area->empty = begun == 0;
	judge_end(p, area, in, at);
	return true;
}
