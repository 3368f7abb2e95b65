/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <string.h>

#include "lend.h"
#include "vectors.h"

/* The area that a case describes by the sizes of its parts. */
struct setting {
	struct md_ids ids;
	struct md_metadata meta;
	struct md_tuple tuple;
	struct md_traffic_key key;
	struct md_area area;
	bool tunnel;
	size_t headers;
};

static void choose_option(struct setting *s, size_t octets)
{
	static const struct {
		size_t octets;
		enum md_option option;
		enum md_form form;
		bool legacy;
	} table[] = {
		{ 12, MD_MED, MD_FORM_KIND, false }, { 14, MD_MED, MD_FORM_EXP, false },
		{ 16, MD_OFC, MD_FORM_KIND, true }, { 25, MD_OFC, MD_FORM_KIND, false },
		{ 27, MD_OFC, MD_FORM_EXP, false },
	};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		if (table[i].octets != octets)
			continue;
		s->meta = (struct md_metadata){ .option = table[i].option, .p = 1 };
		s->ids.form = table[i].form;
		s->ids.legacy16 = table[i].legacy;
		assert_int_equal(md_metadata_size(&s->ids, s->meta.option), octets);
		return;
	}
	fail_msg("no option has %zu octets", octets);
}

static void set_up(struct setting *s, const json_t *in)
{
	static const struct md_key key = { .keyid = 1, .len = 16 };

	*s = (struct setting){ .ids = { MD_FORM_EXP, 0xfffe, 0xfffd, 0xfffc, 120, 121, false } };
	s->tunnel = !strcmp(vec_text(in, "mode"), "tunnel");
	s->tuple.version = strcmp(vec_text(in, "ip"), "v6") ? 4 : 6;
	s->headers = s->tuple.version == 4 ? MD_IPV4_HEADERS : MD_IPV6_HEADERS;
	choose_option(s, (size_t)vec_int(in, "option_octets"));
	s->area = (struct md_area){ .ids = &s->ids, .meta = &s->meta, .tuple = &s->tuple };
	if (!vec_int(in, "auth_octets"))
		return;
	assert_int_equal(vec_int(in, "auth_octets"), MD_AUTH_LEN);
	assert_int_equal(md_traffic_key_make(&s->key, &key, &s->tuple, lend_openssl()), 0);
	s->area.key = &s->key;
}

static void sizes_are_those_of_the_tables(void **state)
{
	static const int mtus[] = { 1500, 1400, 1280 };
	const struct vector_case *c = *state;
	struct setting s;
	size_t surplus;

	set_up(&s, c->in);
	surplus = md_area_size(&s.area);
	assert_int_equal(surplus, vec_int(c->out, "surplus"));
	assert_int_equal(surplus + (s.tunnel ? s.headers : 0), vec_int(c->out, "added"));
	for (size_t i = 0; i < 3; i++) {
		char name[40];

		snprintf(name, sizeof name, "max_user_data_%d", mtus[i]);
		assert_int_equal((size_t)mtus[i] - s.headers - surplus, vec_int(c->out, name));
	}
}

static void quic_needs_this_mtu(void **state)
{
	const struct vector_case *c = *state;
	struct setting s;

	set_up(&s, c->in);
	assert_int_equal((size_t)vec_int(c->in, "udp_data") + s.headers * (s.tunnel ? 2 : 1) + md_area_size(&s.area),
		vec_int(c->out, "mtu"));
}

static void packet_has_the_size_that_was_computed(void **state)
{
	const struct vector_case *c = *state;
	size_t user_len = (size_t)vec_int(c->in, "inner_len");
	struct blob user = blob_copy((uint8_t[2048]){ 0 }, user_len);
	struct iovec piece = { user.at, user.len };
	struct md_ip ip = { .ttl = 64 };
	struct setting s;
	uint8_t packet[2048];
	ptrdiff_t n, head;

	set_up(&s, c->in);
	s.area.user = &piece;
	s.area.pieces = 1;
	s.area.user_len = user_len;
	n = md_area_write(packet, sizeof packet, &s.area, lend_openssl());
	assert_int_equal(n, vec_int(c->out, "surplus"));
	assert_int_equal(n, md_area_size(&s.area));
	head = md_headers_write(packet, sizeof packet, &s.tuple, &ip, user_len, 0, (size_t)n);
	assert_int_equal((size_t)head + user_len + (size_t)n, vec_int(c->out, "packet_len"));
}

int main(void)
{
	static const struct vector_op ops[] = {
		{ "overhead", "option", sizes_are_those_of_the_tables },
		{ "overhead", "quic", quic_needs_this_mtu },
		{ "overhead", "measure", packet_has_the_size_that_was_computed },
	};

	return vectors_run("overhead", ops, 3, NULL, 0);
}
