/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A model's answer for each window as a table: tshark -z nflx,quality, the same in Wireshark's Statistics menu and in
 * sharkd. A filter selects windows by their packets. */
#include "quality_table.h"

#include "session.h"
#include "table.h"

#include <math.h>

static table windows;

/* Windows whose packets passed the filter during the first reading, as session and window: their rows are known at the
 * end. */
static GHashTable *seen;

/* A missing value is a dash, which cannot be mistaken for a number. */
static void put_known(stat_tap_table *into, guint row, guint column, double number, const char *format)
{
    char text[G_ASCII_DTOSTR_BUF_SIZE] = "";

    if (isfinite(number)) {
        /* Avoids a negative zero. */
        g_ascii_formatd(text, sizeof text, format, number + 0.0);
    }
    table_put_text(into, row, column, text);
}

static double since_start(int64_t time)
{
    return (double)(time - session_first_time()) / 1e9;
}

static bool fill(table *table, stat_tap_table *into, guint row, uint32_t number)
{
    nflx_quality quality;
    guint column = 0;

    if (!session_quality(number - 1, &quality)) {
        return false;
    }
    table_put_number(table, into, row, column++, quality.session);
    table_put_address(into, row, column++, &quality.client);
    table_put_number(table, into, row, column++, quality.window);
    table_put_float(into, row, column++, since_start(quality.from));
    table_put_float(into, row, column++, since_start(quality.to));
    table_put_name(into, row, column++, quality.label);
    put_known(into, row, column++, quality.value, "%.6g");
    put_known(into, row, column++, quality.confidence, "%.3f");
    table_put_text(into, row, column++, quality.flags & NFLX_QUALITY_OUT_OF_RANGE ? "yes" : "no");
    table_put_text(into, row, column, quality.reason);
    return true;
}

static void note(const nflx_quality *quality)
{
    gint64 key = (gint64)quality->session << 32 | quality->window;

    if (seen == NULL) {
        seen = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    }
    if (!g_hash_table_contains(seen, &key)) {
        gint64 *kept = g_new(gint64, 1);
        *kept = key;
        g_hash_table_add(seen, kept);
    }
}

static tap_packet_status packet(void *data, packet_info *pinfo, epan_dissect_t *edt, const void *tapped,
                                tap_flags_t flags)
{
    const facts *facts = tapped;
    nflx_quality quality;
    (void)data;
    (void)pinfo;
    (void)edt;
    (void)flags;

    if (!session_frame_quality(facts->frame, &quality)) {
        return TAP_PACKET_DONT_REDRAW;
    }
    if (facts->live || !facts->revisit) {
        note(&quality);
    } else if (quality.number != 0 && table_list(&windows, quality.number)) {
        table_append(&windows, quality.number);
    }
    return TAP_PACKET_REDRAW;
}

static void start(stat_tap_table_ui *ui)
{
    (void)ui;
    quality_table_forget();
    table_start(&windows);
}

static void reset(stat_tap_table *into)
{
    (void)into;
    quality_table_forget();
    table_reset(&windows);
}

static const char *why_empty(void)
{
    return session_model() == NULL ? "No model is set: the preference nflx.model (Protocols > Netflix) names its file."
                                   : "No packet that passed the filter is in a session of a viewer.";
}

static stat_tap_table_item columns[] = {
    NUMBER("Session"),       TEXT("Client", "%s"),     NUMBER("Window"),
    FLOAT("From (s)", "%.6f"), FLOAT("To (s)", "%.6f"), TEXT("Label", "%s"),
    DECIMAL("Value"), DECIMAL("Confidence"), TEXT("Out of range", "%s"),
    TEXT("No answer because", "%s"),
};

static table windows = {
    .ui = TABLE_UI("Netflix Quality", "nflx,quality", start, packet, reset, columns),
    .title = "Netflix quality",
    .compare = table_compare_numbers,
    .why_empty = why_empty,
    .fill = fill,
};

_Static_assert(G_N_ELEMENTS(columns) <= TABLE_COLUMNS_MAX, "TABLE_COLUMNS_MAX");

void quality_table_register(void)
{
    table_register(&windows);
}

bool quality_table_open(void)
{
    return table_inside(&windows) != NULL;
}

void quality_table_fill(void)
{
    nflx_quality quality;

    if (!quality_table_open()) {
        return;
    }
    if (session_model() == NULL && !session_in_window()) {
        g_printerr("nflx: -z nflx,quality lists a model's answers; name its file with -o nflx.model:FILE.\n");
    }
    for (uint32_t i = 0; seen != NULL && session_quality(i, &quality); i++) {
        gint64 key = (gint64)quality.session << 32 | quality.window;
        if (g_hash_table_contains(seen, &key)) {
            table_list(&windows, quality.number);
        }
    }
    table_fill_anew(&windows);
}

void quality_table_forget(void)
{
    if (seen != NULL) {
        g_hash_table_remove_all(seen);
    }
    table_empty(&windows);
}
