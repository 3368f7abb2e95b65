/* SPDX-License-Identifier: BSD-3-Clause
 *
 * fuzz_datagram.c - a whole IP packet at a router: headers, sums, options, AUTH; and user data that we wrap. */
#include <stdlib.h>
#include <string.h>

#include <mdshim/wire.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct md_ids ids = { MD_FORM_EXP, 0xfffe, 0xfffd, 0xfffc, 120, 121, true };
static const struct md_key key = { /* the one of the case files, so that their packets get through */
	.keyid = 1, .len = 16, .key = { 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d,
		0x1e, 0x1f },
};

static void must(bool holds)
{
	if (!holds)
		__builtin_trap();
}

/* Whether the AUTH is right, as far as this CPU can say it without a lent cipher. */
static bool verify(const struct md_datagram *d, size_t at, const struct md_options *o)
{
	struct iovec user = { (void *)(uintptr_t)d->user, d->user_len };
	size_t mac_at = at + o->auth_at + 4;
	struct md_traffic_key ready;
	uint8_t mac[MD_MAC_LEN];

	if (!o->has_auth || md_traffic_key_make(&ready, &key, &d->tuple, NULL) < 0)
		return false;
	must(!md_auth_mac(&ready, &d->tuple, &user, 1, d->user_len, d->surplus, d->surplus_len, at - 2, mac_at, NULL,
		mac));
	return md_mac_equal(mac, d->surplus + mac_at);
}

/* What a router does, up to the metadata. True: metadata with a right AUTH. */
static bool receive(const uint8_t *packet, size_t size, struct md_options *o)
{
	struct md_option_ref list[MD_OPTIONS_MAX];
	struct md_datagram d;
	enum md_reason reason;
	size_t at, count;

	if (md_datagram_read(packet, size, &d, &reason) < 0) {
		must(reason == MD_R_NOT_UDP || reason == MD_R_UDP_LENGTH || reason == MD_R_UDP_CHECKSUM);
		return false;
	}
	must(reason == MD_R_NONE && d.length <= size && d.udp_length == d.user_len + 8);
	must(d.user == packet + d.udp_at + 8 && d.udp_at + 8 + d.user_len + d.surplus_len == d.length);
	if (md_surplus_check(d.surplus, d.surplus_len, d.udp_length, d.checksum_zero, &at, &reason) < 0) {
		must(reason != MD_R_NONE);
		return false;
	}
	must(at <= d.surplus_len);
	if (md_walk(d.surplus + at, d.surplus_len - at, &ids, list, &count, &reason) != MD_OK)
		return false;
	md_options_read(d.surplus + at, list, count, &ids, o);
	return verify(&d, at, o) && o->meta.option != MD_NO_OPTION;
}

/* The input as user data of a datagram of ours: what we send is what a router reads. */
static void wrap(const uint8_t *user, size_t len)
{
	struct md_metadata m = { .option = len & 2 ? MD_MED : MD_OFC, .p = 1, .seq = (uint16_t)len, .ts = 1 };
	struct md_tuple t = { .version = len & 4 ? 4 : 6, .sport = 40001, .dport = 49777 };
	struct md_ip ip = { .ttl = 64, .df = true };
	struct iovec piece = { (void *)(uintptr_t)user, len };
	struct md_traffic_key ready;
	struct md_area area = { .ids = &ids, .meta = &m, .key = &ready, .next_keyid = 1, .tuple = &t, .user = &piece,
		.pieces = 1, .user_len = len, .fill = len & 8 ? 60 : 0 };
	struct md_options o;
	uint8_t *packet;
	size_t size;
	ptrdiff_t head;

	memcpy(t.src, user, len < 16 ? len : 16);
	if (len > 2000 || md_traffic_key_make(&ready, &key, &t, NULL) < 0)
		return;
	size = (t.version == 4 ? MD_IPV4_HEADERS : MD_IPV6_HEADERS) + len + md_area_size(&area);
	packet = malloc(size);
	must(packet != NULL);
	head = md_headers_write(packet, size, &t, &ip, len, md_sum_pieces(0, &piece, 1), md_area_size(&area));
	must(head > 0);
	memcpy(packet + head, user, len);
	must(md_area_write(packet + head + len, size - (size_t)head - len, &area, NULL) == (ptrdiff_t)md_area_size(&area));
	must(receive(packet, size, &o) && o.meta.seq == m.seq && o.meta.option == m.option);
	packet[(size_t)head + len + 3] ^= 1;
	must(!receive(packet, size, &o));
	free(packet);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct md_options o;

	receive(data, size, &o);
	if (size)
		wrap(data, size);
	return 0;
}
