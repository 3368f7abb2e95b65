/* SPDX-License-Identifier: BSD-3-Clause */
#include "credentials.h"

#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILE_MAX = 1 << 20 };

static void wipe_free(char *text, size_t len)
{
	if (text)
		explicit_bzero(text, len);
	free(text);
}

static int file_read(struct credential *f)
{
	int fd = open(f->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK), err = 0;
	ssize_t n;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &f->seen) < 0)
		err = -errno;
	else if (!S_ISREG(f->seen.st_mode) || f->seen.st_size > FILE_MAX)
		err = -EINVAL;
	else if (!(f->text = malloc((size_t)f->seen.st_size + 1)))
		err = -ENOMEM;
	while (!err && f->len < (size_t)f->seen.st_size) {
		n = read(fd, f->text + f->len, (size_t)f->seen.st_size - f->len);
		if (n <= 0)
			err = n ? -errno : -EIO;
		else
			f->len += (size_t)n;
	}
	close(fd);
	return err;
}

static X509 *certificate_of(const struct credential *f)
{
	BIO *bio = BIO_new_mem_buf(f->text, (int)f->len);
	X509 *x = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;

	BIO_free(bio);
	return x;
}

/* Nobody is there to type a passphrase. */
static int no_passphrase(char *buffer, int size, int writing, void *context)
{
	(void)buffer, (void)size, (void)writing, (void)context;
	return -1;
}

static EVP_PKEY *key_of(const struct credential *f)
{
	BIO *bio = BIO_new_mem_buf(f->text, (int)f->len);
	EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;

	BIO_free(bio);
	return key;
}

static X509_CRL *crl_of(const struct credential *f)
{
	BIO *bio = BIO_new_mem_buf(f->text, (int)f->len);
	X509_CRL *crl = bio ? PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL) : NULL;

	BIO_free(bio);
	return crl;
}

/* What can be known without a connection. NULL: good. */
static const char *judge(const struct credentials *c, int *which)
{
	X509 *ca = certificate_of(&c->file[CREDENTIAL_CA]), *own = certificate_of(&c->file[CREDENTIAL_CERTIFICATE]);
	EVP_PKEY *key = key_of(&c->file[CREDENTIAL_KEY]);
	X509_CRL *crl = c->file[CREDENTIAL_CRL].text ? crl_of(&c->file[CREDENTIAL_CRL]) : NULL;
	const char *problem = NULL;

	if (!ca)
		*which = CREDENTIAL_CA, problem = "expected certificates in PEM form";
	else if (!own)
		*which = CREDENTIAL_CERTIFICATE, problem = "expected a certificate in PEM form";
	else if (!key)
		*which = CREDENTIAL_KEY, problem = "expected a private key in PEM form without passphrase";
	else if (X509_check_private_key(own, key) != 1)
		*which = CREDENTIAL_KEY, problem = "expected the private key of the certificate";
	else if (X509_cmp_current_time(X509_get0_notAfter(own)) <= 0)
		*which = CREDENTIAL_CERTIFICATE, problem = "expected a certificate that has not expired";
	else if (c->file[CREDENTIAL_CRL].text && !crl)
		*which = CREDENTIAL_CRL, problem = "expected a revocation list in PEM form";
	X509_free(ca);
	X509_free(own);
	EVP_PKEY_free(key);
	X509_CRL_free(crl);
	ERR_clear_error();
	return problem;
}

int credentials_load(struct credentials *c, const char *const path[CREDENTIALS], const char **which, const char **problem)
{
	int bad = 0, err = 0;

	memset(c, 0, sizeof(*c));
	for (int i = 0; i < CREDENTIALS && !err; i++) {
		c->file[i].path = path[i];
		if (*path[i] && (err = file_read(&c->file[bad = i])) < 0)
			*problem = strerrordesc_np(-err);
	}
	if (!err && (*problem = judge(c, &bad)))
		err = -EINVAL;
	*which = path[bad];
	if (err)
		credentials_free(c);
	return err;
}

static bool changed(const struct credential *f)
{
	struct stat now;

	if (!*f->path || stat(f->path, &now) < 0)
		return false; /* gone for a moment while it is replaced, perhaps: the old one serves */
	return now.st_mtim.tv_sec != f->seen.st_mtim.tv_sec || now.st_mtim.tv_nsec != f->seen.st_mtim.tv_nsec ||
		now.st_ino != f->seen.st_ino || now.st_size != f->seen.st_size;
}

void credentials_refresh(struct credentials *c, const char *owner)
{
	const char *path[CREDENTIALS], *which, *problem;
	struct credentials fresh;
	bool any = false;

	for (int i = 0; i < CREDENTIALS; i++) {
		path[i] = c->file[i].path;
		any = any || changed(&c->file[i]);
	}
	if (!any)
		return;
	if (credentials_load(&fresh, path, &which, &problem) == 0) {
		credentials_free(c);
		*c = fresh;
		log_error("controller %s: certificates have changed and were read again", owner);
	} else if (!c->complained) {
		c->complained = true;
		log_error("controller %s: %s: %s; the certificates read before stay in use", owner, which, problem);
	}
}

void credentials_free(struct credentials *c)
{
	for (int i = 0; i < CREDENTIALS; i++) {
		wipe_free(c->file[i].text, c->file[i].len);
		c->file[i].text = NULL;
		c->file[i].len = 0;
	}
}
