/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Statistics > Netflix > Export annotated capture: writes the capture in the window as a file (pcapng) with the same
 * comments as tshark -w and nflx annotate.
 *
 * Wireshark does not dissect what it saves, so the file is read again: once to learn all facts, once to write it.
 * Unsaved changes made in the window, comments of packets and of the capture, are included. */
#include "export.h"

#include "comment.h"
#include "fields.h"
#include "menu.h"
#include "preferences.h"
#include "read_ahead.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <unistd.h>

/* The user's choice. */
typedef struct choice {
    const char *path;
    bool displayed_only;
    bool requests_only;
} choice;

/* Numbers of what was written. */
typedef struct written {
    uint32_t packets;
    uint32_t comments;
} written;

static void *same(capture_file *capture, void *data)
{
    (void)data;
    return capture;
}

static capture_file *open_capture(void)
{
    capture_file *capture = plugin_if_get_capture_file(same, NULL);

    return capture != NULL && capture->state != FILE_CLOSED && capture->filename != NULL ? capture : NULL;
}

/* Adds the comment of the section, unless it has one of ours. */
static void annotate_section(const wtap_dump_params *params, read_ahead *ahead)
{
    nflx_summary summary = {.struct_size = sizeof summary};

    if (params->shb_hdrs != NULL && params->shb_hdrs->len > 0 &&
        nflx_engine_summary(read_ahead_engine(ahead), &summary) == NFLX_STATUS_OK) {
        comment_put(g_array_index(params->shb_hdrs, wtap_block_t, 0), summary.text);
    }
}

/* Adds the comment of a packet, unless it has one of ours; true if it was added. */
static bool annotate(nflx_record *record, read_ahead *ahead, uint32_t number, bool requests_only)
{
    nflx_note note = {.struct_size = sizeof note};

    if (record->rec.block == NULL || nflx_engine_note(read_ahead_engine(ahead), number, &note) != NFLX_STATUS_OK ||
        !comment_is_wanted(&note, requests_only) || !comment_put(record->rec.block, note.text)) {
        return false;
    }
    record->rec.block_was_modified = TRUE;
    return true;
}

/* Applies the user's changes to the file's record; the window's own record stays as it is. */
static void take_changes(nflx_record *record, const capture_file *capture, const frame_data *frame)
{
    wtap_block_t changed = frame->has_modified_block ? epan_get_modified_block(capture->epan, frame) : NULL;

    if (changed != NULL) {
        wtap_block_unref(record->rec.block);
        record->rec.block = wtap_block_make_copy(changed);
        record->rec.block_was_modified = TRUE;
    }
}

/* Writes the records that the window holds. Returns false, after reporting it, if that failed. */
static bool copy(const capture_file *capture, wtap *from, wtap_dumper *to, read_ahead *ahead, const choice *choice,
                 written *written)
{
    nflx_record record;
    int64_t offset;
    int error = 0;
    char *reason = NULL;
    uint32_t shown = 1;
    bool fine = true;

    nflx_record_init(&record);
    for (uint32_t number = 1; fine && nflx_record_read(from, &record, &error, &reason, &offset); number++) {
        const frame_data *frame = frame_data_sequence_find(capture->provider.frames, shown);
        /* A read filter keeps records out of the window. */
        if (frame != NULL && frame->file_off == offset) {
            shown++;
            if (!choice->displayed_only || frame->passed_dfilter) {
                take_changes(&record, capture, frame);
                written->comments += annotate(&record, ahead, number, choice->requests_only);
                written->packets++;
                fine = nflx_record_write(to, &record, &error, &reason);
            }
        }
        nflx_record_reset(&record);
    }
    nflx_record_free(&record);
    if (!fine) {
        report_cfile_write_failure(capture->filename, choice->path, error, reason, shown - 1,
                                   wtap_pcapng_file_type_subtype());
    } else if (error != 0 && error != WTAP_ERR_SHORT_READ) {
        report_cfile_read_failure(capture->filename, error, reason);
        fine = false;
    }
    return fine;
}

static bool write_file(const capture_file *capture, wtap *from, read_ahead *ahead, const choice *choice, written *written)
{
    wtap_dump_params params = WTAP_DUMP_PARAMS_INIT;
    int error = 0;
    char *reason = NULL;

    /* From the window, which has seen all interfaces, with the capture's edited comment. */
    wtap_dump_params_init(&params, capture->provider.wth);
    annotate_section(&params, ahead);
    wtap_dumper *to =
        wtap_dump_open(choice->path, wtap_pcapng_file_type_subtype(), WTAP_UNCOMPRESSED, &params, &error, &reason);
    if (to == NULL) {
        report_cfile_dump_open_failure(choice->path, error, reason, wtap_pcapng_file_type_subtype());
        wtap_dump_params_cleanup(&params);
        return false;
    }
    bool fine = copy(capture, from, to, ahead, choice, written);
    if (!wtap_dump_close(to, NULL, &error, &reason) && fine) {
        report_cfile_close_failure(choice->path, error, reason);
        fine = false;
    }
    wtap_dump_params_cleanup(&params);
    if (!fine) {
        g_unlink(choice->path);
    }
    return fine;
}

static void say(const choice *choice, const written *written, read_ahead *ahead)
{
    const funnel_ops_t *window = funnel_get_funnel_ops();
    nflx_summary summary = {.struct_size = sizeof summary};
    GString *text = g_string_new(NULL);

    g_string_append_printf(text, "%u packets were written to %s; %u of them got a comment.\n", written->packets,
                           choice->path, written->comments);
    if (written->comments == 0) {
        g_string_append(text, "The others already have one, or are not Netflix packets.\n");
    }
    if (nflx_engine_summary(read_ahead_engine(ahead), &summary) == NFLX_STATUS_OK) {
        g_string_append_printf(text, "\n%s\n", summary.text);
    }
    funnel_text_window_t *shown = window->new_text_window(window->ops_id, "Netflix: Annotated Capture");
    window->set_text(shown, text->str);
    g_string_free(text, TRUE);
}

static void write_annotated(const capture_file *capture, const choice *choice)
{
    int error;
    char *reason;
    written written = {0};
    nflx_config *config = preferences_config();
    read_ahead *ahead = read_ahead_new(capture->filename, config, &error, &reason);

    nflx_config_free(config);
    wtap *from =
        ahead != NULL ? wtap_open_offline(capture->filename, WTAP_TYPE_AUTO, &error, &reason, FALSE) : NULL;
    if (from == NULL) {
        report_cfile_open_failure(capture->filename, error, reason);
    } else {
        if (write_file(capture, from, ahead, choice, &written)) {
            say(choice, &written, ahead);
        }
        wtap_close(from);
    }
    read_ahead_free(ahead);
}

static bool word(const char *given, const char *first, const char *second, bool *is_second)
{
    char *text = g_strstrip(g_ascii_strdown(given, -1));

    *is_second = strcmp(text, second) == 0;
    bool known = *is_second || strcmp(text, first) == 0;
    g_free(text);
    return known;
}

/* The questions of the dialog, in this order. */
enum { ASK_PATH, ASK_PACKETS, ASK_COMMENTS, ASK_COUNT };

static void chosen(gchar **answers, void *data)
{
    const capture_file *capture = open_capture();
    choice choice = {0};
    (void)data;

    if (g_strv_length(answers) == ASK_COUNT) {
        choice.path = g_strstrip(answers[ASK_PATH]);
        if (capture == NULL || capture->state != FILE_READ_DONE) {
            report_failure("The capture to export is gone; open one, or stop the running one.");
        } else if (choice.path[0] == '\0') {
            report_failure("The annotated capture needs a file to be written to.");
        } else if (g_file_test(choice.path, G_FILE_TEST_EXISTS)) {
            report_failure("%s already exists; name another file.", choice.path);
        } else if (!word(answers[ASK_PACKETS], "all", "displayed", &choice.displayed_only)) {
            report_failure("Packets to write are either all or displayed, not \"%s\".", answers[ASK_PACKETS]);
        } else if (!word(answers[ASK_COMMENTS], "all", "requests", &choice.requests_only)) {
            report_failure("Packets that get a comment are either all or requests, not \"%s\".",
                           answers[ASK_COMMENTS]);
        } else {
            write_annotated(capture, &choice);
        }
    }
    g_strfreev(answers);
}

/* Returns an unused name next to the capture; in the home folder for a capture that was never saved. */
static char *suggestion(const capture_file *capture)
{
    char *folder = capture->is_tempfile ? g_strdup(g_get_home_dir()) : g_path_get_dirname(capture->filename);
    char *name = capture->is_tempfile ? g_strdup("netflix") : g_path_get_basename(capture->filename);
    static const char *const endings[] = {".gz", ".zst", ".lz4", ".pcapng", ".pcap", ".cap"};
    char *path = NULL;

    for (size_t i = 0; i < G_N_ELEMENTS(endings); i++) {
        if (g_str_has_suffix(name, endings[i])) {
            name[strlen(name) - strlen(endings[i])] = '\0';
        }
    }
    for (unsigned number = 1; path == NULL; number++) {
        char *tail = number == 1 ? g_strdup("") : g_strdup_printf("-%u", number);
        path = g_strdup_printf("%s%s%s-annotated%s.pcapng", folder, G_DIR_SEPARATOR_S, name, tail);
        g_free(tail);
        if (g_file_test(path, G_FILE_TEST_EXISTS) && number < G_MAXUINT16) {
            g_clear_pointer(&path, g_free);
        }
    }
    g_free(name);
    g_free(folder);
    return path;
}

static void ask(ext_menubar_gui_type type, gpointer object, gpointer data)
{
    const funnel_ops_t *window = funnel_get_funnel_ops();
    const capture_file *capture = open_capture();
    (void)type;
    (void)object;
    (void)data;

    if (capture == NULL) {
        report_failure("There is no capture to export: open one first.");
    } else if (capture->state != FILE_READ_DONE) {
        report_failure("The capture is not complete yet: stop it, or wait until it is read.");
    } else if (window != NULL && window->new_dialog != NULL) {
        char *path = suggestion(capture);
        const char *names[] = {"File", "Packets to write (all, displayed)", "Packets that get a comment (all, requests)",
                               NULL};
        const char *values[] = {path, "all", preferences_comment_requests_only() ? "requests" : "all", NULL};
        window->new_dialog(window->ops_id, "Netflix: Export Annotated Capture", names, values, chosen, NULL, NULL);
        g_free(path);
    }
}

void export_register(void)
{
    ext_menu_t *menu = ext_menubar_register_menu(proto_nflx, "Netflix", TRUE);

    ext_menubar_set_parentmenu(menu, "Statistics");
    menu_register(menu);
    ext_menubar_add_entry(menu, "Export annotated capture…",
                          "Writes the capture with comments about Netflix packets, which every Wireshark shows", ask,
                          NULL);
}
