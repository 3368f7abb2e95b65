/* SPDX-License-Identifier: BSD-3-Clause
 *
 * nft.h - the table of nftables that cuts option areas off where BPF is not to be had: tunnel datagrams of sockets with one
 * bit in their mark get the UDP Length that their inner datagram has; what has the bit and cannot be handled is dropped, which
 * tells its sender (EPERM). One table for each bit: inet mdshim_BBBBBBBB. All of it in the network namespace of the calling
 * thread, by nft(8) and a question to the kernel. Needs CAP_NET_ADMIN. */
#ifndef PROVISION_NFT_H
#define PROVISION_NFT_H

#include <stdbool.h>
#include <stdint.h>

enum { NFT_WHY = 512, NFT_NAME = 16 };
#define NFT_PROGRAM "/usr/sbin/nft"

/* Puts the table in, if it is not there. *fresh: it was not. 0 or -errno and why. */
int nft_ensure(uint32_t bit, bool *fresh, char why[static NFT_WHY]);

/* Calls each with the bit of every table of ours; stops when it returns not 0, and returns that. -errno: the kernel does not
 * say. */
int nft_each(int (*each)(void *context, uint32_t bit), void *context);

/* From now on whatever has the bit is refused. 0 or -errno and why. */
int nft_shut(uint32_t bit, char why[static NFT_WHY]);

/* Takes the table out. 0 or -errno and why. */
int nft_remove(uint32_t bit, char why[static NFT_WHY]);

/* What the table has counted: datagrams cut, and refused. 0 or -errno. */
int nft_counted(uint32_t bit, uint64_t *cut, uint64_t *refused);

#endif
