/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "vectors.h"

/* --- Packets to try --------------------------------------------------------------------------------------- */

static const struct md_tuple tuple4 = { 4, { 192, 0, 2, 1 }, { 203, 0, 113, 77 }, 40000, 50000 };
static const struct md_tuple tuple6 = {
	6, { 0x20, 1, 0xd, 0xb8, [15] = 1 }, { 0x20, 1, 0xd, 0xb8, [15] = 2 }, 40000, 50000,
};

static struct blob packet_of(const struct md_tuple *tuple, const struct md_ip *ip, size_t user_len, size_t surplus_len)
{
	uint8_t octets[2048] = { 0 };
	ptrdiff_t head;

	for (size_t i = 0; i < user_len + surplus_len; i++)
		octets[48 + i] = (uint8_t)(7 * i + 3);
	head = md_headers_write(octets, sizeof octets, tuple, ip, user_len, md_sum(0, octets + 48, user_len), surplus_len);
	assert_true(head > 0);
	memmove(octets + head, octets + 48, user_len + surplus_len);
	return blob_copy(octets, (size_t)head + user_len + surplus_len);
}

static struct blob plain(const struct md_tuple *tuple)
{
	static const struct md_ip ip = { .ttl = 64, .tos = 0xb8, .df = true, .id = 0x1234, .flow_label = 0xabcde };

	return packet_of(tuple, &ip, 21, 0);
}

static uint16_t get(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static void set(uint8_t *p, size_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

/* After a change of an IPv4 header. */
static void repair(struct blob *packet)
{
	size_t header = (size_t)(packet->at[0] & 15) * 4;

	set(packet->at + 10, 0);
	set(packet->at + 10, (uint16_t)~md_sum(0, packet->at, header));
}

static enum md_reason inner(const struct blob *packet)
{
	struct md_datagram d;
	enum md_reason reason;
	int rc = md_inner_check(packet->at, packet->len, &d, &reason);

	assert_int_equal(rc, reason == MD_R_NONE ? 0 : MD_E_REFUSED);
	return reason;
}

static enum md_reason outer(const struct blob *packet, struct md_datagram *d)
{
	enum md_reason reason;
	int rc = md_datagram_read(packet->at, packet->len, d, &reason);

	assert_int_equal(rc, reason == MD_R_NONE ? 0 : MD_E_REFUSED);
	return reason;
}

/* insert octets behind the first `at` of a packet, in a block of the new size. */
static struct blob with(const struct blob *packet, size_t at, const void *octets, size_t len)
{
	uint8_t whole[2048];

	memcpy(whole, packet->at, at);
	memcpy(whole + at, octets, len);
	memcpy(whole + at + len, packet->at + at, packet->len - at);
	return blob_copy(whole, packet->len + len);
}

/* --- Headers we write ------------------------------------------------------------------------------------- */

static void headers_are_read_as_they_were_written(void **state)
{
	const struct md_tuple *tuples[] = { &tuple4, &tuple6 };

	(void)state;
	for (size_t i = 0; i < 400; i++) {
		const struct md_tuple *t = tuples[i & 1];
		struct md_ip ip = { .ttl = (uint8_t)i, .tos = (uint8_t)(i * 5) };
		struct md_datagram d;
		struct blob p;

		if (t->version == 4)
			ip.df = i & 2, ip.id = (uint16_t)(i * 999);
		else
			ip.flow_label = (uint32_t)(i * 12345 & 0xfffff);
		p = packet_of(t, &ip, i, i % 7);
		assert_int_equal(outer(&p, &d), MD_R_NONE);
		assert_memory_equal(&d.tuple, t, sizeof *t);
		assert_int_equal(d.ip.ttl, ip.ttl);
		assert_int_equal(d.ip.tos, ip.tos);
		assert_int_equal(d.ip.df, ip.df);
		assert_int_equal(d.ip.id, ip.id);
		assert_int_equal(d.ip.flow_label, ip.flow_label);
		assert_int_equal(d.user_len, i);
		assert_int_equal(d.surplus_len, i % 7);
		assert_int_equal(d.length, p.len);
		assert_int_equal(inner(&p), MD_R_NONE);
		blobs_free(NULL);
	}
}

static void headers_that_do_not_fit_are_refused(void **state)
{
	struct md_ip ip = { .ttl = 64 };
	struct md_tuple bad = tuple4;
	uint8_t dst[48];

	(void)state;
	for (size_t room = 0; room < 48; room++) {
		struct blob b = blob_copy(dst, room);

		assert_int_equal(md_headers_write(b.at, room, &tuple6, &ip, 1, 0, 0), MD_E_ROOM);
		assert_int_equal(md_headers_write(b.at, room, &tuple4, &ip, 1, 0, 0), room < 28 ? MD_E_ROOM : 28);
	}
	assert_int_equal(md_headers_write(dst, 48, &tuple4, &ip, 65507, 0, 0), 28);
	assert_int_equal(md_headers_write(dst, 48, &tuple4, &ip, 65508, 0, 0), MD_E_VALUE);
	assert_int_equal(md_headers_write(dst, 48, &tuple4, &ip, 65000, 0, 508), MD_E_VALUE);
	assert_int_equal(md_headers_write(dst, 48, &tuple6, &ip, 65527, 0, 0), 48);
	assert_int_equal(md_headers_write(dst, 48, &tuple6, &ip, 65527, 0, 1), MD_E_VALUE);
	assert_int_equal(md_headers_write(dst, 48, &tuple6, &ip, SIZE_MAX, 0, 10), MD_E_VALUE);
	assert_int_equal(md_headers_write(dst, 48, &tuple6, &ip, 10, 0, SIZE_MAX), MD_E_VALUE);
	bad.version = 0;
	assert_int_equal(md_headers_write(dst, 48, &bad, &ip, 1, 0, 0), MD_E_VALUE);
}

static void udp_checksum_of_zero_is_sent_as_ffff(void **state)
{
	struct md_ip ip = { .ttl = 64 };
	uint8_t packet[30] = { 0 };
	struct blob whole;
	struct md_datagram d;

	(void)state;
	md_headers_write(packet, sizeof packet, &tuple4, &ip, 2, 0, 0);
	memcpy(packet + 28, packet + 26, 2); /* user data equal to the checksum make it zero */
	md_headers_write(packet, sizeof packet, &tuple4, &ip, 2, md_sum(0, packet + 28, 2), 0);
	assert_int_equal(get(packet + 26), 0xffff);
	whole = blob_copy(packet, sizeof packet);
	assert_int_equal(outer(&whole, &d), MD_R_NONE);
	assert_false(d.checksum_zero);
}

/* --- Datagrams we read ------------------------------------------------------------------------------------ */

static void link_layer_padding_is_no_surplus(void **state)
{
	struct blob p = plain(&tuple4), padded = with(&p, p.len, "\0\0\0\0\0\0\0", 7);
	struct md_datagram d;

	(void)state;
	assert_int_equal(outer(&padded, &d), MD_R_NONE);
	assert_int_equal(d.surplus_len, 0);
	assert_null(d.surplus);
	assert_int_equal(d.length, p.len);
	assert_int_equal(inner(&padded), MD_R_INNER_LENGTH);
}

static void every_flipped_bit_of_udp_and_user_data_is_noticed(void **state)
{
	const struct md_tuple *tuples[] = { &tuple4, &tuple6 };
	struct md_datagram d;

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct blob p = plain(tuples[i]);

		for (size_t bit = (i ? 40 : 20) * 8; bit < p.len * 8; bit++) {
			p.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
			assert_int_not_equal(outer(&p, &d), MD_R_NONE);
			p.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		assert_int_equal(outer(&p, &d), MD_R_NONE);
	}
}

static void checksum_may_be_missing_on_ipv4_only(void **state)
{
	struct blob four = plain(&tuple4), six = plain(&tuple6);
	struct md_datagram d;

	(void)state;
	set(four.at + 26, 0);
	assert_int_equal(outer(&four, &d), MD_R_NONE);
	assert_true(d.checksum_zero);
	set(six.at + 46, 0);
	assert_int_equal(outer(&six, &d), MD_R_UDP_CHECKSUM);
}

static void udp_length_has_to_fit(void **state)
{
	static const size_t lengths[] = { 0, 1, 7, 30, 65535 };
	const struct md_tuple *tuples[] = { &tuple4, &tuple6 };
	struct md_datagram d;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct blob p = plain(tuples[i]);

		for (size_t j = 0; j < sizeof lengths / sizeof *lengths; j++) {
			set(p.at + (i ? 44 : 24), lengths[j]);
			assert_int_equal(outer(&p, &d), MD_R_UDP_LENGTH);
			assert_int_equal(inner(&p), MD_R_INNER_LENGTH);
		}
		set(p.at + (i ? 44 : 24), 28); /* the last octet is surplus now */
		assert_int_equal(inner(&p), MD_R_NONE);
	}
}

static void what_is_not_udp_is_named_so(void **state)
{
	struct blob p = plain(&tuple4);
	struct md_datagram d;

	(void)state;
	p.at[9] = 6;
	assert_int_equal(outer(&p, &d), MD_R_NOT_UDP);
	p = plain(&tuple4);
	p.at[0] = 0x55;
	assert_int_equal(outer(&p, &d), MD_R_NOT_UDP);
	p = plain(&tuple4);
	p.at[6] = 0x20;
	assert_int_equal(outer(&p, &d), MD_R_NOT_UDP);
	p = plain(&tuple6);
	p.at[6] = 59;
	assert_int_equal(outer(&p, &d), MD_R_NOT_UDP);
}

/* --- Inner checks (section 6.4) --------------------------------------------------------------------------- */

static void inner_version_is_4_or_6(void **state)
{
	struct blob p = plain(&tuple4), nothing = blob_copy(NULL, 0);

	(void)state;
	for (unsigned version = 0; version < 16; version++) {
		p.at[0] = (uint8_t)(version << 4 | 5);
		if (version != 4 && version != 6)
			assert_int_equal(inner(&p), MD_R_INNER_VERSION);
		else
			assert_int_equal(inner(&p), version == 4 ? MD_R_NONE : MD_R_INNER_LENGTH);
	}
	assert_int_equal(inner(&nothing), MD_R_INNER_VERSION);
}

static void inner_length_is_that_of_the_user_data(void **state)
{
	const struct md_tuple *tuples[] = { &tuple4, &tuple6 };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		size_t at = i ? 4 : 2;
		struct blob p = plain(tuples[i]);
		uint16_t length = get(p.at + at);

		set(p.at + at, length + 1u);
		assert_int_equal(inner(&p), MD_R_INNER_LENGTH);
		set(p.at + at, length - 1u);
		assert_int_equal(inner(&p), MD_R_INNER_LENGTH);
		set(p.at + at, 0);
		assert_int_equal(inner(&p), MD_R_INNER_LENGTH);
	}
}

static void inner_header_length_has_to_fit(void **state)
{
	struct blob p = plain(&tuple4);

	(void)state;
	for (unsigned words = 0; words < 5; words++) {
		p.at[0] = (uint8_t)(0x40 | words);
		assert_int_equal(inner(&p), MD_R_INNER_LENGTH);
	}
	p.at[0] = 0x4f; /* 60 octets, longer than the packet */
	assert_int_equal(inner(&p), MD_R_INNER_LENGTH);
}

static void inner_header_checksum_is_verified(void **state)
{
	struct blob p = plain(&tuple4);

	(void)state;
	for (size_t bit = 8 * 8; bit < 20 * 8; bit++) {
		p.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(inner(&p), MD_R_INNER_CHECKSUM);
		p.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

static void inner_fragment_is_refused(void **state)
{
	struct blob p = plain(&tuple4);

	(void)state;
	for (unsigned bit = 0; bit < 14; bit++) {
		set(p.at + 6, 0x4000u | 1u << bit);
		repair(&p);
		assert_int_equal(inner(&p), MD_R_INNER_FRAGMENT);
	}
	set(p.at + 6, 0);
	repair(&p);
	assert_int_equal(inner(&p), MD_R_NONE);
}

static void inner_protocol_is_udp(void **state)
{
	struct blob p = plain(&tuple4), six = plain(&tuple6);

	(void)state;
	p.at[9] = 6;
	repair(&p);
	assert_int_equal(inner(&p), MD_R_INNER_PROTOCOL);
	six.at[6] = 58;
	assert_int_equal(inner(&six), MD_R_INNER_PROTOCOL);
}

static void ipv4_options_are_stepped_over(void **state)
{
	struct md_datagram d;
	enum md_reason reason;

	(void)state;
	for (size_t words = 1; words <= 10; words++) {
		struct blob p = plain(&tuple4), q = with(&p, 20, "\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1"
			"\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1", words * 4);

		q.at[0] = (uint8_t)(0x45 + words);
		set(q.at + 2, q.len);
		repair(&q);
		assert_int_equal(inner(&q), MD_R_NONE);
		assert_int_equal(outer(&q, &d), MD_R_NONE);
		assert_int_equal(d.udp_at, 20 + words * 4);
		assert_int_equal(d.user_len, 21);
		assert_int_equal(md_inner_forward(q.at, q.len, 0, &reason), 0);
		assert_int_equal(inner(&q), MD_R_NONE);
	}
}

/* One extension header of 8 octets, or 16, in front of UDP. */
static struct blob extended(uint8_t kind, size_t len)
{
	uint8_t header[16] = { 17, (uint8_t)(len / 8 - 1), 1, 0 };
	struct blob p = plain(&tuple6), q = with(&p, 40, header, len);

	q.at[6] = kind;
	set(q.at + 4, q.len - 40);
	return q;
}

static void ipv6_extension_headers_are_stepped_over(void **state)
{
	static const uint8_t kinds[] = { 0, 43, 60 };
	struct md_datagram d;

	(void)state;
	for (size_t i = 0; i < sizeof kinds; i++)
		for (size_t len = 8; len <= 16; len += 8) {
			struct blob p = extended(kinds[i], len);

			assert_int_equal(inner(&p), MD_R_NONE);
			assert_int_equal(outer(&p, &d), MD_R_NONE);
			assert_int_equal(d.udp_at, 40 + len);
			assert_int_equal(d.surplus_len, 0);
		}
}

static void ipv6_fragment_header_is_a_fragment_even_if_it_is_whole(void **state)
{
	struct blob p = extended(44, 8);

	(void)state;
	memset(p.at + 41, 0, 7);
	assert_int_equal(inner(&p), MD_R_INNER_FRAGMENT);
}

static void ipv6_routing_header_with_a_way_to_go_is_refused(void **state)
{
	struct blob p = extended(43, 8);

	(void)state;
	p.at[43] = 1;
	assert_int_equal(inner(&p), MD_R_INNER_PROTOCOL);
}

static void ipv6_hop_by_hop_header_comes_first_or_not_at_all(void **state)
{
	struct blob p = extended(60, 8), q = with(&p, 48, "\x11\0\1\0\0\0\0\0", 8);

	(void)state;
	set(q.at + 4, q.len - 40);
	assert_int_equal(inner(&q), MD_R_INNER_LENGTH); /* read as UDP, whose length is then 256 */
	q.at[40] = 0;
	assert_int_equal(inner(&q), MD_R_INNER_PROTOCOL);
	q.at[40] = 60;
	assert_int_equal(inner(&q), MD_R_NONE);
}

static void ipv6_extension_header_has_to_fit(void **state)
{
	struct blob p = extended(60, 8), cut = blob_copy(p.at, 44);

	(void)state;
	p.at[41] = 200;
	assert_int_equal(inner(&p), MD_R_INNER_LENGTH);
	set(cut.at + 4, 4);
	assert_int_equal(inner(&cut), MD_R_INNER_LENGTH);
}

/* --- Forwarding ------------------------------------------------------------------------------------------- */

enum { NOT = 0, ECT1 = 1, ECT0 = 2, CE = 3 };

static void ecn_is_decapsulated_by_the_table(void **state)
{
	static const struct {
		unsigned inner, outer;
		int want;
	} table[16] = {
		{ NOT, NOT, NOT }, { NOT, ECT0, NOT }, { NOT, ECT1, NOT }, { NOT, CE, -1 },
		{ ECT0, NOT, ECT0 }, { ECT0, ECT0, ECT0 }, { ECT0, ECT1, ECT1 }, { ECT0, CE, CE },
		{ ECT1, NOT, ECT1 }, { ECT1, ECT0, ECT1 }, { ECT1, ECT1, ECT1 }, { ECT1, CE, CE },
		{ CE, NOT, CE }, { CE, ECT0, CE }, { CE, ECT1, CE }, { CE, CE, CE },
	};

	(void)state;
	for (int i = 0; i < 16; i++)
		assert_int_equal(md_ecn_decapsulate(table[i].inner, table[i].outer), table[i].want);
}

/* All values of ECN and TTL, both versions: the checksum stays right, nothing else changes. */
static void forwarding_changes_ecn_and_ttl_and_nothing_else(void **state)
{
	const struct md_tuple *tuples[] = { &tuple4, &tuple6 };

	(void)state;
	for (unsigned i = 0; i < 2 * 4 * 4 * 256; i++) {
		struct md_ip ip = { .ttl = (uint8_t)i, .tos = (uint8_t)(0xb8 | (i >> 8 & 3)), .id = 77, .df = true };
		unsigned outer_ecn = i >> 10 & 3;
		int ecn = md_ecn_decapsulate(ip.tos & 3, outer_ecn);
		const struct md_tuple *t = tuples[i >> 12 & 1];
		struct blob p = packet_of(t, &ip, 9, 0), want = packet_of(t, &ip, 9, 0);
		enum md_reason reason;
		int rc = md_inner_forward(p.at, p.len, outer_ecn, &reason);

		if (ip.ttl > 1 && ecn >= 0) {
			assert_int_equal(rc, 0);
			ip.ttl--;
			ip.tos = (uint8_t)((ip.tos & 0xfc) | ecn);
			want = packet_of(t, &ip, 9, 0);
		} else {
			assert_int_equal(rc, MD_E_REFUSED);
			assert_int_equal(reason, ip.ttl <= 1 ? MD_R_INNER_TTL : MD_R_INNER_ECN);
		}
		assert_memory_equal(p.at, want.at, want.len);
		blobs_free(NULL);
	}
}

static void checksum_stays_right_for_any_identification(void **state)
{
	(void)state;
	for (unsigned id = 0; id < 65536; id++) { /* runs through all values of the checksum */
		struct md_ip ip = { .ttl = 2, .tos = ECT0, .id = (uint16_t)id };
		struct blob p = packet_of(&tuple4, &ip, 0, 0);
		enum md_reason reason;

		assert_int_equal(md_inner_forward(p.at, p.len, CE, &reason), 0);
		assert_int_equal(md_sum(0, p.at, 20), 0xffff);
		assert_int_not_equal(get(p.at + 10), 0xffff);
		blobs_free(NULL);
	}
}

static void forwarding_of_a_stump_is_refused(void **state)
{
	const struct md_tuple *tuples[] = { &tuple4, &tuple6 };
	enum md_reason reason;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct blob p = plain(tuples[i]);

		for (size_t len = 0; len < (i ? 40 : 20); len++) {
			struct blob part = blob_copy(p.at, len);

			assert_int_equal(md_inner_forward(part.at, len, 0, &reason), MD_E_REFUSED);
		}
	}
}

/* --- Truncation ------------------------------------------------------------------------------------------- */

static bool options_hold(const struct md_datagram *d)
{
	enum md_reason reason;
	size_t at;

	return !md_surplus_check(d->surplus, d->surplus_len, d->udp_length, d->checksum_zero, &at, &reason);
}

/* A packet cut at len. As it stands its IP length does not fit; with the IP length put right something may be left of
 * it, but never more than there was. */
static void cut(const struct blob *whole, size_t len)
{
	struct blob part = blob_copy(whole->at, len);
	bool v6 = whole->at[0] >> 4 == 6, held;
	struct md_datagram d;

	held = outer(whole, &d) == MD_R_NONE && options_hold(&d) && !d.checksum_zero;
	assert_int_not_equal(outer(&part, &d), MD_R_NONE);
	assert_int_not_equal(inner(&part), MD_R_NONE);
	if (len < (v6 ? 40 : 20))
		return;
	set(part.at + (v6 ? 4 : 2), v6 ? len - 40 : len);
	if (!v6)
		repair(&part);
	inner(&part);
	if (outer(&part, &d) != MD_R_NONE)
		return;
	assert_true(d.user >= part.at && d.user + d.user_len + d.surplus_len == part.at + len);
	assert_false(held && options_hold(&d)); /* the OCS covers the length of the area */
}

static void cut_all(const char *topic, const char *part)
{
	const json_t *cases = vectors_cases(topic);

	for (size_t i = 0; i < json_array_size(cases); i++) {
		struct blob packet = vec_octets(json_object_get(json_array_get(cases, i), part), "ip_packet");

		for (size_t len = 0; len < packet.len; len++)
			cut(&packet, len);
		blobs_free(NULL);
	}
}

static void every_truncation_of_every_packet_is_refused_or_gives_a_part(void **state)
{
	(void)state;
	cut_all("ocs", "out");
	cut_all("auth", "in");
	cut_all("auth", "out");
	cut_all("token", "out");
	cut_all("router", "in");
}

/* The inner datagrams in the tunnels of the router cases. */
static void every_truncation_of_every_inner_datagram_is_refused(void **state)
{
	const json_t *cases = vectors_cases("router");
	size_t found = 0;

	(void)state;
	for (size_t i = 0; i < json_array_size(cases); i++) {
		struct blob packet = vec_octets(json_object_get(json_array_get(cases, i), "in"), "ip_packet");
		struct md_datagram d;
		struct blob whole;

		if (outer(&packet, &d) != MD_R_NONE)
			continue;
		whole = blob_copy(d.user, d.user_len);
		if (inner(&whole) == MD_R_NONE) {
			found++;
			for (size_t len = 0; len < whole.len; len++) {
				struct blob part = blob_copy(whole.at, len);

				assert_int_not_equal(inner(&part), MD_R_NONE);
			}
		}
		blobs_free(NULL);
	}
	assert_in_range(found, 30, 100);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(headers_are_read_as_they_were_written),
		cmocka_unit_test(headers_that_do_not_fit_are_refused),
		cmocka_unit_test(udp_checksum_of_zero_is_sent_as_ffff),
		cmocka_unit_test(link_layer_padding_is_no_surplus),
		cmocka_unit_test(every_flipped_bit_of_udp_and_user_data_is_noticed),
		cmocka_unit_test(checksum_may_be_missing_on_ipv4_only),
		cmocka_unit_test(udp_length_has_to_fit),
		cmocka_unit_test(what_is_not_udp_is_named_so),
		cmocka_unit_test(inner_version_is_4_or_6),
		cmocka_unit_test(inner_length_is_that_of_the_user_data),
		cmocka_unit_test(inner_header_length_has_to_fit),
		cmocka_unit_test(inner_header_checksum_is_verified),
		cmocka_unit_test(inner_fragment_is_refused),
		cmocka_unit_test(inner_protocol_is_udp),
		cmocka_unit_test(ipv4_options_are_stepped_over),
		cmocka_unit_test(ipv6_extension_headers_are_stepped_over),
		cmocka_unit_test(ipv6_fragment_header_is_a_fragment_even_if_it_is_whole),
		cmocka_unit_test(ipv6_routing_header_with_a_way_to_go_is_refused),
		cmocka_unit_test(ipv6_hop_by_hop_header_comes_first_or_not_at_all),
		cmocka_unit_test(ipv6_extension_header_has_to_fit),
		cmocka_unit_test(ecn_is_decapsulated_by_the_table),
		cmocka_unit_test(forwarding_changes_ecn_and_ttl_and_nothing_else),
		cmocka_unit_test(checksum_stays_right_for_any_identification),
		cmocka_unit_test(forwarding_of_a_stump_is_refused),
		cmocka_unit_test(every_truncation_of_every_packet_is_refused_or_gives_a_part),
		cmocka_unit_test(every_truncation_of_every_inner_datagram_is_refused),
	};

	return vectors_run("encap", NULL, 0, tests, sizeof tests / sizeof *tests);
}
