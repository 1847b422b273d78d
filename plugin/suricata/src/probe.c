/* SPDX-License-Identifier: GPL-2.0-only */
/* The engine that all workers share, behind one lock. With one engine per worker, evidence would be lost: different
 * workers get a DNS answer and the connection that it names. */
#include "plugin.h"

/* Places of flows are stored by the lower bits of the engine's flow number; a newer flow replaces an older one. */
#define PLACES 65536
/* Reports about servers are remembered by the lower bits of their numbers, which grow for as long as the engine lives.
 * If a newer server replaces an older one here, the older one is reported once more than necessary. */
#define TOLD 16384
/* Packets between queries for settled facts. A query costs about as much as a packet, and rarely returns something. */
#define PACKETS_BETWEEN 8
/* Largest time between queries, in milliseconds of the capture's time. */
#define MILLISECONDS_BETWEEN 100
/* Servers examined per packet while summaries are due, so that no packet pays for all of them. */
#define SERVERS_AT_ONCE 64

static SCMutex lock = SCMUTEX_INITIALIZER;
/* Everything below is read and written under the lock. */
static nflx_engine *engine;
static flow_place *places;
static uint64_t frames;
static uint32_t packets_since;
static uint64_t asked; /* milliseconds since 1970 */
static bool has_model;
/* The last time at which the engine had no finished session, in seconds since 1970: sessions end by the second, not by
 * the packet. */
static uint64_t no_session;
static event_counts counts;
static SCTime_t now;
static bool failed;
static bool ended;

/* Servers to be reported, a few at a time. */
static struct {
    struct {
        uint32_t server;
        uint64_t packets; /* when it was last reported */
    } *told;
    uint64_t interval; /* seconds; 0 for never */
    uint64_t due;      /* seconds since 1970 */
    uint32_t next;     /* the server to examine next; the number of servers once all were */
    const char *reason;
} summaries;

bool probe_begin(const nflx_config *config, uint64_t server_interval)
{
    SCMutexLock(&lock);
    frames = asked = no_session = 0;
    memset(&counts, 0, sizeof counts);
    packets_since = 0;
    failed = ended = false;
    memset(&now, 0, sizeof now);
    memset(&summaries, 0, sizeof summaries);
    summaries.interval = server_interval;
    summaries.next = UINT32_MAX;
    places = SCCalloc(PLACES, sizeof *places);
    summaries.told = SCCalloc(TOLD, sizeof *summaries.told);
    const bool good = places != NULL && summaries.told != NULL &&
                      nflx_engine_new(config, NFLX_ENGINE_KEEP_SETTLED | NFLX_ENGINE_KEEP_SESSIONS, &engine) == NFLX_STATUS_OK;
    nflx_model model = {.struct_size = sizeof model};
    has_model = good && nflx_engine_model(engine, &model) == NFLX_STATUS_OK;
    SCMutexUnlock(&lock);
    return good;
}

void probe_end(void)
{
    SCMutexLock(&lock);
    nflx_engine_free(engine);
    engine = NULL;
    SCFree(places);
    places = NULL;
    SCFree(summaries.told);
    summaries.told = NULL;
    SCMutexUnlock(&lock);
}

/* Reports once what went wrong. The engine gets nothing any more. */
static void give_up(void)
{
    if (!failed) {
        SCLogError("%s There will be no more nflx events.", nflx_engine_error(engine));
        failed = true;
    }
}

static void remember_place(uint32_t flow, const Packet *p)
{
    flow_place *place;

    if (flow == NFLX_NO_FLOW) {
        return;
    }
    place = &places[flow % PLACES];
    place->flow = flow;
    place->flow_id = p->flow != NULL ? FlowGetId(p->flow) : 0;
    place->device = p->livedev != NULL ? p->livedev->dev : NULL;
    place->vlan_count = p->vlan_idx;
    memcpy(place->vlan, p->vlan_id, sizeof place->vlan);
}

static void begin_summaries(const char *reason)
{
    summaries.next = 0;
    summaries.reason = reason;
}

static void look_at_the_clock(SCTime_t time)
{
    /* Workers overtake each other a little, so the latest time counts. */
    if (SCTIME_CMP_GT(time, now)) {
        now = time;
    }
    if (summaries.interval == 0 || SCTIME_SECS(now) < summaries.due) {
        return;
    }
    if (summaries.due != 0) {
        begin_summaries("interval");
    }
    summaries.due = SCTIME_SECS(now) + summaries.interval;
}

static bool read_server(uint32_t server, event *out)
{
    memset(&out->server, 0, sizeof out->server);
    out->server.struct_size = sizeof out->server;
    return nflx_engine_server(engine, server, &out->server) == NFLX_STATUS_OK;
}

/* Kinds of evidence, each once, strongest first. */
static void read_evidence(event *out)
{
    nflx_evidence evidence = {.struct_size = sizeof evidence};

    out->evidence_count = 0;
    for (uint32_t i = 0; i < out->server.evidence_count && out->evidence_count < EVIDENCE_KINDS; i++) {
        if (nflx_engine_evidence(engine, out->server.id, i, &evidence) != NFLX_STATUS_OK) {
            return;
        }
        if (out->evidence_count == 0 || out->evidence[out->evidence_count - 1] != evidence.kind) {
            out->evidence[out->evidence_count++] = evidence.kind;
        }
    }
}

static bool next_segment(event *out)
{
    const flow_place *place;

    memset(&out->segment, 0, sizeof out->segment);
    out->segment.struct_size = sizeof out->segment;
    if (nflx_engine_next_settled(engine, &out->segment) != NFLX_STATUS_OK) {
        return false;
    }
    out->kind = EVENT_SEGMENT;
    out->time = now;
    memset(&out->place, 0, sizeof out->place);
    place = &places[out->segment.flow % PLACES];
    if (place->flow == out->segment.flow) {
        out->place = *place;
    }
    (void)read_server(out->segment.server, out);
    counts.segments++;
    return true;
}

/* Sessions consist of the segments that were taken before. */
static bool next_session(event *out)
{
    if (no_session == SCTIME_SECS(now) && !ended) {
        return false;
    }
    memset(&out->session, 0, sizeof out->session);
    out->session.struct_size = sizeof out->session;
    if (nflx_engine_next_session(engine, &out->session) != NFLX_STATUS_OK) {
        no_session = SCTIME_SECS(now);
        return false;
    }
    out->kind = EVENT_SESSION;
    counts.sessions++;
    return true;
}

/* Takes a model's answer for a window that closed. */
static bool next_window(event *out)
{
    if (!has_model) {
        return false;
    }
    memset(&out->quality, 0, sizeof out->quality);
    out->quality.struct_size = sizeof out->quality;
    if (nflx_engine_next_quality(engine, &out->quality) != NFLX_STATUS_OK) {
        return false;
    }
    out->kind = EVENT_QUALITY;
    counts.windows++;
    return true;
}

/* Takes an event without a flow. */
static bool next_of_viewer(event *out)
{
    if (!next_session(out) && !next_window(out)) {
        return false;
    }
    out->time = now;
    memset(&out->place, 0, sizeof out->place);
    return true;
}

/* Returns true if the server had traffic since it was last reported, which it is now. */
static bool server_changed(const nflx_server *server)
{
    const uint64_t packets = server->counters.in_pkts + server->counters.out_pkts;

    if (packets == 0 || (summaries.told[server->id % TOLD].server == server->id &&
                         summaries.told[server->id % TOLD].packets == packets)) {
        return false;
    }
    summaries.told[server->id % TOLD].server = server->id;
    summaries.told[server->id % TOLD].packets = packets;
    return true;
}

static bool take_server(uint32_t server, const char *reason, SCTime_t time, event *out)
{
    if (!read_server(server, out) || !server_changed(&out->server)) {
        return false;
    }
    out->kind = EVENT_SERVER;
    out->reason = reason;
    out->time = time;
    memset(&out->place, 0, sizeof out->place);
    read_evidence(out);
    return true;
}

static size_t next_servers(event *events, size_t room)
{
    uint32_t servers = 0;
    uint32_t looks = SERVERS_AT_ONCE;
    size_t taken = 0;

    if (summaries.next == UINT32_MAX || nflx_engine_server_count(engine, &servers) != NFLX_STATUS_OK) {
        return 0;
    }
    while (taken < room && summaries.next < servers && looks-- > 0) {
        taken += take_server(summaries.next, summaries.reason, now, &events[taken]);
        summaries.next++;
    }
    if (summaries.next >= servers) {
        summaries.next = UINT32_MAX;
    }
    return taken;
}

static size_t take_events(event *events)
{
    size_t taken = 0;

    while (!failed && taken < EVENT_BATCH && next_segment(&events[taken])) {
        taken++;
    }
    while (!failed && taken < EVENT_BATCH && next_of_viewer(&events[taken])) {
        taken++;
    }
    return failed ? 0 : taken + next_servers(&events[taken], EVENT_BATCH - taken);
}

size_t probe_events(event *events, bool *more)
{
    SCMutexLock(&lock);
    const size_t taken = take_events(events);
    *more = taken == EVENT_BATCH || (ended && !failed && summaries.next != UINT32_MAX);
    SCMutexUnlock(&lock);
    return taken;
}

static bool time_to_ask(void)
{
    const uint64_t milliseconds = SCTIME_MSECS(now);

    if (++packets_since < PACKETS_BETWEEN && milliseconds < asked + MILLISECONDS_BETWEEN) {
        return false;
    }
    packets_since = 0;
    asked = milliseconds;
    return true;
}

/* Returns the server that the packet belongs to, counted from 1. */
static uint32_t give_packet(const Packet *p, nflx_packet *packet)
{
    nflx_annotation annotation = {.struct_size = sizeof annotation};

    packet->frame = p->pcap_cnt != 0 ? p->pcap_cnt : ++frames;
    switch (nflx_engine_packet(engine, packet, &annotation)) {
    case NFLX_STATUS_OK:
        remember_place(annotation.flow, p);
        return annotation.server + 1;
    case NFLX_STATUS_NONE:
        return 0;
    default:
        give_up();
        return 0;
    }
}

size_t probe_packet(const Packet *p, uint32_t link_type, event *events, uint32_t *server)
{
    const uint32_t length = GET_PKT_LEN(p);
    nflx_packet packet = {
        .struct_size = sizeof packet,
        .link_type = link_type,
        .seconds = (int64_t)SCTIME_SECS(p->ts),
        .nanoseconds = (uint32_t)SCTIME_USECS(p->ts) * 1000,
        /* Suricata does not keep the length on the wire. */
        .original_length = length,
        .captured_length = length,
        .data = GET_PKT_DATA(p),
    };

    SCMutexLock(&lock);
    *server = failed ? 0 : give_packet(p, &packet);
    look_at_the_clock(p->ts);
    const size_t taken = time_to_ask() ? take_events(events) : 0;
    SCMutexUnlock(&lock);
    return taken;
}

bool probe_flow_ended(uint32_t server, SCTime_t time, event *out)
{
    SCMutexLock(&lock);
    const bool taken = !failed && take_server(server - 1, "flow_end", time, out);
    SCMutexUnlock(&lock);
    return taken;
}

void probe_finish(void)
{
    SCMutexLock(&lock);
    if (!failed && nflx_engine_finish(engine) != NFLX_STATUS_OK) {
        give_up();
    }
    ended = true;
    begin_summaries("end");
    SCMutexUnlock(&lock);
}

bool probe_stats(nflx_stats *out)
{
    memset(out, 0, sizeof *out);
    out->struct_size = sizeof *out;
    SCMutexLock(&lock);
    const bool there = engine != NULL && nflx_engine_stats(engine, out) == NFLX_STATUS_OK;
    SCMutexUnlock(&lock);
    return there;
}

event_counts probe_counts(void)
{
    SCMutexLock(&lock);
    const event_counts copy = counts;
    SCMutexUnlock(&lock);
    return copy;
}
