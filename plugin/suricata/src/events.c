/* SPDX-License-Identifier: GPL-2.0-only */
/* An event as JSON: the outer part like EVE's other events, inside `nflx` the columns of the command's rows under the
 * same names. Fields without a value are absent, and times are written as elsewhere in EVE. */
#include "plugin.h"

#include <math.h>

#include "util-print.h"
#include "util-time.h"

static SCTime_t from_nanoseconds(int64_t t)
{
    const uint64_t microseconds = t > 0 ? (uint64_t)t / 1000 : 0;
    return (SCTime_t){.secs = microseconds / 1000000, .usecs = microseconds % 1000000};
}

static void put_time(SCJsonBuilder *json, const char *key, SCTime_t time)
{
    char text[64];

    CreateIsoTimeString(time, text, sizeof text);
    SCJbSetString(json, key, text);
}

/* EVE has its own way to write IPv6. */
static void put_address(SCJsonBuilder *json, const char *key, const nflx_address *address)
{
    char text[JSON_ADDR_LEN];

    if (PrintInet(address->family == 4 ? AF_INET : AF_INET6, address->bytes, text, sizeof text) != NULL) {
        SCJbSetString(json, key, text);
    }
}

static void put_seconds(SCJsonBuilder *json, const char *key, int64_t nanoseconds)
{
    SCJbSetFloat(json, key, (double)nanoseconds / 1e9);
}

static void put_name(SCJsonBuilder *json, const char *name)
{
    if (name[0] != '\0') {
        SCJbSetString(json, "name", name);
    }
}

static void put_place(SCJsonBuilder *json, const flow_place *place)
{
    if (place->flow_id != 0) {
        SCJbSetUint(json, "flow_id", place->flow_id);
    }
    if (place->device != NULL) {
        SCJbSetString(json, "in_iface", place->device);
    }
    SCJbSetString(json, "event_type", "nflx");
    if (place->vlan_count != 0) {
        SCJbOpenArray(json, "vlan");
        for (uint8_t i = 0; i < place->vlan_count && i < VLAN_MAX_LAYERS; i++) {
            SCJbAppendUint(json, place->vlan[i]);
        }
        SCJbClose(json);
    }
}

static void put_identity(SCJsonBuilder *json, const nflx_segment *segment)
{
    SCJbSetUint(json, "segment", segment->number);
    SCJbSetUint(json, "index", segment->index);
    SCJbSetString(json, "transport", nflx_transport_name(segment->transport));
    if (segment->evidence != NFLX_EVIDENCE_NONE) {
        SCJbSetString(json, "evidence", nflx_evidence_name(segment->evidence));
        SCJbSetString(json, "evidence_scope", nflx_evidence_scope_name(segment->evidence_scope));
    }
    if (segment->via != 0) {
        SCJbSetString(json, "via", nflx_via_name(segment->via));
    }
    SCJbSetString(json, "kind", nflx_kind_name(segment->kind));
    SCJbSetString(json, "kind_reason", nflx_kind_reason_name(segment->kind_reason));
}

static void put_times(SCJsonBuilder *json, const nflx_segment *segment)
{
    SCJbSetUint(json, "request_frame", segment->request_frame);
    put_time(json, "t_request", from_nanoseconds(segment->t_request));
    if (segment->flags & NFLX_SEGMENT_HAS_FIRST) {
        SCJbSetUint(json, "first_frame", segment->first_frame);
        put_time(json, "t_first", from_nanoseconds(segment->t_first));
    }
    if (segment->flags & NFLX_SEGMENT_HAS_LAST) {
        SCJbSetUint(json, "last_frame", segment->last_frame);
        put_time(json, "t_last", from_nanoseconds(segment->t_last));
    }
    if (segment->flags & NFLX_SEGMENT_HAS_TTFB) {
        put_seconds(json, "ttfb_s", segment->ttfb);
    }
    if (segment->flags & NFLX_SEGMENT_HAS_DURATION) {
        put_seconds(json, "duration_s", segment->duration);
    }
}

static void put_sizes(SCJsonBuilder *json, const nflx_segment *segment)
{
    SCJbSetUint(json, "pkts", segment->pkts);
    SCJbSetUint(json, "bytes", segment->bytes);
    SCJbSetUint(json, "app_bytes", segment->app_bytes);
    SCJbSetUint(json, "retransmitted_bytes", segment->retransmitted_bytes);
    SCJbSetUint(json, "missing_bytes", segment->missing_bytes);
    SCJbSetUint(json, "size_error", segment->size_error);
    if (segment->flags & NFLX_SEGMENT_HAS_THROUGHPUT) {
        SCJbSetFloat(json, "throughput_bps", segment->throughput);
    }
    SCJbSetBool(json, "complete", segment->flags & NFLX_SEGMENT_COMPLETE);
    SCJbSetBool(json, "estimated", segment->flags & NFLX_SEGMENT_ESTIMATED);
    SCJbSetBool(json, "shared", segment->flags & NFLX_SEGMENT_SHARED);
    SCJbSetBool(json, "inferred", segment->flags & NFLX_SEGMENT_INFERRED);
    SCJbSetBool(json, "aborted", segment->flags & NFLX_SEGMENT_ABORTED);
}

/* In the direction of a flow: from the client to the server. */
static void put_segment(SCJsonBuilder *json, const event *event)
{
    const nflx_segment *segment = &event->segment;
    const bool known = event->server.address.family != 0;

    put_address(json, "src_ip", &segment->client);
    SCJbSetUint(json, "src_port", segment->client_port);
    if (known) {
        put_address(json, "dest_ip", &event->server.address);
    }
    SCJbSetUint(json, "dest_port", segment->server_port);
    SCJbSetString(json, "proto", segment->transport == NFLX_TRANSPORT_TCP ? "TCP" : "UDP");
    SCJbOpenObject(json, "nflx");
    SCJbSetString(json, "type", "segment");
    if (known) {
        put_address(json, "server", &event->server.address);
    }
    put_name(json, segment->name);
    put_identity(json, segment);
    put_times(json, segment);
    put_sizes(json, segment);
    SCJbClose(json);
}

static void put_counters(SCJsonBuilder *json, const nflx_server *server)
{
    SCJbSetUint(json, "flows", server->flows);
    SCJbSetUint(json, "in_pkts", server->counters.in_pkts);
    SCJbSetUint(json, "out_pkts", server->counters.out_pkts);
    SCJbSetUint(json, "in_bytes", server->counters.in_bytes);
    SCJbSetUint(json, "out_bytes", server->counters.out_bytes);
    SCJbSetUint(json, "duplicates", server->duplicates);
    SCJbSetUint(json, "segments", server->segments);
    SCJbSetUint(json, "segment_bytes", server->segment_bytes);
    put_time(json, "t_first", from_nanoseconds(server->t_first));
    put_time(json, "t_last", from_nanoseconds(server->t_last));
}

static void put_server(SCJsonBuilder *json, const event *event)
{
    const nflx_server *server = &event->server;

    put_address(json, "dest_ip", &server->address);
    SCJbOpenObject(json, "nflx");
    SCJbSetString(json, "type", "server");
    SCJbSetString(json, "reason", event->reason);
    put_address(json, "server", &server->address);
    put_name(json, server->name);
    if (server->evidence != NFLX_EVIDENCE_NONE) {
        SCJbSetString(json, "evidence", nflx_evidence_name(server->evidence));
    }
    SCJbOpenArray(json, "evidence_kinds");
    for (uint32_t i = 0; i < event->evidence_count; i++) {
        SCJbAppendString(json, nflx_evidence_name(event->evidence[i]));
    }
    SCJbClose(json);
    if (server->evidence_scope != NFLX_EVIDENCE_SCOPE_NONE) {
        SCJbSetString(json, "evidence_scope", nflx_evidence_scope_name(server->evidence_scope));
    }
    SCJbSetString(json, "role", nflx_role_name(server->role));
    SCJbSetString(json, "role_reason", nflx_role_reason_name(server->role_reason));
    put_counters(json, server);
    SCJbClose(json);
}

/* A value that cannot be determined is absent. */
static void put_known(SCJsonBuilder *json, const char *key, double number)
{
    if (!isnan(number)) {
        SCJbSetFloat(json, key, number);
    }
}

static void put_playback(SCJsonBuilder *json, const nflx_session *session)
{
    put_known(json, "video_media_s", session->video_media);
    put_known(json, "audio_media_s", session->audio_media);
    put_known(json, "startup_s", session->startup);
    put_known(json, "played_s", session->played);
    if (session->flags & NFLX_SESSION_HAS_STALLS) {
        SCJbSetUint(json, "stalls", session->stalls);
        put_known(json, "stalled_s", session->stalled);
    }
    if (session->flags & NFLX_SESSION_HAS_PAUSES) {
        SCJbSetUint(json, "pauses", session->pauses);
    }
    if (session->flags & NFLX_SESSION_HAS_SEEKS) {
        SCJbSetUint(json, "seeks", session->seeks);
    }
    put_known(json, "video_bitrate_bps", session->video_bitrate);
    put_known(json, "audio_bitrate_bps", session->audio_bitrate);
    SCJbSetUint(json, "switches_up", session->switches_up);
    SCJbSetUint(json, "switches_down", session->switches_down);
    put_known(json, "buffer_s", session->buffer);
    SCJbSetFloat(json, "confidence", session->confidence);
    SCJbSetString(json, "reason", nflx_session_reason_name(session->reason));
}

static void put_session(SCJsonBuilder *json, const nflx_session *session)
{
    put_address(json, "src_ip", &session->client);
    SCJbOpenObject(json, "nflx");
    SCJbSetString(json, "type", "session");
    SCJbSetUint(json, "session", session->number);
    put_time(json, "t_start", from_nanoseconds(session->t_start));
    put_time(json, "t_end", from_nanoseconds(session->t_end));
    SCJbSetUint(json, "servers", session->servers);
    SCJbSetUint(json, "flows", session->flows);
    SCJbSetUint(json, "segments",
                (uint64_t)session->video_segments + session->audio_segments + session->dropped_segments);
    SCJbSetUint(json, "video_segments", session->video_segments);
    SCJbSetUint(json, "audio_segments", session->audio_segments);
    SCJbSetUint(json, "video_bytes", session->video_bytes);
    SCJbSetUint(json, "audio_bytes", session->audio_bytes);
    put_playback(json, session);
    SCJbClose(json);
}

static void put_quality(SCJsonBuilder *json, const nflx_quality *quality)
{
    put_address(json, "src_ip", &quality->client);
    SCJbOpenObject(json, "nflx");
    SCJbSetString(json, "type", "quality");
    SCJbSetUint(json, "session", quality->session);
    SCJbSetUint(json, "window", quality->window);
    put_time(json, "from", from_nanoseconds(quality->from));
    put_time(json, "to", from_nanoseconds(quality->to));
    if (quality->label[0] != '\0') {
        SCJbSetString(json, "label", quality->label);
    }
    put_known(json, "value", quality->value);
    put_known(json, "confidence", quality->confidence);
    SCJbSetBool(json, "out_of_range", quality->flags & NFLX_QUALITY_OUT_OF_RANGE);
    if (quality->reason[0] != '\0') {
        SCJbSetString(json, "reason", quality->reason);
    }
    SCJbClose(json);
}

SCJsonBuilder *event_json(const event *event)
{
    SCJsonBuilder *json = SCJbNewObject();

    if (json == NULL) {
        return NULL;
    }
    put_time(json, "timestamp", event->time);
    put_place(json, &event->place);
    switch (event->kind) {
    case EVENT_SEGMENT:
        put_segment(json, event);
        break;
    case EVENT_SERVER:
        put_server(json, event);
        break;
    case EVENT_SESSION:
        put_session(json, &event->session);
        break;
    case EVENT_QUALITY:
        put_quality(json, &event->quality);
        break;
    }
    return json;
}
