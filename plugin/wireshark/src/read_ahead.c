/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads a whole capture file through an engine, and a second time if the engine asks for it. Afterwards everything is
 * known, as in the command nflx. */
/* For times of files finer than seconds (POSIX.1-2008). */
#define _POSIX_C_SOURCE 200809L

#include "read_ahead.h"

#include "frame.h"
#include "preferences.h"

#include <errno.h>
#include <glib/gstdio.h>

/* One version of a file. */
typedef struct identity {
    gint64 size;
    gint64 seconds;
    gint64 nanoseconds;
    guint64 device;
    guint64 inode;
} identity;

/* Position and time of a record in the file. */
typedef struct place {
    int64_t offset;
    nstime_t time;
} place;

struct read_ahead {
    nflx_engine *engine;
    /* The file's records in order; record numbers count from 1. */
    GArray *places;
    uint32_t full_frame;
    /* The file it was made from. */
    char *path;
    char *settings;
    identity file;
};

/* A file may be rewritten within a second, so whole seconds do not distinguish versions. */
static identity look(const char *path)
{
    GStatBuf file;
    identity found = {.size = -1};

    if (g_stat(path, &file) == 0) {
        found = (identity){file.st_size, file.st_mtim.tv_sec, file.st_mtim.tv_nsec, file.st_dev, file.st_ino};
    }
    return found;
}

static bool same(const identity *one, const identity *other)
{
    return one->size == other->size && one->seconds == other->seconds && one->nanoseconds == other->nanoseconds &&
           one->device == other->device && one->inode == other->inode;
}

/* Passes every record to the engine; false if it failed. An unreadable record ends the file. */
static bool read_all(read_ahead *made, wtap *file)
{
    nflx_record record;
    nflx_packet packet;
    nflx_annotation annotation = {.struct_size = sizeof annotation};
    nflx_status status = NFLX_STATUS_OK;
    int64_t offset;
    int error = 0;
    char *reason = NULL;
    nstime_t last = NSTIME_INIT_ZERO;

    g_array_set_size(made->places, 0);
    made->full_frame = 0;
    nflx_record_init(&record);
    while (nflx_record_read(file, &record, &error, &reason, &offset)) {
        place place = {offset, record.rec.ts};
        g_array_append_val(made->places, place);
        if (frame_record(&record.rec, nflx_record_data(&record), made->places->len, &last, &packet)) {
            status = nflx_engine_packet(made->engine, &packet, &annotation);
            if (status == NFLX_STATUS_OK && annotation.flags & NFLX_ANNOTATION_FULL && made->full_frame == 0) {
                made->full_frame = made->places->len;
            }
        }
        nflx_record_reset(&record);
        if (status != NFLX_STATUS_OK && status != NFLX_STATUS_NONE) {
            break;
        }
    }
    nflx_record_free(&record);
    g_free(reason);
    return (status == NFLX_STATUS_OK || status == NFLX_STATUS_NONE) &&
           nflx_engine_finish(made->engine) == NFLX_STATUS_OK;
}

static bool read_file(read_ahead *made, const char *path, int *error, char **reason)
{
    wtap *file = wtap_open_offline(path, WTAP_TYPE_AUTO, error, reason, FALSE);

    if (file == NULL) {
        return false;
    }
    bool read = read_all(made, file);
    wtap_close(file);
    *error = read ? 0 : EIO;
    return read;
}

/* Returns NULL if the file cannot be opened, with an error of Wireshark's and perhaps a reason, or if the engine
 * failed. */
read_ahead *read_ahead_new(const char *path, nflx_config *config, int *error, char **reason)
{
    read_ahead *made = g_new0(read_ahead, 1);
    uint32_t again = 0;

    *error = EIO;
    *reason = NULL;
    made->places = g_array_new(FALSE, FALSE, sizeof(place));
    made->path = g_strdup(path);
    made->settings = preferences_text();
    made->file = look(path);
    if (nflx_engine_new(config, NFLX_ENGINE_KEEP_FRAMES, &made->engine) != NFLX_STATUS_OK ||
        !read_file(made, path, error, reason) ||
        nflx_engine_should_read_again(made->engine, &again) != NFLX_STATUS_OK ||
        (again && (nflx_engine_rewind(made->engine) != NFLX_STATUS_OK || !read_file(made, path, error, reason)))) {
        read_ahead_free(made);
        return NULL;
    }
    return made;
}

bool read_ahead_fits(const read_ahead *made, const char *path)
{
    char *settings = preferences_text();
    identity file = look(path);
    bool fits = strcmp(made->path, path) == 0 && strcmp(made->settings, settings) == 0 && same(&made->file, &file);
    g_free(settings);
    return fits;
}

void read_ahead_free(read_ahead *made)
{
    if (made != NULL) {
        nflx_engine_free(made->engine);
        g_array_free(made->places, TRUE);
        g_free(made->path);
        g_free(made->settings);
        g_free(made);
    }
}

nflx_engine *read_ahead_engine(read_ahead *made)
{
    return made->engine;
}

uint32_t read_ahead_full_frame(const read_ahead *made)
{
    return made->full_frame;
}

/* Returns the index of the first record that does not begin before an offset. */
static guint position(const read_ahead *made, int64_t offset)
{
    guint from = 0;
    guint to = made->places->len;

    while (from < to) {
        guint middle = from + (to - from) / 2;
        if (g_array_index(made->places, place, middle).offset < offset) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    return from;
}

uint32_t read_ahead_number(const read_ahead *made, int64_t offset, const nstime_t *time)
{
    guint at = position(made, offset);

    if (at >= made->places->len) {
        return 0;
    }
    const place *found = &g_array_index(made->places, place, at);
    return found->offset == offset && nstime_cmp(&found->time, time) == 0 ? at + 1 : 0;
}

bool read_ahead_agrees(const read_ahead *made, int64_t offset, const nstime_t *time)
{
    /* A record after the last one is new: the file grows. */
    return position(made, offset) >= made->places->len || read_ahead_number(made, offset, time) != 0;
}
