/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Facts for statistics.
 *
 * The table values of a server or a segment are known when the capture is over. Wireshark and sharkd ask for
 * statistics after that, when every frame is shown again. tshark asks while it reads, and its own listeners draw at
 * the end, so one of our listeners draws just before them. Wireshark draws listeners in the reverse order of their
 * registration, and tshark's are registered before the first packet. */
#include "taps.h"

#include "objects.h"
#include "session.h"
#include "tables.h"
#include "tree_statistics.h"

static int tap;
/* Its address identifies our listener. */
static char last_listener;
static bool listening;

static void draw_first(void *listener)
{
    (void)listener;
    session_settle();
    tables_fill();
    tree_statistics_fill();
}

static void listen_last(void)
{
    if (listening || (!tables_open() && !tree_statistics_open())) {
        return;
    }
    GString *error =
        register_tap_listener("nflx", &last_listener, NULL, TL_IS_DISSECTOR_HELPER, NULL, NULL, draw_first, NULL);
    if (error != NULL) {
        g_string_free(error, TRUE);
    } else {
        listening = true;
    }
}

static void stop(void)
{
    if (listening) {
        remove_tap_listener(&last_listener);
        listening = false;
    }
    tables_forget();
    tree_statistics_forget();
}

void taps_register(void)
{
    tap = register_tap("nflx");
    session_at_stop(stop);
    tables_register();
    tree_statistics_register();
}

bool taps_listen(void)
{
    return have_tap_listener(tap) || objects_listen();
}

/* Listeners run after the dissection of the packet. */
void taps_queue(packet_info *pinfo, const facts *facts)
{
    if (!facts->revisit) {
        listen_last();
    }
    const struct facts *kept = wmem_memdup(pinfo->pool, facts, sizeof *facts);
    tap_queue_packet(tap, pinfo, kept);
    objects_queue(pinfo, kept);
}
