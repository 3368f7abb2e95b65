/* SPDX-License-Identifier: BSD-3-Clause */
#include "broker.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "age.h"
#include "ours.h"
#include "real.h"

enum { PATIENCE_MS = 3000, WAIT_MS = 200 };

static struct sockaddr_un at;

/* Room for one descriptor, to send and to receive. */
union control_room {
	struct cmsghdr align;
	uint8_t octets[CMSG_SPACE(sizeof(int))];
};

void broker_start(const char *path)
{
	size_t len = strlen(path);

	memset(&at, 0, sizeof(at));
	at.sun_family = AF_UNIX;
	if (len < sizeof(at.sun_path))
		memcpy(at.sun_path, path, len);
}

void broker_drop(struct loan *loan)
{
	if (loan->asked)
		ours_close(loan->fd, loan->cookie);
	memset(loan, 0, sizeof(*loan));
}

bool broker_is_stale(const struct loan *loan, uint32_t now)
{
	return !age_below(now, loan->since, 2 * PATIENCE_MS);
}

static long put(int to, const struct md_broker_request *request, int fd)
{
	struct iovec piece = { (void *)(uintptr_t)request, sizeof(*request) };
	union control_room control;
	struct msghdr msg = { .msg_iov = &piece, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control) };

	memset(&control, 0, sizeof(control));
	control.align.cmsg_level = SOL_SOCKET;
	control.align.cmsg_type = SCM_RIGHTS;
	control.align.cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(&control.align), &fd, sizeof(fd));
	if (fd < 0)
		msg.msg_controllen = 0;
	return raw_sendmsg(to, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
}

int broker_ask(struct loan *loan, uint8_t what, uint8_t family, int fd, uint32_t now)
{
	struct md_broker_request request = { MD_BROKER_VERSION, what, family };
	long err;

	if (!at.sun_path[0])
		return -ENOENT;
	memset(loan, 0, sizeof(*loan));
	loan->fd = ours_socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, &loan->cookie);
	if (loan->fd < 0)
		return loan->fd;
	loan->asked = true;
	loan->family = family;
	loan->since = now;
	err = raw_connect(loan->fd, &at, sizeof(at));
	if (!err)
		err = put(loan->fd, &request, fd);
	if (err >= 0)
		return 0;
	broker_drop(loan);
	return (int)err;
}

int broker_say(const struct loan *loan, uint8_t what, uint8_t family, int fd)
{
	struct md_broker_request request = { MD_BROKER_VERSION, what, family };
	long err = ours_still(loan->fd, loan->cookie) ? put(loan->fd, &request, fd) : -ECONNRESET;

	return err < 0 ? (int)err : 0;
}

/* The descriptor that came along, moved to where ours live; -1: none. */
static int unpack(const struct msghdr *msg, uint64_t *cookie)
{
	const struct cmsghdr *c = CMSG_FIRSTHDR(msg);
	int fd;

	if (!c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS || c->cmsg_len != CMSG_LEN(sizeof(fd)))
		return -1;
	memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	return ours_adopt(fd, cookie);
}

static int understand(const struct md_broker_answer *answer, long n, int came, uint32_t *mark, int *fd)
{
	if (n != sizeof(*answer) || answer->version != MD_BROKER_VERSION)
		return n < 0 ? (int)n : n ? -EPROTO : -ECONNRESET;
	if (answer->error)
		return answer->error > 0 && answer->error < 4096 ? -answer->error : -EPROTO;
	if (answer->what == MD_BROKER_MARK && mark && answer->mark) {
		*mark = answer->mark;
		return 0;
	}
	if (answer->what != MD_BROKER_RAW || !fd || came < 0)
		return came < 0 ? came : -EPROTO;
	*fd = came;
	return 0;
}

int broker_answer(struct loan *loan, uint32_t now, uint32_t *mark, int *fd, uint64_t *cookie)
{
	struct md_broker_answer answer = { 0 };
	struct iovec piece = { &answer, sizeof(answer) };
	union control_room control = { 0 };
	/* Not CMSG_SPACE(), whose padding is room for a second. */
	struct msghdr msg = { .msg_iov = &piece, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = CMSG_LEN(sizeof(int)) };
	uint64_t came_cookie = 0;
	int err, came;
	long n;

	if (!ours_still(loan->fd, loan->cookie)) {
		broker_drop(loan);
		return -ECONNRESET;
	}
	n = raw_call(SYS_recvmsg, loan->fd, (long)&msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC, 0, 0, 0);
	if (n == -EAGAIN && age_below(now, loan->since, PATIENCE_MS))
		return -EAGAIN;
	if (n == -EAGAIN)
		n = -ETIMEDOUT;
	came = n >= 0 ? unpack(&msg, &came_cookie) : -1;
	err = understand(&answer, n, came, mark, fd);
	if (came >= 0 && (err || answer.what != MD_BROKER_RAW))
		ours_close(came, came_cookie);
	else if (came >= 0)
		*cookie = came_cookie;
	broker_drop(loan);
	return err;
}

int broker_wait(uint8_t what, uint8_t family, int fd, uint32_t *mark, int *lent, uint64_t *cookie)
{
	struct timespec wait = { 0, WAIT_MS * 1000000L };
	struct loan loan;
	struct pollfd p;
	int err = broker_ask(&loan, what, family, fd, 0);

	if (err)
		return err;
	p = (struct pollfd){ .fd = loan.fd, .events = POLLIN };
	raw_call(SYS_ppoll, (long)&p, 1, (long)&wait, 0, 0, 0);
	err = broker_answer(&loan, 0, mark, lent, cookie);
	broker_drop(&loan);
	return err == -EAGAIN ? -ETIMEDOUT : err;
}
