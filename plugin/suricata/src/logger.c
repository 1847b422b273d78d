/* SPDX-License-Identifier: GPL-2.0-only */
/* The type `nflx` of eve-log. Suricata passes us each packet in the thread that handles it, and each flow when it is
 * over. The thread that finds an event writes it. */
#include "plugin.h"

#include "flow-storage.h"
#include "output.h"
#include "runmodes.h"
#include "util-time.h"

/* Default time between summaries of the servers with traffic, in seconds. */
#define SERVER_INTERVAL 60

typedef struct thread_data {
    OutputJsonThreadCtx *output;
    event events[EVENT_BATCH];
} thread_data;

/* The server of a flow, counted from 1. */
static FlowStorageId flow_server;

/* Suricata initialises us once for packets and once for flows, then once per thread for each. */
static SCMutex lock = SCMUTEX_INITIALIZER;
static const void *owner; /* the eve-log that we write to */
static unsigned contexts;
static unsigned threads;
static bool advised;

/* Returns true if the fields that we read are where this Suricata writes them; they are not if it was configured
 * differently. */
static bool layout_is_ours(void)
{
    static const uint8_t bytes[16] = "nflx looks here";
    Packet *packet = PacketGetFromAlloc();
    bool same;

    if (packet == NULL) {
        return false;
    }
    same = PacketCopyData(packet, bytes, sizeof bytes) == 0 && GET_PKT_LEN(packet) == sizeof bytes &&
           memcmp(GET_PKT_DATA(packet), bytes, sizeof bytes) == 0;
    PacketFree(packet);
    return same;
}

static void context_free(OutputCtx *context)
{
    SCFree(context);
    SCMutexLock(&lock);
    if (--contexts == 0) {
        owner = NULL;
        probe_end();
    }
    SCMutexUnlock(&lock);
}

static bool read_interval(const SCConfNode *node, uint64_t *seconds)
{
    const char *text = node != NULL ? SCConfNodeLookupChildValue(node, "server-interval") : NULL;
    char *end;

    *seconds = SERVER_INTERVAL;
    if (text == NULL) {
        return true;
    }
    errno = 0;
    *seconds = strtoull(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || text[0] == '-') {
        SCLogError("server-interval is a number of seconds, or 0 for never; it is '%s'.", text);
        return false;
    }
    return true;
}

static bool begin(const SCConfNode *node)
{
    uint64_t interval;
    nflx_config *config;
    bool good;

    if (!layout_is_ours()) {
        SCLogError("this Suricata was built with other options than the headers of this plugin; build it again: "
                   "make suricata.");
        return false;
    }
    if (!read_interval(node, &interval)) {
        return false;
    }
    config = settings_read(SCConfGetNode("nflx"));
    if (config == NULL) {
        return false;
    }
    good = probe_begin(config, interval);
    nflx_config_free(config);
    if (!good) {
        SCLogError("there is no memory for the engine.");
        return false;
    }
    counters_register();
    return true;
}

static OutputInitResult context_init(SCConfNode *node, OutputCtx *parent)
{
    OutputInitResult result = {NULL, false};
    OutputCtx *context;

    SCMutexLock(&lock);
    if (contexts == 0 && begin(node)) {
        owner = parent->data;
        advised = false;
    }
    if (owner != NULL && owner != parent->data) {
        SCLogError("a second eve-log has the type nflx; only one can have it.");
    } else if (owner != NULL && (context = SCCalloc(1, sizeof *context)) != NULL) {
        context->data = parent->data;
        context->DeInit = context_free;
        contexts++;
        result = (OutputInitResult){context, true};
    }
    SCMutexUnlock(&lock);
    return result;
}

/* Warns about settings that would silently hide segments. */
static void advise(void)
{
    const char *mode = RunmodeGetActive();
    const char *tls;
    int bypass = 0;

    if (mode != NULL && strcmp(mode, "autofp") == 0) {
        SCLogWarning("in runmode autofp flows overtake each other, so names may arrive after the connections "
                     "they name; use --runmode single for files, workers for interfaces.");
    }
    if ((SCConfGetBool("stream.bypass", &bypass) == 1 && bypass) ||
        (SCConfGet("app-layer.protocols.tls.encryption-handling", &tls) == 1 && strcmp(tls, "bypass") == 0)) {
        SCLogWarning("stream.bypass or encryption-handling: bypass is set; packets of bypassed flows never "
                     "reach the plugin, and their segments end early.");
    }
}

static TmEcode thread_init(ThreadVars *tv, const void *context, void **out)
{
    thread_data *thread;

    if (context == NULL || (thread = SCCalloc(1, sizeof *thread)) == NULL) {
        return TM_ECODE_FAILED;
    }
    thread->output = CreateEveThreadCtx(tv, ((const OutputCtx *)context)->data);
    if (thread->output == NULL) {
        SCFree(thread);
        return TM_ECODE_FAILED;
    }
    SCMutexLock(&lock);
    threads++;
    if (!advised) {
        advised = true;
        advise();
    }
    SCMutexUnlock(&lock);
    *out = thread;
    return TM_ECODE_OK;
}

static void write_event(ThreadVars *tv, thread_data *thread, const event *event)
{
    SCJsonBuilder *json = event_json(event);

    if (json != NULL) {
        OutputJsonBuilderBuffer(tv, NULL, NULL, json, thread->output);
        SCJbFree(json);
    }
}

static void write_taken(ThreadVars *tv, thread_data *thread, size_t taken)
{
    for (size_t i = 0; i < taken; i++) {
        write_event(tv, thread, &thread->events[i]);
    }
}

static void write_due(ThreadVars *tv, thread_data *thread)
{
    bool more = true;

    while (more) {
        write_taken(tv, thread, probe_events(thread->events, &more));
    }
}

/* The last thread that could handle a packet or a flow ends the capture. */
static TmEcode thread_deinit(ThreadVars *tv, void *data)
{
    thread_data *thread = data;
    bool last;

    SCMutexLock(&lock);
    last = --threads == 0;
    SCMutexUnlock(&lock);
    if (last) {
        probe_finish();
        write_due(tv, thread);
    }
    FreeEveThreadCtx(thread->output);
    SCFree(thread);
    return TM_ECODE_OK;
}

/* Returns true for packets as on the wire: not for those that Suricata decapsulated or reassembled, because nflx does
 * that itself. */
static bool is_captured(ThreadVars *tv, void *data, const Packet *p)
{
    (void)tv;
    (void)data;
    return p->pkt_src == PKT_SRC_WIRE && !PKT_IS_PSEUDOPKT(p);
}

/* Suricata has libpcap's numbers, which equal those of files except for raw IP. */
static uint32_t link_type_of(const Packet *p)
{
    return p->datalink == DLT_RAW ? 101 : (uint32_t)p->datalink;
}

static int log_packet(ThreadVars *tv, void *data, const Packet *p)
{
    thread_data *thread = data;
    uint32_t server;
    const size_t taken = probe_packet(p, link_type_of(p), thread->events, &server);

    if (server != 0 && p->flow != NULL) {
        FlowSetStorageById(p->flow, flow_server, (void *)(uintptr_t)server);
    }
    write_taken(tv, thread, taken);
    if (taken == EVENT_BATCH) {
        write_due(tv, thread);
    }
    return TM_ECODE_OK;
}

static int log_flow(ThreadVars *tv, void *data, Flow *f)
{
    thread_data *thread = data;
    const uint32_t server = (uint32_t)(uintptr_t)FlowGetStorageById(f, flow_server);
    event *event = &thread->events[0];

    if (server != 0 && probe_flow_ended(server, TimeGet(), event)) {
        event->place.flow_id = FlowGetId(f);
        write_event(tv, thread, event);
    }
    return TM_ECODE_OK;
}

/* The stored value is a number, not memory. */
static void nothing_to_free(void *number)
{
    (void)number;
}

void logger_register(void)
{
    OutputPacketLoggerFunctions functions = {
        .LogFunc = log_packet,
        .ConditionFunc = is_captured,
        .ThreadInitFunc = thread_init,
        .ThreadDeinitFunc = thread_deinit,
    };

    flow_server = FlowStorageRegister("nflx", sizeof(void *), NULL, nothing_to_free);
    if (flow_server.id < 0) {
        SCLogError("Suricata has no room for a word per flow.");
        return;
    }
    OutputRegisterPacketSubModule(LOGGER_USER, "eve-log", "NflxPacketLog", "eve-log.nflx", context_init, &functions);
    OutputRegisterFlowSubModule(LOGGER_USER, "eve-log", "NflxFlowLog", "eve-log.nflx", context_init, log_flow,
                                thread_init, thread_deinit);
}
