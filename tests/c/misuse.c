/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the header promises to hosts that use it wrongly, and to all after a bug of the library. Prints the first promise
 * that does not hold and ends with 1. Linked against a library with the feature panic-injection. */
#include <inttypes.h>
#include <pthread.h>

#include "capture.h"

#ifdef __cplusplus
extern "C" {
#endif
/* Not in the header: see the feature panic-injection of ffi. */
nflx_status nflx_engine_inject_panic(nflx_engine *engine);
#ifdef __cplusplus
}
#endif
static const char panic_mark[] = "nflx, panic here";

#define EXPECT(condition)                                                     \
    do {                                                                      \
        if (!(condition)) {                                                   \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);   \
            exit(1);                                                          \
        }                                                                     \
    } while (0)

/* For structs of the ABI: cleared, and struct_size set. */
#define PREPARE(pointer)                                    \
    do {                                                    \
        memset((pointer), 0, sizeof *(pointer));            \
        (pointer)->struct_size = (uint32_t)sizeof *(pointer); \
    } while (0)

/* A TCP packet between addresses that are nobody's. */
static const unsigned char frame_bytes[] = {
    2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0, 0, 40, 0, 1, 0, 0, 64, 6, 0, 0, 192, 0, 2, 1,
    192, 0, 2, 2, 4, 0, 1, 187, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 2, 255, 255, 0, 0, 0, 0,
};

static void fill(nflx_packet *packet)
{
    PREPARE(packet);
    packet->link_type = 1;
    packet->frame = 1;
    packet->original_length = (uint32_t)sizeof frame_bytes;
    packet->captured_length = sizeof frame_bytes;
    packet->data = frame_bytes;
}

static void null_handles(void)
{
    nflx_packet packet;
    nflx_annotation annotation;
    uint32_t number = 7;

    fill(&packet);
    PREPARE(&annotation);
    EXPECT(nflx_config_new(NULL) == NFLX_STATUS_NULL);
    EXPECT(nflx_config_set(NULL, "domains", "x") == NFLX_STATUS_NULL);
    EXPECT(nflx_engine_new(NULL, 0, NULL) == NFLX_STATUS_NULL);
    EXPECT(nflx_engine_packet(NULL, &packet, &annotation) == NFLX_STATUS_NULL);
    EXPECT(nflx_engine_frame(NULL, 1, &annotation) == NFLX_STATUS_NULL);
    EXPECT(nflx_engine_finish(NULL) == NFLX_STATUS_NULL);
    EXPECT(nflx_engine_rewind(NULL) == NFLX_STATUS_NULL);
    EXPECT(nflx_engine_server_count(NULL, &number) == NFLX_STATUS_NULL);
    EXPECT(nflx_engine_server(NULL, 0, NULL) == NFLX_STATUS_NULL);
    EXPECT(nflx_engine_evidence(NULL, 0, 0, NULL) == NFLX_STATUS_NULL);
    EXPECT(nflx_engine_segment_numbers(NULL, &number, &number) == NFLX_STATUS_NULL);
    EXPECT(nflx_engine_segment(NULL, 1, NULL) == NFLX_STATUS_NULL);
    EXPECT(nflx_engine_note(NULL, 1, NULL) == NFLX_STATUS_NULL);
    EXPECT(nflx_engine_summary(NULL, NULL) == NFLX_STATUS_NULL);
    EXPECT(nflx_engine_stats(NULL, NULL) == NFLX_STATUS_NULL);
    EXPECT(nflx_setting_get(0, NULL) == NFLX_STATUS_NULL);
    EXPECT(number == 7);
    EXPECT(strlen(nflx_config_error(NULL)) > 0);
    EXPECT(strlen(nflx_engine_error(NULL)) > 0);
    nflx_config_free(NULL);
    nflx_engine_free(NULL);
}

static void null_pointers(void)
{
    nflx_engine *engine = NULL;
    nflx_config *config = NULL;
    nflx_packet packet;
    nflx_annotation annotation;
    uint32_t number = 7;

    EXPECT(nflx_config_new(&config) == NFLX_STATUS_OK);
    EXPECT(nflx_config_error(config)[0] == '\0');
    EXPECT(nflx_config_set(config, NULL, "x") == NFLX_STATUS_NULL);
    EXPECT(nflx_config_set(config, "domains", NULL) == NFLX_STATUS_NULL);
    EXPECT(strlen(nflx_config_error(config)) > 0);
    EXPECT(nflx_engine_new(config, 0, NULL) == NFLX_STATUS_NULL);
    EXPECT(strlen(nflx_config_error(config)) > 0);
    EXPECT(nflx_engine_new(config, 0, &engine) == NFLX_STATUS_OK);
    nflx_config_free(config);

    fill(&packet);
    PREPARE(&annotation);
    EXPECT(nflx_engine_error(engine)[0] == '\0');
    EXPECT(nflx_engine_packet(engine, NULL, &annotation) == NFLX_STATUS_NULL);
    EXPECT(strstr(nflx_engine_error(engine), "nflx_packet") != NULL);
    EXPECT(nflx_engine_packet(engine, &packet, NULL) == NFLX_STATUS_NULL);
    packet.data = NULL;
    EXPECT(nflx_engine_packet(engine, &packet, &annotation) == NFLX_STATUS_NULL);
    packet.captured_length = 0;
    EXPECT(nflx_engine_packet(engine, &packet, &annotation) == NFLX_STATUS_NONE);
    EXPECT(nflx_engine_server_count(engine, NULL) == NFLX_STATUS_NULL);
    EXPECT(nflx_engine_server(engine, 0, NULL) == NFLX_STATUS_NULL);
    EXPECT(nflx_engine_evidence(engine, 0, 0, NULL) == NFLX_STATUS_NULL);
    EXPECT(nflx_engine_segment_numbers(engine, &number, NULL) == NFLX_STATUS_NULL);
    EXPECT(nflx_engine_segment_numbers(engine, NULL, &number) == NFLX_STATUS_NULL);
    EXPECT(number == 7);
    EXPECT(nflx_engine_segment(engine, 1, NULL) == NFLX_STATUS_NULL);
    EXPECT(nflx_engine_note(engine, 1, NULL) == NFLX_STATUS_NULL);
    EXPECT(nflx_engine_summary(engine, NULL) == NFLX_STATUS_NULL);
    EXPECT(nflx_engine_stats(engine, NULL) == NFLX_STATUS_NULL);
    nflx_engine_free(engine);
}

static void sizes_and_values(void)
{
    nflx_engine *engine = NULL;
    nflx_config *config = NULL;
    nflx_packet packet;
    nflx_annotation annotation;
    nflx_server server;
    nflx_segment segment;
    nflx_evidence evidence;
    nflx_stats stats;
    nflx_setting setting;
    static const uint32_t wrong[] = {0, 4, 40};
    unsigned char room[sizeof(nflx_packet) + 8];
    size_t i;

    EXPECT(nflx_config_new(&config) == NFLX_STATUS_OK);
    EXPECT(nflx_config_set(config, "no_such_setting", "1") == NFLX_STATUS_BAD_VALUE);
    EXPECT(strstr(nflx_config_error(config), "no_such_setting") != NULL);
    EXPECT(nflx_config_set(config, "prefixes", "10.0.0.0/99") == NFLX_STATUS_BAD_VALUE);
    EXPECT(strstr(nflx_config_error(config), "10.0.0.0/99") != NULL);
    EXPECT(nflx_config_set(config, "prefixes", "\xff\xfe") == NFLX_STATUS_BAD_VALUE);
    EXPECT(nflx_config_set(config, "prefixes", "192.0.2.0/24,2001:db8::/32") == NFLX_STATUS_OK);
    EXPECT(nflx_engine_new(config, 0x80000000u, &engine) == NFLX_STATUS_BAD_VALUE);
    EXPECT(engine == NULL);
    EXPECT(nflx_engine_new(NULL, 0x80000000u, &engine) == NFLX_STATUS_BAD_VALUE);
    EXPECT(nflx_engine_new(config, 0, &engine) == NFLX_STATUS_OK);
    nflx_config_free(config);

    fill(&packet);
    PREPARE(&annotation);
    /* Outputs are written on success only. */
    annotation.server = 77;
    for (i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        PREPARE(&server);
        PREPARE(&segment);
        PREPARE(&evidence);
        PREPARE(&stats);
        PREPARE(&setting);
        packet.struct_size = wrong[i];
        EXPECT(nflx_engine_packet(engine, &packet, &annotation) == NFLX_STATUS_STRUCT_SIZE);
        EXPECT(strstr(nflx_engine_error(engine), "struct_size of nflx_packet") != NULL);
        fill(&packet);
        annotation.struct_size = wrong[i];
        EXPECT(nflx_engine_packet(engine, &packet, &annotation) == NFLX_STATUS_STRUCT_SIZE);
        EXPECT(nflx_engine_frame(engine, 1, &annotation) == NFLX_STATUS_STRUCT_SIZE);
        server.struct_size = wrong[i];
        EXPECT(nflx_engine_server(engine, 0, &server) == NFLX_STATUS_STRUCT_SIZE);
        segment.struct_size = wrong[i];
        EXPECT(nflx_engine_segment(engine, 1, &segment) == NFLX_STATUS_STRUCT_SIZE);
        evidence.struct_size = wrong[i];
        EXPECT(nflx_engine_evidence(engine, 0, 0, &evidence) == NFLX_STATUS_STRUCT_SIZE);
        stats.struct_size = wrong[i];
        EXPECT(nflx_engine_stats(engine, &stats) == NFLX_STATUS_STRUCT_SIZE);
        setting.struct_size = wrong[i];
        EXPECT(nflx_setting_get(0, &setting) == NFLX_STATUS_STRUCT_SIZE);
    }
    annotation.struct_size = (uint32_t)sizeof annotation;
    EXPECT(annotation.server == 77);

    packet.link_type = 65536;
    EXPECT(nflx_engine_packet(engine, &packet, &annotation) == NFLX_STATUS_BAD_VALUE);
    fill(&packet);
    packet.captured_length = UINT64_MAX;
    EXPECT(nflx_engine_packet(engine, &packet, &annotation) == NFLX_STATUS_BAD_VALUE);
    fill(&packet);
    memcpy(room + 1, &packet, sizeof packet);
    EXPECT(nflx_engine_packet(engine, (const nflx_packet *)(const void *)(room + 1), &annotation) ==
           NFLX_STATUS_MISALIGNED);
    packet.seconds = INT64_MAX;
    packet.nanoseconds = UINT32_MAX;
    packet.frame = UINT64_MAX;
    packet.original_length = 0;
    /* Nonsense, but not a failure: it is what damaged captures hold. Both addresses are in the user's prefixes;
     * the end that opens the connection is no server. */
    EXPECT(nflx_engine_packet(engine, &packet, &annotation) == NFLX_STATUS_OK);
    EXPECT(annotation.server == 1);

    EXPECT(nflx_engine_frame(engine, 1, &annotation) == NFLX_STATUS_NOT_KEPT);
    EXPECT(strstr(nflx_engine_error(engine), "NFLX_ENGINE_KEEP_FRAMES") != NULL);
    PREPARE(&server);
    EXPECT(nflx_engine_server(engine, UINT32_MAX, &server) == NFLX_STATUS_NONE);
    PREPARE(&segment);
    EXPECT(nflx_engine_segment(engine, 0, &segment) == NFLX_STATUS_NONE);
    PREPARE(&evidence);
    EXPECT(nflx_engine_evidence(engine, 0, UINT32_MAX, &evidence) == NFLX_STATUS_NONE);
    PREPARE(&setting);
    EXPECT(nflx_setting_get(UINT32_MAX, &setting) == NFLX_STATUS_NONE);
    nflx_engine_free(engine);
}

/* What version 1 of the ABI had of the structs that are outputs. */
enum { FIRST_ANNOTATION = 96, FIRST_STATS = 96, FIRST_SETTING = 88 };

/* Calls with less and with more room than this header's structs have, as programs built with another header make them:
 * nothing is written behind what the caller has, and struct_size stays. */
static void other_headers(void)
{
    union {
        nflx_stats stats;
        nflx_setting setting;
        unsigned char bytes[1024];
    } out;
    nflx_engine *engine = NULL;
    nflx_packet packet;
    struct {
        nflx_packet packet;
        uint64_t newer;
    } larger;
    nflx_annotation annotation;
    const uint32_t rooms[] = {FIRST_STATS, (uint32_t)sizeof(nflx_stats), (uint32_t)sizeof out};
    size_t i, at;

    EXPECT(nflx_engine_new(NULL, 0, &engine) == NFLX_STATUS_OK);
    PREPARE(&annotation);
    fill(&packet);
    EXPECT(nflx_engine_packet(engine, &packet, &annotation) == NFLX_STATUS_NONE);
    /* A packet of a newer header: what is behind ours is not read. */
    memset(&larger, 0xff, sizeof larger);
    fill(&larger.packet);
    larger.packet.struct_size = (uint32_t)sizeof larger;
    EXPECT(nflx_engine_packet(engine, &larger.packet, &annotation) == NFLX_STATUS_NONE);
    for (i = 0; i < sizeof rooms / sizeof rooms[0]; i++) {
        memset(&out, 0xa5, sizeof out);
        out.stats.struct_size = rooms[i];
        EXPECT(nflx_engine_stats(engine, &out.stats) == NFLX_STATUS_OK);
        EXPECT(out.stats.struct_size == rooms[i]);
        EXPECT(out.stats.packets == 2);
        for (at = rooms[i] < sizeof(nflx_stats) ? rooms[i] : sizeof(nflx_stats); at < sizeof out; at++) {
            EXPECT(out.bytes[at] == 0xa5);
        }
    }
    memset(&out, 0xa5, sizeof out);
    out.setting.struct_size = FIRST_SETTING;
    EXPECT(nflx_setting_get(0, &out.setting) == NFLX_STATUS_OK);
    EXPECT(strlen(out.setting.name) > 0);
    EXPECT(out.bytes[FIRST_SETTING] == 0xa5);
    annotation.struct_size = FIRST_ANNOTATION - 1;
    EXPECT(nflx_engine_packet(engine, &packet, &annotation) == NFLX_STATUS_STRUCT_SIZE);
    nflx_engine_free(engine);
}

static void settings(void)
{
    nflx_config *config = NULL;
    nflx_setting setting;
    uint32_t i;
    uint64_t j;

    EXPECT(nflx_setting_count() > 4);
    EXPECT(nflx_config_new(&config) == NFLX_STATUS_OK);
    for (i = 0; i < nflx_setting_count(); i++) {
        PREPARE(&setting);
        EXPECT(nflx_setting_get(i, &setting) == NFLX_STATUS_OK);
        EXPECT(strlen(setting.name) > 0 && strlen(setting.title) > 0 && strlen(setting.help) > 0);
        EXPECT(setting.unit != NULL && strlen(setting.source) > 0);
        EXPECT((setting.kind == NFLX_SETTING_CHOICE) == (setting.choice_count > 0));
        EXPECT((setting.choices == NULL) == (setting.choice_count == 0));
        for (j = 0; j < setting.choice_count; j++) {
            EXPECT(nflx_config_set(config, setting.name, setting.choices[j]) == NFLX_STATUS_OK);
        }
        /* Its default is a value that it takes. */
        EXPECT(nflx_config_set(config, setting.name, setting.default_value) == NFLX_STATUS_OK);
        if (setting.kind == NFLX_SETTING_NUMBER) {
            char number[32];
            EXPECT(setting.minimum <= setting.maximum);
            snprintf(number, sizeof number, "%" PRIu64, setting.maximum);
            EXPECT(nflx_config_set(config, setting.name, number) == NFLX_STATUS_OK);
            EXPECT(nflx_config_set(config, setting.name, "many") == NFLX_STATUS_BAD_VALUE);
        }
    }
    nflx_config_free(config);
}

static void names(void)
{
    EXPECT(strcmp(nflx_role_name(NFLX_ROLE_AUDIO_VIDEO), "audio_video") == 0);
    EXPECT(strcmp(nflx_role_name(NFLX_ROLE_AUDIO), "audio") == 0);
    EXPECT(nflx_role_order(NFLX_ROLE_VIDEO) < nflx_role_order(NFLX_ROLE_AUDIO_VIDEO));
    EXPECT(nflx_role_order(NFLX_ROLE_AUDIO_VIDEO) < nflx_role_order(NFLX_ROLE_AUDIO));
    EXPECT(nflx_role_order(NFLX_ROLE_AUDIO) < nflx_role_order(NFLX_ROLE_STATIC));
    EXPECT(nflx_role_order(UINT32_MAX) > nflx_role_order(NFLX_ROLE_UNKNOWN));
    EXPECT(strcmp(nflx_evidence_name(NFLX_EVIDENCE_QUIC_SNI), "quic_sni") == 0);
    EXPECT(strcmp(nflx_kind_name(NFLX_KIND_AUDIO), "audio") == 0);
    EXPECT(strcmp(nflx_direction_name(NFLX_DIRECTION_IN), "in") == 0);
    EXPECT(strcmp(nflx_role_name(UINT32_MAX), "?") == 0);
    EXPECT(strlen(nflx_status_text(NFLX_STATUS_POISONED)) > 0);
    EXPECT(strlen(nflx_status_text(-1)) > 0);
}

/* After a bug: said once, poisoned from then on, no other engine affected, nothing printed (the caller checks). */
static void poison(void)
{
    nflx_engine *engine = NULL;
    nflx_engine *other = NULL;
    nflx_packet packet;
    nflx_annotation annotation;
    nflx_stats stats;
    uint32_t number = 7;

    fill(&packet);
    PREPARE(&annotation);
    PREPARE(&stats);
    EXPECT(nflx_engine_new(NULL, NFLX_ENGINE_KEEP_FRAMES, &engine) == NFLX_STATUS_OK);
    EXPECT(nflx_engine_new(NULL, NFLX_ENGINE_KEEP_FRAMES, &other) == NFLX_STATUS_OK);
    EXPECT(nflx_engine_inject_panic(engine) == NFLX_STATUS_PANIC);
    EXPECT(strstr(nflx_engine_error(engine), "injected") != NULL);
    EXPECT(strstr(nflx_engine_error(engine), "engine.rs:") != NULL);
    EXPECT(nflx_engine_packet(engine, &packet, &annotation) == NFLX_STATUS_POISONED);
    EXPECT(nflx_engine_frame(engine, 1, &annotation) == NFLX_STATUS_POISONED);
    EXPECT(nflx_engine_stats(engine, &stats) == NFLX_STATUS_POISONED);
    EXPECT(nflx_engine_finish(engine) == NFLX_STATUS_POISONED);
    EXPECT(nflx_engine_rewind(engine) == NFLX_STATUS_POISONED);
    EXPECT(nflx_engine_server_count(engine, &number) == NFLX_STATUS_POISONED);
    EXPECT(number == 7);
    /* The sentence still says what happened. */
    EXPECT(strstr(nflx_engine_error(engine), "injected") != NULL);
    EXPECT(nflx_engine_packet(other, &packet, &annotation) == NFLX_STATUS_NONE);
    nflx_engine_free(engine);
    nflx_engine_free(other);
    /* The same at a packet, as tests of other hosts do it. */
    EXPECT(nflx_engine_new(NULL, 0, &engine) == NFLX_STATUS_OK);
    packet.data = (const uint8_t *)panic_mark;
    packet.captured_length = packet.original_length = sizeof panic_mark - 1;
    EXPECT(nflx_engine_packet(engine, &packet, &annotation) == NFLX_STATUS_PANIC);
    EXPECT(strstr(nflx_engine_error(engine), "injected") != NULL);
    EXPECT(nflx_engine_packet(engine, &packet, &annotation) == NFLX_STATUS_POISONED);
    nflx_engine_free(engine);
}

/* Sum over everything said about a capture; the same whoever computes it. */
typedef struct job {
    const char *path;
    uint64_t sum;
} job;

static void *sum_of(void *argument)
{
    job *mine = (job *)argument;
    nflx_engine *engine = NULL;
    nflx_annotation annotation;
    nflx_packet packet;
    capture input;
    size_t i;

    EXPECT(capture_open(&input, mine->path));
    EXPECT(nflx_engine_new(NULL, 0, &engine) == NFLX_STATUS_OK);
    while (capture_next(&input, &packet)) {
        PREPARE(&annotation);
        if (nflx_engine_packet(engine, &packet, &annotation) == NFLX_STATUS_OK) {
            const unsigned char *bytes = (const unsigned char *)&annotation;
            for (i = 0; i < sizeof annotation; i++) {
                mine->sum = mine->sum * 31u + bytes[i];
            }
        }
    }
    EXPECT(nflx_engine_finish(engine) == NFLX_STATUS_OK);
    nflx_engine_free(engine);
    capture_close(&input);
    return NULL;
}

static void threads(const char *path)
{
    enum { COUNT = 4 };
    pthread_t running[COUNT];
    job jobs[COUNT];
    job alone;
    int i;

    alone.path = path;
    alone.sum = 0;
    sum_of(&alone);
    EXPECT(alone.sum != 0);
    for (i = 0; i < COUNT; i++) {
        jobs[i] = alone;
        jobs[i].sum = 0;
        EXPECT(pthread_create(&running[i], NULL, sum_of, &jobs[i]) == 0);
    }
    for (i = 0; i < COUNT; i++) {
        EXPECT(pthread_join(running[i], NULL) == 0);
        EXPECT(jobs[i].sum == alone.sum);
    }
}

int main(int count, char **arguments)
{
    null_handles();
    null_pointers();
    sizes_and_values();
    other_headers();
    settings();
    names();
    poison();
    if (count > 1) {
        threads(arguments[1]);
    }
    return 0;
}
