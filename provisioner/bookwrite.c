/* SPDX-License-Identifier: BSD-3-Clause
 *
 * bookwrite.c - the document of a book. Its form is fixed, so a printer into one buffer does, and no secret is left behind in
 * blocks of a library. */
#include "bookjson.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

struct printer {
	char *text;
	size_t room, len;
};

__attribute__((format(printf, 2, 3))) static void say(struct printer *p, const char *format, ...)
{
	va_list values;
	int n;

	va_start(values, format);
	n = vsnprintf(p->text ? p->text + p->len : NULL, p->text ? p->room - p->len : 0, format, values);
	va_end(values);
	p->len += n < 0 ? 0 : (size_t)n;
}

static void hex(struct printer *p, const uint8_t *octets, size_t len)
{
	for (size_t i = 0; i < len; i++)
		say(p, "%02x", octets[i]);
}

static void code_write(struct printer *p, const struct md_code *c)
{
	const struct md_meaning *m = &c->meaning;

	say(p, "{\"c\":\"");
	hex(p, c->code, MD_CODE_LEN);
	if (m->s)
		say(p, "\",\"s\":1,\"stream\":%u,\"p\":%u,\"l\":%u}", m->stream, m->p, m->l);
	else
		say(p, "\",\"s\":0,\"role\":\"%s\",\"colour\":%u,\"d\":%u,\"p\":%u,\"l\":%u}", md_role_name((enum md_role)m->role),
			m->colour, m->d, m->p, m->l);
}

static void key_write(struct printer *p, const struct md_book_key *k)
{
	say(p, "{\"keyid\":%u,\"alg\":\"%s\",\"key\":\"", k->key.keyid, md_algorithm_name(k->key.algorithm));
	hex(p, k->key.key, k->key.len);
	if (k->key.cover)
		say(p, "\",\"cover\":%" PRIu32, k->key.cover);
	else
		say(p, "\",\"cover\":\"datagram\"");
	say(p, ",\"nat\":%s,\"notBefore\":%" PRId64 ",\"notAfter\":%" PRId64 "}", k->key.nat ? "true" : "false", k->not_before,
		k->not_after);
}

static void book_write(struct printer *p, const struct md_codebook *b)
{
	say(p, "{\"format\":\"mdshim-book-1\",\"domain\":\"%s\",\"book\":%" PRIu32 ",\"notBefore\":%" PRId64 ",\"notAfter\":%" PRId64,
		b->domain, b->book, b->not_before, b->not_after);
	if (b->bq_unit)
		say(p, ",\"bqUnit\":%" PRIu32, b->bq_unit);
	say(p, "%s%s,\n\"codes\":[", b->legacy16 ? ",\"legacy16\":true" : "", b->lab ? ",\"lab\":true" : "");
	for (uint32_t i = 0; i < b->codes; i++) {
		say(p, i ? ",\n" : "\n");
		code_write(p, &b->code[i]);
	}
	say(p, "],\n\"keys\":[");
	for (uint32_t i = 0; i < b->keys; i++) {
		say(p, i ? ",\n" : "\n");
		key_write(p, &b->key[i]);
	}
	say(p, "]}\n");
}

/* Counted first, then written: a buffer that grew would leave copies behind. */
char *bookjson_write(const struct md_codebook *book, size_t *len)
{
	struct printer p = { NULL, 0, 0 };

	book_write(&p, book);
	p.room = p.len + 1;
	p.len = 0;
	p.text = malloc(p.room);
	if (!p.text)
		return NULL;
	book_write(&p, book);
	*len = p.len;
	return p.text;
}
