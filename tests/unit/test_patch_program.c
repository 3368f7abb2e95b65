/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The egress patch on packets of every shape, in the kernel's own test harness. What comes out must be, octet by octet, what
 * the raw engine would have written. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <mdshim/arm.h>
#include <mdshim/wire.h>

#include "datagram.skel.h"

enum { ROOM = 4096, SPORT = 5062, USER_MAX = 2000, AREA_MAX = 1300 };

struct test_socket {
	struct {
		uint64_t netns, follow, way;
		uint32_t forms;
		struct md_arm_form form[MD_ARM_FORMS];
	} socket;
	uint32_t port;
};

static struct datagram_bpf *skeleton;
static const char *refused;

static const struct md_arm_form med = { .len = 33, .auth = 14, .head = { 127, 14, 0xff, 0xfe }, .head_len = 4 };
static const struct md_arm_form plain = { .len = 17, .head = { 120, 12 }, .head_len = 2 };

static int quiet(enum libbpf_print_level level, const char *format, va_list values)
{
	(void)level, (void)format, (void)values;
	return 0;
}

static int load(void **state)
{
	struct test_socket s = { .port = SPORT };
	uint32_t zero = 0;

	(void)state;
	libbpf_set_print(quiet);
	skeleton = datagram_bpf__open_and_load();
	if (!skeleton) {
		refused = strerror(errno);
		return errno == EPERM || errno == ENOSYS ? 0 : -1;
	}
	s.socket.forms = 2;
	s.socket.form[0] = med;
	s.socket.form[1] = plain;
	return bpf_map_update_elem(bpf_map__fd(skeleton->maps.test_sockets), &zero, &s, BPF_ANY);
}

static int unload(void **state)
{
	(void)state;
	datagram_bpf__destroy(skeleton);
	return 0;
}

static void set_form(unsigned at, struct md_arm_form form)
{
	struct test_socket s;
	uint32_t zero = 0;
	int fd = bpf_map__fd(skeleton->maps.test_sockets);

	assert_int_equal(bpf_map_lookup_elem(fd, &zero, &s), 0);
	s.socket.form[at] = form;
	assert_int_equal(bpf_map_update_elem(fd, &zero, &s, BPF_ANY), 0);
}

/* --- Packets ---------------------------------------------------------------------------------------------------------- */

struct packet {
	uint8_t octets[ROOM];
	size_t len, ip;              /* ip: where the IP header begins */
};

struct datagram {
	uint8_t version;
	size_t user_len, area_len;
	uint8_t user[USER_MAX], area[AREA_MAX];
};

static void put(struct packet *p, const void *octets, size_t len)
{
	assert_true(p->len + len <= ROOM);
	memcpy(p->octets + p->len, octets, len);
	p->len += len;
}

/* An area of that form with a right OCS. */
static void fill(struct datagram *d, uint8_t version, size_t user_len, const struct md_arm_form *form)
{
	size_t pad = user_len & 1;
	uint16_t ocs;

	memset(d, 0, sizeof(*d));
	d->version = version;
	d->user_len = user_len;
	d->area_len = form->len;
	for (size_t i = 0; i < user_len; i++)
		d->user[i] = (uint8_t)(i * 7 + 3);
	for (size_t i = pad + 2; i + 1 - pad < form->len; i++)
		d->area[i] = (uint8_t)(i * 11 + 1);
	memcpy(d->area + pad + 2, form->head, form->head_len);
	if (form->auth)
		memcpy(d->area + pad + 2 + form->auth, "\011\020", 2);
	ocs = md_ocs(d->area + pad, form->len - pad, form->len);
	d->area[pad] = (uint8_t)(ocs >> 8);
	d->area[pad + 1] = (uint8_t)ocs;
}

/* As the application's socket sends it (cut false), or as it has to leave. */
static void build(struct packet *p, const struct datagram *d, bool cut, const uint8_t *link, size_t link_len)
{
	struct md_tuple tuple = { .version = d->version, .src = { 192, 0, 2, 1 }, .dst = { 203, 0, 113, 9 }, .sport = SPORT, .dport = 7000 };
	struct md_ip ip = { .ttl = 64, .df = true };
	uint8_t both[USER_MAX + AREA_MAX];
	size_t user = cut ? d->user_len : d->user_len + d->area_len;
	ptrdiff_t n;

	memcpy(both, d->user, d->user_len);
	memcpy(both + d->user_len, d->area, d->area_len);
	p->len = 0;
	put(p, link, link_len);
	p->ip = p->len;
	n = md_headers_write(p->octets + p->len, ROOM - p->len, &tuple, &ip, user, md_sum(0, both, user), cut ? d->area_len : 0);
	assert_true(n > 0);
	p->len += (size_t)n;
	put(p, both, d->user_len + d->area_len);
}

static const uint8_t ethernet4[14] = { 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x08, 0x00 };
static const uint8_t ethernet6[14] = { 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x86, 0xdd };

static void build_usual(struct packet *p, const struct datagram *d, bool cut)
{
	build(p, d, cut, d->version == 4 ? ethernet4 : ethernet6, 14);
}

/* Octets put in behind the IP header: the lengths of IPv4 or IPv6 grow by them, the checksum of IPv4 is made anew. */
static void insert(struct packet *p, size_t at, const void *octets, size_t len)
{
	uint8_t *ip = p->octets + p->ip;
	uint16_t total, sum;

	memmove(p->octets + at + len, p->octets + at, p->len - at);
	memcpy(p->octets + at, octets, len);
	p->len += len;
	if (ip[0] >> 4 == 6) {
		total = (uint16_t)((ip[4] << 8 | ip[5]) + (int)len);
		ip[4] = (uint8_t)(total >> 8);
		ip[5] = (uint8_t)total;
		return;
	}
	ip[0] = (uint8_t)(ip[0] + len / 4);
	total = (uint16_t)((ip[2] << 8 | ip[3]) + (int)len);
	ip[2] = (uint8_t)(total >> 8);
	ip[3] = (uint8_t)total;
	ip[10] = ip[11] = 0;
	sum = (uint16_t)~md_sum(0, ip, (size_t)(ip[0] & 15) * 4);
	ip[10] = (uint8_t)(sum >> 8);
	ip[11] = (uint8_t)sum;
}

/* Runs a program; the packet becomes what came out. What the program returned. */
static int run_by(const struct bpf_program *program, struct packet *p, uint32_t gso_size)
{
	struct __sk_buff about = { .gso_size = gso_size };
	uint8_t out[ROOM];
	LIBBPF_OPTS(bpf_test_run_opts, o, .data_in = p->octets, .data_size_in = (uint32_t)p->len, .data_out = out,
		.data_size_out = sizeof(out), .repeat = 1);

	if (gso_size) {
		o.ctx_in = &about;
		o.ctx_size_in = sizeof(about);
	}
	assert_int_equal(bpf_prog_test_run_opts(bpf_program__fd(program), &o), 0);
	assert_int_equal(o.data_size_out, p->len);
	memcpy(p->octets, out, p->len);
	return (int)o.retval;
}

static int run(struct packet *p, uint32_t gso_size)
{
	return run_by(skeleton->progs.test_patch, p, gso_size);
}

static void same(const struct packet *a, const struct packet *b)
{
	assert_int_equal(a->len, b->len);
	assert_memory_equal(a->octets, b->octets, a->len);
}

/* How the two ways of looking at it agree: see test_agreement. */
static int agreement(struct packet *p)
{
	int found = run_by(skeleton->progs.test_agreement, p, 0);

	assert_true(found >= 0);
	return found;
}

static void untouched(struct packet *p)
{
	struct packet before = *p;

	agreement(p);
	assert_int_equal(run(p, 0), 0);
	same(p, &before);
}

#define NEEDS_KERNEL() do { if (!skeleton) { print_message("the kernel refuses the program: %s\n", refused); skip(); } } while (0)

/* --- Cases ------------------------------------------------------------------------------------------------------------ */

static void areas_of_every_parity_and_length_are_cut_off(void **state)
{
	static const size_t lens[] = { 0, 1, 2, 5, 63, 64, 1200, 1201 };
	struct packet sent, want;
	struct datagram d;

	(void)state;
	NEEDS_KERNEL();
	for (uint8_t version = 4; version <= 6; version = (uint8_t)(version + 2))
		for (size_t i = 0; i < sizeof(lens) / sizeof(*lens); i++)
			for (int form = 0; form < 2; form++) {
				fill(&d, version, lens[i], form ? &plain : &med);
				build_usual(&sent, &d, false);
				build_usual(&want, &d, true);
				assert_int_equal(agreement(&sent), 2);
				assert_int_equal(run(&sent, 0), d.area_len);
				same(&sent, &want);
				assert_int_equal(agreement(&sent), 0);
				untouched(&sent); /* an interface below does nothing more */
			}
}

static void a_long_area_with_a_token_is_cut_off(void **state)
{
	struct md_arm_form form = med;
	struct packet sent, want;
	struct datagram d;

	(void)state;
	NEEDS_KERNEL();
	for (uint16_t len = 60; len <= MD_ARM_AREA_MAX; len = (uint16_t)(len + 61)) {
		form.len = len;
		set_form(1, form);
		fill(&d, 4, 100 + len % 3, &form);
		build_usual(&sent, &d, false);
		build_usual(&want, &d, true);
		assert_int_equal(run(&sent, 0), len);
		same(&sent, &want);
	}
	set_form(1, plain);
}

/* Nothing but EOL and fill: an area only if every octet is zero, whatever the sum. */
static void an_empty_area_is_cut_off_and_nothing_like_it(void **state)
{
	static const uint16_t lens[] = { 15, 33, 46, 64, 65, 400 };
	struct md_arm_form form = { .head_len = 4 };
	struct packet sent, want;
	struct datagram d;

	(void)state;
	NEEDS_KERNEL();
	for (unsigned i = 0; i < 2 * sizeof(lens) / sizeof(*lens); i++) {
		size_t user = 200 + i % 2, pad = user & 1, last;
		struct md_area area = { .user_len = user };

		area.fill = form.len = lens[i / 2];
		set_form(1, form);
		memset(&d, 0, sizeof(d));
		fill(&d, i % 4 < 2 ? 4 : 6, user, &med);
		d.area_len = form.len;
		assert_int_equal(md_area_write(d.area, sizeof(d.area), &area, NULL), form.len);
		build_usual(&sent, &d, false);
		build_usual(&want, &d, true);
		assert_int_equal(run(&sent, 0), form.len);
		same(&sent, &want);
		/* The sum stays right: the last word takes what the OCS gives. */
		last = pad + ((form.len - pad) & ~(size_t)1) - 2;
		d.area[pad + 1]--;
		d.area[last + 1]++;
		assert_int_equal(md_sum((uint16_t)form.len, d.area + pad, form.len - pad), 0xffff);
		build_usual(&sent, &d, false);
		untouched(&sent);
	}
	set_form(1, plain);
}

static void ipv4_options_are_walked(void **state)
{
	static const uint8_t options[40] = { 1, 1, 1, 1 };
	struct packet sent, want;
	struct datagram d;

	(void)state;
	NEEDS_KERNEL();
	for (size_t len = 4; len <= sizeof(options); len += 4) {
		fill(&d, 4, 333, &med);
		build_usual(&sent, &d, false);
		build_usual(&want, &d, true);
		insert(&sent, 34, options, len);
		insert(&want, 34, options, len);
		assert_int_equal(run(&sent, 0), med.len);
		same(&sent, &want);
	}
}

static void ipv6_extension_headers_are_walked(void **state)
{
	static const uint8_t kinds[] = { 0, 43, 60, 135 };
	struct packet sent, want;
	struct datagram d;

	(void)state;
	NEEDS_KERNEL();
	for (size_t i = 0; i < sizeof(kinds); i++)
		for (uint8_t n = 1; n <= 3; n++) {
			fill(&d, 6, 334, &med);
			build_usual(&sent, &d, false);
			build_usual(&want, &d, true);
			for (uint8_t k = 0; k < n; k++) {
				uint8_t head[24] = { 0, k }; /* 8, 16, 24 octets */
				size_t len = 8u * (k + 1u);

				head[0] = sent.octets[14 + 6];
				sent.octets[14 + 6] = want.octets[14 + 6] = kinds[i];
				insert(&sent, 54, head, len);
				insert(&want, 54, head, len);
			}
			assert_int_equal(run(&sent, 0), med.len);
			same(&sent, &want);
		}
}

static void vlan_tags_are_stepped_over(void **state)
{
	/* Priority 2 makes a tag that looks like the beginning of an IPv4 header. */
	static const uint8_t one[18] = { 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x81, 0x00, 0x45, 0x00, 0x08, 0x00 };
	static const uint8_t two[22] = { 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x88, 0xa8, 0x00, 0x07, 0x81, 0x00, 0x60, 0x09, 0x86, 0xdd };
	struct packet sent, want;
	struct datagram d;

	(void)state;
	NEEDS_KERNEL();
	fill(&d, 4, 77, &med);
	build(&sent, &d, false, one, sizeof(one));
	build(&want, &d, true, one, sizeof(one));
	assert_int_equal(run(&sent, 0), med.len);
	same(&sent, &want);
	fill(&d, 6, 78, &med);
	build(&sent, &d, false, two, sizeof(two));
	build(&want, &d, true, two, sizeof(two));
	assert_int_equal(run(&sent, 0), med.len);
	same(&sent, &want);
}

static void fragments_pass_as_they_are(void **state)
{
	static const uint8_t fragment[8] = { 17, 0, 0, 1, 1, 2, 3, 4 };
	static const uint16_t offsets[] = { 0x2000, 0x2010, 0x0010, 0x1fff };
	struct packet p;
	struct datagram d;

	(void)state;
	NEEDS_KERNEL();
	for (size_t i = 0; i < sizeof(offsets) / sizeof(*offsets); i++) {
		fill(&d, 4, 1000, &med);
		build_usual(&p, &d, false);
		p.octets[14 + 6] = (uint8_t)(offsets[i] >> 8);
		p.octets[14 + 7] = (uint8_t)offsets[i];
		untouched(&p);
	}
	fill(&d, 6, 1000, &med);
	build_usual(&p, &d, false);
	p.octets[14 + 6] = 44;
	insert(&p, 54, fragment, sizeof(fragment));
	untouched(&p);
}

static void trains_pass_as_they_are(void **state)
{
	struct packet p, before;
	struct datagram d;

	(void)state;
	NEEDS_KERNEL();
	fill(&d, 4, 1000, &med);
	build_usual(&p, &d, false);
	before = p;
	assert_int_equal(run(&p, 500), 0);
	same(&p, &before);
}

/* A train of n datagrams with areas, as the socket sends it: one header in front of all. last: user data of the last one. */
static void build_train(struct packet *p, uint8_t version, unsigned n, size_t user_len, size_t last)
{
	struct md_tuple tuple = { .version = version, .src = { 192, 0, 2, 1 }, .dst = { 203, 0, 113, 9 }, .sport = SPORT, .dport = 7000 };
	struct md_ip ip = { .ttl = 64, .df = true };
	uint8_t all[ROOM];
	struct datagram d;
	size_t len = 0;
	ptrdiff_t head;

	for (unsigned i = 0; i < n; i++) {
		fill(&d, version, i + 1 < n ? user_len : last, &med);
		assert_true(len + d.user_len + d.area_len <= sizeof(all));
		memcpy(all + len, d.user, d.user_len);
		memcpy(all + len + d.user_len, d.area, d.area_len);
		len += d.user_len + d.area_len;
	}
	p->len = 0;
	put(p, version == 4 ? ethernet4 : ethernet6, 14);
	p->ip = p->len;
	head = md_headers_write(p->octets + p->len, ROOM - p->len, &tuple, &ip, len, md_sum(0, all, len), 0);
	assert_true(head > 0);
	p->len += (size_t)head;
	put(p, all, len);
}

static void trains_are_known_by_their_first_segment(void **state)
{
	struct packet p, before;

	(void)state;
	NEEDS_KERNEL();
	for (uint8_t version = 4; version <= 6; version = (uint8_t)(version + 2))
		for (size_t user = 300; user < 302; user++)
			for (size_t last = 1; last <= user; last += 149) {
				build_train(&p, version, 4, user, last);
				before = p;
				assert_int_equal(run_by(skeleton->progs.test_train, &p, (uint32_t)user + med.len), med.len);
				same(&p, &before);
				/* Of another segment size it is another train, whose first segment has no area. */
				assert_int_equal(run_by(skeleton->progs.test_train, &p, (uint32_t)user + med.len - 1), 0);
				assert_int_equal(run_by(skeleton->progs.test_train, &p, med.len - 1), 0);
				/* A segment longer than everything is one datagram, and where its area begins decides on the pad octet. */
				assert_int_equal(run_by(skeleton->progs.test_train, &p, 3000), (user + med.len) * 3 % 2 ? 0 : med.len);
				p.octets[p.ip + (version == 4 ? 20 : 40)] ^= 1; /* of another port */
				assert_int_equal(run_by(skeleton->progs.test_train, &p, (uint32_t)user + med.len), 0);
			}
}

static void segments_are_patched_one_by_one(void **state)
{
	static const size_t lens[] = { 0, 1, 2, 5, 63, 64, 1200, 1201 };
	struct packet sent, want;
	struct datagram d;

	(void)state;
	NEEDS_KERNEL();
	for (uint8_t version = 4; version <= 6; version = (uint8_t)(version + 2))
		for (size_t i = 0; i < sizeof(lens) / sizeof(*lens); i++) {
			fill(&d, version, lens[i], &med);
			build_usual(&sent, &d, false);
			build_usual(&want, &d, true);
			assert_int_equal(run_by(skeleton->progs.test_segment, &sent, 0), med.len);
			same(&sent, &want);
			assert_int_equal(run_by(skeleton->progs.test_segment, &sent, 0), 0);
			same(&sent, &want);
			/* The ticket says which form: no other is looked for. */
			fill(&d, version, lens[i], &plain);
			build_usual(&sent, &d, false);
			want = sent;
			assert_int_equal(run_by(skeleton->progs.test_segment, &sent, 0), 0);
			same(&sent, &want);
			fill(&d, version, lens[i], &med);
			d.area[med.len - 1] ^= 1;
			build_usual(&sent, &d, false);
			want = sent;
			assert_int_equal(run_by(skeleton->progs.test_segment, &sent, 0), 0);
			same(&sent, &want);
		}
}

static void what_only_resembles_an_area_passes(void **state)
{
	struct packet p;
	struct datagram d;

	(void)state;
	NEEDS_KERNEL();
	for (size_t user = 200; user < 202; user++)
		for (size_t octet = 0; octet < med.len; octet++) {
			fill(&d, 4, user, &med);
			d.area[octet] ^= 0x40; /* OCS is wrong then, if nothing else is */
			build_usual(&p, &d, false);
			untouched(&p);
		}
	/* A right OCS, but no AUTH where it should be, or another option in front. */
	for (size_t octet = 2; octet < 18; octet += 14) {
		uint16_t ocs;

		fill(&d, 4, 200, &med);
		d.area[octet] ^= 0x01;
		d.area[0] = d.area[1] = 0;
		ocs = md_ocs(d.area, d.area_len, d.area_len);
		d.area[0] = (uint8_t)(ocs >> 8);
		d.area[1] = (uint8_t)ocs;
		build_usual(&p, &d, false);
		untouched(&p);
	}
}

static void other_protocols_and_ports_pass(void **state)
{
	struct packet p;
	struct datagram d;

	(void)state;
	NEEDS_KERNEL();
	fill(&d, 4, 100, &med);
	build_usual(&p, &d, false);
	p.octets[14 + 9] = 6;
	untouched(&p);
	build_usual(&p, &d, false);
	p.octets[34] ^= 1;
	untouched(&p);
	fill(&d, 6, 100, &med);
	build_usual(&p, &d, false);
	p.octets[14 + 6] = 50;
	untouched(&p);
	build_usual(&p, &d, false);
	p.octets[14] = 0x55;
	untouched(&p);
}

static void every_truncation_passes(void **state)
{
	struct packet whole, p;
	struct datagram d;

	(void)state;
	NEEDS_KERNEL();
	for (uint8_t version = 4; version <= 6; version = (uint8_t)(version + 2)) {
		fill(&d, version, 20, &med);
		build_usual(&whole, &d, false);
		/* The harness makes nothing shorter than an IP header. */
		for (size_t len = version == 4 ? 34 : 54; len < whole.len; len++) {
			p = whole;
			p.len = len;
			untouched(&p);
		}
	}
}

static void lengths_that_lie_pass(void **state)
{
	struct packet p;
	struct datagram d;

	(void)state;
	NEEDS_KERNEL();
	for (unsigned len = 0; len < 400; len++) {
		fill(&d, 4, 100, &med);
		if (len == 8u + 100u + med.len)
			continue;
		build_usual(&p, &d, false);
		p.octets[34 + 4] = (uint8_t)(len >> 8);
		p.octets[34 + 5] = (uint8_t)len;
		untouched(&p);
	}
	for (unsigned words = 0; words < 16; words++) {
		if (words == 5)
			continue;
		build_usual(&p, &d, false);
		p.octets[14] = (uint8_t)(0x40 | words);
		untouched(&p);
	}
}

static uint32_t next_random(void)
{
	static uint32_t seed = 2463534242u;

	seed ^= seed << 13;
	seed ^= seed >> 17;
	return seed ^= seed << 5;
}

/* One word more, another less: the OCS stays right. */
static void shift_words(struct datagram *d)
{
	size_t pad = d->user_len & 1, words = (d->area_len - pad) / 2;
	uint8_t *one = d->area + pad + 2 * (next_random() % words), *other = d->area + pad + 2 * (next_random() % words);

	one[1]++;
	other[1]--;
}

/* Packets with something wrong here or there, and areas of any length: both ways of looking at them find the same. */
static void what_is_read_where_it_lies_is_what_the_general_way_finds(void **state)
{
	unsigned usual = 0, areas = 0;
	struct md_arm_form form;
	struct datagram d;
	struct packet p;

	(void)state;
	NEEDS_KERNEL();
	for (unsigned i = 0; i < 20000; i++) {
		uint32_t what = next_random();
		int found;

		form = (struct md_arm_form){ .len = (uint16_t)(6 + next_random() % 62), .head = { 120, 12, 7, 8 }, .head_len = what & 1 ? 2 : 4 };
		if (form.len >= 40 && what & 2)
			form.auth = (uint16_t)(6 + next_random() % 14);
		if (what % 16 == 15)
			form.head[0] = form.head[1] = form.head[2] = form.head[3] = 0;
		if (form.len < 10)
			form.head_len = 2;
		set_form(1, form);
		fill(&d, what & 4 ? 4 : 6, next_random() % 120, &form);
		if (what & 8)
			shift_words(&d);
		if ((what & 64) && (d.user_len & 1) && d.area[2])
			d.area[0]++, d.area[2]--; /* the pad octet, at the expense of the OCS */
		build_usual(&p, &d, false);
		if (what & 16)
			p.octets[12 + next_random() % 44 % (p.len - 12)] ^= (uint8_t)(1u << next_random() % 8);
		if (what & 32)
			p.octets[p.len - 1 - next_random() % 40] ^= (uint8_t)(1u << next_random() % 8);
		if (what % 64 == 0)
			p.len -= next_random() % 3;
		found = agreement(&p);
		usual += found > 0;
		areas += found > 1;
	}
	set_form(1, plain);
	assert_true(usual > 8000);
	assert_true(areas > 2000);
}

/* 0 stands for no checksum (IPv4), and stays it. */
static void a_missing_checksum_stays_missing(void **state)
{
	struct packet p;
	struct datagram d;

	(void)state;
	NEEDS_KERNEL();
	fill(&d, 4, 100, &med);
	build_usual(&p, &d, false);
	p.octets[34 + 6] = p.octets[34 + 7] = 0;
	assert_int_equal(run(&p, 0), med.len);
	assert_int_equal(p.octets[34 + 6] | p.octets[34 + 7], 0);
	assert_int_equal(p.octets[34 + 5], 8 + 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(areas_of_every_parity_and_length_are_cut_off),
		cmocka_unit_test(a_long_area_with_a_token_is_cut_off),
		cmocka_unit_test(an_empty_area_is_cut_off_and_nothing_like_it),
		cmocka_unit_test(ipv4_options_are_walked),
		cmocka_unit_test(ipv6_extension_headers_are_walked),
		cmocka_unit_test(vlan_tags_are_stepped_over),
		cmocka_unit_test(fragments_pass_as_they_are),
		cmocka_unit_test(trains_pass_as_they_are),
		cmocka_unit_test(trains_are_known_by_their_first_segment),
		cmocka_unit_test(segments_are_patched_one_by_one),
		cmocka_unit_test(what_only_resembles_an_area_passes),
		cmocka_unit_test(other_protocols_and_ports_pass),
		cmocka_unit_test(every_truncation_passes),
		cmocka_unit_test(lengths_that_lie_pass),
		cmocka_unit_test(what_is_read_where_it_lies_is_what_the_general_way_finds),
		cmocka_unit_test(a_missing_checksum_stays_missing),
	};

	return cmocka_run_group_tests(tests, load, unload);
}
