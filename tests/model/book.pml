/* SPDX-License-Identifier: BSD-3-Clause
 *
 * book.pml - the life of a domain's books, as a model for spin: one provisioner, its image and its disk, two routers with
 * theirs, senders, and a network that loses, repeats and reorders whatever is sent.
 *
 *   what is modelled            where it is in the code
 *   step                        provisioner/push.c  step()
 *   mint                        provisioner/push.c  mint_next(), mint_and_offer()
 *   held                        provisioner/push.c  held()
 *   activate                    provisioner/push.c  activate(), provisioner/publish.c publish_book()
 *   expire, drained             provisioner/push.c  let_expire(), let_drain()
 *   answer                      provisioner/push.c  on_answer(), on_accepted()
 *   recall                      provisioner/recall.c recall(), on_stored(), place(); provisioner/push.c domain_start()
 *   router                      demo/router/shelf.c shelf_offer(): offer(), judge(), put_first(); on_file() after a crash
 *   packet                      demo/router/shelf.c shelf_find()
 *   may_be_under_way            the drain time: nothing of a book arrives later than that after the last was sent
 *
 * Invariants:
 *   "no unknown code on the wire": whenever a packet arrives at a router, the router has the book of its code (packet).
 *   "never without an active book once there was one, until it expires": the image is not taken out of force before its
 *   book has expired (publish), and a restart does not forget it.
 *
 * Time is left out: what is bound to a time may happen at any moment at which the order of things allows it; so whatever
 * times are configured are covered. A message that was sent stays in its set for ever: it may arrive at once, late, often,
 * or never, and after any other. A router that loses its disk is not modelled: its book is offered again, and until then its
 * codes are unknown there, as the codebook format has it (section 5).
 *
 * Each MUT_... takes one precaution away; then an invariant must fail, or the model proves nothing. REACH must fail too: it
 * claims that no third book is ever active. book.sh does all of them. */

#ifndef BOOKS
#define BOOKS 4        /* ids are 1 to BOOKS, 4 at most */
#endif
#ifndef CRASHES
#define CRASHES 2      /* of the provisioner */
#endif
#ifndef RESETS
#define RESETS 1       /* of routers */
#endif
#ifndef TORN
#define TORN 1         /* files of the provisioner found damaged */
#endif
#ifndef REFUSALS
#define REFUSALS 1
#endif

#define NONE     0
#define OFFERED  1
#define ACCEPTED 2
#define ACTIVE   3
#define DRAINING 4
#define BIT(b)   (1 << (b))

/* The provisioner's memory. */
byte next, next_state, used, draining, last_book, orphan; /* used: the active one */
byte accepts;                  /* routers that accepted next */
bool quiet;                    /* mint_at: a drain time in which nothing is made, see let_arrive(), on_answer() and recall() */

/* Its disk: a state for each file, the last id; and the image. */
byte file[BOOKS + 1];          /* file[0] is nobody's */
byte disk_last;
byte image;

/* The network. */
byte offers, took[2], refused[2]; /* sets of books: what was offered; what each router said */
byte under_way;                /* books of packets that may still arrive */

/* The routers: newest first. */
byte kept0[2], kept1[2], highest[2];
byte disk0[2], disk1[2], disk_highest[2];

byte expired;                  /* all books up to this one have expired; they do so in their order */
byte crashes, resets, torn, refusals;
byte activated;

inline publish(b)
{
	assert(b != 0 || image == 0 || image <= expired); /* never without one until it expires */
	image = b;
}

/* Killed here, or not. The memory is lost; what was done so far stays done. */
#define MAY_DIE if :: crashes < CRASHES -> crashes++; goto recall :: skip fi

#define IN_USE (used != 0 -> used : orphan)
#ifdef MUT_HELD
#define HELD false
#else
#define HELD (IN_USE != 0 && next == 0 && last_book > IN_USE)
#endif

#ifdef MUT_ALL
#define ALL_ACCEPTED (accepts != 0)
#else
#define ALL_ACCEPTED (accepts == 3)
#endif

#ifdef MUT_DRAIN
#define NOTHING_DRAINS true
#else
#define NOTHING_DRAINS (draining == 0 && !quiet)
#endif

active proctype provisioner()
{
	byte b;

	goto recall;
serve:
	do
	:: d_step { next != 0 && next_state == OFFERED && ALL_ACCEPTED -> next_state = ACCEPTED; file[next] = ACCEPTED }

	/* activate */
	:: atomic {
		next != 0 && next_state == ACCEPTED && draining == 0 && next > expired ->
		publish(next);
		activated++;
		quiet = true;
		orphan = 0;
		MAY_DIE;
		draining = used;
		used = next;
		next = 0;
		next_state = NONE;
		accepts = 0;
		file[used] = ACTIVE;
		MAY_DIE;
		if
		:: draining != 0 -> file[draining] = DRAINING
		:: else
		fi
	}

	/* drained: nothing that was sent with it is under way any more */
#ifdef MUT_DRAIN
	:: d_step { draining != 0 -> file[draining] = NONE; draining = 0 }
	:: d_step { quiet -> quiet = false }
#else
	:: d_step { draining != 0 && !(under_way & BIT(draining)) -> file[draining] = NONE; draining = 0 }
	:: d_step { quiet && (under_way & ~BIT(image)) == 0 -> quiet = false }
#endif

	/* expire */
	:: atomic {
		used != 0 && used <= expired && !(next != 0 && next_state == ACCEPTED) && !(HELD && (under_way & BIT(used))) ->
		publish(0);
		MAY_DIE;
		file[used] = NONE;
		used = 0
	}
	:: d_step { next != 0 && next <= expired -> file[next] = NONE; next = 0; next_state = NONE; accepts = 0 }
	:: d_step { orphan != 0 && orphan <= expired && !(under_way & BIT(orphan)) -> publish(0); orphan = 0 }

	/* mint: the book on disk, the id on disk, then the offers */
	:: atomic {
		next == 0 && NOTHING_DRAINS && !HELD && last_book < BOOKS ->
		last_book++;
		next = last_book;
		next_state = OFFERED;
		accepts = 0;
		file[next] = OFFERED;
		MAY_DIE;
		disk_last = last_book;
		MAY_DIE;
		offers = offers | BIT(next)
	}

	/* answer: of the offer that is outstanding; others are not looked at */
	:: d_step { next != 0 && (took[0] & BIT(next)) && !(accepts & 1) -> accepts = accepts | 1 }
	:: d_step { next != 0 && (took[1] & BIT(next)) && !(accepts & 2) -> accepts = accepts | 2 }
	:: d_step { next != 0 && ((refused[0] | refused[1]) & BIT(next)) ->
		file[next] = NONE; next = 0; next_state = NONE; accepts = 0; quiet = true }

	:: atomic { crashes < CRASHES -> crashes++; goto recall }
	od;

recall:
	atomic {
	d_step {
		next = 0; next_state = NONE; used = 0; draining = 0; orphan = 0; accepts = 0; quiet = false;
		last_book = disk_last
	}
	/* a file may be found damaged */
	if
	:: torn < TORN -> torn++; select (b : 1 .. BOOKS); file[b] = NONE
	:: skip
	fi;
	b = 1;
	do
	:: b <= BOOKS ->
		if
		:: file[b] != NONE && b > last_book -> last_book = b
		:: else
		fi;
		if
		:: file[b] == NONE
		:: file[b] != NONE && b <= expired -> file[b] = NONE
		:: file[b] != NONE && b > expired ->
			/* place */
			if
			:: b == image || (file[b] == ACTIVE && b > image) ->
				if
				:: used != 0 && draining == 0 -> draining = used
				:: else
				fi;
				used = b;
				file[b] = ACTIVE
			:: else ->
				if
				:: file[b] >= ACTIVE -> file[draining] = NONE; draining = b
				:: else -> file[next] = NONE; next = b; next_state = OFFERED
				fi
			fi
		fi;
		b++
	:: else -> break
	od;
	if
	:: image > last_book -> last_book = image
	:: else
	fi;
#ifndef MUT_QUIET
	quiet = (last_book != 0);
#endif
#ifndef MUT_ORPHAN
	if
	:: image != 0 && used == 0 && (image > expired || (under_way & BIT(image))) -> orphan = image
	:: else
	fi;
#endif
	/* domain_start */
	if
	:: used != 0 && image != used -> publish(used)
	:: used == 0 && orphan == 0 && image != 0 -> publish(0)
	:: else
	fi;
	if
	:: next != 0 -> offers = offers | BIT(next)
	:: else
	fi;
	b = 0;
	goto serve
	}
}

#define HAS(r, b) (kept0[r] == (b) || kept1[r] == (b))

/* Killed here, or not. */
#define MAY_RESET if :: resets < RESETS -> resets++; goto again :: skip fi

/* What is said to an offer that arrives. That the first router is the one that refuses loses nothing: they are alike. */
#define ARRIVES(i) \
	:: d_step { (offers & BIT(i)) && HAS(r, i) -> took[r] = took[r] | BIT(i) } \
	:: d_step { (offers & BIT(i)) && !HAS(r, i) && (i <= highest[r] || i <= expired) -> refused[r] = refused[r] | BIT(i) } \
	:: d_step { (offers & BIT(i)) && !HAS(r, i) && i > highest[r] && i > expired && r == 0 && refusals < REFUSALS -> \
		refusals++; refused[r] = refused[r] | BIT(i) } \
	:: d_step { (offers & BIT(i)) && !HAS(r, i) && i > highest[r] && i > expired -> b = i }

proctype router(byte r)
{
	byte b;

serve:
	do
	:: b == 0 ->
		if
		ARRIVES(1)
		ARRIVES(2)
		ARRIVES(3)
		ARRIVES(4)
		:: resets < RESETS -> resets++; goto again
		fi
	:: atomic {
		b != 0 ->
#ifdef MUT_ANSWER
		took[r] = took[r] | BIT(b);
		MAY_RESET;
#endif
		disk1[r] = disk0[r]; /* bookfile_write */
		disk0[r] = b;
		MAY_RESET;
		disk_highest[r] = b;
		kept1[r] = kept0[r]; /* put_first */
		kept0[r] = b;
		highest[r] = b;
		MAY_RESET;
		took[r] = took[r] | BIT(b);
		b = 0
	}
	od;
again:	/* on_file */
	skip;
	d_step {
		kept0[r] = disk0[r];
		kept1[r] = disk1[r];
		highest[r] = (disk0[r] > disk_highest[r] -> disk0[r] : disk_highest[r]);
		b = 0;
	}
	goto serve
}

/* A sender picks a code of the book of the image, unless that has expired; what is under way may be lost. */
active proctype sender()
{
	do
	:: d_step { image != 0 && image > expired && !(under_way & BIT(image)) -> under_way = under_way | BIT(image) }
	:: d_step { under_way & BIT(1) -> under_way = under_way & ~BIT(1) }
	:: d_step { under_way & BIT(2) -> under_way = under_way & ~BIT(2) }
	:: d_step { under_way & BIT(3) -> under_way = under_way & ~BIT(3) }
	:: d_step { under_way & BIT(4) -> under_way = under_way & ~BIT(4) }
	od
}

/* A packet arrives, at any moment and at either router, for the flow may have moved. */
#define KNOWN(b) (!(under_way & BIT(b)) || (HAS(0, b) && HAS(1, b)))
active proctype packet()
{
	do
	:: assert(KNOWN(1) && KNOWN(2) && KNOWN(3) && KNOWN(4)) /* no unknown code on the wire */
	od
}

/* Two books end more than a drain time apart: config.c wants lead + drain <= epoch and overlap <= lead. */
active proctype time()
{
	do
	:: expired < disk_last && (under_way & (BIT(expired + 1) - 1)) == 0 -> expired++
	od
}

#ifdef REACH
active proctype reach() { end: activated >= 3 -> assert(false) }
#endif

init { atomic { run router(0); run router(1) } }
