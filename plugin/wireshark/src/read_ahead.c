/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A capture file read from its beginning to its end through an engine, and once more if evidence came after packets
 * that it concerns: what is known then is all that there is to know, as in the command nflx. */
#include "plugin.h"

#include <errno.h>
#include <glib/gstdio.h>

struct read_ahead {
    nflx_engine *engine;
    /* Where the records are in the file, in their order; the number of a record counts from 1. */
    GArray *offsets;
    uint32_t full_frame;
    /* What it was made of. */
    char *path;
    char *settings;
    gint64 size;
    gint64 modified;
};

static void look(const char *path, gint64 *size, gint64 *modified)
{
    GStatBuf file;

    *size = *modified = -1;
    if (g_stat(path, &file) == 0) {
        *size = file.st_size;
        *modified = file.st_mtime;
    }
}

/* Gives every record to the engine; false if it failed. What cannot be read any more ends the file. */
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

    g_array_set_size(made->offsets, 0);
    made->full_frame = 0;
    nflx_record_init(&record);
    while (nflx_record_read(file, &record, &error, &reason, &offset)) {
        g_array_append_val(made->offsets, offset);
        if (frame_record(&record.rec, nflx_record_data(&record), made->offsets->len, &last, &packet)) {
            status = nflx_engine_packet(made->engine, &packet, &annotation);
            if (status == NFLX_STATUS_OK && annotation.flags & NFLX_ANNOTATION_FULL && made->full_frame == 0) {
                made->full_frame = made->offsets->len;
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
    bool read = read_all(study, file);
    wtap_close(file);
    *error = read ? 0 : EIO;
    return read;
}

/* NULL if the file cannot be opened, with an error of Wireshark's and perhaps a reason, or if the engine failed. */
read_ahead *read_ahead_new(const char *path, nflx_config *config, int *error, char **reason)
{
    read_ahead *made = g_new0(study, 1);
    nflx_stats stats = {.struct_size = sizeof stats};

    *error = EIO;
    *reason = NULL;
    made->offsets = g_array_new(FALSE, FALSE, sizeof(int64_t));
    made->path = g_strdup(path);
    made->settings = preferences_text();
    look(path, &made->size, &made->modified);
    if (nflx_engine_new(config, NFLX_ENGINE_KEEP_FRAMES, &made->engine) != NFLX_STATUS_OK ||
        !read_file(made, path, error, reason) || nflx_engine_stats(made->engine, &stats) != NFLX_STATUS_OK ||
        (stats.evidence_came_late &&
         (nflx_engine_rewind(made->engine) != NFLX_STATUS_OK || !read_file(made, path, error, reason)))) {
        read_ahead_free(made);
        return NULL;
    }
    return made;
}

bool read_ahead_fits(const read_ahead *made, const char *path)
{
    gint64 size;
    gint64 modified;
    char *settings = preferences_text();

    look(path, &size, &modified);
    bool fits = strcmp(made->path, path) == 0 && strcmp(made->settings, settings) == 0 && made->size == size &&
                made->modified == modified;
    g_free(settings);
    return fits;
}

void read_ahead_free(read_ahead *made)
{
    if (study != NULL) {
        nflx_engine_free(made->engine);
        g_array_free(made->offsets, TRUE);
        g_free(made->path);
        g_free(made->settings);
        g_free(study);
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

uint32_t read_ahead_number(const read_ahead *made, int64_t offset)
{
    const int64_t *offsets = (const int64_t *)(const void *)made->offsets->data;
    guint from = 0;
    guint to = made->offsets->len;

    while (from < to) {
        guint middle = from + (to - from) / 2;
        if (offsets[middle] < offset) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    return from < made->offsets->len && offsets[from] == offset ? from + 1 : 0;
}
