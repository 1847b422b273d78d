/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Facts in the protocol tree: a summary line, and below it server, flow and segment. */
#include "tree.h"

#include "fields.h"
#include "format.h"
#include "items.h"
#include "session.h"

static int ett_nflx = -1;
static int ett_nflx_server = -1;
static int ett_nflx_evidence = -1;
static int ett_nflx_flow = -1;
static int ett_nflx_segment = -1;
static int ett_nflx_session = -1;

void tree_register(void)
{
    static int *trees[] = {&ett_nflx,      &ett_nflx_server,  &ett_nflx_evidence,
                           &ett_nflx_flow, &ett_nflx_segment, &ett_nflx_session};
    proto_register_subtree_array(trees, G_N_ELEMENTS(trees));
}

/* Returns true if labels are read: only if items are shown, because filters and columns read values. */
static bool is_visible(const proto_tree *tree)
{
    return PTREE_DATA(tree)->visible;
}

/* Four counters whose fields follow each other in fields.def. */
static void add_counters(proto_tree *tree, tvbuff_t *tvb, field in_pkts, field out_pkts, field in_bytes,
                         field out_bytes, const nflx_counters *counters)
{
    items_add_uint64(tree, tvb, in_pkts, counters->in_pkts);
    items_add_uint64(tree, tvb, out_pkts, counters->out_pkts);
    items_add_uint64(tree, tvb, in_bytes, counters->in_bytes);
    items_add_uint64(tree, tvb, out_bytes, counters->out_bytes);
}

/* Frame numbers are 32 bits wide in Wireshark, which gave them to the engine in the first place. */
static void add_frame(proto_tree *tree, tvbuff_t *tvb, field field, uint64_t frame)
{
    if (frame != 0) {
        items_add_uint(tree, tvb, field, (uint32_t)frame);
    }
}

/* Adds the request of a segment, if there is one with this number and it was not evicted. */
static void add_neighbour(proto_tree *tree, tvbuff_t *tvb, field field, uint32_t number)
{
    nflx_segment neighbour;

    if (number != 0 && proto_field_is_referenced(tree, hf_nflx[field]) && session_segment(number, &neighbour)) {
        add_frame(tree, tvb, field, neighbour.request_frame);
    }
}

/* Adds a name that gave evidence, with its frame below it. */
static void add_source(tvbuff_t *tvb, proto_tree *tree, const nflx_evidence *evidence)
{
    line source = {0};

    line_add_printable(&source, evidence->source);
    items_add_string(tree, tvb, HF_NFLX_EVIDENCE_NAME, source.text);
    items_add_string(tree, tvb, HF_NFLX_EVIDENCE_KIND, nflx_evidence_name(evidence->kind));
    add_frame(tree, tvb, HF_NFLX_EVIDENCE_SOURCE_FRAME, evidence->frame);
}

/* Adds an item for each kind of evidence, strongest first, so that a filter finds each; below it the names that gave
 * it. */
static void add_evidence(tvbuff_t *tvb, proto_tree *tree, const nflx_server *server)
{
    nflx_evidence evidence;
    uint32_t last = NFLX_EVIDENCE_NONE;
    proto_tree *branch = NULL;

    if (!items_asked(tree, HF_NFLX_SERVER_EVIDENCE, HF_NFLX_EVIDENCE_SOURCE_FRAME)) {
        return;
    }
    for (uint32_t i = 0; i < server->evidence_count && session_evidence(server->id, i, &evidence); i++) {
        if (evidence.kind != last) {
            proto_item *item = items_computed(proto_tree_add_string(tree, hf_nflx[HF_NFLX_SERVER_EVIDENCE], tvb, 0, 0,
                                                              nflx_evidence_name(evidence.kind)));
            branch = proto_item_add_subtree(item, ett_nflx_evidence);
            last = evidence.kind;
        }
        add_source(tvb, branch, &evidence);
    }
    if (server->evidence_scope != NFLX_EVIDENCE_SCOPE_NONE) {
        const char *scope = server->evidence_scope == NFLX_EVIDENCE_SCOPE_FLOW ? "flow" : "address";
        items_add_string(tree, tvb, HF_NFLX_SERVER_EVIDENCE_SCOPE, scope);
    }
}

void tree_add_named(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, const nflx_server *server, uint64_t frame)
{
    nflx_evidence evidence;
    const char *address = address_text(pinfo->pool, &server->address);
    proto_item *top = proto_tree_add_none_format(tree, hf_nflx[HF_NFLX_EVIDENCE], tvb, 0, 0,
                                                 "Netflix: this packet names the server %s (%s)",
                                                 server_label(pinfo, server), address);
    proto_tree *branch = proto_item_add_subtree(items_computed(top), ett_nflx_evidence);

    for (uint32_t i = 0; i < server->evidence_count && session_evidence(server->id, i, &evidence); i++) {
        if (evidence.frame == frame) {
            add_source(tvb, branch, &evidence);
        }
    }
    add_frame(branch, tvb, HF_NFLX_EVIDENCE_SERVER_FRAME, server->first_frame);
}

static void add_server(tvbuff_t *tvb, proto_tree *tree, const facts *facts, const char *name)
{
    const nflx_server *server = &facts->server;
    line label = {0};

    if (is_visible(tree)) {
        line_add(&label, "Server: ");
        line_add(&label, name);
        line_add(&label, ", role ");
        line_add(&label, nflx_role_name(server->role));
    }
    proto_item *item =
        proto_tree_add_string_format(tree, hf_nflx[HF_NFLX_SERVER], tvb, 0, 0, name, "%s", label.text);
    proto_tree *branch = proto_item_add_subtree(items_computed(item), ett_nflx_server);

    if (server->address.family == 4) {
        ws_in4_addr address;
        memcpy(&address, server->address.bytes, sizeof address);
        items_computed(proto_tree_add_ipv4(branch, hf_nflx[HF_NFLX_SERVER_IPV4], tvb, 0, 0, address));
    } else {
        ws_in6_addr address;
        memcpy(&address, server->address.bytes, sizeof address);
        items_computed(proto_tree_add_ipv6(branch, hf_nflx[HF_NFLX_SERVER_IPV6], tvb, 0, 0, &address));
    }
    if (server->name[0] != '\0') {
        items_add_string(branch, tvb, HF_NFLX_SERVER_NAME, server->name);
    }
    add_evidence(tvb, branch, server);
    add_frame(branch, tvb, HF_NFLX_SERVER_FIRST_FRAME, server->first_frame);
    items_add_string(branch, tvb, HF_NFLX_SERVER_ROLE, nflx_role_name(server->role));
    items_add_string(branch, tvb, HF_NFLX_SERVER_ROLE_REASON, nflx_role_reason_name(server->role_reason));
    add_counters(branch, tvb, HF_NFLX_SERVER_IN_PKTS, HF_NFLX_SERVER_OUT_PKTS, HF_NFLX_SERVER_IN_BYTES,
                 HF_NFLX_SERVER_OUT_BYTES, &facts->packet.server_counters);
}

static void add_flow(tvbuff_t *tvb, proto_tree *tree, const facts *facts)
{
    const nflx_annotation *packet = &facts->packet;
    const char *direction = nflx_direction_name(packet->direction);

    if (packet->flow == NFLX_NO_FLOW) {
        items_add_string(tree, tvb, HF_NFLX_DIRECTION, direction);
        return;
    }
    line label = {0};
    if (is_visible(tree)) {
        line_add(&label, "Flow: ");
        line_add_number(&label, packet->flow);
        line_add(&label, ", ");
        line_add(&label, direction);
    }
    proto_item *item =
        proto_tree_add_uint_format(tree, hf_nflx[HF_NFLX_FLOW], tvb, 0, 0, packet->flow, "%s", label.text);
    proto_tree *branch = proto_item_add_subtree(items_computed(item), ett_nflx_flow);
    items_add_string(branch, tvb, HF_NFLX_DIRECTION, direction);
    add_counters(branch, tvb, HF_NFLX_FLOW_IN_PKTS, HF_NFLX_FLOW_OUT_PKTS, HF_NFLX_FLOW_IN_BYTES, HF_NFLX_FLOW_OUT_BYTES,
                 &packet->flow_counters);
}

/* Returns a remark about a segment's bytes. */
static const char *state(const facts *facts)
{
    if (facts->segment.flags & NFLX_SEGMENT_COMPLETE) {
        return "";
    }
    return facts->live ? " so far" : ", still open where the capture ends";
}

static proto_tree *add_segment(tvbuff_t *tvb, proto_tree *tree, const facts *facts)
{
    const nflx_segment *segment = &facts->segment;
    line label = {0};

    if (is_visible(tree)) {
        line_add(&label, "Segment: ");
        line_add_number(&label, segment->number);
        line_add(&label, " (");
        line_add(&label, nflx_kind_name(segment->kind));
        line_add(&label, "), ");
        line_add_grouped(&label, segment->bytes);
        line_add(&label, " bytes");
        line_add(&label, state(facts));
    }
    proto_item *item =
        proto_tree_add_uint_format(tree, hf_nflx[HF_NFLX_SEGMENT], tvb, 0, 0, segment->number, "%s", label.text);
    proto_tree *branch = proto_item_add_subtree(items_computed(item), ett_nflx_segment);

    items_add_uint(branch, tvb, HF_NFLX_SEGMENT_INDEX, segment->index);
    items_add_string(branch, tvb, HF_NFLX_SEGMENT_KIND, nflx_kind_name(segment->kind));
    if (segment->via != 0) {
        items_add_string(branch, tvb, HF_NFLX_SEGMENT_VIA, nflx_via_name(segment->via));
    }
    items_add_string(branch, tvb, HF_NFLX_SEGMENT_KIND_REASON, nflx_kind_reason_name(segment->kind_reason));
    if (facts->packet.flags & NFLX_ANNOTATION_REQUEST) {
        items_add_boolean(branch, tvb, HF_NFLX_REQUEST, true);
    }
    add_frame(branch, tvb, HF_NFLX_SEGMENT_REQUEST_FRAME, segment->request_frame);
    add_frame(branch, tvb, HF_NFLX_SEGMENT_FIRST_FRAME, segment->first_frame);
    add_frame(branch, tvb, HF_NFLX_SEGMENT_LAST_FRAME, segment->last_frame);
    add_neighbour(branch, tvb, HF_NFLX_SEGMENT_PREVIOUS_FRAME, segment->previous);
    add_neighbour(branch, tvb, HF_NFLX_SEGMENT_NEXT_FRAME, segment->next);
    items_add_uint64(branch, tvb, HF_NFLX_SEGMENT_PKTS, segment->pkts);
    items_add_uint64(branch, tvb, HF_NFLX_SEGMENT_BYTES, segment->bytes);
    items_add_uint64(branch, tvb, HF_NFLX_SEGMENT_APP_BYTES, segment->app_bytes);
    items_add_uint64(branch, tvb, HF_NFLX_SEGMENT_BYTES_SO_FAR, facts->packet.bytes_so_far);
    items_add_uint64(branch, tvb, HF_NFLX_SEGMENT_RETRANSMITTED_BYTES, segment->retransmitted_bytes);
    items_add_uint64(branch, tvb, HF_NFLX_SEGMENT_MISSING_BYTES, segment->missing_bytes);
    items_add_uint64(branch, tvb, HF_NFLX_SEGMENT_SIZE_ERROR, segment->size_error);
    if (segment->flags & NFLX_SEGMENT_HAS_TTFB) {
        items_add_span(branch, tvb, HF_NFLX_SEGMENT_TTFB, segment->ttfb);
    }
    if (segment->flags & NFLX_SEGMENT_HAS_DURATION) {
        items_add_span(branch, tvb, HF_NFLX_SEGMENT_DURATION, segment->duration);
    }
    if (segment->flags & NFLX_SEGMENT_HAS_THROUGHPUT) {
        items_add_double(branch, tvb, HF_NFLX_SEGMENT_THROUGHPUT, segment->throughput);
        items_add_double(branch, tvb, HF_NFLX_SEGMENT_MBPS, segment->throughput / 1e6);
    }
    items_add_boolean(branch, tvb, HF_NFLX_SEGMENT_COMPLETE, (segment->flags & NFLX_SEGMENT_COMPLETE) != 0);
    items_add_boolean(branch, tvb, HF_NFLX_SEGMENT_SETTLED, (segment->flags & NFLX_SEGMENT_SETTLED) != 0);
    if (segment->flags & NFLX_SEGMENT_ESTIMATED) {
        items_add_boolean(branch, tvb, HF_NFLX_SEGMENT_ESTIMATED, true);
    }
    if (segment->flags & NFLX_SEGMENT_SHARED) {
        items_add_boolean(branch, tvb, HF_NFLX_SEGMENT_SHARED, true);
    }
    if (segment->flags & NFLX_SEGMENT_INFERRED) {
        items_add_boolean(branch, tvb, HF_NFLX_SEGMENT_INFERRED, true);
    }
    if (segment->flags & NFLX_SEGMENT_ABORTED) {
        items_add_boolean(branch, tvb, HF_NFLX_SEGMENT_ABORTED, true);
    }
    return branch;
}

static void add_session(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, uint32_t number)
{
    nflx_session session;
    nflx_moment moment;
    int64_t time = (int64_t)pinfo->abs_ts.secs * 1000000000 + pinfo->abs_ts.nsecs;

    if (!session_playback(number, &session)) {
        return;
    }
    const char *client = address_text(pinfo->pool, &session.client);
    proto_item *item = proto_tree_add_uint_format(tree, hf_nflx[HF_NFLX_SESSION], tvb, 0, 0, number,
                                                  "Session: %u, viewer %s", number, client);
    proto_tree *branch = proto_item_add_subtree(items_computed(item), ett_nflx_session);
    items_add_string(branch, tvb, HF_NFLX_SESSION_CLIENT, client);
    items_add_seconds(branch, tvb, HF_NFLX_SESSION_STARTUP, session.startup);
    if (!session_moment(number, time, &moment)) {
        return;
    }
    items_add_string(branch, tvb, HF_NFLX_SESSION_STATE, nflx_state_name(moment.state));
    items_add_seconds(branch, tvb, HF_NFLX_SESSION_BUFFER, moment.buffer);
    if (session.flags & NFLX_SESSION_HAS_STALLS) {
        items_add_uint(branch, tvb, HF_NFLX_SESSION_STALLS, moment.stalls);
        items_add_seconds(branch, tvb, HF_NFLX_SESSION_STALLED, moment.stalled);
    }
    items_add_double(branch, tvb, HF_NFLX_SESSION_BITRATE, moment.shown_bitrate);
}

/* Adds the state of playback, which is inferred once the capture was read. */
static void add_playback(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, proto_tree *segment, const facts *facts)
{
    nflx_media media;

    if (!facts->revisit || facts->live || !items_asked(tree, HF_NFLX_SEGMENT_MEDIA_DURATION, HF_NFLX_SESSION_BITRATE) ||
        !session_media(facts->segment.number, &media)) {
        return;
    }
    items_add_seconds(segment, tvb, HF_NFLX_SEGMENT_MEDIA_DURATION, media.seconds);
    items_add_double(segment, tvb, HF_NFLX_SEGMENT_BITRATE, media.bitrate);
    add_session(tvb, pinfo, tree, media.session);
}

/* For example: Netflix, Src: video server ipv4-c012-…, Segment 17 (video), 1,245,184 bytes in 0.62 s */
static void tell_story(line *story, const facts *facts, const char *server)
{
    const nflx_segment *segment = &facts->segment;

    line_add(story, facts->packet.direction == NFLX_DIRECTION_IN ? "Netflix, Src: " : "Netflix, Dst: ");
    switch (facts->server.role) {
    case NFLX_ROLE_UNKNOWN:
        break;
    case NFLX_ROLE_AUDIO_VIDEO:
        line_add(story, "audio and video ");
        break;
    default:
        line_add(story, nflx_role_name(facts->server.role));
        line_add(story, " ");
    }
    line_add(story, "server ");
    line_add(story, server);
    if (!facts->has_segment) {
        return;
    }
    line_add(story, ", Segment ");
    line_add_number(story, segment->number);
    line_add(story, " (");
    line_add(story, nflx_kind_name(segment->kind));
    line_add(story, facts->packet.flags & NFLX_ANNOTATION_REQUEST ? ") request" : ")");
    if (segment->bytes != 0) {
        line_add(story, ", ");
        line_add_grouped(story, segment->bytes);
        line_add(story, " bytes");
        if (segment->flags & NFLX_SEGMENT_HAS_DURATION) {
            char text[32];
            (void)g_snprintf(text, sizeof text, " in %.2f s", (double)segment->duration / 1e9);
            line_add(story, text);
        }
        line_add(story, state(facts));
    } else if (!facts->live || segment->flags & NFLX_SEGMENT_COMPLETE) {
        line_add(story, ", no response");
    }
}

bool tree_is_shown(proto_tree *tree)
{
    return tree != NULL && proto_field_is_referenced(tree, proto_nflx);
}

proto_item *tree_add_name(tvbuff_t *tvb, proto_tree *tree)
{
    return proto_tree_add_protocol_format(tree, proto_nflx, tvb, 0, 0, "Netflix");
}

proto_item *tree_add(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, const facts *facts)
{
    const char *server = server_label(pinfo, &facts->server);
    line story = {0};
    /* A filter on fields does not read the text; one on the protocol itself may. */
    if (is_visible(tree) || proto_registrar_get_nth((guint)proto_nflx)->ref_type != HF_REF_TYPE_INDIRECT) {
        tell_story(&story, facts, server);
    }
    proto_item *top = proto_tree_add_protocol_format(tree, proto_nflx, tvb, 0, 0, "%s", story.text);
    proto_tree *branch = proto_item_add_subtree(items_computed(top), ett_nflx);

    add_server(tvb, branch, facts, server);
    add_flow(tvb, branch, facts);
    if (facts->has_segment) {
        add_playback(tvb, pinfo, branch, add_segment(tvb, branch, facts), facts);
    } else {
        if (facts->packet.flags & NFLX_ANNOTATION_REQUEST) {
            items_add_boolean(branch, tvb, HF_NFLX_REQUEST, true);
        }
        if (facts->packet.segment != 0) {
            /* The segment was evicted, but its number is still known. */
            items_add_uint(branch, tvb, HF_NFLX_SEGMENT, facts->packet.segment);
        }
    }
    if (facts->packet.flags & NFLX_ANNOTATION_TRUNCATED) {
        items_add_boolean(branch, tvb, HF_NFLX_TRUNCATED, true);
    }
    if (facts->packet.flags & NFLX_ANNOTATION_DUPLICATE) {
        items_add_boolean(branch, tvb, HF_NFLX_DUPLICATE, true);
    }
    return top;
}
