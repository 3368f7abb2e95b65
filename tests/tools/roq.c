/* SPDX-License-Identifier: BSD-3-Clause
 *
 * roq.c server PORT CERTIFICATE KEY | roq.c client PORT RTP mixed|frames greased|plain - RTP over QUIC datagrams
 * (draft-ietf-avtcore-rtp-over-quic) by Debian's ngtcp2 and GnuTLS, 127.0.0.1 only, one connection.
 *
 * The client reads RTP packets, each behind its length in two octets (RFC 4571), and sends every one in a DATAGRAM frame behind
 * a flow identifier; greased, with the QUIC bit cleared in all packets (RFC 9287); with "mixed" it writes to three streams in between, some of it into the packets of datagrams. It prints a
 * line for each 1-RTT packet it sends: the first octet, and what it put in first, "datagram SSRC TIMESTAMP MARKER",
 * "stream ID" or "-". The server prints at the end how many datagrams and stream octets it got, and a hash of each. */
#include <arpa/inet.h>
#include <errno.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <ngtcp2/ngtcp2.h>
#include <ngtcp2/ngtcp2_crypto.h>
#include <ngtcp2/ngtcp2_crypto_gnutls.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { STREAMS = 3, PIECE = 700, ROOM = 1452, FLOW_ID = 0x4007 /* two octets: 7 */ };

static struct {
	bool server, mixed, greased, ready;
	int fd;
	struct sockaddr_in local, remote;
	ngtcp2_conn *conn;
	ngtcp2_crypto_conn_ref ref;
	gnutls_session_t tls;
	gnutls_certificate_credentials_t credentials;
	ngtcp2_cid scid;
	FILE *rtp;
	int64_t stream[STREAMS];
	unsigned long written[STREAMS]; /* octets accepted of each stream */
	char carried[80];              /* by the packet that is being built */
	unsigned long datagrams, octets;
	uint32_t datagram_hash, stream_hash;
	int send_error;
} me = { .datagram_hash = 2166136261u };

__attribute__((noreturn)) static void die(const char *what, const char *why)
{
	fprintf(stderr, "roq: %s: %s\n", what, why);
	exit(1);
}

static void must(int result, const char *what)
{
	if (result < 0)
		die(what, strerror(errno));
}

static void good(int result, const char *what)
{
	if (result != 0)
		die(what, ngtcp2_strerror(result));
}

static ngtcp2_tstamp now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (ngtcp2_tstamp)t.tv_sec * NGTCP2_SECONDS + (ngtcp2_tstamp)t.tv_nsec;
}

static void hash(uint32_t *h, const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		*h = (*h ^ data[i]) * 16777619u;
}

/* --- Callbacks --------------------------------------------------------------------------------------------------------- */

/* The one octet that is asked for while the connection is made decides whether its packets are greased. */
static void random_octets(uint8_t *to, size_t len, const ngtcp2_rand_ctx *context)
{
	(void)context;
	gnutls_rnd(GNUTLS_RND_NONCE, to, len);
	if (len == 1 && !me.tls)
		*to = me.greased ? 0xff : 0;
}

static int new_id(ngtcp2_conn *conn, ngtcp2_cid *cid, uint8_t *token, size_t len, void *user)
{
	(void)conn, (void)user;
	gnutls_rnd(GNUTLS_RND_NONCE, cid->data, len);
	cid->datalen = len;
	gnutls_rnd(GNUTLS_RND_NONCE, token, NGTCP2_STATELESS_RESET_TOKENLEN);
	return 0;
}

static int got_datagram(ngtcp2_conn *conn, uint32_t flags, const uint8_t *data, size_t len, void *user)
{
	(void)conn, (void)flags, (void)user;
	me.datagrams++;
	hash(&me.datagram_hash, data, len);
	return 0;
}

/* Streams come in any order among each other: the sum of their octets does not mind. */
static int got_stream(ngtcp2_conn *conn, uint32_t flags, int64_t id, uint64_t offset, const uint8_t *data, size_t len, void *user,
	void *stream)
{
	(void)flags, (void)offset, (void)user, (void)stream;
	ngtcp2_conn_extend_max_stream_offset(conn, id, len);
	ngtcp2_conn_extend_max_offset(conn, len);
	me.octets += len;
	for (size_t i = 0; i < len; i++)
		me.stream_hash += data[i] * (uint32_t)(id + 1);
	return 0;
}

static int shaken(ngtcp2_conn *conn, void *user)
{
	(void)conn, (void)user;
	me.ready = true;
	return 0;
}

static ngtcp2_conn *conn_of(ngtcp2_crypto_conn_ref *ref)
{
	(void)ref;
	return me.conn;
}

/* --- Connection -------------------------------------------------------------------------------------------------------- */

static void tls_start(void)
{
	static uint8_t name[] = { 'r', 'o', 'q', '-', '1', '1' };
	const gnutls_datum_t alpn = { name, sizeof(name) };

	if (gnutls_init(&me.tls, me.server ? GNUTLS_SERVER : GNUTLS_CLIENT) != 0 ||
		gnutls_priority_set_direct(me.tls, "NORMAL:-VERS-ALL:+VERS-TLS1.3:%DISABLE_TLS13_COMPAT_MODE", NULL) != 0 ||
		gnutls_credentials_set(me.tls, GNUTLS_CRD_CERTIFICATE, me.credentials) != 0 ||
		gnutls_alpn_set_protocols(me.tls, &alpn, 1, GNUTLS_ALPN_MANDATORY) != 0)
		die("TLS", "cannot be set up");
	if (me.server ? ngtcp2_crypto_gnutls_configure_server_session(me.tls) :
			ngtcp2_crypto_gnutls_configure_client_session(me.tls))
		die("TLS", "cannot be bound to ngtcp2");
	me.ref = (ngtcp2_crypto_conn_ref){ conn_of, NULL };
	gnutls_session_set_ptr(me.tls, &me.ref);
}

static ngtcp2_path path(void)
{
	return (ngtcp2_path){ { (struct sockaddr *)&me.local, sizeof(me.local) }, { (struct sockaddr *)&me.remote, sizeof(me.remote) },
		NULL };
}

static void id_make(ngtcp2_cid *cid)
{
	cid->datalen = 12;
	gnutls_rnd(GNUTLS_RND_NONCE, cid->data, cid->datalen);
}

static void conn_start(const ngtcp2_pkt_hd *first)
{
	ngtcp2_callbacks callbacks = {
		.client_initial = ngtcp2_crypto_client_initial_cb,
		.recv_client_initial = ngtcp2_crypto_recv_client_initial_cb,
		.recv_crypto_data = ngtcp2_crypto_recv_crypto_data_cb,
		.handshake_completed = shaken,
		.encrypt = ngtcp2_crypto_encrypt_cb,
		.decrypt = ngtcp2_crypto_decrypt_cb,
		.hp_mask = ngtcp2_crypto_hp_mask_cb,
		.recv_retry = ngtcp2_crypto_recv_retry_cb,
		.recv_stream_data = got_stream,
		.recv_datagram = got_datagram,
		.rand = random_octets,
		.get_new_connection_id = new_id,
		.update_key = ngtcp2_crypto_update_key_cb,
		.delete_crypto_aead_ctx = ngtcp2_crypto_delete_crypto_aead_ctx_cb,
		.delete_crypto_cipher_ctx = ngtcp2_crypto_delete_crypto_cipher_ctx_cb,
		.get_path_challenge_data = ngtcp2_crypto_get_path_challenge_data_cb,
		.version_negotiation = ngtcp2_crypto_version_negotiation_cb,
	};
	ngtcp2_transport_params params;
	ngtcp2_settings settings;
	ngtcp2_path at = path();
	ngtcp2_cid dcid;

	ngtcp2_settings_default(&settings);
	ngtcp2_transport_params_default(&params);
	settings.initial_ts = now();
	settings.no_pmtud = 1;
	params.initial_max_streams_uni = STREAMS;
	params.initial_max_stream_data_uni = params.initial_max_data = 1 << 20;
	params.max_datagram_frame_size = 65535;
	params.grease_quic_bit = 1;
	params.max_idle_timeout = 10 * NGTCP2_SECONDS;
	id_make(&me.scid);
	id_make(&dcid);
	if (first) {
		params.original_dcid = first->dcid;
		good(ngtcp2_conn_server_new(&me.conn, &first->scid, &me.scid, &at, first->version, &callbacks, &settings, &params,
			NULL, NULL), "ngtcp2_conn_server_new");
	} else {
		good(ngtcp2_conn_client_new(&me.conn, &dcid, &me.scid, &at, NGTCP2_PROTO_VER_V1, &callbacks, &settings, &params, NULL,
			NULL), "ngtcp2_conn_client_new");
	}
	tls_start();
	ngtcp2_conn_set_tls_native_handle(me.conn, me.tls);
}

/* --- Sending ----------------------------------------------------------------------------------------------------------- */

static void put_out(const uint8_t *packet, ngtcp2_ssize len)
{
	if (len <= 0)
		return;
	if (!me.server && !(packet[0] & 0x80))
		printf("%02x %s\n", packet[0], me.carried[0] ? me.carried : "-");
	me.carried[0] = '\0';
	must((int)sendto(me.fd, packet, (size_t)len, 0, (struct sockaddr *)&me.remote, sizeof(me.remote)), "sendto");
}

/* What ngtcp2 wants to send by itself: handshakes, acknowledgements, repetitions. */
static void flush(void)
{
	uint8_t packet[ROOM];
	ngtcp2_ssize n;

	do {
		n = ngtcp2_conn_writev_stream(me.conn, NULL, NULL, packet, sizeof(packet), NULL, 0, -1, NULL, 0, now());
		if (n < 0)
			good((int)n, "ngtcp2_conn_writev_stream");
		put_out(packet, n);
	} while (n > 0);
}

/* Octets of a stream, into the packet of which packet holds a part already, or a new one. */
static void write_stream(unsigned i, uint8_t packet[ROOM])
{
	static uint8_t octets[PIECE];
	ngtcp2_vec vec = { octets, sizeof(octets) };
	ngtcp2_ssize n, taken = -1;

	memset(octets, (int)(i + 1), sizeof(octets));
	n = ngtcp2_conn_writev_stream(me.conn, NULL, NULL, packet, ROOM, &taken, 0, me.stream[i], &vec, 1, now());
	if (n < 0)
		good((int)n, "ngtcp2_conn_writev_stream");
	if (taken >= 0) {
		me.written[i] += (unsigned long)taken;
		if (!me.carried[0])
			snprintf(me.carried, sizeof(me.carried), "stream %ld", (long)me.stream[i]);
	}
	put_out(packet, n);
}

/* One RTP packet. False: not now. more: something else may go into the same QUIC packet. */
static bool write_datagram(uint8_t *rtp, size_t len, bool more, uint8_t packet[ROOM], bool *open)
{
	uint8_t id[2] = { FLOW_ID >> 8, FLOW_ID & 255 };
	ngtcp2_vec vec[2] = { { id, sizeof(id) }, { rtp, len } };
	int accepted = 0;
	ngtcp2_ssize n = ngtcp2_conn_writev_datagram(me.conn, NULL, NULL, packet, ROOM, &accepted,
		more ? NGTCP2_WRITE_DATAGRAM_FLAG_MORE : NGTCP2_WRITE_DATAGRAM_FLAG_NONE, 0, vec, 2, now());

	*open = n == NGTCP2_ERR_WRITE_MORE;
	if (n < 0 && !*open)
		good((int)n, "ngtcp2_conn_writev_datagram");
	if (accepted)
		snprintf(me.carried, sizeof(me.carried), "datagram %u %u %d", (unsigned)rtp[8] << 24 | (unsigned)rtp[9] << 16 |
			(unsigned)rtp[10] << 8 | rtp[11], (unsigned)rtp[4] << 24 | (unsigned)rtp[5] << 16 | (unsigned)rtp[6] << 8 | rtp[7],
			rtp[1] >> 7);
	put_out(packet, n);
	return accepted;
}

static size_t next_packet(uint8_t *rtp, size_t room)
{
	uint8_t head[2];
	size_t len;

	if (fread(head, 1, 2, me.rtp) != 2)
		return 0;
	len = (size_t)head[0] << 8 | head[1];
	if (len < 12 || len > room || fread(rtp, 1, len, me.rtp) != len)
		die("RTP", "expected packets of at most 1200 octets, each behind its length");
	return len;
}

/* --- Receiving --------------------------------------------------------------------------------------------------------- */

/* One datagram, if one comes until the next timer. False: the connection is over. */
static bool receive(int timeout)
{
	struct pollfd p = { .fd = me.fd, .events = POLLIN };
	ngtcp2_path at;
	uint8_t data[2048];
	socklen_t room = sizeof(me.remote);
	ssize_t n;
	int result;

	if (poll(&p, 1, timeout) <= 0)
		return true;
	n = recvfrom(me.fd, data, sizeof(data), 0, (struct sockaddr *)&me.remote, &room);
	if (n < 0)
		return errno == ECONNREFUSED ? false : (must(-1, "recvfrom"), false);
	if (!me.conn) {
		ngtcp2_pkt_hd first;

		good(ngtcp2_accept(&first, data, (size_t)n), "ngtcp2_accept");
		conn_start(&first);
	}
	at = path();
	result = ngtcp2_conn_read_pkt(me.conn, &at, NULL, data, (size_t)n, now());
	if (result == NGTCP2_ERR_DRAINING)
		return false;
	good(result, "ngtcp2_conn_read_pkt");
	return true;
}

static bool turn(void)
{
	ngtcp2_tstamp t = now(), due = me.conn ? ngtcp2_conn_get_expiry(me.conn) : UINT64_MAX;
	int wait = due == UINT64_MAX ? 10000 : due <= t ? 0 : (int)((due - t) / NGTCP2_MILLISECONDS) + 1;

	if (!receive(wait < 10000 ? wait : 10000))
		return false;
	if (me.conn && ngtcp2_conn_get_expiry(me.conn) <= now())
		good(ngtcp2_conn_handle_expiry(me.conn, now()), "ngtcp2_conn_handle_expiry");
	if (me.conn)
		flush();
	return true;
}

/* --- Roles ------------------------------------------------------------------------------------------------------------- */

static void open_socket(int port)
{
	socklen_t room = sizeof(me.local);

	me.fd = socket(AF_INET, SOCK_DGRAM, 0);
	must(me.fd, "socket");
	me.local = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) },
		.sin_port = htons(me.server ? (uint16_t)port : 0) };
	me.remote = me.local;
	me.remote.sin_port = htons((uint16_t)port);
	must(bind(me.fd, (struct sockaddr *)&me.local, sizeof(me.local)), "bind");
	must(getsockname(me.fd, (struct sockaddr *)&me.local, &room), "getsockname");
}

static int serve(void)
{
	while (turn())
		;
	printf("%lu datagrams %08x, %lu octets %08x\n", me.datagrams, me.datagram_hash, me.octets, me.stream_hash);
	return 0;
}

static void send_all(void)
{
	uint8_t rtp[1200], packet[ROOM];
	unsigned long n = 0;
	size_t len;

	while ((len = next_packet(rtp, sizeof(rtp))) > 0) {
		bool open = false, with = me.mixed && n % 3 == 1 && len < ROOM / 4;

		while (!write_datagram(rtp, len, with, packet, &open))
			if (!turn())
				die("connection", "closed by the server");
		hash(&me.datagram_hash, (uint8_t[]){ FLOW_ID >> 8, FLOW_ID & 255 }, 2);
		hash(&me.datagram_hash, rtp, len);
		me.datagrams++;
		if (open || (me.mixed && n % 4 == 2))
			write_stream((unsigned)(n % STREAMS), packet);
		n++;
	}
}

static bool all_done(void)
{
	ngtcp2_conn_stat stat;

	ngtcp2_conn_get_conn_stat(me.conn, &stat);
	return stat.bytes_in_flight == 0;
}

static int send_it(void)
{
	ngtcp2_connection_close_error why;
	uint8_t packet[ROOM];

	conn_start(NULL);
	flush();
	while (!me.ready)
		if (!turn())
			die("connection", "there is no server");
	for (int i = 0; i < STREAMS && me.mixed; i++)
		good(ngtcp2_conn_open_uni_stream(me.conn, &me.stream[i], NULL), "ngtcp2_conn_open_uni_stream");
	flush();
	send_all();
	while (!all_done())
		if (!turn())
			die("connection", "closed by the server");
	ngtcp2_connection_close_error_default(&why);
	put_out(packet, ngtcp2_conn_write_connection_close(me.conn, NULL, NULL, packet, sizeof(packet), &why, now()));
	for (unsigned i = 0; i < STREAMS; i++) {
		me.octets += me.written[i];
		me.stream_hash += (uint32_t)(me.written[i] * (i + 1) * (unsigned long)(me.stream[i] + 1));
	}
	fprintf(stderr, "%lu datagrams %08x, %lu octets %08x\n", me.datagrams, me.datagram_hash, me.octets, me.stream_hash);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc < 5 || (strcmp(argv[1], "server") != 0 && strcmp(argv[1], "client") != 0))
		die("usage", "roq server PORT CERTIFICATE KEY | roq client PORT RTP mixed|frames greased|plain");
	me.server = strcmp(argv[1], "server") == 0;
	if (gnutls_certificate_allocate_credentials(&me.credentials) != 0)
		die("TLS", "no memory");
	open_socket(atoi(argv[2]));
	if (me.server) {
		if (gnutls_certificate_set_x509_key_file(me.credentials, argv[3], argv[4], GNUTLS_X509_FMT_PEM) != 0)
			die(argv[3], "no certificate with its key");
		return serve();
	}
	me.mixed = strcmp(argv[4], "mixed") == 0;
	me.greased = argc > 5 && strcmp(argv[5], "greased") == 0;
	me.rtp = fopen(argv[3], "rb");
	if (!me.rtp)
		die(argv[3], strerror(errno));
	return send_it();
}
