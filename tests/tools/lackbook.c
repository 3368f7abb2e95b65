/* SPDX-License-Identifier: BSD-3-Clause
 *
 * lackbook FILE KEY-FILE - publishes a codebook (mdshim/snapshot.h) that lacks codes: it has those of stream 0 with P 2 and L 0, and no
 * others. Its key has KeyID 1, covers 64 octets, and is in KEY-FILE as 32 hexadecimal digits. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <mdshim/snapshot.h>

static struct md_codebook book;
static struct md_snapshot snapshot;

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static void read_key(const char *path, uint8_t key[16])
{
	FILE *from = fopen(path, "r");

	if (!from)
		die(path);
	for (int i = 0; i < 16; i++) {
		unsigned octet;

		if (fscanf(from, "%2x", &octet) != 1)
			die(path);
		key[i] = (uint8_t)octet;
	}
	fclose(from);
}

int main(int argc, char **argv)
{
	int64_t now = time(NULL);
	void *image;
	int fd;

	if (argc != 3) {
		fputs("usage: lackbook FILE KEY-FILE\n", stderr);
		return 2;
	}
	strcpy(book.domain, "cap1");
	book.book = 1;
	book.not_before = now - 60, book.not_after = now + 3600;
	for (unsigned i = 0; i < MD_BOOK_SET; i++) {
		memset(book.code[i].code, (int)i + 1, MD_CODE_LEN);
		book.code[i].meaning = (struct md_meaning){ .s = 1, .p = 2 };
	}
	book.codes = MD_BOOK_SET;
	book.key[0] = (struct md_book_key){ .key = { .keyid = 1, .len = 16, .cover = 64 }, .not_before = now - 60, .not_after = now + 3600 };
	read_key(argv[2], book.key[0].key.key);
	book.keys = 1;
	md_codebook_index(&book);
	if (md_snapshot_make(&snapshot, &book) != 0)
		return 1;
	fd = open(argv[1], O_RDWR | O_CREAT | O_TRUNC, 0644);
	if (fd < 0 || ftruncate(fd, MD_IMAGE_SIZE) != 0)
		die(argv[1]);
	image = mmap(NULL, MD_IMAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (image == MAP_FAILED)
		die(argv[1]);
	md_image_format(image);
	md_image_fill(image, &snapshot);
	md_image_commit(image);
	return 0;
}
