/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The capture in a few lines: tshark -z nflx,summary. Annotated captures have the same text as the section's comment.
 * tshark writes a file's section before it reads the first packet, so there the user passes it with --capture-comment. */
#include "summary.h"

#include "format.h"
#include "session.h"

static tap_packet_status packet(void *data, packet_info *pinfo, epan_dissect_t *edt, const void *tapped,
                                tap_flags_t flags)
{
    (void)data;
    (void)pinfo;
    (void)edt;
    (void)tapped;
    (void)flags;
    return TAP_PACKET_REDRAW;
}

/* Reports packets that could not be read, in a line for each header. The program itself refuses or names link types. */
static void draw_unfollowed(void)
{
    nflx_unfollowed unfollowed;

    for (uint32_t i = 0; session_unfollowed(i, &unfollowed); i++) {
        if (unfollowed.link_type == NFLX_NO_LINK_TYPE) {
            line text = {0};
            line_add_number(&text, unfollowed.packets);
            line_add(&text, " packets are ");
            line_add(&text, unfollowed.name);
            line_add(&text, ", which is ");
            line_add(&text, unfollowed.reason);
            line_add(&text, ": nothing inside them could be read");
            puts(text.text);
        }
    }
}

static void draw(void *data)
{
    nflx_summary summary;
    (void)data;

    session_settle();
    if (session_summary(&summary)) {
        puts(summary.text);
        draw_unfollowed();
    } else {
        puts(session_stopped() ? "nflx: stopped, what was found is lost" : "nflx: no Netflix server");
    }
}

static nflx_tap_begun start(const char *argument, void *data)
{
    static char listener;
    GString *error = register_tap_listener("nflx", &listener, NULL, TL_REQUIRES_NOTHING, NULL, packet, draw, NULL);
    (void)argument;
    (void)data;

    if (error != NULL) {
        report_failure("nflx,summary: %s", error->str);
        g_string_free(error, TRUE);
    }
    NFLX_TAP_BEGUN(true);
}

void summary_register(void)
{
    static stat_tap_ui ui = {
        .group = REGISTER_STAT_GROUP_GENERIC,
        .title = NULL,
        .cli_string = "nflx,summary",
        .tap_init_cb = start,
    };

    register_stat_tap_ui(&ui, NULL);
}
