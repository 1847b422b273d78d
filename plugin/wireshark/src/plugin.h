/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the C sources of the plugin share. One noun a file:
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
 *   objects      segments among the export objects
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

/* Everything known about a packet of Netflix's, copied out of the core. */
typedef struct facts {
    /* The packet's number as the core knows it; frames of segments are such numbers. */
    uint64_t frame;
    nflx_annotation packet;
    nflx_server server;
    nflx_segment segment;
    /* The packet belongs to a segment that is still held, and `segment` is filled. */
    bool has_segment;
    /* The frame was shown before, or the capture was read ahead: all of the capture, or all of it so far, is known. */
    bool revisit;
    /* More packets may come. */
    bool live;
} facts;

/* register.c */
extern int nflx_proto;

/* frame.c */
void frame_register(void);
bool frame_packet(tvbuff_t *tvb, packet_info *pinfo, nstime_t *last, nflx_packet *packet);
bool frame_record(const wtap_rec *record, const uint8_t *data, uint32_t number, nstime_t *last, nflx_packet *packet);

/* read_ahead.c */
typedef struct read_ahead read_ahead;
read_ahead *read_ahead_new(const char *path, nflx_config *config, int *error, char **reason);
void read_ahead_free(read_ahead *made);
/* Returns true if a new one of this file would say the same: neither the file nor a preference has changed. */
bool read_ahead_fits(const read_ahead *made, const char *path);
nflx_engine *read_ahead_engine(read_ahead *made);
/* Returns the number of the record that begins at this offset of the file and has this time; 0 if none does. */
uint32_t read_ahead_number(const read_ahead *made, int64_t offset, const nstime_t *time);
/* Returns true if no record of the file had an offset and a time other than what the host reads. */
bool read_ahead_agrees(const read_ahead *made, int64_t offset, const nstime_t *time);
/* Returns the first packet of Netflix's after the engine had dropped something for lack of room; 0 for none. */
uint32_t read_ahead_full_frame(const read_ahead *made);

/* session.c */
void session_start(void);
void session_stop(void);
void session_shut_down(void);
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

/* preferences.c */
void preferences_register(void);
nflx_config *preferences_config(void);
bool preferences_comment(void);
/* Returns the capture file that tshark is to read ahead; empty for none. */
const char *preferences_read_ahead(void);
/* The values of all settings in one text, which the caller frees. */
char *preferences_text(void);
/* Which packets get a comment: all of Netflix's, or requests and ends of segments. */
bool preferences_comment_requests_only(void);
unsigned preferences_retransmission_note(void);

/* dissector.c */
int dissect_nflx(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data);

/* fields.c */
typedef enum field {
#define NFLX_FIELD(id, name, title, type, display, strings, blurb) FIELD_##id,
#include "fields.def"
#undef NFLX_FIELD
    FIELD_COUNT
} field;
extern int field_hf[FIELD_COUNT];
void fields_register(void);

/* tree.c */
void tree_register(void);
/* Whether somebody looks at our fields, or may. */
bool tree_is_shown(proto_tree *tree);
/* Adds all of them; the item at the top is for expert items to hang on. */
proto_item *tree_add(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, const facts *facts);
/* Adds the protocol alone, for statistics, and for expert items to hang on. */
proto_item *tree_add_name(tvbuff_t *tvb, proto_tree *tree);

/* experts.c */
enum {
    EXPERT_CUT = 1 << 0,
    EXPERT_MISSING = 1 << 1,
    EXPERT_RETRANSMITTED = 1 << 2,
    EXPERT_PREFIX_ONLY = 1 << 3,
    EXPERT_FULL = 1 << 4,
};
void experts_register(void);
void experts_reset(void);
unsigned experts_find(const facts *facts);
void experts_add(packet_info *pinfo, proto_item *item, const facts *facts, unsigned found);

/* columns.c */
void columns_mark(packet_info *pinfo, const facts *facts);

/* comment.c */
/* Adds our comment to a block unless it has one of ours; true if it was added. */
bool comment_put(wtap_block_t block, const char *text);
bool comment_is_wanted(const nflx_note *note, bool requests_only);
void comment_add(packet_info *pinfo, const facts *facts);

/* export.c */
void export_register(void);

/* navigation.c */
void navigation_register(void);

/* conversations.c */
void conversations_register(void);

/* response_times.c */
void response_times_register(void);

/* objects.c */
void objects_register(void);
bool objects_listen(void);
void objects_queue(packet_info *pinfo, const facts *facts);

/* summary.c */
void summary_register(void);

/* taps.c */
void taps_register(void);
void taps_stop(void);
bool taps_listen(void);
void taps_queue(packet_info *pinfo, const facts *facts);

/* tables.c */
void tables_register(void);
bool tables_open(void);
/* Every row anew, in order. */
void tables_fill(void);
/* The capture that the rows are of is over. */
void tables_forget(void);

/* tree_statistics.c */
void tree_statistics_register(void);
bool tree_statistics_open(void);
/* Counts the segments that waited for their end. */
void tree_statistics_fill(void);
void tree_statistics_forget(void);

/* format.c */
/* A line of text. Most packets get some, and formats as of printf would be most of what they cost. */
typedef struct line {
    size_t length;
    /* What does not fit is left out; Wireshark shows 240 bytes. */
    char text[512];
} line;
void line_add(line *line, const char *text);
/* As of `printable`. */
void line_add_printable(line *line, const char *text);
void line_add_number(line *line, uint64_t number);
/* 1245184 as 1,245,184. */
void line_add_grouped(line *line, uint64_t number);

/* In memory of the pool's, or of the caller's where it is NULL. */
/* 1245184 as 1,245,184. */
const char *grouped(packet_info *pinfo, uint64_t number);
/* The server's name, or its address where no name identified it. */
const char *server_label(packet_info *pinfo, const nflx_server *server);
const char *address_text(wmem_allocator_t *pool, const nflx_address *address);
/* Names come from packets that anybody may have sent; what is no printable ASCII has no place in a host name. */
const char *printable(wmem_allocator_t *pool, const char *name);

#endif
