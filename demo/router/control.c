/* SPDX-License-Identifier: BSD-3-Clause */
#include "control.h"

#include "offers.h"

#include <errno.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <event2/thread.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum { BODY_MAX = 2 * MD_BOOK_OCTETS, HEADERS_MAX = 16384, PATIENCE = 15, TLS_FILES = 4 };

struct control {
	struct event_base *base;
	struct evhttp *http;
	struct event *second;
	const struct control_options *options;
	SSL_CTX *tls;
	struct stat seen[TLS_FILES]; /* the certificates as they were read, or found to be bad */
	pthread_t thread;
	struct offers offers;
};

/* --- TLS -------------------------------------------------------------------------------------------------------------- */

static int tls_fail(char text[static 300], const char *what, const char *path)
{
	char why[160] = "";

	ERR_error_string_n(ERR_peek_last_error(), why, sizeof(why));
	snprintf(text, 300, "%s '%.80s': %.150s", what, path, why);
	ERR_clear_error();
	return -EINVAL;
}

static bool crl_load(SSL_CTX *tls, const char *path)
{
	X509_STORE *store = SSL_CTX_get_cert_store(tls);
	X509_LOOKUP *file = X509_STORE_add_lookup(store, X509_LOOKUP_file());

	return file && X509_load_crl_file(file, path, X509_FILETYPE_PEM) > 0 &&
		X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK) == 1;
}

/* No tickets and no sessions: every connection shows its certificate anew. */
static int tls_fill(SSL_CTX *tls, const struct control_options *o, char text[static 300])
{
	if (!tls || !SSL_CTX_set_min_proto_version(tls, TLS1_3_VERSION))
		return tls_fail(text, "TLS", "1.3");
	SSL_CTX_set_verify(tls, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	SSL_CTX_set_num_tickets(tls, 0);
	SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
	if (SSL_CTX_use_certificate_chain_file(tls, o->certificate) != 1)
		return tls_fail(text, "--tls-cert", o->certificate);
	if (SSL_CTX_use_PrivateKey_file(tls, o->key, SSL_FILETYPE_PEM) != 1 || SSL_CTX_check_private_key(tls) != 1)
		return tls_fail(text, "--tls-key", o->key);
	if (SSL_CTX_load_verify_file(tls, o->client_ca) != 1)
		return tls_fail(text, "--client-ca", o->client_ca);
	SSL_CTX_set_client_CA_list(tls, SSL_load_client_CA_file(o->client_ca));
	if (o->client_crl && !crl_load(tls, o->client_crl))
		return tls_fail(text, "--client-crl", o->client_crl);
	return 0;
}

/* Whether a file is another one than when it was looked at last. One that is gone for a moment is not. */
static bool tls_changed(struct control *c)
{
	const struct control_options *o = c->options;
	const char *path[TLS_FILES] = { o->certificate, o->key, o->client_ca, o->client_crl };
	bool changed = false;

	for (int i = 0; i < TLS_FILES; i++) {
		struct stat now;

		if (!path[i] || stat(path[i], &now) < 0)
			continue;
		changed = changed || now.st_mtim.tv_sec != c->seen[i].st_mtim.tv_sec || now.st_mtim.tv_nsec != c->seen[i].st_mtim.tv_nsec ||
			now.st_ino != c->seen[i].st_ino || now.st_size != c->seen[i].st_size;
		c->seen[i] = now;
	}
	return changed;
}

/* A whole new set, or the one before stays in use. */
static int tls_make(struct control *c, char text[static 300])
{
	SSL_CTX *tls = SSL_CTX_new(TLS_server_method());
	int err = tls_fill(tls, c->options, text);

	if (err) {
		SSL_CTX_free(tls);
		return err;
	}
	SSL_CTX_free(c->tls); /* connections keep theirs */
	c->tls = tls;
	return 0;
}

static void tls_refresh(struct control *c)
{
	char text[300];

	if (!tls_changed(c))
		return;
	if (tls_make(c, text) < 0)
		fprintf(stderr, "mdrouter: %s; the certificates read before stay in use\n", text);
	else
		fprintf(stderr, "mdrouter: certificates have changed and were read again\n");
}

/* evhttp would go on without TLS if it got nothing; then the request finds no certificate and is refused. */
static struct bufferevent *connection_make(struct event_base *base, void *context)
{
	struct control *c = context;
	struct bufferevent *b;
	SSL *ssl;

	tls_refresh(c);
	ssl = SSL_new(c->tls);
	b = ssl ? bufferevent_openssl_socket_new(base, -1, ssl, BUFFEREVENT_SSL_ACCEPTING,
		BEV_OPT_CLOSE_ON_FREE) : NULL;

	if (b)
		bufferevent_openssl_set_allow_dirty_shutdown(b, 1);
	else
		SSL_free(ssl);
	return b;
}

/* Looked at once more for each request, whatever the handshake was set to. */
bool control_trusts(struct evhttp_request *request, const char *client_name)
{
	struct bufferevent *b = evhttp_connection_get_bufferevent(evhttp_request_get_connection(request));
	SSL *ssl = b ? bufferevent_openssl_get_ssl(b) : NULL;
	X509 *peer = ssl ? SSL_get0_peer_certificate(ssl) : NULL;

	return peer && SSL_get_verify_result(ssl) == X509_V_OK && SSL_version(ssl) >= TLS1_3_VERSION &&
		(!client_name || X509_check_host(peer, client_name, 0, 0, NULL) == 1);
}

/* --- The thread ------------------------------------------------------------------------------------------------------- */

static void on_second(evutil_socket_t fd, short what, void *context)
{
	struct control *c = context;

	(void)fd, (void)what;
	shelf_sweep(c->offers.shelf, (int64_t)time(NULL));
}

static void *serve(void *context)
{
	struct control *c = context;

	event_base_loop(c->base, EVLOOP_NO_EXIT_ON_EMPTY);
	return NULL;
}

static int http_make(struct control *c, const struct control_options *o, char text[static 300])
{
	if (evthread_use_pthreads() < 0 || !(c->base = event_base_new()) || !(c->http = evhttp_new(c->base))) {
		snprintf(text, 300, "no memory");
		return -ENOMEM;
	}
	c->second = event_new(c->base, -1, EV_PERSIST, on_second, c);
	if (!c->second || event_add(c->second, &(struct timeval){ 1, 0 }) < 0) {
		snprintf(text, 300, "no timer");
		return -ENOMEM;
	}
	evhttp_set_bevcb(c->http, connection_make, c);
	evhttp_set_max_body_size(c->http, BODY_MAX);
	evhttp_set_max_headers_size(c->http, HEADERS_MAX);
	evhttp_set_timeout(c->http, PATIENCE);
	evhttp_set_allowed_methods(c->http, EVHTTP_REQ_PUT | EVHTTP_REQ_GET | EVHTTP_REQ_HEAD | EVHTTP_REQ_POST | EVHTTP_REQ_DELETE);
	evhttp_set_gencb(c->http, offers_request, &c->offers);
	if (evhttp_bind_socket(c->http, o->address, o->port) < 0) {
		snprintf(text, 300, "%.100s port %u: %s", o->address, o->port, strerror(errno));
		return -errno;
	}
	return 0;
}

/* Signals are the loop's. */
static int thread_begin(struct control *c)
{
	sigset_t all, before;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = -pthread_create(&c->thread, NULL, serve, c);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return err;
}

static void control_free(struct control *c)
{
	if (c->http)
		evhttp_free(c->http);
	if (c->second)
		event_free(c->second);
	if (c->base)
		event_base_free(c->base);
	SSL_CTX_free(c->tls);
	free(c);
}

void control_close(struct control *c)
{
	event_base_loopbreak(c->base);
	pthread_join(c->thread, NULL);
	control_free(c);
}

int control_reopen(struct control **at, const struct control_options *o, struct shelf *shelf, char text[static 300])
{
	struct control *c = calloc(1, sizeof(*c));
	int err = -ENOMEM;

	snprintf(text, 300, "no memory");
	if (!c)
		return err;
	c->offers = (struct offers){ shelf, o->client_name };
	c->options = o;
	(void)tls_changed(c);
	err = tls_make(c, text);
	if (!err) {
		if (*at)
			control_close(*at); /* the port can be had once only */
		*at = NULL;
		err = http_make(c, o, text);
	}
	if (!err && (err = thread_begin(c)) < 0)
		snprintf(text, 300, "no thread: %s", strerror(-err));
	if (err)
		control_free(c);
	else
		*at = c;
	return err;
}

int control_open(struct control **out, const struct control_options *o, struct shelf *shelf, char text[static 300])
{
	*out = NULL;
	return control_reopen(out, o, shelf, text);
}
