/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Notes for people. Each is made once, at the packet where it becomes visible. A note that depends on the end of a
 * segment is made when its last packet is shown again, so not in one pass of tshark. */
#include "experts.h"

#include "fields.h"
#include "format.h"
#include "preferences.h"
#include "session.h"
#include "unfollowed.h"

#include <math.h>

/* Longest time from the last byte that a picture waited for until it shows: the delay of decoders and timers. */
enum { STALL_END_MS = 100 };

static expert_field ei_nflx_cut;
static expert_field ei_nflx_missing;
static expert_field ei_nflx_retransmitted;
static expert_field ei_nflx_prefix_only;
static expert_field ei_nflx_full;
static expert_field ei_nflx_first_byte;
static expert_field ei_nflx_slow;
static expert_field ei_nflx_worse;
static expert_field ei_nflx_handover;
static expert_field ei_nflx_reconnect;
static expert_field ei_nflx_stall;
static expert_field ei_nflx_aborted;

/* The frame at which a segment was first seen to lack bytes, by segment number. */
static GHashTable *missing_frames;
/* Value of session_generation for this data. */
static unsigned generation;

void experts_register(void)
{
    static ei_register_info registrations[] = {
        {&ei_nflx_cut,
         {"nflx.expert.cut", PI_SEQUENCE, PI_NOTE, "Segment still open where the capture ends", EXPFILL}},
        {&ei_nflx_missing,
         {"nflx.expert.missing", PI_SEQUENCE, PI_WARN, "Segment with bytes that were never captured", EXPFILL}},
        {&ei_nflx_retransmitted,
         {"nflx.expert.retransmitted", PI_SEQUENCE, PI_NOTE, "Segment with many retransmitted bytes", EXPFILL}},
        {&ei_nflx_prefix_only,
         {"nflx.expert.prefix_only", PI_ASSUMPTION, PI_NOTE, "Server known by its address range only", EXPFILL}},
        {&ei_nflx_full,
         {"nflx.expert.full", PI_UNDECODED, PI_WARN, "A table was full: older state was dropped", EXPFILL}},
        {&ei_nflx_first_byte,
         {"nflx.expert.first_byte", PI_RESPONSE_CODE, PI_NOTE, "First byte of a segment came late", EXPFILL}},
        {&ei_nflx_slow,
         {"nflx.expert.slow", PI_RESPONSE_CODE, PI_WARN, "Segment came more slowly than it plays", EXPFILL}},
        {&ei_nflx_worse, {"nflx.expert.worse", PI_SEQUENCE, PI_CHAT, "Picture of lower quality", EXPFILL}},
        {&ei_nflx_handover, {"nflx.expert.handover", PI_SEQUENCE, PI_CHAT, "Media from another server", EXPFILL}},
        {&ei_nflx_reconnect,
         {"nflx.expert.reconnect", PI_SEQUENCE, PI_CHAT, "Another connection after idle time", EXPFILL}},
        {&ei_nflx_stall, {"nflx.expert.stall", PI_SEQUENCE, PI_WARN, "Playback stalled", EXPFILL}},
        {&ei_nflx_aborted,
         {"nflx.expert.aborted", PI_SEQUENCE, PI_NOTE, "Request aborted: the client closed within the response", EXPFILL}},
    };
    expert_module_t *module = expert_register_protocol(proto_nflx);

    expert_register_field_array(module, registrations, G_N_ELEMENTS(registrations));
    unfollowed_register(module);
    missing_frames = g_hash_table_new(g_direct_hash, g_direct_equal);
}

/* Returns true at the packet for notes that depend on the end of a segment. */
static bool is_end(const facts *facts)
{
    const nflx_segment *segment = &facts->segment;

    return facts->revisit && !facts->live &&
           facts->frame == (segment->last_frame != 0 ? segment->last_frame : segment->request_frame);
}

/* Returns true at the packet where missing bytes first showed or, if that was a packet of another segment, at the end
 * of the segment. */
static bool shows_missing(const facts *facts)
{
    gpointer key = GUINT_TO_POINTER(facts->segment.number);
    gpointer frame;

    if (generation != session_generation()) {
        generation = session_generation();
        g_hash_table_remove_all(missing_frames);
    }
    if (facts->segment.missing_bytes == 0) {
        return false;
    }
    if (g_hash_table_lookup_extended(missing_frames, key, NULL, &frame)) {
        return GPOINTER_TO_UINT(frame) == facts->frame;
    }
    if (facts->revisit) {
        return is_end(facts);
    }
    g_hash_table_insert(missing_frames, key, GUINT_TO_POINTER((guint)facts->frame));
    return true;
}

static bool retransmits_much(const nflx_segment *segment)
{
    double limit = (double)segment->bytes * preferences_number("retransmission_note") / 100;

    return (double)segment->retransmitted_bytes > limit;
}

static bool came_late(const facts *facts)
{
    const nflx_segment *segment = &facts->segment;

    return facts->frame == segment->first_frame && segment->flags & NFLX_SEGMENT_HAS_TTFB &&
           segment->ttfb > (int64_t)preferences_number("first_byte_note") * 1000000;
}

/* Returns the seconds of the stall that this segment ended, because the picture continued right after its last byte; 0
 * if there was none. */
static double ended_stall(const nflx_segment *segment, uint32_t session)
{
    int64_t from;
    int64_t to;

    for (uint32_t i = 0; session_stall(session, i, &from, &to); i++) {
        if (to >= segment->t_last && to - segment->t_last <= (int64_t)STALL_END_MS * 1000000) {
            return (double)(to - from) / 1e9;
        }
    }
    return 0;
}

/* Returns the notes at the end of a media segment. */
static unsigned find_at_end(const nflx_segment *segment, const nflx_media *media)
{
    double limit = media->bitrate * preferences_number("bitrate_note") / 100;
    unsigned found = 0;

    if (segment->flags & NFLX_SEGMENT_HAS_THROUGHPUT && segment->throughput < limit) {
        found |= EXPERT_SLOW;
    }
    if (segment->kind == NFLX_KIND_VIDEO && ended_stall(segment, media->session) > 0) {
        found |= EXPERT_STALL;
    }
    return found;
}

/* Returns the notes at a request for media, compared to the previous one of its kind. */
static unsigned find_at_request(const nflx_segment *segment, const nflx_media *media)
{
    nflx_segment before;
    nflx_media media_before;

    if (media->previous == 0 || !session_segment(media->previous, &before) ||
        !session_media(media->previous, &media_before)) {
        return 0;
    }
    int64_t idle = segment->t_request - (before.flags & NFLX_SEGMENT_HAS_LAST ? before.t_last : before.t_request);
    double share = 1 - preferences_number("quality_note") / 100.0;
    unsigned found = 0;

    if (before.server != segment->server) {
        found |= EXPERT_HANDOVER;
    } else if (before.flow != segment->flow && idle > (int64_t)preferences_number("reconnect_note") * 1000000000) {
        found |= EXPERT_RECONNECT;
    }
    if (segment->kind == NFLX_KIND_VIDEO && media->bitrate < media_before.bitrate * share) {
        found |= EXPERT_WORSE;
    }
    return found;
}

/* Returns the notes that need the whole session. */
static unsigned find_in_session(const facts *facts)
{
    bool is_request = (facts->packet.flags & NFLX_ANNOTATION_REQUEST) != 0;
    nflx_media media;
    unsigned found = 0;

    if (!facts->revisit || facts->live || (!is_request && !is_end(facts)) ||
        !session_media(facts->segment.number, &media)) {
        return 0;
    }
    if (is_request) {
        found |= find_at_request(&facts->segment, &media);
    }
    if (is_end(facts)) {
        found |= find_at_end(&facts->segment, &media);
    }
    return found;
}

/* Returns the notes at the last packet of a segment, of media or not. */
static unsigned find_at_last_packet(const nflx_segment *segment)
{
    unsigned found = 0;

    if (retransmits_much(segment)) {
        found |= EXPERT_RETRANSMITTED;
    }
    if (!(segment->flags & NFLX_SEGMENT_COMPLETE)) {
        found |= EXPERT_CUT;
    }
    if (segment->flags & NFLX_SEGMENT_ABORTED) {
        found |= EXPERT_ABORTED;
    }
    return found;
}

/* Which of the EXPERT_ things show at this packet. */
unsigned experts_find(const facts *facts)
{
    const nflx_segment *segment = &facts->segment;
    unsigned found = 0;

    if (session_full_frame() == facts->frame) {
        found |= EXPERT_FULL;
    }
    if (!facts->has_segment) {
        return found;
    }
    if (shows_missing(facts)) {
        found |= EXPERT_MISSING;
    }
    if (came_late(facts)) {
        found |= EXPERT_FIRST_BYTE;
    }
    found |= find_in_session(facts);
    /* By the first request, the server had its chance to be named: the ClientHello came before it. */
    if (facts->packet.flags & NFLX_ANNOTATION_REQUEST && segment->index == 1 &&
        facts->server.evidence == NFLX_EVIDENCE_PREFIX) {
        found |= EXPERT_PREFIX_ONLY;
    }
    return is_end(facts) ? found | find_at_last_packet(segment) : found;
}

static void add_of_session(packet_info *pinfo, proto_item *item, const facts *facts, unsigned found)
{
    const nflx_segment *segment = &facts->segment;
    nflx_segment before = {0};
    nflx_media media;
    nflx_media media_before = {.bitrate = NAN};

    if (!session_media(segment->number, &media)) {
        return;
    }
    if (media.previous != 0 && session_segment(media.previous, &before)) {
        (void)session_media(media.previous, &media_before);
    }
    if (found & EXPERT_SLOW) {
        expert_add_info_format(pinfo, item, &ei_nflx_slow,
                               "Segment %u came at %.2f Mbit/s and plays at %.2f Mbit/s: the player's buffer drains",
                               segment->number, segment->throughput / 1e6, media.bitrate / 1e6);
    }
    if (found & EXPERT_STALL) {
        expert_add_info_format(pinfo, item, &ei_nflx_stall, "The picture stopped for %.2f s until segment %u had come",
                               ended_stall(segment, media.session), segment->number);
    }
    if (found & EXPERT_WORSE) {
        expert_add_info_format(pinfo, item, &ei_nflx_worse, "Segment %u has %.2f Mbit/s, segment %u before it had %.2f Mbit/s",
                               segment->number, media.bitrate / 1e6, before.number, media_before.bitrate / 1e6);
    }
    if (found & EXPERT_HANDOVER) {
        expert_add_info_format(pinfo, item, &ei_nflx_handover, "Segment %u is requested from %s, segment %u came from another server",
                               segment->number, server_label(pinfo, &facts->server), before.number);
    }
    if (found & EXPERT_RECONNECT) {
        expert_add_info_format(pinfo, item, &ei_nflx_reconnect,
                               "Segment %u comes in another connection, %.1f s after segment %u of the same server",
                               segment->number, (double)(segment->t_request - before.t_last) / 1e9, before.number);
    }
}

/* Adds the notes about a segment's bytes. */
static void add_of_bytes(packet_info *pinfo, proto_item *item, const facts *facts, unsigned found)
{
    const nflx_segment *segment = &facts->segment;

    if (found & EXPERT_CUT) {
        expert_add_info_format(pinfo, item, &ei_nflx_cut, "Segment %u is still open where the capture ends, after %s bytes",
                               segment->number, grouped(pinfo, segment->bytes));
    }
    if (found & EXPERT_ABORTED) {
        expert_add_info_format(pinfo, item, &ei_nflx_aborted,
                               "The client closed the connection in the middle of segment %u, after %s bytes",
                               segment->number, grouped(pinfo, segment->bytes));
    }
    if (found & EXPERT_MISSING) {
        expert_add_info_format(pinfo, item, &ei_nflx_missing, "%s bytes of segment %u were never captured%s",
                               grouped(pinfo, segment->missing_bytes), segment->number,
                               facts->live ? " so far" : "");
    }
    if (found & EXPERT_RETRANSMITTED) {
        expert_add_info_format(pinfo, item, &ei_nflx_retransmitted,
                               "%s bytes of segment %u were retransmitted, %.1f %% of its size",
                               grouped(pinfo, segment->retransmitted_bytes), segment->number,
                               100.0 * (double)segment->retransmitted_bytes / (double)MAX(segment->bytes, 1));
    }
}

void experts_add(packet_info *pinfo, proto_item *item, const facts *facts, unsigned found)
{
    const nflx_segment *segment = &facts->segment;

    if (found == 0) {
        return;
    }
    add_of_bytes(pinfo, item, facts, found);
    if (found & EXPERT_PREFIX_ONLY) {
        expert_add_info_format(pinfo, item, &ei_nflx_prefix_only,
                               "The server %s is known by its address range only; no name was seen",
                               server_label(pinfo, &facts->server));
    }
    if (found & EXPERT_FIRST_BYTE) {
        expert_add_info_format(pinfo, item, &ei_nflx_first_byte, "The first byte of segment %u came %.2f s after its request",
                               segment->number, (double)segment->ttfb / 1e9);
    }
    if (found & (EXPERT_SLOW | EXPERT_STALL | EXPERT_WORSE | EXPERT_HANDOVER | EXPERT_RECONNECT)) {
        add_of_session(pinfo, item, facts, found);
    }
    if (found & EXPERT_FULL) {
        expert_add_info(pinfo, item, &ei_nflx_full);
    }
}
