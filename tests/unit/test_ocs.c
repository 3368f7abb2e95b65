/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <string.h>

#include "vectors.h"

/* --- Cases of ocs.json ------------------------------------------------------------------------------------ */

static void ocs_is_computed(void **state)
{
	const struct vector_case *c = *state;
	struct blob octets = vec_octets(c->in, "octets");
	uint16_t ocs = md_ocs(octets.at, octets.len, (size_t)vec_int(c->in, "surplus_len"));

	assert_octets(c->out, "ocs", (uint8_t[]){ (uint8_t)(ocs >> 8), (uint8_t)ocs }, 2);
}

/* The surplus area of a case that gives the options as they stand. */
static struct blob surplus_of(const json_t *in, size_t user_len)
{
	struct blob options = vec_octets(in, "options");
	size_t pad = user_len & 1, len = pad + 2 + options.len;
	uint8_t octets[512] = { 0 };
	uint16_t ocs;

	assert_in_range(len, 2, sizeof octets);
	if (options.len)
		memcpy(octets + pad + 2, options.at, options.len);
	ocs = vec_bool(in, "zero_ocs") ? 0 : md_ocs(octets + pad, len - pad, len);
	octets[pad] = (uint8_t)(ocs >> 8);
	octets[pad + 1] = (uint8_t)ocs;
	return blob_copy(octets, len);
}

static void packet_is_made(void **state)
{
	const struct vector_case *c = *state;
	struct md_tuple tuple = vec_tuple(c->in);
	struct md_ip ip = { .ttl = 64, .df = true, .id = 0x4242 }; /* what the cases have */
	struct blob user = vec_octets(c->in, "user_data"), surplus = surplus_of(c->in, user.len);
	uint8_t packet[2048];
	ptrdiff_t n = md_headers_write(packet, sizeof packet, &tuple, &ip, user.len, md_sum(0, user.at, user.len),
		surplus.len);

	assert_octets(c->out, "surplus", surplus.at, surplus.len);
	assert_int_equal(surplus.len, vec_int(c->out, "surplus_len"));
	assert_int_equal(user.len + 8, vec_int(c->out, "udp_length"));
	assert_int_equal(n, tuple.version == 4 ? MD_IPV4_HEADERS : MD_IPV6_HEADERS);
	if (vec_bool(c->in, "zero_checksum"))
		memset(packet + n - 2, 0, 2);
	assert_octets(c->out, "udp_checksum", packet + n - 2, 2);
	if (user.len)
		memcpy(packet + n, user.at, user.len);
	memcpy(packet + (size_t)n + user.len, surplus.at, surplus.len);
	assert_octets(c->out, "ip_packet", packet, (size_t)n + user.len + surplus.len);
}

/* The same packets once more from the other side. */
static void packet_is_read(const struct vector_case *c)
{
	struct blob packet = vec_octets(c->out, "ip_packet"), user = vec_octets(c->in, "user_data");
	struct md_tuple tuple = vec_tuple(c->in);
	struct md_datagram d;
	enum md_reason reason;
	size_t at;

	assert_int_equal(md_datagram_read(packet.at, packet.len, &d, &reason), 0);
	assert_memory_equal(&d.tuple, &tuple, sizeof tuple);
	assert_int_equal(d.user_len, user.len);
	assert_octets(c->out, "surplus", d.surplus, d.surplus_len);
	assert_int_equal(d.checksum_zero, vec_bool(c->in, "zero_checksum"));
	assert_int_equal(md_surplus_check(d.surplus, d.surplus_len, d.udp_length, d.checksum_zero, &at, &reason), 0);
	assert_octets(c->in, "options", d.surplus + at, d.surplus_len - at);
}

static void packet_is_made_and_read(void **state)
{
	packet_is_made(state);
	packet_is_read(*state);
}

static void surplus_is_verified(void **state)
{
	const struct vector_case *c = *state;
	struct blob surplus = vec_octets(c->in, "surplus"), checksum = vec_octets(c->in, "udp_checksum");
	const char *verdict = vec_text(c->out, "verdict");
	enum md_reason reason;
	size_t at;
	int rc = md_surplus_check(surplus.at, surplus.len, (size_t)vec_int(c->in, "udp_length"),
		!checksum.at[0] && !checksum.at[1], &at, &reason);

	if (!strcmp(verdict, "no-options")) {
		assert_int_equal(rc, MD_E_REFUSED);
		assert_int_equal(reason, MD_R_NO_OPTIONS);
		return;
	}
	assert_reason(c->out, "reason", reason);
	assert_int_equal(rc, strcmp(verdict, "use") ? MD_E_REFUSED : 0);
	if (!rc)
		assert_octets(c->out, "options", surplus.at + at, surplus.len - at);
}

/* --- Sums ------------------------------------------------------------------------------------------------- */

/* RFC 1071 as it is written. */
static uint16_t plain_sum(uint16_t start, const uint8_t *p, size_t len)
{
	uint32_t sum = start;

	for (size_t i = 0; i < len; i++) {
		sum += i & 1 ? p[i] : (uint32_t)p[i] << 8;
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return (uint16_t)sum;
}

static void sum_is_that_of_rfc_1071_at_any_length_and_place(void **state)
{
	uint64_t start = random_seed(), seed = start;
	uint8_t octets[2100];

	(void)state;
	for (size_t i = 0; i < 6000; i++) {
		size_t at = random_next(&seed) % 64, len = i < 2000 ? i : random_next(&seed) % 2000;
		uint16_t first = (uint16_t)random_next(&seed);

		random_fill(&seed, octets + at, len);
		if (i % 3 == 0)
			memset(octets + at, 0xff, len); /* every carry there can be */
		if (md_sum(first, blob_copy(octets + at, len).at, len) != plain_sum(first, octets + at, len) ||
		    md_sum(first, octets + at, len) != plain_sum(first, octets + at, len))
			fail_msg("MD_SEED=%#llx, step %zu: %zu octets", (unsigned long long)start, i, len);
	}
}

static void sum_of_the_largest_datagram_does_not_overflow(void **state)
{
	static uint8_t octets[65535];

	(void)state;
	memset(octets, 0xff, sizeof octets);
	assert_int_equal(md_sum(0xffff, octets, sizeof octets), plain_sum(0xffff, octets, sizeof octets));
	memset(octets, 0, sizeof octets);
	assert_int_equal(md_sum(0, octets, sizeof octets), 0);
}

static void pieces_sum_up_to_the_whole_whatever_their_length(void **state)
{
	uint64_t start = random_seed(), seed = start;
	uint8_t octets[600];

	(void)state;
	for (int i = 0; i < 5000; i++) {
		size_t len = random_next(&seed) % sizeof octets, at = 0, n = 0;
		struct iovec piece[9];

		random_fill(&seed, octets, len);
		while (n < 8) {
			size_t part = random_next(&seed) % (len - at + 1) / (random_next(&seed) % 4 + 1);

			piece[n++] = (struct iovec){ part ? octets + at : NULL, part };
			at += part;
		}
		piece[n++] = (struct iovec){ octets + at, len - at };
		if (md_sum_pieces(0x1234, piece, n) != plain_sum(0x1234, octets, len))
			fail_msg("MD_SEED=%#llx, step %d", (unsigned long long)start, i);
	}
	assert_int_equal(md_sum_pieces(0xabcd, NULL, 0), 0xabcd);
}

static void a_correct_ocs_sums_the_area_and_its_length_to_nothing(void **state)
{
	uint64_t seed = 71;
	uint8_t area[200];
	enum md_reason reason;
	size_t at;

	(void)state;
	for (size_t len = 2; len < sizeof area; len++) {
		uint16_t ocs;

		random_fill(&seed, area, len);
		area[0] = area[1] = 0;
		ocs = md_ocs(area, len, len);
		assert_int_not_equal(ocs, 0);
		area[0] = (uint8_t)(ocs >> 8);
		area[1] = (uint8_t)ocs;
		assert_int_equal(md_sum((uint16_t)len, area, len), 0xffff);
		assert_int_equal(md_surplus_check(area, len, 8, false, &at, &reason), 0);
		assert_int_equal(at, 2);
		assert_int_equal(md_surplus_check(area, len, 9, false, &at, &reason), MD_E_REFUSED);
	}
}

int main(void)
{
	static const struct vector_op ops[] = {
		{ "ocs", "checksum", ocs_is_computed },
		{ "ocs", "packet", packet_is_made_and_read },
		{ "ocs", "verify", surplus_is_verified },
	};
	static const struct CMUnitTest more[] = {
		cmocka_unit_test(sum_is_that_of_rfc_1071_at_any_length_and_place),
		cmocka_unit_test(sum_of_the_largest_datagram_does_not_overflow),
		cmocka_unit_test(pieces_sum_up_to_the_whole_whatever_their_length),
		cmocka_unit_test(a_correct_ocs_sums_the_area_and_its_length_to_nothing),
	};

	return VECTORS_RUN("ocs", ops, more);
}
