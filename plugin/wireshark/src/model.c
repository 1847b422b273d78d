/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads the model file in the preference nflx.model for the core, which reads no files. */
#include "model.h"

#include <glib/gstdio.h>
#include <sys/stat.h>

/* Files from this size on are never models. */
enum { LARGEST = 1 << 28 };

/* The last report, so that it is not repeated for each capture; NULL if the current model is usable. */
static char *complained;

static void complain(const char *path, const char *sentence)
{
    char *said = g_strdup_printf("%s: %s", path, sentence);

    if (g_strcmp0(complained, said) != 0) {
        report_failure("Preference nflx.model: %s Windows get no quality.", said);
    }
    g_free(complained);
    complained = said;
}

void model_load(nflx_config *config, const char *path)
{
    GStatBuf file;
    GError *error = NULL;
    char *bytes = NULL;
    gsize length = 0;

    if (path[0] == '\0') {
        g_clear_pointer(&complained, g_free);
        return;
    }
    /* Something that is not a regular file may be endless. */
    if (g_stat(path, &file) == 0 && (!S_ISREG(file.st_mode) || file.st_size > LARGEST)) {
        complain(path, "It is no model file.");
    } else if (!g_file_get_contents(path, &bytes, &length, &error)) {
        complain(path, "The file cannot be read.");
        g_error_free(error);
    } else if (nflx_config_set_model(config, (const uint8_t *)bytes, length, NULL) != NFLX_STATUS_OK) {
        complain(path, nflx_config_error(config));
    } else {
        g_clear_pointer(&complained, g_free);
    }
    g_free(bytes);
}
