/* SPDX-License-Identifier: BSD-3-Clause */
/* libsrtp2 behaves the same with the tap in front of it: statuses, lengths, every octet of the buffer and what lies behind
 * it, over policies, sizes and errors, by srtp_protect and srtp_protect_mki.
 * expect: processes>0 */
#include "victim.h"
#include <dlfcn.h>
#include <srtp2/srtp.h>

enum { ROOM = 2048 };

/* As a plugin has it: nothing of it in the scope that all share. */
static struct {
	void *library;
	srtp_err_status_t (*init)(void);
	srtp_err_status_t (*create)(srtp_t *, const srtp_policy_t *);
	srtp_err_status_t (*dealloc)(srtp_t);
	srtp_err_status_t (*profile)(srtp_crypto_policy_t *, srtp_profile_t);
} lib;

extern __typeof__(srtp_protect) srtp_protect __attribute__((weak));
extern __typeof__(srtp_protect_mki) srtp_protect_mki __attribute__((weak));

/* The functions a caller in this program would get: the tap's, where there is one, else the library's. */
static __typeof__(srtp_protect) *protect;
static __typeof__(srtp_protect_mki) *protect_mki;

static void load(void)
{
	lib.library = dlopen("libsrtp2.so.1", RTLD_NOW | RTLD_LOCAL);
	if (!lib.library)
		skip("there is no libsrtp2");
	*(void **)&lib.init = dlsym(lib.library, "srtp_init");
	*(void **)&lib.create = dlsym(lib.library, "srtp_create");
	*(void **)&lib.dealloc = dlsym(lib.library, "srtp_dealloc");
	*(void **)&lib.profile = dlsym(lib.library, "srtp_crypto_policy_set_from_profile_for_rtp");
	protect = srtp_protect;
	protect_mki = srtp_protect_mki;
	if (!protect)
		*(void **)&protect = dlsym(lib.library, "srtp_protect");
	if (!protect_mki)
		*(void **)&protect_mki = dlsym(lib.library, "srtp_protect_mki");
	if (!lib.init || !lib.create || !protect || !protect_mki || lib.init() != srtp_err_status_ok)
		broken("libsrtp2");
}

static void one(srtp_t session, bool by_mki, size_t size, unsigned mki, uint32_t index)
{
	static uint8_t room[ROOM];
	int len = (int)size;
	srtp_err_status_t status;

	memset(room, 0xa5, sizeof room);
	media(room, size < 14 ? 14 : size, 0xcafe, index & 0xffff);
	room[0] |= (uint8_t)(index >> 16);
	errno = SENTINEL;
	status = by_mki ? protect_mki(session, room, &len, mki != 0, mki ? mki - 1 : 0) : protect(session, room, &len);
	say("  %s %zu octets, mki %u: status %d, length %d, %08x%s", by_mki ? "mki" : "plain", size, mki, (int)status, len,
		hash(2166136261u, room, sizeof room), errno == SENTINEL ? "" : ", errno changed");
}

static void policy(const char *name, srtp_profile_t profile, int wrong)
{
	static uint8_t key[2][64], id[2][4] = { { 1, 2, 3, 4 }, { 5, 6, 7, 8 } };
	srtp_master_key_t master[2] = { { key[0], id[0], 4 }, { key[1], id[1], 4 } }, *keys[2] = { &master[0], &master[1] };
	static const size_t sizes[] = { 0, 1, 11, 12, 13, 14, 20, 100, 575, 1200, 1460 };
	srtp_policy_t p;
	srtp_t session;

	memset(&p, 0, sizeof p);
	for (int i = 0; i < 128; i++)
		key[i / 64][i % 64] = (uint8_t)(i * 7 + 1);
	say("%s", name);
	if (lib.profile(&p.rtp, profile) != srtp_err_status_ok || lib.profile(&p.rtcp, profile) != srtp_err_status_ok) {
		say("  not in this library");
		return;
	}
	p.ssrc.type = ssrc_any_outbound;
	p.keys = keys;
	p.num_master_keys = 2;
	p.window_size = 128;
	p.allow_repeat_tx = wrong == 2;
	if (lib.create(&session, &p) != srtp_err_status_ok) {
		say("  not created");
		return;
	}
	for (uint32_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
		for (unsigned way = 0; way < 4; way++)
			one(session, way > 0, sizes[i], way > 1 ? way - 1 : 0, wrong ? i : 4 * i + way);
	one(session, false, 100, 0, 80 | 0x100000); /* an extension that does not fit */
	one(session, false, 100, 0, 81 | 0x0f0000); /* sources */
	one(session, false, 30, 0, 82 | 0x0f0000); /* that do not fit */
	one(session, false, 100, 0, 83 | 0x400000); /* not RTP */
	one(session, true, 100, 9, 90);          /* a key that is not there */
	one(session, false, 100, 0, 90);
	one(session, false, 100, 0, 90); /* once more */
	one(session, false, 100, 0, 2);  /* long ago */
	lib.dealloc(session);
}

int main(void)
{
	load();
	policy("aes128 sha1 80", srtp_profile_aes128_cm_sha1_80, 0);
	policy("aes128 sha1 32", srtp_profile_aes128_cm_sha1_32, 0);
	policy("null sha1 80", srtp_profile_null_sha1_80, 0);
	policy("aead aes 128 gcm", srtp_profile_aead_aes_128_gcm, 0);
	policy("aead aes 256 gcm", srtp_profile_aead_aes_256_gcm, 0);
	policy("the same numbers", srtp_profile_aes128_cm_sha1_80, 1);
	policy("the same numbers, allowed", srtp_profile_aes128_cm_sha1_80, 2);
	struct receiver r = receiver(AF_INET);
	int s = udp(AF_INET);
	uint8_t p[MEDIA_LEN];
	CALL(sendto(s, p, media(p, sizeof p, 1, 0), 0, &r.at.sa, r.at.len));
	report(&r, "receiver", 1);
}
