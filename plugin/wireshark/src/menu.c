/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Statistics > Netflix and the toolbar "Netflix": requests, this segment, the next and the previous one, the summary, and the
 * page of nflx report for the open capture. */
#include "menu.h"

#include "preferences.h"
#include "session.h"

#include <glib/gstdio.h>

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

static void show_requests(void)
{
    plugin_if_apply_filter("nflx.request", true);
}

/* Returns the segment of the selected packet; 0, after reporting it, if it is in none. */
static uint32_t selected_segment(nflx_segment *segment)
{
    const capture_file *capture = open_capture();
    nflx_annotation said;

    if (capture == NULL || capture->current_frame == NULL) {
        report_failure("Select a packet of a Netflix segment first.");
        return 0;
    }
    if (!session_frame(capture->current_frame, &said) || said.segment == 0 || !session_segment(said.segment, segment)) {
        report_failure("Packet %u belongs to no Netflix segment.", capture->current_frame->num);
        return 0;
    }
    return said.segment;
}

static void show_segment(void)
{
    nflx_segment segment;

    if (selected_segment(&segment) != 0) {
        char *filter = g_strdup_printf("nflx.segment == %u", segment.number);
        plugin_if_apply_filter(filter, true);
        g_free(filter);
    }
}

static void go_to(uint32_t number)
{
    nflx_segment segment;

    if (number != 0 && session_segment(number, &segment)) {
        plugin_if_goto_frame((guint32)segment.request_frame);
    } else {
        report_failure("The server has no further segment in this direction.");
    }
}

static void go_to_next(void)
{
    nflx_segment segment;

    if (selected_segment(&segment) != 0) {
        go_to(segment.next);
    }
}

static void go_to_previous(void)
{
    nflx_segment segment;

    if (selected_segment(&segment) != 0) {
        go_to(segment.previous);
    }
}

static void show_summary(void)
{
    const funnel_ops_t *window = funnel_get_funnel_ops();
    nflx_summary summary;

    session_settle();
    if (open_capture() == NULL || !session_summary(&summary)) {
        report_failure("No packet of a Netflix server was seen.");
    } else if (window != NULL && window->new_text_window != NULL) {
        funnel_text_window_t *shown = window->new_text_window(window->ops_id, "Netflix: Summary");
        window->set_text(shown, summary.text);
    }
}

/* Runs nflx report with the settings of the preferences. Returns the page's path, which the caller frees, or NULL
 * after reporting why. */
static char *write_report(const char *program, const char *capture)
{
    GError *error = NULL;
    char *complaint = NULL;
    gint status = 0;
    char *folder = g_dir_make_tmp("nflx-report-XXXXXX", &error);

    if (folder == NULL) {
        report_failure("The report has no place: %s", error->message);
        g_error_free(error);
        return NULL;
    }
    char *page = g_build_filename(folder, "report.html", NULL);
    GPtrArray *arguments = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(arguments, g_strdup(program));
    g_ptr_array_add(arguments, g_strdup("report"));
    preferences_arguments(arguments);
    g_ptr_array_add(arguments, g_strdup("--output"));
    g_ptr_array_add(arguments, g_strdup(page));
    g_ptr_array_add(arguments, g_strdup("--"));
    g_ptr_array_add(arguments, g_strdup(capture));
    g_ptr_array_add(arguments, NULL);
    bool ran = g_spawn_sync(NULL, (char **)arguments->pdata, NULL, G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL, NULL, &complaint,
                            &status, &error);
    /* A damaged capture has a report too. */
    if (!ran || !g_file_test(page, G_FILE_TEST_IS_REGULAR)) {
        report_failure("nflx report failed: %s", ran ? complaint : error->message);
        g_clear_pointer(&page, g_free);
        g_rmdir(folder);
    }
    g_clear_error(&error);
    g_free(complaint);
    g_ptr_array_free(arguments, TRUE);
    g_free(folder);
    return page;
}

static void open_report(void)
{
    const funnel_ops_t *window = funnel_get_funnel_ops();
    const capture_file *capture = open_capture();

    if (capture == NULL || capture->state != FILE_READ_DONE) {
        report_failure("There is no capture to report on: open one, or stop the running one.");
        return;
    }
    char *program = g_find_program_in_path("nflx");
    if (program == NULL) {
        report_failure("The report is made by the command nflx, which is not installed: see the README, or run "
                       "cargo install --path cli.");
        return;
    }
    char *page = write_report(program, capture->filename);
    if (page != NULL) {
        char *address = g_filename_to_uri(page, NULL, NULL);
        if (window != NULL && window->browser_open_url != NULL && address != NULL) {
            window->browser_open_url(address);
        }
        g_free(address);
    }
    g_free(page);
    g_free(program);
}

typedef void (*action)(void);

static const struct entry {
    const char *label;
    const char *tooltip;
    action action;
} entries[] = {
    {"Summary", "Shows in a few lines what Netflix servers sent", show_summary},
    {"Report", "Writes the page of nflx report for this capture and opens it", open_report},
    {"Requests", "Shows the packets that begin a request for a Netflix segment", show_requests},
    {"This segment", "Shows the packets of the selected packet's segment", show_segment},
    {"Previous segment", "Goes to the request of the server's previous segment", go_to_previous},
    {"Next segment", "Goes to the request of the server's next segment", go_to_next},
};

static void from_menu(ext_menubar_gui_type type, gpointer object, gpointer data)
{
    (void)type;
    (void)object;
    ((const struct entry *)data)->action();
}

static void from_toolbar(gpointer item, gpointer item_data, gpointer data)
{
    (void)item;
    (void)item_data;
    ((const struct entry *)data)->action();
}

void menu_register(ext_menu_t *menu)
{
    ext_toolbar_t *toolbar = ext_toolbar_register_toolbar("Netflix");

    for (size_t i = 0; i < G_N_ELEMENTS(entries); i++) {
        const struct entry *entry = &entries[i];
        ext_menubar_add_entry(menu, entry->label, entry->tooltip, from_menu, (gpointer)entry);
        ext_toolbar_add_entry(toolbar, EXT_TOOLBAR_BUTTON, entry->label, NULL, entry->tooltip, FALSE, NULL, FALSE, NULL,
                              from_toolbar, (gpointer)entry);
    }
}
