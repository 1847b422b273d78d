/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A host that lives on what settled: prints each segment, each change of a server's role and each session once, as a line
 * of JSON.
 *
 * usage: follow FILE.pcap */
#include <inttypes.h>

#include "capture.h"

static void fail(const char *what, const char *sentence)
{
    fprintf(stderr, "follow: %s: %s\n", what, sentence);
    exit(2);
}

static void expect_none(nflx_status status, nflx_engine *engine)
{
    if (status != NFLX_STATUS_NONE) {
        fail("next", nflx_engine_error(engine));
    }
}

static void take(nflx_engine *engine)
{
    nflx_segment segment;
    nflx_server server;
    nflx_session session;
    nflx_status status;

    memset(&segment, 0, sizeof segment);
    segment.struct_size = (uint32_t)sizeof segment;
    while ((status = nflx_engine_next_settled(engine, &segment)) == NFLX_STATUS_OK) {
        printf("{\"row\":\"segment\",\"app_bytes\":%" PRIu64 "}\n", segment.app_bytes);
    }
    expect_none(status, engine);
    memset(&server, 0, sizeof server);
    server.struct_size = (uint32_t)sizeof server;
    while ((status = nflx_engine_next_changed_server(engine, &server)) == NFLX_STATUS_OK) {
        printf("{\"row\":\"role\",\"id\":%" PRIu32 ",\"role\":\"%s\"}\n", server.id, nflx_role_name(server.role));
    }
    expect_none(status, engine);
    memset(&session, 0, sizeof session);
    session.struct_size = (uint32_t)sizeof session;
    while ((status = nflx_engine_next_session(engine, &session)) == NFLX_STATUS_OK) {
        printf("{\"row\":\"session\",\"session\":%" PRIu32 ",\"video_segments\":%" PRIu32 ",\"video_bytes\":%" PRIu64 "}\n",
               session.number, session.video_segments, session.video_bytes);
    }
    expect_none(status, engine);
}

int main(int count, char **arguments)
{
    nflx_engine *engine = NULL;
    nflx_annotation said;
    nflx_packet packet;
    nflx_session none;
    capture input;

    if (count != 2 || !capture_open(&input, arguments[1])) {
        fail("usage", "follow FILE.pcap");
    }
    memset(&none, 0, sizeof none);
    none.struct_size = (uint32_t)sizeof none;
    if (nflx_engine_new(NULL, NFLX_ENGINE_KEEP_SETTLED, &engine) != NFLX_STATUS_OK ||
        nflx_engine_next_session(engine, &none) != NFLX_STATUS_NOT_KEPT) {
        fail("engine", "it found sessions that nobody asked for");
    }
    nflx_engine_free(engine);
    if (nflx_engine_new(NULL, NFLX_ENGINE_KEEP_SETTLED | NFLX_ENGINE_KEEP_SESSIONS, &engine) != NFLX_STATUS_OK) {
        fail("engine", "it was not made");
    }
    memset(&said, 0, sizeof said);
    said.struct_size = (uint32_t)sizeof said;
    while (capture_next(&input, &packet)) {
        nflx_status status = nflx_engine_packet(engine, &packet, &said);
        if (status != NFLX_STATUS_OK && status != NFLX_STATUS_NONE) {
            fail("packet", nflx_engine_error(engine));
        }
        take(engine);
    }
    capture_close(&input);
    if (nflx_engine_finish(engine) != NFLX_STATUS_OK) {
        fail("finish", nflx_engine_error(engine));
    }
    take(engine);
    nflx_engine_free(engine);
    return 0;
}
