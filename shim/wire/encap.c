/* SPDX-License-Identifier: BSD-3-Clause
 *
 * encap.c - the inner datagram of a tunnel at its far end (wire format, section 6.4). */
#include "ip.h"

enum { NOT_ECT = 0, ECT1 = 1, ECT0 = 2, CE = 3, DROP = -1 };

static int refuse(enum md_reason *reason, enum md_reason why)
{
	*reason = why;
	return MD_E_REFUSED;
}

int md_inner_check(const uint8_t *inner, size_t len, struct md_datagram *out, enum md_reason *reason)
{
	static const enum md_reason why[] = {
		[IP_FINE] = MD_R_NONE, [IP_VERSION] = MD_R_INNER_VERSION, [IP_LENGTH] = MD_R_INNER_LENGTH,
		[IP_IS_FRAGMENT] = MD_R_INNER_FRAGMENT, [IP_PROTOCOL] = MD_R_INNER_PROTOCOL,
	};
	size_t header = 0;
	enum ip_fault fault = ip_read_header(inner, len, out, &header);

	if (fault != IP_FINE)
		return refuse(reason, why[fault]);
	if (out->length != len)
		return refuse(reason, MD_R_INNER_LENGTH);
	if (out->tuple.version == 4 && md_sum(0, inner, header) != 0xffff)
		return refuse(reason, MD_R_INNER_CHECKSUM);
	fault = ip_read_udp(inner, header, out);
	*reason = why[fault];
	return fault == IP_FINE ? 0 : MD_E_REFUSED;
}

int md_ecn_decapsulate(unsigned inner, unsigned outer)
{
	static const int8_t table[4][4] = { /* [inner][outer], RFC 6040, figure 4 */
		[NOT_ECT] = { [NOT_ECT] = NOT_ECT, [ECT0] = NOT_ECT, [ECT1] = NOT_ECT, [CE] = DROP },
		[ECT0] = { [NOT_ECT] = ECT0, [ECT0] = ECT0, [ECT1] = ECT1, [CE] = CE },
		[ECT1] = { [NOT_ECT] = ECT1, [ECT0] = ECT1, [ECT1] = ECT1, [CE] = CE },
		[CE] = { [NOT_ECT] = CE, [ECT0] = CE, [ECT1] = CE, [CE] = CE },
	};

	return table[inner & 3][outer & 3];
}

/* Exchanges one word of an IPv4 header and corrects the checksum (RFC 1624, equation 3). */
static void exchange(uint8_t *header, size_t at, uint16_t word)
{
	uint16_t before = (uint16_t)~(header[at] << 8 | header[at + 1]);
	uint32_t sum = (uint16_t)~(header[10] << 8 | header[11]);

	sum += (uint32_t)before + word;
	sum = (sum & 0xffff) + (sum >> 16);
	sum = ~((sum & 0xffff) + (sum >> 16));
	header[at] = (uint8_t)(word >> 8);
	header[at + 1] = (uint8_t)word;
	header[10] = (uint8_t)(sum >> 8);
	header[11] = (uint8_t)sum;
}

static void forward_ipv4(uint8_t *inner, unsigned ecn)
{
	exchange(inner, 0, (uint16_t)((unsigned)inner[0] << 8 | (inner[1] & 0xfcu) | ecn));
	exchange(inner, 8, (uint16_t)((inner[8] - 1) << 8 | inner[9]));
}

static void forward_ipv6(uint8_t *inner, unsigned ecn)
{
	inner[1] = (uint8_t)((inner[1] & 0xcfu) | ecn << 4);
	inner[7]--;
}

int md_inner_forward(uint8_t *inner, size_t len, unsigned outer_ecn, enum md_reason *reason)
{
	bool v4 = len && inner[0] >> 4 == 4;
	int ecn;

	if (!v4 && !(len && inner[0] >> 4 == 6))
		return refuse(reason, MD_R_INNER_VERSION);
	if (len < (v4 ? IPV4_HEADER : IPV6_HEADER))
		return refuse(reason, MD_R_INNER_LENGTH);
	if (inner[v4 ? 8 : 7] <= 1)
		return refuse(reason, MD_R_INNER_TTL);
	ecn = md_ecn_decapsulate(v4 ? inner[1] : inner[1] >> 4, outer_ecn);
	if (ecn < 0)
		return refuse(reason, MD_R_INNER_ECN);
	if (v4)
		forward_ipv4(inner, (unsigned)ecn);
	else
		forward_ipv6(inner, (unsigned)ecn);
	*reason = MD_R_NONE;
	return 0;
}
