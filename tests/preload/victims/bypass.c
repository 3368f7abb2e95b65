/* SPDX-License-Identifier: BSD-3-Clause */
/* Ways into a socket that are no doors: sendfile, splice, tee and vmsplice by a pipe, kernel aio. All of it arrives and
 * nothing of it is seen, before a door was ever used and after.
 * rule: 23
 * expect: seen==2 wrapped==2 */
#include "victim.h"
#include <linux/aio_abi.h>
#include <sys/mman.h>
#include <sys/sendfile.h>

static struct receiver r;
static int s;
static uint8_t p[1000];

static void by_pipe(bool gift, uint32_t index)
{
	int pipe_of[2];
	struct iovec iov = { p, media(p, sizeof p, 1, index) };

	MUST(pipe(pipe_of));
	if (gift)
		CALL(vmsplice(pipe_of[1], &iov, 1, 0));
	else
		CALL(write(pipe_of[1], p, sizeof p));
	CALL(splice(pipe_of[0], NULL, s, NULL, sizeof p, 0));
	close(pipe_of[0]), close(pipe_of[1]);
	collect_within(&r, 1, 20 * SILENCE_MS);
	report(&r, gift ? "vmsplice and splice" : "splice", r.records);
}

static void by_sendfile(uint32_t index)
{
	int file = (int)MUST(memfd_create("media", 0));
	off_t at = 0;

	media(p, sizeof p, 1, index);
	MUST(pwrite(file, p, sizeof p, 0));
	CALL(sendfile(s, file, &at, sizeof p));
	close(file);
	collect_within(&r, 1, 20 * SILENCE_MS);
	report(&r, "sendfile", r.records);
}

static void by_aio(uint32_t index)
{
	aio_context_t context = 0;
	struct iocb one = { .aio_fildes = (uint32_t)s, .aio_lio_opcode = IOCB_CMD_PWRITE, .aio_buf = (uintptr_t)p,
		.aio_nbytes = media(p, sizeof p, 1, index) };
	struct iocb *list = &one;
	struct io_event event = { .res = 0 };

	if (syscall(SYS_io_setup, 1, &context, 0, 0, 0, 0)) {
		say("no aio: %s", error_name(errno));
		return;
	}
	CALL(syscall(SYS_io_submit, context, 1, &list, 0, 0, 0));
	CALL(syscall(SYS_io_getevents, context, 1, 1, &event, NULL, 0));
	say("aio gave %lld", (long long)event.res);
	syscall(SYS_io_destroy, context, 0, 0, 0, 0, 0);
	report(&r, "aio", event.res > 0 ? 1 : 0);
}

static void all(uint32_t index)
{
	by_pipe(false, index);
	by_pipe(true, index + 1);
	by_sendfile(index + 2);
	by_aio(index + 3);
}

int main(void)
{
	r = receiver(AF_INET);
	s = udp(AF_INET);
	MUST(connect(s, &r.at.sa, r.at.len));
	all(0);
	CALL(send(s, p, media(p, sizeof p, 1, 10), 0));
	CALL(write(s, p, media(p, sizeof p, 1, 11)));
	report(&r, "doors", 2);
	all(20);
}
