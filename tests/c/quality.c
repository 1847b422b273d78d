/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A host that asks a model about windows, and prints what it says as JSON lines: as windows close ("now"), of all at the end
 * ("end"), and of the windows that frames are in ("frame").
 *
 * usage: quality MODEL FILE.pcap [NAME=VALUE...] */
#include <inttypes.h>
#include <math.h>

#include "capture.h"

static int fail(const char *sentence)
{
    printf("%s\n", sentence);
    return 2;
}

static unsigned char *read_model(const char *path, size_t *length)
{
    FILE *file = fopen(path, "rb");
    unsigned char *bytes = NULL;
    long size;

    if (file == NULL) {
        return NULL;
    }
    if (fseek(file, 0, SEEK_END) == 0 && (size = ftell(file)) >= 0 && fseek(file, 0, SEEK_SET) == 0) {
        /* Just its size, so that a sanitizer sees any read beyond it. */
        bytes = (unsigned char *)malloc((size_t)size);
        *length = bytes != NULL ? fread(bytes, 1, (size_t)size, file) : 0;
    }
    fclose(file);
    return bytes;
}

static void print_number(const char *key, double number)
{
    if (isfinite(number)) {
        printf(",\"%s\":%.17g", key, number);
    } else {
        printf(",\"%s\":null", key);
    }
}

/* Labels and reasons of the tests need no escapes. */
static void print_text(const char *key, const char *text)
{
    if (text[0] != '\0') {
        printf(",\"%s\":\"%s\"", key, text);
    } else {
        printf(",\"%s\":null", key);
    }
}

static void print(const char *row, uint64_t frame, const nflx_quality *quality)
{
    printf("{\"row\":\"%s\",\"frame\":%" PRIu64 ",\"number\":%u,\"session\":%u,\"window\":%u", row, frame, quality->number,
           quality->session, quality->window);
    printf(",\"closed\":%s,\"settled\":%s", quality->flags & NFLX_QUALITY_CLOSED ? "true" : "false",
           quality->flags & NFLX_QUALITY_SETTLED ? "true" : "false");
    printf(",\"out_of_range\":%s", quality->flags & NFLX_QUALITY_OUT_OF_RANGE ? "true" : "false");
    printf(",\"from_ns\":%" PRId64 ",\"to_ns\":%" PRId64, quality->from, quality->to);
    print_text("label", quality->label);
    print_number("value", quality->value);
    print_number("confidence", quality->confidence);
    print_text("reason", quality->reason);
    printf("}\n");
}

static void print_now(nflx_engine *engine, uint64_t frame, nflx_quality *quality)
{
    while (nflx_engine_next_quality(engine, quality) == NFLX_STATUS_OK) {
        print("now", frame, quality);
    }
}

static void print_end(const nflx_engine *engine, uint64_t frames, nflx_quality *quality)
{
    uint32_t count = 0;
    uint32_t index;
    uint64_t frame;

    if (nflx_engine_quality_count(engine, &count) != NFLX_STATUS_OK) {
        return;
    }
    for (index = 0; nflx_engine_quality(engine, index, quality) == NFLX_STATUS_OK; index++) {
        print("end", 0, quality);
    }
    if (index != count) {
        printf("count\n");
    }
    for (frame = 1; frame <= frames; frame++) {
        if (nflx_engine_frame_quality(engine, frame, quality) == NFLX_STATUS_OK) {
            print("frame", frame, quality);
        }
    }
}

static int set(nflx_config *config, char *setting)
{
    char *value = strchr(setting, '=');

    if (value == NULL) {
        return 0;
    }
    *value = '\0';
    return nflx_config_set(config, setting, value + 1) == NFLX_STATUS_OK;
}

static void follow(nflx_engine *engine, capture *capture)
{
    nflx_packet packet;
    nflx_annotation annotation;
    nflx_quality quality;

    memset(&quality, 0, sizeof quality);
    quality.struct_size = (uint32_t)sizeof quality;
    annotation.struct_size = (uint32_t)sizeof annotation;
    while (capture_next(capture, &packet)) {
        (void)nflx_engine_packet(engine, &packet, &annotation);
        print_now(engine, packet.frame, &quality);
    }
    (void)nflx_engine_finish(engine);
    print_now(engine, 0, &quality);
    print_end(engine, capture->frame, &quality);
}

static int run(nflx_config *config, const char *path)
{
    nflx_engine *engine = NULL;
    nflx_model model;
    capture capture;

    if (nflx_engine_new(config, NFLX_ENGINE_KEEP_FRAMES, &engine) != NFLX_STATUS_OK) {
        return fail(nflx_config_error(config));
    }
    memset(&model, 0, sizeof model);
    model.struct_size = (uint32_t)sizeof model;
    if (nflx_engine_model(engine, &model) != NFLX_STATUS_OK) {
        nflx_engine_free(engine);
        return fail("no model");
    }
    printf("{\"row\":\"model\",\"name\":\"%s\",\"version\":\"%s\",\"target\":\"%s\",\"number\":%u,\"window\":%" PRIu64 "}\n",
           model.name, model.version, model.target_name, model.target, model.window);
    if (capture_open(&capture, path)) {
        follow(engine, &capture);
    }
    capture_close(&capture);
    nflx_engine_free(engine);
    return 0;
}

int main(int argc, char **argv)
{
    nflx_config *config = NULL;
    unsigned char *bytes;
    size_t length = 0;
    nflx_status loaded;
    int result;
    int i;

    if (argc < 3 || nflx_config_new(&config) != NFLX_STATUS_OK) {
        return 3;
    }
    for (i = 3; i < argc; i++) {
        if (!set(config, argv[i])) {
            nflx_config_free(config);
            return 3;
        }
    }
    bytes = read_model(argv[1], &length);
    loaded = bytes != NULL ? nflx_config_set_model(config, bytes, length, NULL) : NFLX_STATUS_NULL;
    free(bytes);
    result = loaded == NFLX_STATUS_OK ? run(config, argv[2]) : fail(nflx_config_error(config));
    nflx_config_free(config);
    return result;
}
