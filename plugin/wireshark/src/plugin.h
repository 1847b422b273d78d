/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What all C sources of the plugin share. One noun a file, whose header names what others may call:
 *
 *   register     protocol, routines, hand-off          frame     the host's frame as the core's packet
 *   dissector    one visit of one frame                session   the engine of the capture at hand
 *   fields       the table of display-filter fields    tree      facts into the protocol tree
 *   experts      what a person should notice           columns   marks in the Info column
 *   preferences  settings as preferences               comment   facts as a packet comment
 *   taps         facts for statistics                  tables    servers and segments as tables
 *   summary      the capture in a few lines            tree_statistics  packets and segments as a tree
 *   read_ahead   a capture file, read as a whole       format    numbers, names and addresses for people
 *   export       annotated captures from the window    navigation  from a packet to all of its segment or server
 *   conversations  segments among the conversations    response_times  times to the first byte
 *   objects      segments among the export objects     evidence  packets that name a server
 *   table        what tables share                     session_table  sessions of playback as a table
 *   unfollowed   packets behind whose headers nothing can be read
 *   ladder       requests and responses as arrows      menu      what Statistics > Netflix and the toolbar do
 *   model        the file of a model                   quality   what a model says of windows
 *   quality_table  the same as a table
 *
 * The rule that keeps this sound: everything that Wireshark may leave by longjmp happens in C with no Rust frame below
 * it. frame.c reads all it needs before the core is called; the core fills plain structs and returns; then fields are
 * added.
 */
#ifndef NFLX_PLUGIN_H
#define NFLX_PLUGIN_H

#include "compat.h"

/* The ABI is linked in and must not be visible outside (see build.rs). */
#pragma GCC visibility push(hidden)
#include "nflx.h"
#pragma GCC visibility pop

/* All facts about a Netflix packet, copied out of the core. */
typedef struct facts {
    /* The packet's number in the core; frames of segments are such numbers. */
    uint64_t frame;
    nflx_annotation packet;
    nflx_server server;
    nflx_segment segment;
    /* True if the packet belongs to a segment that is still held; `segment` is then filled. */
    bool has_segment;
    /* True if the frame was shown before, or the capture was read ahead: all of the capture, or all of it so far, is
     * known. */
    bool revisit;
    /* True if more packets may come. */
    bool live;
} facts;

#endif
