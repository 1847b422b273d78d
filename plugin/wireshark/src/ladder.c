/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests and responses as arrows between viewers and servers: Statistics > Flow Graph, "Netflix segments", and tshark
 * -z flow,nflx,network. A click on an arrow leads to its packet. */
#include "ladder.h"

#include "fields.h"
#include "format.h"

#ifdef NFLX_LADDER

/* No -dev package contains Wireshark's epan/sequence_analysis.h. These are the needed parts, as from 4.0 to 4.6; the
 * build leaves this file empty for other versions. Wireshark's own function creates the items, so only fields up to
 * `display` have to match. */
#if NFLX_WIRESHARK_AT_LEAST(4, 4)
typedef bool flag;
#else
typedef gboolean flag;
#endif

typedef struct arrow {
    uint32_t frame_number;
    address source;
    uint16_t source_port;
    address destination;
    uint16_t destination_port;
    char *label;
    char *time;
    char *comment;
    uint16_t conversation;
    unsigned foreground;
    unsigned background;
    flag is_coloured;
    flag is_shown;
    unsigned source_node;
    unsigned destination_node;
    uint16_t line_width;
} arrow;

typedef struct graph {
    const char *name;
    flag any_address;
    int conversations;
    GQueue *arrows;
} graph;

extern void register_seq_analysis(const char *name, const char *title, const int protocol, const char *tap,
                                  unsigned tap_flags, tap_packet_cb packet);
extern arrow *sequence_analysis_create_sai_with_addresses(packet_info *pinfo, graph *graph);
extern void sequence_analysis_use_color_filter(packet_info *pinfo, arrow *arrow);

static char *response_text(packet_info *pinfo, const facts *facts)
{
    const nflx_segment *segment = &facts->segment;

    if (segment->last_frame == facts->frame && segment->flags & NFLX_SEGMENT_HAS_DURATION) {
        return g_strdup_printf("Segment %u, %s: %s bytes, %.3f s after its request", segment->number,
                               nflx_kind_name(segment->kind), grouped(pinfo, segment->bytes),
                               (double)segment->duration / 1e9);
    }
    return g_strdup_printf("Segment %u, %s: first byte, %.3f s after its request", segment->number,
                           nflx_kind_name(segment->kind), (double)segment->ttfb / 1e9);
}

/* Returns true at the packet with the arrow of a response: the last one, if that is known. */
static bool is_response(const facts *facts)
{
    bool known = facts->revisit && !facts->live;

    return facts->frame == (known ? facts->segment.last_frame : facts->segment.first_frame);
}

static tap_packet_status packet(void *data, packet_info *pinfo, epan_dissect_t *edt, const void *tapped,
                                tap_flags_t flags)
{
    graph *graph = data;
    const facts *facts = tapped;
    bool is_request = (facts->packet.flags & NFLX_ANNOTATION_REQUEST) != 0;
    (void)edt;
    (void)flags;

    if (!facts->has_segment || (!is_request && !is_response(facts))) {
        return TAP_PACKET_DONT_REDRAW;
    }
    arrow *arrow = sequence_analysis_create_sai_with_addresses(pinfo, graph);
    if (arrow == NULL) {
        return TAP_PACKET_DONT_REDRAW;
    }
    arrow->frame_number = pinfo->num;
    arrow->source_port = (uint16_t)pinfo->srcport;
    arrow->destination_port = (uint16_t)pinfo->destport;
    if (is_request) {
        arrow->label = g_strdup_printf("%s %u?", nflx_kind_name(facts->segment.kind), facts->segment.number);
        arrow->comment = g_strdup_printf("Request for segment %u (%s) of %s", facts->segment.number,
                                         nflx_kind_name(facts->segment.kind), server_label(pinfo, &facts->server));
    } else {
        arrow->label = g_strdup_printf("%s %u, %s B", nflx_kind_name(facts->segment.kind), facts->segment.number,
                                       grouped(pinfo, facts->segment.bytes));
        arrow->comment = response_text(pinfo, facts);
    }
    sequence_analysis_use_color_filter(pinfo, arrow);
    arrow->is_shown = TRUE;
    arrow->line_width = is_request ? 1 : 2;
    g_queue_push_tail(graph->arrows, arrow);
    return TAP_PACKET_REDRAW;
}

void ladder_register(void)
{
    register_seq_analysis("nflx", "Netflix segments", proto_nflx, "nflx", 0, packet);
}

#else

void ladder_register(void)
{
}

#endif
