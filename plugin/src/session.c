/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The engine of the capture at hand: made when Wireshark begins a capture, freed when it is done with it. Frames are
 * given to the engine once, on their first visit; later visits look up what was said then. */
#include "plugin.h"

static nflx_engine *engine;
/* The engine failed and was reported; nothing is added any more until the next capture. */
static bool broken;
static uint32_t full_frame;
/* Packets came in since the engine was last told that there are no more. */
static bool unsettled;

static void report_once(const char *sentence)
{
    if (!broken) {
        broken = true;
        /* Not a dialog: this may be in the middle of a dissection. */
        g_printerr("nflx: %s\n", sentence);
    }
}

void session_start(void)
{
    session_stop();
    nflx_config *config = preferences_config();
    nflx_status status = nflx_engine_new(config, NFLX_ENGINE_KEEP_FRAMES, &engine);
    if (status != NFLX_STATUS_OK) {
        report_once(nflx_status_text(status));
    }
    nflx_config_free(config);
}

void session_stop(void)
{
    taps_stop();
    nflx_engine_free(engine);
    engine = NULL;
    broken = false;
    full_frame = 0;
    unsettled = false;
    experts_reset();
}

uint32_t session_full_frame(void)
{
    return full_frame;
}

/* Remembers the frame at which the engine was first seen to have dropped something. */
static void watch_room(const packet_info *pinfo)
{
    nflx_stats stats = {.struct_size = sizeof stats};
    if (full_frame != 0 || nflx_engine_stats(engine, &stats) != NFLX_STATUS_OK) {
        return;
    }
    if (stats.flows_evicted + stats.hosts_evicted + stats.connections_evicted + stats.servers_dropped +
            stats.segments_evicted + stats.reorder_dropped >
        0) {
        full_frame = pinfo->num;
    }
}

/* Whether Wireshark is still reading or capturing. tshark and sharkd do not say; they show frames again only when they
 * have read all. */
static bool more_to_come(void)
{
    ws_info_t *info = NULL;

    plugin_if_get_ws_info(&info);
    return info != NULL && info->ws_info_supported && info->cf_state == FILE_READ_IN_PROGRESS;
}

/* Before a frame is shown again, the engine is told that the capture ended, if it did, so that what it held back for
 * packets out of order is counted. */
void session_settle(void)
{
    if (engine != NULL && unsettled && !more_to_come()) {
        unsettled = false;
        if (nflx_engine_finish(engine) != NFLX_STATUS_OK) {
            report_once(nflx_engine_error(engine));
        }
    }
}

/* What is known about a packet; false if it is none of Netflix's. */
bool session_facts(tvbuff_t *tvb, packet_info *pinfo, facts *facts)
{
    nflx_packet packet;
    nflx_status status;

    if (engine == NULL || broken) {
        return false;
    }
    facts->revisit = PINFO_FD_VISITED(pinfo);
    facts->packet.struct_size = sizeof facts->packet;
    if (facts->revisit) {
        session_settle();
        status = nflx_engine_frame(engine, pinfo->num, &facts->packet);
    } else {
        if (!frame_packet(tvb, pinfo, &packet)) {
            return false;
        }
        unsettled = true;
        status = nflx_engine_packet(engine, &packet, &facts->packet);
    }
    if (status == NFLX_STATUS_NONE) {
        return false;
    }
    if (status == NFLX_STATUS_OK) {
        facts->server.struct_size = sizeof facts->server;
        status = nflx_engine_server(engine, facts->packet.server, &facts->server);
    }
    if (status != NFLX_STATUS_OK) {
        report_once(nflx_engine_error(engine));
        return false;
    }
    facts->segment.struct_size = sizeof facts->segment;
    facts->has_segment = facts->packet.segment != 0 &&
                         nflx_engine_segment(engine, facts->packet.segment, &facts->segment) == NFLX_STATUS_OK;
    if (!facts->revisit) {
        watch_room(pinfo);
    }
    return true;
}

bool session_evidence(uint32_t server, uint32_t index, nflx_evidence *evidence)
{
    evidence->struct_size = sizeof *evidence;
    return nflx_engine_evidence(engine, server, index, evidence) == NFLX_STATUS_OK;
}

bool session_note(uint32_t frame, nflx_note *note)
{
    note->struct_size = sizeof *note;
    return nflx_engine_note(engine, frame, note) == NFLX_STATUS_OK;
}

bool session_server(uint32_t number, nflx_server *server)
{
    server->struct_size = sizeof *server;
    return nflx_engine_server(engine, number, server) == NFLX_STATUS_OK;
}

bool session_segment(uint32_t number, nflx_segment *segment)
{
    segment->struct_size = sizeof *segment;
    return nflx_engine_segment(engine, number, segment) == NFLX_STATUS_OK;
}
