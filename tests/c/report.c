/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A whole host in one file: reads a capture through the ABI and prints servers and segments as JSON lines, with the keys
 * that the nflx command uses.
 *
 * usage: report [NAME=VALUE...] FILE.pcap */
#include <inttypes.h>

#include "capture.h"

static void fail(const char *what, const char *sentence)
{
    fprintf(stderr, "report: %s: %s\n", what, sentence);
    exit(2);
}

static void print_address(const nflx_address *address)
{
    int i;

    if (address->family == 4) {
        printf("\"%u.%u.%u.%u\"", address->bytes[0], address->bytes[1], address->bytes[2], address->bytes[3]);
        return;
    }
    printf("\"");
    for (i = 0; i < 16; i += 2) {
        printf("%s%x", i == 0 ? "" : ":", (unsigned)(address->bytes[i] << 8 | address->bytes[i + 1]));
    }
    printf("\"");
}

/* Seconds with nine decimals, exactly. */
static void print_seconds(int64_t nanoseconds)
{
    uint64_t magnitude = nanoseconds < 0 ? 0 - (uint64_t)nanoseconds : (uint64_t)nanoseconds;

    printf("%s%" PRIu64 ".%09" PRIu64, nanoseconds < 0 ? "-" : "", magnitude / 1000000000u, magnitude % 1000000000u);
}

static void print_optional(int present, int64_t nanoseconds)
{
    if (present) {
        print_seconds(nanoseconds);
    } else {
        printf("null");
    }
}

static void print_frame(uint64_t frame)
{
    if (frame != 0) {
        printf("%" PRIu64, frame);
    } else {
        printf("null");
    }
}

/* Host names need no escapes; anything else in one is a fault to be seen. */
static void print_name(const char *name)
{
    if (name[0] != '\0') {
        printf("\"%s\"", name);
    } else {
        printf("null");
    }
}

static void print_server(const nflx_engine *engine, uint32_t number)
{
    nflx_server server;
    nflx_evidence evidence;
    uint32_t before = NFLX_EVIDENCE_NONE;
    uint32_t i;

    memset(&server, 0, sizeof server);
    server.struct_size = (uint32_t)sizeof server;
    switch (nflx_engine_server(engine, number, &server)) {
    case NFLX_STATUS_OK:
        break;
    case NFLX_STATUS_NONE: /* it was evicted */
        return;
    default:
        fail("server", nflx_engine_error(engine));
    }
    printf("{\"row\":\"server\",\"server\":");
    print_address(&server.address);
    printf(",\"name\":");
    print_name(server.name);
    printf(",\"evidence\":[");
    for (i = 0; i < server.evidence_count; i++) {
        memset(&evidence, 0, sizeof evidence);
        evidence.struct_size = (uint32_t)sizeof evidence;
        if (nflx_engine_evidence(engine, number, i, &evidence) != NFLX_STATUS_OK) {
            fail("evidence", nflx_engine_error(engine));
        }
        if (evidence.kind != before) {
            printf("%s\"%s\"", before == NFLX_EVIDENCE_NONE ? "" : ",", nflx_evidence_name(evidence.kind));
        }
        before = evidence.kind;
    }
    printf("],\"role\":\"%s\",\"flows\":%" PRIu32 ",\"in_pkts\":%" PRIu64 ",\"out_pkts\":%" PRIu64,
           nflx_role_name(server.role), server.flows, server.counters.in_pkts, server.counters.out_pkts);
    printf(",\"in_bytes\":%" PRIu64 ",\"out_bytes\":%" PRIu64 ",\"segments\":%" PRIu32 ",\"segment_bytes\":%" PRIu64,
           server.counters.in_bytes, server.counters.out_bytes, server.segments, server.segment_bytes);
    printf(",\"t_first\":");
    print_seconds(server.t_first);
    printf(",\"t_last\":");
    print_seconds(server.t_last);
    printf("}\n");
}

static const char *truth(uint32_t flag)
{
    return flag != 0 ? "true" : "false";
}

static void print_segment(const nflx_engine *engine, uint32_t number)
{
    nflx_segment s;
    nflx_server server;
    nflx_status status;

    memset(&s, 0, sizeof s);
    s.struct_size = (uint32_t)sizeof s;
    status = nflx_engine_segment(engine, number, &s);
    if (status == NFLX_STATUS_NONE) {
        return;
    }
    memset(&server, 0, sizeof server);
    server.struct_size = (uint32_t)sizeof server;
    if (status != NFLX_STATUS_OK || nflx_engine_server(engine, s.server, &server) != NFLX_STATUS_OK) {
        fail("segment", nflx_engine_error(engine));
    }
    printf("{\"row\":\"segment\",\"segment\":%" PRIu32 ",\"index\":%" PRIu32 ",\"server\":", s.number, s.index);
    print_address(&server.address);
    printf(",\"server_port\":%u,\"client\":", s.server_port);
    print_address(&s.client);
    printf(",\"client_port\":%u,\"transport\":\"%s\",\"name\":", s.client_port, nflx_transport_name(s.transport));
    print_name(s.name);
    printf(",\"evidence\":\"%s\",\"kind\":\"%s\"", nflx_evidence_name(s.evidence), nflx_kind_name(s.kind));
    printf(",\"request_frame\":");
    print_frame(s.request_frame);
    printf(",\"first_frame\":");
    print_frame(s.first_frame);
    printf(",\"last_frame\":");
    print_frame(s.last_frame);
    printf(",\"t_request\":");
    print_seconds(s.t_request);
    printf(",\"t_first\":");
    print_optional((s.flags & NFLX_SEGMENT_HAS_FIRST) != 0, s.t_first);
    printf(",\"t_last\":");
    print_optional((s.flags & NFLX_SEGMENT_HAS_LAST) != 0, s.t_last);
    printf(",\"pkts\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"app_bytes\":%" PRIu64, s.pkts, s.bytes, s.app_bytes);
    printf(",\"retransmitted_bytes\":%" PRIu64 ",\"missing_bytes\":%" PRIu64, s.retransmitted_bytes, s.missing_bytes);
    printf(",\"size_error\":%" PRIu64, s.size_error);
    printf(",\"ttfb_s\":");
    print_optional((s.flags & NFLX_SEGMENT_HAS_TTFB) != 0, s.ttfb);
    printf(",\"duration_s\":");
    print_optional((s.flags & NFLX_SEGMENT_HAS_DURATION) != 0, s.duration);
    if ((s.flags & NFLX_SEGMENT_HAS_THROUGHPUT) != 0) {
        printf(",\"throughput_bps\":%.17g", s.throughput);
    } else {
        printf(",\"throughput_bps\":null");
    }
    printf(",\"complete\":%s,\"estimated\":%s", truth(s.flags & NFLX_SEGMENT_COMPLETE),
           truth(s.flags & NFLX_SEGMENT_ESTIMATED));
    printf(",\"shared\":%s,\"inferred\":%s", truth(s.flags & NFLX_SEGMENT_SHARED),
           truth(s.flags & NFLX_SEGMENT_INFERRED));
    printf(",\"kind_reason\":\"%s\",\"evidence_scope\":\"%s\"", nflx_kind_reason_name(s.kind_reason),
           nflx_evidence_scope_name(s.evidence_scope));
    if (s.via != 0) {
        printf(",\"via\":\"%s\"}\n", nflx_via_name(s.via));
    } else {
        printf(",\"via\":null}\n");
    }
}

/* Passes all packets to the engine, and compares each annotation with the kept one. */
static void feed(nflx_engine *engine, const char *path)
{
    capture input;
    nflx_packet packet;
    nflx_annotation said;
    nflx_annotation kept;
    nflx_status status;

    if (!capture_open(&input, path)) {
        fail(path, "this is no pcap file");
    }
    while (capture_next(&input, &packet)) {
        memset(&said, 0, sizeof said);
        memset(&kept, 0, sizeof kept);
        said.struct_size = (uint32_t)sizeof said;
        kept.struct_size = (uint32_t)sizeof kept;
        status = nflx_engine_packet(engine, &packet, &said);
        if (status != NFLX_STATUS_OK && status != NFLX_STATUS_NONE) {
            fail("packet", nflx_engine_error(engine));
        }
        if (nflx_engine_frame(engine, packet.frame, &kept) != status || memcmp(&said, &kept, sizeof said) != 0) {
            fail("frame", "what is kept is not what was said");
        }
    }
    capture_close(&input);
    if (nflx_engine_finish(engine) != NFLX_STATUS_OK) {
        fail("finish", nflx_engine_error(engine));
    }
}

int main(int count, char **arguments)
{
    nflx_config *config = NULL;
    nflx_engine *engine = NULL;
    uint32_t again = 0;
    uint32_t servers = 0;
    uint32_t number = 0;
    uint32_t end = 0;
    int i;

    if (count < 2 || nflx_config_new(&config) != NFLX_STATUS_OK) {
        fail("usage", "report [NAME=VALUE...] FILE.pcap");
    }
    for (i = 1; i < count - 1; i++) {
        char *value = strchr(arguments[i], '=');
        if (value == NULL) {
            fail(arguments[i], "this is not NAME=VALUE");
        }
        *value = '\0';
        if (nflx_config_set(config, arguments[i], value + 1) != NFLX_STATUS_OK) {
            fail("setting", nflx_config_error(config));
        }
    }
    if (nflx_engine_new(config, NFLX_ENGINE_KEEP_FRAMES, &engine) != NFLX_STATUS_OK) {
        fail("engine", nflx_config_error(config));
    }
    nflx_config_free(config);

    feed(engine, arguments[count - 1]);
    if (nflx_engine_should_read_again(engine, &again) != NFLX_STATUS_OK) {
        fail("second reading", nflx_engine_error(engine));
    }
    if (again) {
        if (nflx_engine_rewind(engine) != NFLX_STATUS_OK) {
            fail("rewind", nflx_engine_error(engine));
        }
        feed(engine, arguments[count - 1]);
    }

    if (nflx_engine_server_count(engine, &servers) != NFLX_STATUS_OK ||
        nflx_engine_segment_numbers(engine, &number, &end) != NFLX_STATUS_OK) {
        fail("counts", nflx_engine_error(engine));
    }
    for (i = 0; (uint32_t)i < servers; i++) {
        print_server(engine, (uint32_t)i);
    }
    for (; number < end; number++) {
        print_segment(engine, number);
    }
    nflx_engine_free(engine);
    return 0;
}
