// SPDX-License-Identifier: BSD-3-Clause
// What the provisioner says of itself: one question to its local socket, one JSON text as the answer.
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "command.h"

#define SOCKET "/run/mdshim/provisioner.sock"
enum { ANSWER_MAX = 1 << 20, PATIENCE = 10 };

struct asked {
	const char *socket;
	int json;
};

static int arguments(struct asked *a, int argc, char **argv, int json_allowed)
{
	*a = (struct asked){ SOCKET, 0 };
	for (int i = 1; i < argc; i++) {
		if (json_allowed && strcmp(argv[i], "--json") == 0) {
			a->json = 1;
		} else if (strcmp(argv[i], "--socket") == 0 && i + 1 < argc) {
			a->socket = argv[++i];
		} else {
			complain("%s: expected one of the arguments below", argv[i]);
			return EXIT_USAGE;
		}
	}
	return 0;
}

static int connect_to(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	struct timeval patience = { PATIENCE, 0 };
	int fd;

	if (strlen(path) >= sizeof at.sun_path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(at.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	if (connect(fd, (struct sockaddr *)&at, sizeof at) == 0)
		return fd;
	close(fd);
	return -1;
}

// The answer, or NULL after a complaint.
static json_t *ask(const struct asked *a, const char *question)
{
	char *text = malloc(ANSWER_MAX);
	int fd = text ? connect_to(a->socket) : -1;
	json_t *answer = NULL;
	json_error_t error;
	size_t len = 0;
	ssize_t n = -1;

	if (fd < 0) {
		complain("%s: %s: is mdprovisiond running?", a->socket, strerror(errno));
		free(text);
		return NULL;
	}
	if (send(fd, question, strlen(question), MSG_NOSIGNAL) == (ssize_t)strlen(question))
		while ((n = recv(fd, text + len, ANSWER_MAX - len, 0)) > 0 && len < ANSWER_MAX)
			len += (size_t)n;
	close(fd);
	if (n == 0)
		answer = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
	if (!answer)
		complain("%s: expected an answer of mdprovisiond", a->socket);
	free(text);
	return answer;
}

static const char *text_of(json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "-";
}

static long long number_of(json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

static void print_span(const char *before, long long seconds, const char *after)
{
	printf("%s%lld:%02lld:%02lld%s", before, seconds / 3600, seconds / 60 % 60, seconds % 60, after);
}

static void print_book(json_t *book, long long now)
{
	long long from = number_of(book, "not_before"), to = number_of(book, "not_after");

	printf("  %10lld %-9s %5lld codes %3lld keys", number_of(book, "book"), text_of(book, "state"), number_of(book, "codes"),
		number_of(book, "keys"));
	if (now < from)
		print_span(", begins in ", from - now, "");
	else
		print_span(", age ", now - from, "");
	print_span(", ends in ", to > now ? to - now : 0, "");
	printf(", accepted by %zu\n", json_array_size(json_object_get(book, "accepted_by")));
}

static void print_domain(json_t *domain, long long now)
{
	json_t *books = json_object_get(domain, "books"), *book, *counts = json_object_get(domain, "counts");
	long long next = number_of(domain, "next_mint");
	size_t i;

	printf("%s (%s)\n", text_of(domain, "domain"), text_of(domain, "option"));
	json_array_foreach(books, i, book) {
		print_book(book, now);
	}
	if (!json_array_size(books))
		puts("  no book");
	print_span("  next book in ", next > now ? next - now : 0, "");
	printf("; made %lld, active %lld, rejected %lld, expired %lld, failures %lld\n", number_of(counts, "minted"),
		number_of(counts, "activated"), number_of(counts, "rejected"), number_of(counts, "expired"), number_of(counts, "failed"));
	if (*text_of(domain, "error"))
		printf("  last error: %s\n", text_of(domain, "error"));
}

static int dump(json_t *answer)
{
	int err = json_dumpf(answer, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER) != 0 || putchar('\n') == EOF;

	json_decref(answer);
	return err;
}

int command_books(int argc, char **argv)
{
	struct asked a;
	json_t *answer, *domain;
	size_t i;

	if (arguments(&a, argc, argv, 1))
		return EXIT_USAGE;
	answer = ask(&a, "books\n");
	if (!answer)
		return 1;
	if (a.json)
		return dump(answer);
	json_array_foreach(json_object_get(answer, "domains"), i, domain) {
		print_domain(domain, number_of(answer, "now"));
	}
	if (*text_of(answer, "reload_problem"))
		printf("the last reload was refused: %s\n", text_of(answer, "reload_problem"));
	json_decref(answer);
	return 0;
}

static void print_controller(json_t *c, long long now)
{
	long long answered = number_of(c, "last_answer");

	printf("%s of %s, %s: %s", text_of(c, "controller"), text_of(c, "domain"), text_of(c, "url"), text_of(c, "state"));
	if (json_is_integer(json_object_get(c, "outstanding")))
		printf(", book %lld outstanding", number_of(c, "outstanding"));
	if (json_is_integer(json_object_get(c, "next_try")))
		print_span(", next try in ", number_of(c, "next_try") > now ? number_of(c, "next_try") - now : 0, "");
	if (answered)
		print_span(", last answer ", now - answered, " ago");
	printf("\n  offers %lld, accepted %lld, rejected %lld, without answer %lld\n", number_of(c, "offers"), number_of(c, "accepted"),
		number_of(c, "rejected"), number_of(c, "failed"));
	if (*text_of(c, "error"))
		printf("  last error: %s\n", text_of(c, "error"));
}

int command_csp(int argc, char **argv)
{
	struct asked a;
	json_t *answer, *one;
	size_t i;

	if (arguments(&a, argc, argv, 1))
		return EXIT_USAGE;
	answer = ask(&a, "csp\n");
	if (!answer)
		return 1;
	if (a.json)
		return dump(answer);
	json_array_foreach(json_object_get(answer, "controllers"), i, one) {
		print_controller(one, number_of(answer, "now"));
	}
	json_decref(answer);
	return 0;
}

int command_reload(int argc, char **argv)
{
	struct asked a;
	json_t *answer;
	int status = 0;

	if (arguments(&a, argc, argv, 0))
		return EXIT_USAGE;
	answer = ask(&a, "reload\n");
	if (!answer)
		return 1;
	if (json_object_get(answer, "error"))
		status = complain("refused, the old configuration goes on: %s", text_of(answer, "error"));
	json_decref(answer);
	return status;
}
