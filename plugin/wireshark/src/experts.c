/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a person should notice. Each thing is said once, at the packet where it shows; what only the end of a segment
 * reveals is said when its last packet is shown again, so not in one pass of tshark. */
#include "experts.h"

#include "fields.h"
#include "format.h"
#include "preferences.h"
#include "session.h"

static expert_field ei_cut;
static expert_field ei_missing;
static expert_field ei_retransmitted;
static expert_field ei_prefix_only;
static expert_field ei_full;

/* The frame at which a segment was first seen to lack bytes, by segment number. */
static GHashTable *missing_frames;

static void reset(void)
{
    g_hash_table_remove_all(missing_frames);
}

void experts_register(void)
{
    static ei_register_info registrations[] = {
        {&ei_cut,
         {"nflx.expert.cut", PI_SEQUENCE, PI_NOTE, "Segment still open where the capture ends", EXPFILL}},
        {&ei_missing,
         {"nflx.expert.missing", PI_SEQUENCE, PI_WARN, "Segment with bytes that were never captured", EXPFILL}},
        {&ei_retransmitted,
         {"nflx.expert.retransmitted", PI_SEQUENCE, PI_NOTE, "Segment with many retransmitted bytes", EXPFILL}},
        {&ei_prefix_only,
         {"nflx.expert.prefix_only", PI_ASSUMPTION, PI_NOTE, "Server known by its address range only", EXPFILL}},
        {&ei_full,
         {"nflx.expert.full", PI_UNDECODED, PI_WARN, "A table was full: older state had to make room", EXPFILL}},
    };
    expert_module_t *module = expert_register_protocol(nflx_proto);

    expert_register_field_array(module, registrations, G_N_ELEMENTS(registrations));
    session_at_stop(reset);
    missing_frames = g_hash_table_new(g_direct_hash, g_direct_equal);
}

/* The packet at which things are said that only the end of a segment reveals. */
static bool is_end(const facts *facts)
{
    const nflx_segment *segment = &facts->segment;

    return facts->revisit && !facts->live &&
           facts->frame == (segment->last_frame != 0 ? segment->last_frame : segment->request_frame);
}

/* Whether this is the packet at which missing bytes first showed, or, where that was at none of the segment's own, the
 * end of the segment. */
static bool shows_missing(const facts *facts)
{
    gpointer key = GUINT_TO_POINTER(facts->segment.number);
    gpointer frame;

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
    double limit = (double)segment->bytes * preferences_retransmission_note() / 100;

    return (double)segment->retransmitted_bytes > limit;
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
    /* By the first request the server had its chance to be named: the ClientHello came before it. */
    if (facts->packet.flags & NFLX_ANNOTATION_REQUEST && segment->index == 1 &&
        facts->server.evidence == NFLX_EVIDENCE_PREFIX) {
        found |= EXPERT_PREFIX_ONLY;
    }
    if (is_end(facts) && retransmits_much(segment)) {
        found |= EXPERT_RETRANSMITTED;
    }
    if (is_end(facts) && !(segment->flags & NFLX_SEGMENT_COMPLETE)) {
        found |= EXPERT_CUT;
    }
    return found;
}

void experts_add(packet_info *pinfo, proto_item *item, const facts *facts, unsigned found)
{
    const nflx_segment *segment = &facts->segment;

    if (found == 0) {
        return;
    }
    if (found & EXPERT_CUT) {
        expert_add_info_format(pinfo, item, &ei_cut, "Segment %u is still open where the capture ends, after %s bytes",
                               segment->number, grouped(pinfo, segment->bytes));
    }
    if (found & EXPERT_MISSING) {
        expert_add_info_format(pinfo, item, &ei_missing, "%s bytes of segment %u were never captured%s",
                               grouped(pinfo, segment->missing_bytes), segment->number,
                               facts->live ? " so far" : "");
    }
    if (found & EXPERT_RETRANSMITTED) {
        expert_add_info_format(pinfo, item, &ei_retransmitted,
                               "%s bytes of segment %u were retransmitted, %.1f %% of its size",
                               grouped(pinfo, segment->retransmitted_bytes), segment->number,
                               100.0 * (double)segment->retransmitted_bytes / (double)MAX(segment->bytes, 1));
    }
    if (found & EXPERT_PREFIX_ONLY) {
        expert_add_info_format(pinfo, item, &ei_prefix_only,
                               "The server %s is known by its address range only; no name was seen",
                               server_label(pinfo, &facts->server));
    }
    if (found & EXPERT_FULL) {
        expert_add_info(pinfo, item, &ei_full);
    }
}
