/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The capture file that the host reads. Wireshark's window tells its name; tshark tells a plugin nothing, but it has the
 * file open, and Linux shows what a process has open in /proc/self/fd. */
#include "plugin.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

static const char *const descriptors = "/proc/self/fd";

/* Whether something was read from a descriptor that is for reading only. */
static bool was_read(const char *number)
{
    char *path = g_strdup_printf("/proc/self/fdinfo/%s", number);
    char *text = NULL;
    bool answer = false;

    if (g_file_get_contents(path, &text, NULL, NULL)) {
        const char *position = strstr(text, "pos:");
        const char *flags = strstr(text, "flags:");
        answer = position != NULL && flags != NULL && strtoull(position + strlen("pos:"), NULL, 10) > 0 &&
                 (strtoul(flags + strlen("flags:"), NULL, 8) & O_ACCMODE) == O_RDONLY;
    }
    g_free(text);
    g_free(path);
    return answer;
}

/* The name that the file was opened by, if it still leads there: formats may also be told by their names. The caller
 * frees it. */
static char *name_of(const char *path, const struct stat *file)
{
    char *name = g_file_read_link(path, NULL);
    struct stat there;

    if (name != NULL && stat(name, &there) == 0 && there.st_dev == file->st_dev && there.st_ino == file->st_ino) {
        return name;
    }
    g_free(name);
    return g_strdup(path);
}

static bool is_capture(const char *path)
{
    int error;
    char *reason = NULL;
    wtap *file = wtap_open_offline(path, WTAP_TYPE_AUTO, &error, &reason, FALSE);

    g_free(reason);
    if (file == NULL) {
        return false;
    }
    wtap_close(file);
    return true;
}

/* The only capture that this process reads from a file; NULL if it reads none, or several. The caller frees it. */
char *input_path(void)
{
    GDir *folder = g_dir_open(descriptors, 0, NULL);
    const char *number;
    char *found = NULL;
    struct stat found_file = {0};
    bool several = false;

    while (folder != NULL && (number = g_dir_read_name(folder)) != NULL) {
        char *path = g_build_filename(descriptors, number, NULL);
        struct stat file;
        /* tshark -2 has its file open twice. */
        if (stat(path, &file) == 0 && S_ISREG(file.st_mode) && was_read(number) &&
            !(found != NULL && file.st_dev == found_file.st_dev && file.st_ino == found_file.st_ino)) {
            char *name = name_of(path, &file);
            if (is_capture(name)) {
                several = several || found != NULL;
                g_free(found);
                found = g_steal_pointer(&name);
                found_file = file;
            }
            g_free(name);
        }
        g_free(path);
    }
    if (folder != NULL) {
        g_dir_close(folder);
    }
    if (several) {
        g_clear_pointer(&found, g_free);
    }
    return found;
}
