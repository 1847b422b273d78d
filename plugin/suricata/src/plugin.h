/* SPDX-License-Identifier: GPL-2.0-only */
/* Suricata as a host of nflx: what the plugin's files share.
 *
 *     plugin.c     who we are, and whether this Suricata is the one that we were compiled for
 *     settings.c   suricata.yaml -> nflx_config
 *     probe.c      the engine that all workers share: packets in, events out
 *     counters.c   its figures among Suricata's
 *     events.c     an event as JSON
 *     logger.c     the event type of eve-log: Suricata's threads, packets and flows
 */
#ifndef NFLX_SURICATA_PLUGIN_H
#define NFLX_SURICATA_PLUGIN_H

#include "suricata-common.h"

#include "conf.h"
#include "decode.h"
#include "flow.h"
#include "output-json.h"
#include "threads.h"
#include "util-device-private.h"
#include "util-debug.h"

#include "nflx.h"

/* Events taken from the engine at a time, so that the lock is only held for a bounded time. */
#define EVENT_BATCH 8
/* Kinds of evidence shown per server; there are no more kinds. */
#define EVIDENCE_KINDS 12

typedef enum event_kind {
    EVENT_SEGMENT,
    EVENT_SERVER,
    EVENT_SESSION,
    EVENT_QUALITY,
} event_kind;

/* A flow of the engine as Suricata identifies it, for the fields that other events have too. */
typedef struct flow_place {
    uint64_t flow_id; /* as EVE prints it; 0 if Suricata has no flow */
    const char *device; /* NULL for files */
    uint32_t flow;      /* the engine's number */
    uint16_t vlan[VLAN_MAX_LAYERS];
    uint8_t vlan_count;
} flow_place;

/* One event, taken under the lock and written without it. */
typedef struct event {
    event_kind kind;
    const char *reason; /* why a server is reported */
    SCTime_t time;
    flow_place place;
    nflx_segment segment;
    nflx_server server;
    uint32_t evidence[EVIDENCE_KINDS];
    uint32_t evidence_count;
    nflx_session session;
    nflx_quality quality;
} event;

/* Numbers of events taken so far. */
typedef struct event_counts {
    uint64_t segments;
    uint64_t sessions;
    uint64_t windows;
} event_counts;

/* settings.c: returns NULL, after a line that tells why, if the configuration cannot be used. */
nflx_config *settings_read(const SCConfNode *node);

/* probe.c: one for the whole process, because Suricata has one configuration. */
bool probe_begin(const nflx_config *config, uint64_t server_interval);
void probe_end(void);
/* Passes a packet to the engine and takes up to EVENT_BATCH due events; if there are that many, more may be due. Sets
 * `server` to the server that the packet belongs to, counted from 1; 0 if neither end is a known Netflix server. */
size_t probe_packet(const Packet *p, uint32_t link_type, event *events, uint32_t *server);
/* Takes up to EVENT_BATCH due events. */
size_t probe_events(event *events, bool *more);
/* Takes a server's summary if something changed since the last one; `server` counts from 1. */
bool probe_flow_ended(uint32_t server, SCTime_t time, event *out);
/* Ends the capture: everything settles, and every server is due. */
void probe_finish(void);
/* Copies the engine's counts. Returns false if there is no engine. */
bool probe_stats(nflx_stats *out);
event_counts probe_counts(void);

/* counters.c */
void counters_register(void);

/* events.c */
SCJsonBuilder *event_json(const event *event);

/* logger.c */
void logger_register(void);

#endif
