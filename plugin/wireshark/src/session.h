/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NFLX_PLUGIN_SESSION_H
#define NFLX_PLUGIN_SESSION_H

#include "plugin.h"

void session_start(void);
void session_stop(void);
void session_shut_down(void);
/* Registers a routine that is called whenever a capture is over, before its facts are freed. */
void session_at_stop(void (*routine)(void));
/* Fills the facts about a packet without its server and segment; false if it is not a Netflix packet. */
bool session_facts(tvbuff_t *tvb, packet_info *pinfo, facts *facts);
/* Fills these as well, which most packets do not need; false if the engine failed. */
bool session_facts_all(facts *facts);
/* Returns the annotation of a packet that is shown again; false if it is not a Netflix packet. */
bool session_packet(const packet_info *pinfo, nflx_annotation *said);
bool session_evidence(uint32_t server, uint32_t index, nflx_evidence *evidence);
/* Return the current state; false if there is none with this number. */
bool session_server(uint32_t number, nflx_server *server);
bool session_segment(uint32_t number, nflx_segment *segment);
/* Tells the engine that there are no more packets, if that is so. */
void session_settle(void);
bool session_note(uint64_t frame, nflx_note *note);
bool session_summary(nflx_summary *summary);
/* Returns counts of packets that ended in a known header, by that header. */
bool session_unfollowed(uint32_t index, nflx_unfollowed *unfollowed);
/* Returns the number of such headers so far. */
uint32_t session_unfollowed_headers(void);
/* Records that a packet got a comment. */
void session_commented(const facts *facts);
/* Returns true if the engine failed, which was reported. */
bool session_stopped(void);
/* Returns true if the host is Wireshark's window. */
bool session_in_window(void);
/* Returns the first Netflix frame after the engine had dropped something for lack of room; 0 if it has not. */
uint32_t session_full_frame(void);
/* Returns the time of the first packet, in nanoseconds since 1970. */
int64_t session_first_time(void);
/* Returns a number that changes whenever facts about frames come from another engine. */
unsigned session_generation(void);
/* Returns the annotation of a frame in the window; false if it is not a Netflix packet. */
bool session_frame(const frame_data *frame, nflx_annotation *said);
/* Returns the number of a frame that belongs to no server, and whether the whole capture is known; false if nothing
 * is. */
bool session_other_frame(const packet_info *pinfo, uint64_t *frame, bool *over);
uint32_t session_server_count(void);
/* Return sessions of playback, found from all segments at the first call after a packet; so do not call these for each
 * packet of a first reading. False if there is none. */
bool session_playback(uint32_t number, nflx_session *session);
bool session_media(uint32_t segment, nflx_media *media);
bool session_moment(uint32_t number, int64_t time, nflx_moment *moment);
/* Returns the capture's model; NULL if there is none. */
const nflx_model *session_model(void);
/* Returns the model's answer for the next window that the latest packet closed; false if there is no more. */
bool session_next_quality(nflx_quality *quality);
/* Returns the answer for a frame's window, which may be open; false if it is in none. */
bool session_frame_quality(uint64_t frame, nflx_quality *quality);
/* Returns the answer for a window by its index from 0; false if there is none. */
bool session_quality(uint32_t index, nflx_quality *quality);
bool session_stall(uint32_t number, uint32_t index, int64_t *from, int64_t *to);

#endif
