/* SPDX-License-Identifier: BSD-3-Clause */
/* Helpers of all kinds load the shim too: no output, errno 0 at main, the same environment and descriptors.
 * rule: 8 9 70
 * expect: seen==0 */
#include "victim.h"

static int at_constructor = -1;

__attribute__((constructor)) static void remember(void) { at_constructor = errno; }

static void through(const char *command)
{
	char line[200];
	unsigned lines = 0;
	FILE *f = popen(command, "r");

	if (!f)
		broken("popen");
	while (fgets(line, sizeof line, f)) {
		line[strcspn(line, "\n")] = 0;
		say("  %s", line);
		lines++;
	}
	int status = pclose(f);
	say("popen %s: %u lines, status %d", command, lines, status);
}

int main(int argc, char **argv)
{
	int error = errno;

	if (argc > 1) {
		say("child %s: errno %d", argv[1], error);
		return 3;
	}
	say("errno %d at main, %d in the program's constructor", error, at_constructor);
	say("system true %d", system("true"));
	say("system exit 5 %d", system("exit 5"));
	say("system env %d", system("env -i A=1 env"));
	through("echo out; echo err >&2; sh -c 'echo inner'");
	through("ls /proc/self/fd | wc -l");
	through("exec 2>&1; true; ls /nonexistent-for-sure >/dev/null 2>&1; echo $?");
	pid_t pid = fork();
	if (pid == 0) {
		execl("/proc/self/exe", argv[0], "again", (char *)NULL);
		_exit(98);
	}
	await_child("child", pid);
}
