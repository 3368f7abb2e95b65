/* SPDX-License-Identifier: BSD-3-Clause */
/* A served process installs a filter by syscall that kills for any call which the program does not make itself, and lives:
 * from then on nothing is done for it.
 * rule: 74
 * not under: asan tsan
 * expect: seen==54 wrapped==54 */
#include "sandbox.h"

int main(void)
{
	in_a_sandbox(true);
}
