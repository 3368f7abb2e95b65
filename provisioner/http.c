/* SPDX-License-Identifier: BSD-3-Clause */
#include "http.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ANSWER_MAX = 65536 };

struct http {
	CURLM *multi;
	struct ev_loop *loop;
	ev_timer timer;
};

struct http_call {
	struct http *http;
	CURL *easy;
	struct curl_slist *headers;
	http_done *done;
	void *context;
	const char *body;
	size_t len, sent;
	char error[CURL_ERROR_SIZE];
	char *answer;
	size_t answer_len;
	bool too_long;
};

struct http_socket {
	ev_io watcher;
	struct http *http;
};

/* --- libcurl's sockets and timer in our loop ------------------------------------------------------------------------ */

static void call_over(struct http_call *call, CURLcode code);

static void collect(struct http *http)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(http->multi, &left))) {
		struct http_call *call;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&call);
		call_over(call, message->data.result);
	}
}

static void on_socket(struct ev_loop *loop, ev_io *w, int events)
{
	struct http *http = ((struct http_socket *)(void *)w)->http;
	int running;

	(void)loop;
	curl_multi_socket_action(http->multi, w->fd,
		(events & EV_READ ? CURL_CSELECT_IN : 0) | (events & EV_WRITE ? CURL_CSELECT_OUT : 0), &running);
	collect(http);
}

static void on_timer(struct ev_loop *loop, ev_timer *w, int events)
{
	struct http *http = w->data;
	int running;

	(void)loop, (void)events;
	curl_multi_socket_action(http->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	collect(http);
}

static int want_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *known)
{
	struct http *http = context;
	struct http_socket *s = known;

	(void)easy;
	if (s)
		ev_io_stop(http->loop, &s->watcher);
	if (what == CURL_POLL_REMOVE) {
		free(s);
		return 0;
	}
	if (!s) {
		s = calloc(1, sizeof(*s));
		if (!s)
			return -1;
		s->http = http;
		curl_multi_assign(http->multi, fd, s);
	}
	ev_io_init(&s->watcher, on_socket, fd, (what & CURL_POLL_IN ? EV_READ : 0) | (what & CURL_POLL_OUT ? EV_WRITE : 0));
	ev_io_start(http->loop, &s->watcher);
	return 0;
}

static int want_timer(CURLM *multi, long ms, void *context)
{
	struct http *http = context;

	(void)multi;
	ev_timer_stop(http->loop, &http->timer);
	if (ms >= 0) {
		ev_timer_set(&http->timer, (double)ms / 1000, 0.);
		ev_timer_start(http->loop, &http->timer);
	}
	return 0;
}

struct http *http_new(struct ev_loop *loop)
{
	struct http *http = calloc(1, sizeof(*http));

	if (!http)
		return NULL;
	http->loop = loop;
	http->multi = curl_multi_init();
	if (!http->multi) {
		free(http);
		return NULL;
	}
	ev_timer_init(&http->timer, on_timer, 0., 0.);
	http->timer.data = http;
	curl_multi_setopt(http->multi, CURLMOPT_SOCKETFUNCTION, want_socket);
	curl_multi_setopt(http->multi, CURLMOPT_SOCKETDATA, http);
	curl_multi_setopt(http->multi, CURLMOPT_TIMERFUNCTION, want_timer);
	curl_multi_setopt(http->multi, CURLMOPT_TIMERDATA, http);
	return http;
}

void http_free(struct http *http)
{
	ev_timer_stop(http->loop, &http->timer);
	curl_multi_cleanup(http->multi);
	free(http);
}

/* --- One call --------------------------------------------------------------------------------------------------------- */

static size_t take_answer(char *octets, size_t size, size_t n, void *context)
{
	struct http_call *call = context;

	(void)size;
	if (n > ANSWER_MAX - call->answer_len) {
		call->too_long = true;
		return 0;
	}
	memcpy(call->answer + call->answer_len, octets, n);
	call->answer_len += n;
	call->answer[call->answer_len] = '\0';
	return n;
}

static size_t give_body(char *to, size_t size, size_t n, void *context)
{
	struct http_call *call = context;
	size_t part = call->len - call->sent;

	part = part < size * n ? part : size * n;
	memcpy(to, call->body + call->sent, part);
	call->sent += part;
	return part;
}

static int rewind_body(void *context, curl_off_t at, int origin)
{
	struct http_call *call = context;

	if (origin != SEEK_SET || at < 0 || (size_t)at > call->len)
		return CURL_SEEKFUNC_FAIL;
	call->sent = (size_t)at;
	return CURL_SEEKFUNC_OK;
}

static void call_free(struct http_call *call)
{
	if (call->easy)
		curl_easy_cleanup(call->easy);
	curl_slist_free_all(call->headers);
	if (call->answer)
		explicit_bzero(call->answer, ANSWER_MAX); /* a peer may send a body back */
	free(call->answer);
	free(call);
}

void http_cancel(struct http_call *call)
{
	curl_multi_remove_handle(call->http->multi, call->easy);
	call_free(call);
}

static void call_over(struct http_call *call, CURLcode code)
{
	struct http_result result = { 0 };
	curl_off_t after = 0;

	curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &result.status);
	curl_easy_getinfo(call->easy, CURLINFO_RETRY_AFTER, &after);
	result.retry_after = (double)after;
	result.body = call->answer;
	result.len = call->answer_len;
	if (call->too_long)
		result.error = "the answer is longer than 64 KiB";
	else if (code != CURLE_OK)
		result.error = call->error[0] ? call->error : curl_easy_strerror(code);
	curl_multi_remove_handle(call->http->multi, call->easy);
	call->done(call->context, &result);
	call_free(call);
}

static void blob(CURL *easy, CURLoption option, const struct credential *f)
{
	struct curl_blob b = { f->text, f->len, CURL_BLOB_COPY };

	curl_easy_setopt(easy, option, &b);
}

/* Only what the domain names is trusted: the system's folder of authorities is struck out. */
static void set_tls(CURL *easy, const struct credentials *c)
{
	curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_3);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
	curl_easy_setopt(easy, CURLOPT_CAINFO, NULL);
	curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
	blob(easy, CURLOPT_CAINFO_BLOB, &c->file[CREDENTIAL_CA]);
	blob(easy, CURLOPT_SSLCERT_BLOB, &c->file[CREDENTIAL_CERTIFICATE]);
	blob(easy, CURLOPT_SSLKEY_BLOB, &c->file[CREDENTIAL_KEY]);
	if (*c->file[CREDENTIAL_CRL].path)
		curl_easy_setopt(easy, CURLOPT_CRLFILE, c->file[CREDENTIAL_CRL].path);
	curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
}

static void set_request(struct http_call *call, const struct http_request *r)
{
	CURL *easy = call->easy;

	curl_easy_setopt(easy, CURLOPT_URL, r->url);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https");
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L); /* one offer in ten minutes: certificates are looked at each time */
	curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
	curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)r->len);
	curl_easy_setopt(easy, CURLOPT_READFUNCTION, give_body);
	curl_easy_setopt(easy, CURLOPT_READDATA, call);
	curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, rewind_body);
	curl_easy_setopt(easy, CURLOPT_SEEKDATA, call);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_answer);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, call->error);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, call);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, call->headers);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)(r->connect_timeout * 1000));
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)(r->timeout * 1000));
	set_tls(easy, r->credentials);
}

static bool header(struct http_call *call, const char *text)
{
	struct curl_slist *more = curl_slist_append(call->headers, text);

	if (more)
		call->headers = more;
	return more;
}

struct http_call *http_put(struct http *http, const struct http_request *request, http_done *done, void *context)
{
	struct http_call *call = calloc(1, sizeof(*call));
	char correlator[80];

	if (!call)
		return NULL;
	snprintf(correlator, sizeof(correlator), "x-correlator: %s", request->correlator);
	*call = (struct http_call){ .http = http, .easy = curl_easy_init(), .done = done, .context = context, .body = request->body,
		.len = request->len, .answer = calloc(1, ANSWER_MAX + 1) };
	/* "Expect: 100-continue" would cost a second with servers that do not know it. */
	if (!call->easy || !call->answer || !header(call, correlator) || !header(call, "Content-Type: application/json") ||
		!header(call, "Accept: application/json, application/problem+json") || !header(call, "Expect:")) {
		call_free(call);
		return NULL;
	}
	set_request(call, request);
	if (curl_multi_add_handle(http->multi, call->easy) != CURLM_OK) {
		call_free(call);
		return NULL;
	}
	return call;
}
