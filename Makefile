# SPDX-License-Identifier: BSD-3-Clause
# mdshim. Three commands matter: "make demo", "make gain" and "make test"; each installs what it lacks and builds.

B         ?= build
V         ?=
PREFIX    ?= /usr/local
LIBDIR    ?= $(PREFIX)/lib
BINDIR    ?= $(PREFIX)/bin
MANDIR    ?= $(PREFIX)/share/man
SYSCONFDIR ?= /etc

# In a place that not every user's path has.
BPFTOOL   ?= $(firstword $(wildcard /usr/sbin/bpftool /usr/bin/bpftool) bpftool)

# The one place where the version stands.
VERSION   := 0.1
CC        ?= cc
WARNINGS  := -Wall -Wextra -Wconversion -Wshadow -Wformat=2 -Wformat-nonliteral -Wstrict-prototypes \
             -Wmissing-prototypes -Wpointer-arith -Wvla -Werror
OPT       ?= -O2 -g
SAN       ?=
CFLAGS    := -std=c11 -D_GNU_SOURCE $(WARNINGS) $(OPT) $(SAN)
CPPFLAGS  := -Iinclude -MMD -MP -DMDSHIM_VERSION='"$(VERSION)"'
HARDEN    := -fstack-protector-strong -D_FORTIFY_SOURCE=2
# Code that runs inside somebody else's process: position independent, nothing visible, small frames, thread-local
# storage that never calls the allocator.
# A sanitizer's frames are larger than those that a send needs.
GUEST     := -fPIC -fvisibility=hidden -ftls-model=initial-exec $(if $(SAN),,-Wframe-larger-than=2048)
# The library is small enough for the compiler to see it whole; objects keep their ordinary code for lint and archives.
LTO       := $(if $(SAN),,-O3 -flto=auto -ffat-lto-objects)
Q         := $(if $(V),,@)
SAY        = $(if $(V),,@printf '  %-5s %s\n' $(1) $(2);)

WIRE_OBJ   := $(patsubst %.c,$(B)/%.o,$(wildcard shim/wire/*.c))
ROOM_OBJ   := $(patsubst %.c,$(B)/%.o,$(filter-out shim/interpose.c shim/start.c shim/taps.c,$(wildcard shim/*.c)) \
              $(wildcard shim/recognise/*.c shim/egress/*.c))
DOOR_OBJ   := $(B)/shim/interpose.o $(B)/shim/start.o $(B)/shim/taps.o
MDCTL_OBJ  := $(patsubst %.c,$(B)/%.o,$(wildcard provisioner/mdctl/*.c))
ROUTER_OBJ := $(patsubst %.c,$(B)/%.o,$(wildcard demo/router/*.c))
BOOK_OBJ   := $(patsubst %.c,$(B)/%.o,$(wildcard provisioner/book*.c))
ARM_OBJ    := $(addprefix $(B)/provisioner/,arm.o armdetour.o arminterfaces.o armlink.o armoff.o armpair.o armquick.o netns.o nft.o)
PROVISION_OBJ := $(patsubst %.c,$(B)/%.o,$(filter-out %.bpf.c,$(wildcard provisioner/*.c)))
RADIO_OBJ  := $(patsubst %.c,$(B)/%.o,$(wildcard demo/radio/*.c))
# What "make gain" runs, beside the encoder.
GAIN_MAIN  := $(addprefix demo/gain/,film.c adapt.c play.c closed.c users.c)
GAIN_OBJ   := $(patsubst %.c,$(B)/%.o,$(filter-out $(GAIN_MAIN) demo/gain/rate.c,$(wildcard demo/gain/*.c)))
GAIN       := $(B)/gain/film $(B)/gain/adapt $(B)/gain/play $(B)/gain/closed $(B)/gain/users
PIPE_SRC   := $(filter-out demo/pipeline/mdhint.c,$(wildcard demo/pipeline/*.c))
PROGRAMS   := $(B)/mdctl $(B)/mdprovisiond $(B)/mdrouter $(B)/mdshim-check $(B)/mdshim-explain $(B)/mdshim-nouring
PRODUCTS   := $(B)/libmdshim.so $(B)/libmdwire.a $(PROGRAMS) $(B)/mdshim-run

UNIT       := $(patsubst %.c,$(B)/%,$(wildcard tests/unit/test_*.c))
VICTIMS    := $(patsubst %.c,$(B)/%,$(wildcard tests/preload/victims/*.c))
PRELOADS   := $(patsubst %.c,$(B)/%.so,$(wildcard tests/preload/libs/*.c))
FUZZERS    := $(patsubst %.c,$(B)/%,$(wildcard tests/fuzz/fuzz_*.c))
TOOLS      := $(patsubst %.c,$(B)/%,$(wildcard tests/tools/*.c))
BENCHES    := $(patsubst %.c,$(B)/%,$(wildcard tests/bench/*.c))

.PHONY: all test demo gain gain-users lint asan ubsan tsan soak fuzz fuzz-long bench bench-gate install uninstall clean packages check-programs
.SECONDARY:
.DELETE_ON_ERROR:

all: packages
	$(Q)$(MAKE) --no-print-directory $(PRODUCTS)

# --- What has to be installed -------------------------------------------------------------------------------------
packages:
	$(Q)tests/packages.sh build

# --- Rules ----------------------------------------------------------------------------------------------------------
$(B)/shim/%.o: shim/%.c
	@mkdir -p $(@D)
	$(call SAY,CC,$<)$(CC) $(CFLAGS) $(GUEST) $(LTO) $(HARDEN) $(CPPFLAGS) -Ishim -c -o $@ $<

# The doors carry libc's own names, which a fortified build would replace by its inline versions.
$(B)/shim/interpose.o: shim/interpose.c
	@mkdir -p $(@D)
	$(call SAY,CC,$<)$(CC) $(CFLAGS) $(GUEST) $(LTO) -U_FORTIFY_SOURCE -fstack-protector-strong $(CPPFLAGS) -Ishim -c -o $@ $<

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(call SAY,CC,$<)$(CC) $(CFLAGS) -fPIE $(HARDEN) $(CPPFLAGS) -Ishim -c -o $@ $<

$(B)/libmdwire.a: $(WIRE_OBJ)
	$(call SAY,AR,$@)rm -f $@ && ar crs $@ $^

$(B)/librooms.a: $(ROOM_OBJ)
	$(call SAY,AR,$@)rm -f $@ && ar crs $@ $^

$(B)/librouter.a: $(filter-out %/main.o,$(ROUTER_OBJ)) $(BOOK_OBJ)
	$(call SAY,AR,$@)rm -f $@ && ar crs $@ $^

# The emulated radio link: pure, in real time inside the router and faster in "make gain".
$(B)/libradio.a: $(RADIO_OBJ)
	$(call SAY,AR,$@)rm -f $@ && ar crs $@ $^

# inih with its three heap calls bound to ours: the shim reads its file in a constructor, where the host's allocator
# may not have started yet.
INIH_A := $(firstword $(wildcard /usr/lib/*/libinih.a /usr/lib/libinih.a))
$(B)/inih.a: $(INIH_A)
	@mkdir -p $(@D)
	$(call SAY,COPY,$@)objcopy --redefine-sym malloc=ini_malloc --redefine-sym realloc=ini_realloc \
		--redefine-sym free=ini_free $< $@

SHIM_LIBS := $(B)/librooms.a $(B)/libmdwire.a $(B)/inih.a
SHIM_LINK  = -Wl,--version-script=shim/exports.map -Wl,--exclude-libs,ALL -Wl,-z,nodelete,-z,now,-z,relro,-z,defs \
             -Wl,-soname,libmdshim.so
$(B)/libmdshim.so: $(DOOR_OBJ) $(SHIM_LIBS) shim/exports.map
	$(call SAY,LINK,$@)$(CC) $(CFLAGS) $(GUEST) $(LTO) -shared -o $@ $(DOOR_OBJ) $(SHIM_LIBS) $(SHIM_LINK)

# The same, but that every datagram takes the long way: to be compared with.
LONGWAY := tests/longway/lane.c tests/longway/follow.c
$(B)/tests/longway/libmdshim.so: $(LONGWAY) $(DOOR_OBJ) $(SHIM_LIBS) shim/exports.map
	@mkdir -p $(@D)
	$(call SAY,LINK,$@)$(CC) $(CFLAGS) $(GUEST) -fno-lto $(CPPFLAGS) -Ishim -shared -o $@ $(LONGWAY) $(DOOR_OBJ) $(SHIM_LIBS) $(SHIM_LINK)

# mdctl import writes books as the provisioner does.
$(B)/provisioner/mdctl/%.o: provisioner/mdctl/%.c
	@mkdir -p $(@D)
	$(call SAY,CC,$<)$(CC) $(CFLAGS) -fPIE $(HARDEN) $(CPPFLAGS) -Iprovisioner -c -o $@ $<

$(B)/mdctl: $(MDCTL_OBJ) $(ARM_OBJ) $(B)/provisioner/bookjson.o $(B)/provisioner/bookwrite.o $(B)/libmdwire.a
	$(call SAY,LINK,$@)$(CC) $(CFLAGS) -pie -Wl,-z,now,-z,relro -o $@ $^ -ljansson -lbpf

$(B)/mdprovisiond: $(PROVISION_OBJ) $(B)/libmdwire.a
	$(call SAY,LINK,$@)$(CC) $(CFLAGS) -pie -Wl,-z,now,-z,relro -o $@ $^ -lev -lcurl -ljansson -lcrypto -linih -lxdp -lbpf -lmnl -lpthread -lm

BPF_H     := $(wildcard provisioner/*.bpf.h) include/mdshim/arm.h
CLANG_BPF = clang -target bpf -mcpu=v3 -O2 -g -Wall -Wextra -Werror -ffreestanding -Iinclude -isystem /usr/include/$$($(CC) -print-multiarch)
# The programs in the kernel: byte code of clang, joined into one object, and a header that carries it.
$(B)/%.bpf.o: %.bpf.c $(BPF_H)
	@mkdir -p $(@D)
	$(call SAY,BPF,$<)$(CLANG_BPF) -c -o $@ $<

$(B)/provisioner/arm.skel.h: $(B)/provisioner/patch.bpf.o $(B)/provisioner/guard.bpf.o
	$(call SAY,BPF,$@)$(BPFTOOL) gen object $(@D)/arm.bpf.o $^ && $(BPFTOOL) gen skeleton $(@D)/arm.bpf.o name arm_bpf >$@

# The patch once more, for kernels that describe their types.
$(B)/provisioner/quick.bpf.o: provisioner/patch.bpf.c $(BPF_H)
	@mkdir -p $(@D)
	$(call SAY,BPF,$@)$(CLANG_BPF) -DARM_KERNEL_TYPES -c -o $@ $<

$(B)/provisioner/armquick.skel.h: $(B)/provisioner/quick.bpf.o
	$(call SAY,BPF,$@)$(BPFTOOL) gen skeleton $< name armquick_bpf >$@

$(B)/provisioner/arm.o: $(B)/provisioner/arm.skel.h
$(B)/provisioner/armquick.o: $(B)/provisioner/armquick.skel.h
$(B)/tests/bpf/datagram.skel.h: $(B)/tests/bpf/datagram.bpf.o
	$(call SAY,BPF,$@)$(BPFTOOL) gen skeleton $< name datagram_bpf >$@

$(B)/provisioner/arm.o $(B)/provisioner/armquick.o: CPPFLAGS += -isystem $(B)/provisioner

# libevent stands before libev, which has functions of the same names for old programs.
$(B)/mdrouter: $(ROUTER_OBJ) $(BOOK_OBJ) $(B)/libradio.a $(B)/libmdwire.a
	$(call SAY,LINK,$@)$(CC) $(CFLAGS) -pie -Wl,-z,now,-z,relro -o $@ $^ -levent_core -levent_extra \
		-levent_openssl -levent_pthreads -lev -ljansson -lssl -lcrypto -lpthread -lm

# The demo's receiver is a GStreamer program; it is not installed.
$(B)/receive: $(PIPE_SRC) $(wildcard demo/pipeline/*.h)
	@mkdir -p $(@D)
	$(call SAY,CC,$@)$(CC) $(CFLAGS) -o $@ $(PIPE_SRC) \
		$$(pkg-config --cflags --libs gstreamer-1.0 gstreamer-app-1.0 | sed 's/-I/-isystem /g')

# Encodes what "make gain" sends: GStreamer. Plays and judges what was sent: libavcodec and libpcap. Not installed.
$(B)/gain/film: demo/gain/film.c
	@mkdir -p $(@D)
	$(call SAY,CC,$@)$(CC) $(CFLAGS) -o $@ $< $$(pkg-config --cflags --libs gstreamer-1.0 | sed 's/-I/-isystem /g')

$(B)/demo/gain/%.o: demo/gain/%.c
	@mkdir -p $(@D)
	$(call SAY,CC,$<)$(CC) $(CFLAGS) -fPIE $(HARDEN) $(CPPFLAGS) -Idemo/radio -Idemo/router -Iprovisioner -c -o $@ $<

# A sender whose rate follows its client's feedback: GStreamer.
$(B)/gain/adapt: demo/gain/adapt.c demo/gain/rate.c demo/gain/rate.h
	@mkdir -p $(@D)
	$(call SAY,CC,$@)$(CC) $(CFLAGS) -o $@ $(filter %.c,$^) \
		$$(pkg-config --cflags --libs gstreamer-1.0 gstreamer-rtp-1.0 | sed 's/-I/-isystem /g')

$(B)/gain/play $(B)/gain/closed: $(B)/gain/%: $(B)/demo/gain/%.o $(GAIN_OBJ) $(B)/librouter.a $(B)/libradio.a $(B)/libmdwire.a
	@mkdir -p $(@D)
	$(call SAY,LINK,$@)$(CC) $(CFLAGS) -pie -o $@ $^ -lavformat -lavcodec -lavutil -lpcap -levent_core -levent_extra \
		-levent_openssl -levent_pthreads -lev -ljansson -lssl -lcrypto -lpthread -lm

$(B)/gain/users: $(B)/demo/gain/users.o $(B)/libradio.a
	@mkdir -p $(@D)
	$(call SAY,LINK,$@)$(CC) $(CFLAGS) -pie -o $@ $^ -lm

# The GStreamer element that gives hints; an example too. Its test stands in for the shim.
$(B)/gst/libgstmdhint.so: demo/pipeline/mdhint.c include/mdshim/hints.h
	@mkdir -p $(@D)
	$(call SAY,CC,$@)$(CC) $(CFLAGS) -fPIC -shared -Iinclude -o $@ $< \
		$$(pkg-config --cflags --libs gstreamer-1.0 gstreamer-rtp-1.0 | sed 's/-I/-isystem /g')

$(B)/tests/unit/test_mdhint: tests/unit/test_mdhint.c $(B)/gst/libgstmdhint.so
	@mkdir -p $(@D)
	$(call SAY,CC,$@)$(CC) $(CFLAGS) -fPIE -pie -rdynamic -Iinclude -o $@ $< -lcmocka \
		$$(pkg-config --cflags --libs gstreamer-check-1.0 gstreamer-rtp-1.0 | sed 's/-I/-isystem /g')

# An application that gives hints; an example, not installed.
$(B)/hint: demo/hint.c include/mdshim/hints.h
	@mkdir -p $(@D)
	$(call SAY,CC,$@)$(CC) $(CFLAGS) -Iinclude -o $@ $<

# The configuration checker behind "mdshim-run --check": the shim's own reader, as a program.
$(B)/mdshim-check: $(B)/shim/check/check.o $(B)/librooms.a $(B)/libmdwire.a $(B)/inih.a
	$(call SAY,LINK,$@)$(CC) $(CFLAGS) -pie -o $@ $^

# The same for the classifier, behind "mdctl explain".
$(B)/mdshim-explain: $(addprefix $(B)/shim/check/,explain.o capture.o live.o say.o) $(B)/librooms.a $(B)/libmdwire.a $(B)/inih.a
	$(call SAY,LINK,$@)$(CC) $(CFLAGS) -pie -o $@ $^

$(B)/shim/check/%.o: shim/check/%.c
	@mkdir -p $(@D)
	$(call SAY,CC,$<)$(CC) $(CFLAGS) -fPIE $(HARDEN) $(CPPFLAGS) -Ishim -c -o $@ $<

# Static, so that what is preloaded passes it by; no sanitizer can be linked that way.
$(B)/mdshim-nouring: shim/check/nouring.c
	@mkdir -p $(@D)
	$(call SAY,CC,$<)$(CC) $(filter-out $(SAN),$(CFLAGS)) $(HARDEN) $(CPPFLAGS) -static -o $@ $<

$(B)/mdshim-run: shim/mdshim-run
	@mkdir -p $(@D)
	$(Q)sed 's,@VERSION@,$(VERSION),' $< >$@ && chmod 755 $@

# The router's control endpoint speaks the documents of the provisioner.
$(B)/demo/router/%.o: demo/router/%.c
	@mkdir -p $(@D)
	$(call SAY,CC,$<)$(CC) $(CFLAGS) -fPIE $(HARDEN) $(CPPFLAGS) -Iprovisioner -Idemo/radio -c -o $@ $<

# Tests of the radio link know its headers, and those of the router that speak of it.
$(B)/tests/unit/test_radio%.o: tests/unit/test_radio%.c
	@mkdir -p $(@D)
	$(call SAY,CC,$<)$(CC) $(CFLAGS) -fPIE $(HARDEN) $(CPPFLAGS) -Idemo/radio -Idemo/router -Idemo/gain -c -o $@ $<
# The bound for policies, and what plays them, of "make gain".
$(B)/tests/unit/test_radio_oracle $(B)/tests/unit/test_radio_waste: $(addprefix $(B)/demo/gain/,oracle.o arm.o frames.o tcp.o waste.o)

# The congestion controller of the closed loop.
$(B)/tests/unit/test_gain%.o: tests/unit/test_gain%.c
	@mkdir -p $(@D)
	$(call SAY,CC,$<)$(CC) $(CFLAGS) -fPIE $(HARDEN) $(CPPFLAGS) -Idemo/gain -c -o $@ $<
$(B)/tests/unit/test_gain_rate: $(B)/demo/gain/rate.o

# The patch in the kernel's harness.
$(B)/tests/unit/test_patch_program.o: $(B)/tests/bpf/datagram.skel.h
$(B)/tests/unit/test_patch_program.o: CPPFLAGS += -isystem $(B)/tests/bpf
$(B)/tests/unit/test_patch_program: TEST_LIBS := -lbpf
# Patch and guard in the kernel, put there as the daemon does.
$(B)/tests/unit/test_patch_kept: TEST_LIBS := -lbpf
$(B)/tests/unit/test_patch_kept: $(addprefix $(B)/provisioner/,arm.o arminterfaces.o armdetour.o armlink.o armoff.o armpair.o armquick.o netns.o)
# The reader of ELF files, of mdctl.
$(B)/tests/unit/test_elf: $(B)/provisioner/mdctl/elf.o
# The reader of the draft's text form, of mdctl.
$(B)/tests/unit/test_draft: $(B)/provisioner/mdctl/draft.o $(B)/provisioner/mdctl/drafttext.o
# What makes books, and what is kept of them and understood of answers, of the provisioner.
$(B)/tests/unit/test_answer: $(B)/provisioner/answer.o
$(B)/tests/unit/test_store: $(B)/provisioner/store.o $(B)/provisioner/usage.o
$(B)/tests/unit/test_mint: $(B)/provisioner/mint.o

$(B)/tests/unit/%: $(B)/tests/unit/%.o $(B)/tests/unit/vectors.o $(B)/librouter.a $(B)/libradio.a $(B)/librooms.a $(B)/libmdwire.a $(B)/inih.a
	$(call SAY,LINK,$@)$(CC) $(CFLAGS) -pie -o $@ $(filter %.o,$^) $(filter %.a,$^) -lcmocka -ljansson -lcrypto -lev -lpthread -lm $(TEST_LIBS)

$(B)/tests/preload/victims/%: tests/preload/victims/%.c
	@mkdir -p $(@D)
	$(call SAY,CC,$<)$(CC) $(CFLAGS) -Itests/preload -Iinclude -MMD -MP -fPIE -pie -rdynamic -o $@ $< -lpthread -ldl

$(B)/tests/preload/libs/%.so: tests/preload/libs/%.c
	@mkdir -p $(@D)
	$(call SAY,CC,$<)$(CC) $(CFLAGS) -Itests/preload -MMD -MP -fPIC -shared -o $@ $< -ldl

$(B)/tests/tools/%: tests/tools/%.c $(B)/libmdwire.a
	@mkdir -p $(@D)
	$(call SAY,CC,$<)$(CC) $(CFLAGS) $(CPPFLAGS) -o $@ $< $(B)/libmdwire.a -lcrypto -ljansson -lpcap -lpthread

# Hints are for C++ too.
$(B)/tests/tools/hintcpp: tests/tools/hintcpp.cc include/mdshim/hints.h
	@mkdir -p $(@D)
	$(call SAY,CXX,$<)g++ -std=c++17 -Wall -Wextra -Wconversion -Wshadow -Werror $(OPT) $(SAN) -Iinclude -o $@ $<

# RTP over QUIC, by the system's ngtcp2.
$(B)/tests/tools/roq: tests/tools/roq.c
	@mkdir -p $(@D)
	$(call SAY,CC,$<)$(CC) $(CFLAGS) -MMD -MP -o $@ $< \
		$$(pkg-config --cflags --libs libngtcp2 libngtcp2_crypto_gnutls gnutls)

# The reader of captures that shares no code with the product: only libc, libpcap and OpenSSL.
$(B)/tests/tools/capread: tests/tools/capread.c
	@mkdir -p $(@D)
	$(call SAY,CC,$<)$(CC) $(CFLAGS) -MMD -MP -o $@ $< -lcrypto -lpcap

# Everything that fuzzers reach, by clang and its sanitizers, once; each takes what it needs out of the archive.
FUZZ_CC  := clang -std=c11 -D_GNU_SOURCE -g -O1 -fno-sanitize-recover=all -Iinclude -Ishim -MMD -MP
FUZZ_OBJ := $(patsubst %.c,$(B)/fuzz/%.o,$(wildcard shim/wire/*.c shim/recognise/*.c shim/egress/*.c shim/check/say.c) \
	$(filter-out shim/interpose.c shim/start.c shim/taps.c,$(wildcard shim/*.c)) \
	$(addprefix demo/router/,decide.c keys.c flows.c prefix.c address.c) $(addprefix provisioner/,bookjson.c bookwrite.c))
$(B)/fuzz/%.o: %.c
	@mkdir -p $(@D)
	$(call SAY,FUZZ,$<)$(FUZZ_CC) -fsanitize=fuzzer-no-link,address,undefined -DMDSHIM_VERSION='"$(VERSION)"' -c -o $@ $<

$(B)/fuzz/rooms.a: $(FUZZ_OBJ)
	$(call SAY,AR,$@)rm -f $@ && ar crs $@ $^

$(B)/tests/fuzz/%: tests/fuzz/%.c $(B)/fuzz/rooms.a $(B)/inih.a
	@mkdir -p $(@D)
	$(call SAY,FUZZ,$@)$(FUZZ_CC) -fsanitize=fuzzer,address,undefined -o $@ $< \
		$(if $(findstring fuzz_draft,$<),$(wildcard provisioner/mdctl/draft*.c)) \
		$(if $(findstring fuzz_answer,$<),provisioner/answer.c) \
		$(if $(findstring fuzz_provisioner,$<),$(wildcard provisioner/config*.c) -linih) \
		$(B)/fuzz/rooms.a $(B)/inih.a $(if $(findstring fuzz_codebook,$<)$(findstring fuzz_answer,$<),-ljansson)

$(B)/tests/bench/pair: $(patsubst %.c,$(B)/%.o,$(wildcard tests/bench/parts/*.c))
# Reads captures as the explainer does.
$(B)/tests/bench/replay: $(B)/shim/check/capture.o
$(B)/tests/bench/%: $(B)/tests/bench/%.o $(B)/librooms.a $(B)/libmdwire.a $(B)/inih.a
	$(call SAY,LINK,$@)$(CC) $(CFLAGS) -pie -o $@ $(filter %.o,$^) $(filter %.a,$^) -lpthread

check-programs: $(B)/tests/longway/libmdshim.so $(PRODUCTS) $(GAIN) $(B)/receive $(B)/hint $(B)/gst/libgstmdhint.so $(B)/tests/tools/capread $(B)/tests/tools/hintcpp $(UNIT) $(VICTIMS) $(PRELOADS) $(TOOLS) $(BENCHES)

# --- Targets --------------------------------------------------------------------------------------------------------
test:
	$(Q)tests/packages.sh build test
	$(Q)$(MAKE) --no-print-directory check-programs
	$(Q)tests/run.sh $(B) $(ONLY)

demo:
	$(Q)tests/packages.sh build demo gain
	$(Q)$(MAKE) --no-print-directory $(PRODUCTS) $(GAIN) $(B)/receive $(B)/tests/tools/capread
	$(Q)demo/run.sh $(B)
	@echo
	@echo "demo: what the marks buy: six seconds over one bad radio link ('make gain' does it thoroughly)"
	$(Q)SMALL=1 demo/gain/gain.sh $(B)

# What the marks buy, with a progress bar; QUICK=1: a short film and fewer seeds.
gain:
	$(Q)tests/packages.sh build demo gain
	$(Q)$(MAKE) --no-print-directory $(PRODUCTS) $(GAIN)
	$(Q)demo/gain/gain.sh $(B)

# How many users a toy cell holds; some seconds.
gain-users:
	$(Q)tests/packages.sh build
	$(Q)$(MAKE) --no-print-directory $(B)/gain/users
	$(Q)$(B)/gain/users

lint:
	$(Q)tests/packages.sh build test lint
	$(Q)$(MAKE) --no-print-directory check-programs
	$(Q)tests/lint/run.sh $(B)

# Sanitizer builds of everything, the tests that need no other privilege run on them. The preloaded library needs the
# sanitizer's runtime in front of it in LD_PRELOAD; tests/preload/driver does that.
asan ubsan tsan:
	$(Q)tests/packages.sh build test
	$(Q)$(MAKE) --no-print-directory B=$(B)/$@ OPT="-O1 -g -fno-omit-frame-pointer" SAN="$(SAN_$@)" check-programs
	$(Q)MD_SANITIZER=$@ tests/run.sh $(B)/$@ unit preload integration

SAN_asan  := -fsanitize=address -fno-sanitize-recover=all
SAN_ubsan := -fsanitize=undefined -fno-sanitize-recover=all
SAN_tsan  := -fsanitize=thread

# Faults at random: SOAK_FAULTS, SEED and SOAK_ACTS in the environment say how many and which.
soak:
	$(Q)tests/packages.sh build test
	$(Q)$(MAKE) --no-print-directory check-programs
	$(Q)tests/run.sh $(B) soak

FUZZ_SECONDS ?= 15
fuzz:
	$(Q)tests/packages.sh build lint
	$(Q)$(MAKE) --no-print-directory $(FUZZERS)
	$(Q)tests/fuzz/run.sh $(B) $(FUZZ_SECONDS)

# Ten minutes each.
fuzz-long:
	$(Q)$(MAKE) --no-print-directory fuzz FUZZ_SECONDS=600

bench:
	$(Q)tests/packages.sh build test bench
	$(Q)$(MAKE) --no-print-directory $(PRODUCTS) $(BENCHES)
	$(Q)tests/bench/run.sh $(B)

# Instructions, not time: the same on a busy machine.
bench-gate:
	$(Q)tests/packages.sh build test bench
	$(Q)$(MAKE) --no-print-directory $(PRODUCTS) $(BENCHES) $(B)/tests/tools/shimstats
	$(Q)tests/run.sh $(B) bench

install: all
	install -d $(DESTDIR)$(LIBDIR) $(DESTDIR)$(BINDIR) $(DESTDIR)$(MANDIR)/man1 $(DESTDIR)$(MANDIR)/man5 $(DESTDIR)$(MANDIR)/man8 \
		$(DESTDIR)$(PREFIX)/include/mdshim $(DESTDIR)$(SYSCONFDIR)/mdshim
	install -m 755 $(B)/libmdshim.so $(DESTDIR)$(LIBDIR)/
	install -m 644 $(B)/libmdwire.a $(DESTDIR)$(LIBDIR)/
	install -m 755 $(PROGRAMS) $(DESTDIR)$(BINDIR)/
	sed 's,@LIBDIR@,$(LIBDIR),; s,@VERSION@,$(VERSION),' shim/mdshim-run >$(DESTDIR)$(BINDIR)/mdshim-run
	chmod 755 $(DESTDIR)$(BINDIR)/mdshim-run
	install -m 644 include/mdshim/*.h $(DESTDIR)$(PREFIX)/include/mdshim/
	install -m 644 shim.conf.example provisioner.conf.example $(DESTDIR)$(SYSCONFDIR)/mdshim/
	install -m 644 $(wildcard shim/*.1 provisioner/mdctl/*.1 demo/router/*.1) $(DESTDIR)$(MANDIR)/man1/
	install -m 644 $(wildcard shim/*.5 provisioner/*.5) $(DESTDIR)$(MANDIR)/man5/
	install -m 644 $(wildcard provisioner/*.8) $(DESTDIR)$(MANDIR)/man8/

uninstall:
	rm -f $(DESTDIR)$(LIBDIR)/libmdwire.a
	rm -f $(DESTDIR)$(LIBDIR)/libmdshim.so $(addprefix $(DESTDIR)$(BINDIR)/,$(notdir $(PROGRAMS)) mdshim-run)
	rm -rf $(DESTDIR)$(PREFIX)/include/mdshim
	rm -f $(addprefix $(DESTDIR)$(MANDIR)/man1/,$(notdir $(wildcard shim/*.1 provisioner/mdctl/*.1 demo/router/*.1)))
	rm -f $(addprefix $(DESTDIR)$(MANDIR)/man5/,$(notdir $(wildcard shim/*.5 provisioner/*.5)))
	rm -f $(addprefix $(DESTDIR)$(MANDIR)/man8/,$(notdir $(wildcard provisioner/*.8)))

clean:
	rm -rf build demo/out

-include $(shell [ -d $(B) ] && find $(B) -name '*.d')
