/* SPDX-License-Identifier: BSD-3-Clause
 *
 * track.h - what a receiver keeps of one flow: losses by Sequence Number, freshness and replay.
 *
 * Pure like wire.h; the structures are the caller's, zero is their first state. */
#ifndef MDSHIM_TRACK_H
#define MDSHIM_TRACK_H

#include <mdshim/wire.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { MD_TRACK_GAPS = 1024 };

/* Loss accounting (wire format, section 4.5). lost counts gaps that are still open. */
struct md_track {
	uint64_t packets, lost, late, repeated;
	uint16_t highest;
	bool begun;
	uint16_t head;                    /* ring of numbers still missing, newest last; private */
	uint16_t gap[MD_TRACK_GAPS];
	uint16_t gaps;
};

enum md_track_result { MD_TRACK_NEXT, MD_TRACK_AHEAD, MD_TRACK_LATE, MD_TRACK_REPEATED };

/* Takes note of one packet. */
enum md_track_result md_track(struct md_track *track, uint16_t seq);

enum { MD_REPLAY_MAX = 4096, MD_REPLAY_MIN = 128, MD_REPLAY_DEFAULT = 256 };

/* Freshness and replay (section 5.9). slot is the caller's array of window Timestamps, zero at first. */
struct md_replay {
	uint32_t *slot;
	uint32_t window;     /* MD_REPLAY_MIN..MD_REPLAY_MAX */
	uint32_t limit;      /* ticks of 1/65536 s */
	uint32_t last;       /* time of the last accepted packet */
	bool begun;
};

/* MD_R_NONE: accepted and remembered; MD_R_STALE; MD_R_REPLAY. now is in NTP short format. */
enum md_reason md_replay(struct md_replay *replay, uint16_t seq, uint32_t ts, uint32_t now);

#ifdef __cplusplus
}
#endif
#endif
