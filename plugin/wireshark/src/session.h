/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NFLX_PLUGIN_SESSION_H
#define NFLX_PLUGIN_SESSION_H

#include "plugin.h"

void session_start(void);
void session_stop(void);
void session_shut_down(void);
/* Has a routine called whenever a capture is over, before what is known of it goes. */
void session_at_stop(void (*routine)(void));
/* What is known of a packet, but for its server and segment; false if it is none of Netflix's. */
bool session_facts(tvbuff_t *tvb, packet_info *pinfo, facts *facts);
/* Those as well, which most packets are not looked at for; false if the engine failed. */
bool session_facts_all(facts *facts);
/* What was said of a packet that is shown again; false if it is none of Netflix's. */
bool session_packet(const packet_info *pinfo, nflx_annotation *said);
bool session_evidence(uint32_t server, uint32_t index, nflx_evidence *evidence);
/* As they are now; false if there is none of this number. */
bool session_server(uint32_t number, nflx_server *server);
bool session_segment(uint32_t number, nflx_segment *segment);
/* Tells the engine that there are no more packets, if there are none. */
void session_settle(void);
bool session_note(uint64_t frame, nflx_note *note);
bool session_summary(nflx_summary *summary);
/* Packets of which nothing could be read behind a known header, by that header. */
bool session_unfollowed(uint32_t index, nflx_unfollowed *unfollowed);
/* How many such headers were met so far. */
uint32_t session_unfollowed_headers(void);
/* Notes that a packet got a comment. */
void session_commented(const facts *facts);
/* Whether the engine failed, which was reported. */
bool session_stopped(void);
/* Whether the host is Wireshark's window. */
bool session_in_window(void);
/* The first frame of Netflix's after the engine had dropped something for lack of room; 0 if it has not. */
uint32_t session_full_frame(void);
/* The time of the first packet, in nanoseconds since 1970. */
int64_t session_first_time(void);
/* Another number whenever what is known of frames is of another engine. */
unsigned session_generation(void);
/* What was said of a frame of the window's; false if it is none of Netflix's. */
bool session_frame(const frame_data *frame, nflx_annotation *said);
/* The number of a frame that is none of a server's, and whether all of the capture is known; false if nothing is. */
bool session_other_frame(const packet_info *pinfo, uint64_t *frame, bool *over);
uint32_t session_server_count(void);
/* Of sessions of playback, which are found from all segments when one of these is first called after a packet: so not
 * for each packet while they come in. False if there is none. */
bool session_playback(uint32_t number, nflx_session *session);
bool session_media(uint32_t segment, nflx_media *media);
bool session_moment(uint32_t number, int64_t time, nflx_moment *moment);
/* What the capture's model is; NULL if there is none. */
const nflx_model *session_model(void);
/* What it says of the next window that the latest packet closed; false if there is none more. */
bool session_next_quality(nflx_quality *quality);
/* Of the window that a frame is in, which may be open; false if it is in none. */
bool session_frame_quality(uint64_t frame, nflx_quality *quality);
/* Of a window by its index from 0; false if there is none. */
bool session_quality(uint32_t index, nflx_quality *quality);
bool session_stall(uint32_t number, uint32_t index, int64_t *from, int64_t *to);

#endif
