/* SPDX-License-Identifier: BSD-3-Clause
 *
 * taps.c - functions of libraries that encrypt: what goes in is noted, then the library is called as it would have been.
 *
 * A library of the same function names that we do not know (libsrtp 3 takes other arguments) is called with all that a
 * caller can have put into registers or onto the stack, and nothing is looked at. */
#include <stddef.h>
#include <stdint.h>

#include "next.h"
#include "path.h"
#include "tapped.h"

#define TAP __attribute__((visibility("default"), noinline))

enum { SRTP_OK = 0, SRTP_FAIL = 1, NGTCP2_INTERNAL = -238, NGTCP2_WRITE_MORE = -240, NGHTTP3_NOMEM = -901 };

#define SRTP "libsrtp2.so.1"
#define NGTCP2 "libngtcp2.so.9"
#define NGHTTP3 "libnghttp3.so.3"

/* Arguments in the order of the ABI, each as wide as a register. */
typedef int srtp_function(void *ctx, void *packet, void *len, long d, long e, long f);
typedef long quic_writer(void *conn, void *path, long version, void *info, uint8_t *dest, size_t room, void *report, long flags,
	int64_t id, const void *data, size_t n, uint64_t ts);
typedef long quic_closer(void *conn, void *path, long version, void *info, uint8_t *dest, size_t room, const void *error,
	uint64_t ts);
typedef int http3_maker(void **made, long version, const void *callbacks, long version2, const void *settings, const void *mem,
	void *user);
typedef long http3_writer(void *conn, int64_t *id, int *fin, void *vec, size_t n, long f);
typedef int http3_question(void *conn, uint32_t pri[2], int64_t id); /* nghttp3_pri: urgency, incremental */

TAP srtp_function srtp_protect, srtp_protect_mki;
TAP quic_writer ngtcp2_conn_writev_stream_versioned, ngtcp2_conn_writev_datagram_versioned;
TAP quic_closer ngtcp2_conn_write_connection_close_versioned;
TAP http3_maker nghttp3_conn_server_new_versioned, nghttp3_conn_client_new_versioned;
TAP http3_writer nghttp3_conn_writev_stream;

/* srtp_protect() calls srtp_protect_mki(), which may come by here again. */
static _Thread_local uint8_t protecting;

static int protect(struct next *next, const void *caller, void *ctx, void *packet, void *len, long d, long e, long f)
{
	struct tap_note note;
	bool known, noted;
	int status, octets;
	srtp_function *call = (srtp_function *)next_of(next, caller, &known);

	if (!call)
		return SRTP_FAIL;
	if (!known || !path_serving || protecting || !packet || !len)
		return call(ctx, packet, len, d, e, f);
	octets = *(const int *)len;
	noted = octets > 0 && tapped_read(packet, (size_t)octets, &note);
	protecting = 1;
	status = call(ctx, packet, len, d, e, f);
	protecting = 0;
	if (noted && status == SRTP_OK)
		tapped_keep(&note);
	return status;
}

int srtp_protect(void *ctx, void *packet, void *len, long d, long e, long f)
{
	static struct next next = { .name = "srtp_protect", .soname = SRTP, .tap = (const void *)srtp_protect };

	return protect(&next, __builtin_return_address(0), ctx, packet, len, d, e, f);
}

int srtp_protect_mki(void *ctx, void *packet, void *len, long d, long e, long f)
{
	static struct next next = { .name = "srtp_protect_mki", .soname = SRTP, .tap = (const void *)srtp_protect_mki };

	return protect(&next, __builtin_return_address(0), ctx, packet, len, d, e, f);
}

/* More than 0: a packet is done. WRITE_MORE: the same packet takes more. */
static void written(const void *conn, const uint8_t *dest, long result)
{
	if (result > 0)
		tapped_done(conn, dest, (size_t)result);
}

/* The writer itself. ours: something was put into a packet, and we go by it. */
static long write_packet(struct next *next, const void *caller, void *conn, void *path, long version, void *info, uint8_t *dest,
	size_t room, void *report, long flags, int64_t id, const void *data, size_t n, uint64_t ts, bool *ours)
{
	bool known;
	quic_writer *call = (quic_writer *)next_of(next, caller, &known);
	long result = call ? call(conn, path, version, info, dest, room, report, flags, id, data, n, ts) : NGTCP2_INTERNAL;

	*ours = call && known && path_serving && (result > 0 || result == NGTCP2_WRITE_MORE);
	return result;
}

long ngtcp2_conn_writev_stream_versioned(void *conn, void *path, long version, void *info, uint8_t *dest, size_t room,
	void *report, long flags, int64_t id, const void *data, size_t n, uint64_t ts)
{
	static struct next next = { .name = "ngtcp2_conn_writev_stream_versioned", .soname = NGTCP2,
		.tap = (const void *)ngtcp2_conn_writev_stream_versioned };
	bool ours;
	long result = write_packet(&next, __builtin_return_address(0), conn, path, version, info, dest, room, report, flags, id,
		data, n, ts, &ours);

	if (!ours)
		return result;
	if (id >= 0 && (!report || *(const ptrdiff_t *)report >= 0))
		tapped_put_stream(conn, id);
	written(conn, dest, result);
	return result;
}

/* ngtcp2_vec has the shape of an iovec. The data are read after the call, which does not change them. */
long ngtcp2_conn_writev_datagram_versioned(void *conn, void *path, long version, void *info, uint8_t *dest, size_t room,
	void *report, long flags, int64_t id, const void *data, size_t n, uint64_t ts)
{
	static struct next next = { .name = "ngtcp2_conn_writev_datagram_versioned", .soname = NGTCP2,
		.tap = (const void *)ngtcp2_conn_writev_datagram_versioned };
	bool ours;
	long result = write_packet(&next, __builtin_return_address(0), conn, path, version, info, dest, room, report, flags, id,
		data, n, ts, &ours);

	if (!ours)
		return result;
	if (report && *(const int *)report)
		tapped_put_datagram(conn, data, n);
	written(conn, dest, result);
	return result;
}

long ngtcp2_conn_write_connection_close_versioned(void *conn, void *path, long version, void *info, uint8_t *dest, size_t room,
	const void *error, uint64_t ts)
{
	static struct next next = { .name = "ngtcp2_conn_write_connection_close_versioned", .soname = NGTCP2,
		.tap = (const void *)ngtcp2_conn_write_connection_close_versioned };
	bool known;
	quic_closer *call = (quic_closer *)next_of(&next, __builtin_return_address(0), &known);
	long result;

	if (!call)
		return NGTCP2_INTERNAL;
	result = call(conn, path, version, info, dest, room, error, ts);
	if (known && path_serving)
		written(conn, dest, result);
	return result;
}

/* --- HTTP/3: how urgent its streams are, where a route asks for it ------------------------------------------------------- */

static int made(struct next *next, const void *caller, bool server, void **conn, long version, const void *callbacks,
	long version2, const void *settings, const void *mem, void *user)
{
	bool known;
	http3_maker *call = (http3_maker *)next_of(next, caller, &known);
	int result;

	if (!call)
		return NGHTTP3_NOMEM;
	result = call(conn, version, callbacks, version2, settings, mem, user);
	if (known && tapped_urgency && result == 0)
		tapped_http3(*conn, server);
	return result;
}

int nghttp3_conn_server_new_versioned(void **conn, long version, const void *callbacks, long version2, const void *settings,
	const void *mem, void *user)
{
	static struct next next = { .name = "nghttp3_conn_server_new_versioned", .soname = NGHTTP3,
		.tap = (const void *)nghttp3_conn_server_new_versioned };

	return made(&next, __builtin_return_address(0), true, conn, version, callbacks, version2, settings, mem, user);
}

int nghttp3_conn_client_new_versioned(void **conn, long version, const void *callbacks, long version2, const void *settings,
	const void *mem, void *user)
{
	static struct next next = { .name = "nghttp3_conn_client_new_versioned", .soname = NGHTTP3,
		.tap = (const void *)nghttp3_conn_client_new_versioned };

	return made(&next, __builtin_return_address(0), false, conn, version, callbacks, version2, settings, mem, user);
}

/* The library answers for connections of servers only, and ends a program that asks it of another one. */
static void ask_urgency(void *conn, int64_t id, const void *caller)
{
	static struct next next = { .name = "nghttp3_conn_get_stream_priority", .soname = NGHTTP3 };
	uint32_t pri[2] = { 0 };
	http3_question *question;
	bool known;

	tapped_urgent(-1, 0);
	if (id < 0 || !tapped_http3_server(conn))
		return;
	question = (http3_question *)next_of(&next, caller, &known);
	if (question && known && question(conn, pri, id) == 0)
		tapped_urgent(id, pri[0]);
}

long nghttp3_conn_writev_stream(void *conn, int64_t *id, int *fin, void *vec, size_t n, long f)
{
	static struct next next = { .name = "nghttp3_conn_writev_stream", .soname = NGHTTP3,
		.tap = (const void *)nghttp3_conn_writev_stream };
	bool known;
	http3_writer *call = (http3_writer *)next_of(&next, __builtin_return_address(0), &known);
	long result;

	if (!call)
		return NGHTTP3_NOMEM;
	result = call(conn, id, fin, vec, n, f);
	if (known && path_serving && tapped_urgency)
		ask_urgency(conn, result >= 0 ? *id : -1, __builtin_return_address(0));
	return result;
}
