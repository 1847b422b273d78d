/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sessions of viewers as a table: tshark -z nflx,sessions, the same in Wireshark's Statistics menu and in sharkd.
 * Sessions are inferred from all segments, so rows can change until the last packet. */
#include "session_table.h"

#include "session.h"
#include "table.h"

#include <math.h>

static table sessions;

/* A value that cannot be determined is a dash, which cannot be mistaken for a number. */
static void put_known(stat_tap_table *into, guint row, guint column, double number, const char *format)
{
    char text[G_ASCII_DTOSTR_BUF_SIZE];

    if (isfinite(number)) {
        /* Avoids a negative zero. */
        g_ascii_formatd(text, sizeof text, format, number + 0.0);
    } else {
        text[0] = '\0';
    }
    table_put_text(into, row, column, text);
}

static double since_start(int64_t time)
{
    return (double)(time - session_first_time()) / 1e9;
}

static double counted(const nflx_session *session, uint32_t flag, uint32_t count)
{
    return session->flags & flag ? (double)count : NAN;
}

static bool fill(table *table, stat_tap_table *into, guint row, uint32_t number)
{
    nflx_session session;
    guint column = 0;

    if (!session_playback(number, &session)) {
        return false;
    }
    table_put_number(table, into, row, column++, session.number);
    table_put_address(into, row, column++, &session.client);
    table_put_float(into, row, column++, since_start(session.t_start));
    table_put_float(into, row, column++, since_start(session.t_end));
    table_put_number(table, into, row, column++, session.video_segments);
    table_put_number(table, into, row, column++, session.audio_segments);
    put_known(into, row, column++, session.startup, "%.3f");
    put_known(into, row, column++, session.played, "%.3f");
    put_known(into, row, column++, counted(&session, NFLX_SESSION_HAS_STALLS, session.stalls), "%.0f");
    put_known(into, row, column++, session.stalled, "%.3f");
    put_known(into, row, column++, counted(&session, NFLX_SESSION_HAS_PAUSES, session.pauses), "%.0f");
    put_known(into, row, column++, counted(&session, NFLX_SESSION_HAS_SEEKS, session.seeks), "%.0f");
    put_known(into, row, column++, session.video_bitrate / 1e3, "%.0f");
    put_known(into, row, column++, session.audio_bitrate / 1e3, "%.0f");
    table_put_number(table, into, row, column++, session.switches_up);
    table_put_number(table, into, row, column++, session.switches_down);
    put_known(into, row, column++, session.buffer, "%.3f");
    put_known(into, row, column++, session.confidence, "%.2f");
    table_put_text(into, row, column, nflx_session_reason_name(session.reason));
    return true;
}

/* In one pass, sessions are found when the table is drawn; those whose packets passed the filter are then listed. */
static GHashTable *segments_seen;

static tap_packet_status packet(void *data, packet_info *pinfo, epan_dissect_t *edt, const void *tapped,
                                tap_flags_t flags)
{
    const facts *facts = tapped;
    nflx_media media;
    (void)data;
    (void)pinfo;
    (void)edt;
    (void)flags;

    if (facts->packet.segment == 0) {
        return TAP_PACKET_DONT_REDRAW;
    }
    if (facts->live || !facts->revisit) {
        if (segments_seen == NULL) {
            segments_seen = g_hash_table_new(g_direct_hash, g_direct_equal);
        }
        g_hash_table_add(segments_seen, GUINT_TO_POINTER(facts->packet.segment));
    } else if (session_media(facts->packet.segment, &media) && table_list(&sessions, media.session)) {
        table_append(&sessions, media.session);
    }
    return TAP_PACKET_REDRAW;
}

static void start(stat_tap_table_ui *ui)
{
    (void)ui;
    session_table_forget();
    table_start(&sessions);
}

static void reset(stat_tap_table *into)
{
    (void)into;
    session_table_forget();
    table_reset(&sessions);
}

static const char *why_empty(void)
{
    return "No packet that passed the filter is in a session: a viewer's segments of audio and video make one.";
}

static stat_tap_table_item columns[] = {
    NUMBER("Session"),
    TEXT("Client", "%s"),
    FLOAT("Start (s)", "%.6f"),
    FLOAT("End (s)", "%.6f"),
    NUMBER("Video segments"),
    NUMBER("Audio segments"),
    DECIMAL("Start-up (s)"),
    DECIMAL("Played (s)"),
    DECIMAL("Stalls"),
    DECIMAL("Stalled (s)"),
    DECIMAL("Pauses"),
    DECIMAL("Seeks"),
    DECIMAL("Video (kbit/s)"),
    DECIMAL("Audio (kbit/s)"),
    NUMBER("Better"),
    NUMBER("Worse"),
    DECIMAL("Buffer at end (s)"),
    DECIMAL("Confidence"),
    TEXT("Reason", "%s"),
};

static table sessions = {
    .ui = TABLE_UI("Netflix Sessions", "nflx,sessions", start, packet, reset, columns),
    .title = "Netflix sessions",
    .compare = table_compare_numbers,
    .why_empty = why_empty,
    .fill = fill,
};

_Static_assert(G_N_ELEMENTS(columns) <= TABLE_COLUMNS_MAX, "TABLE_COLUMNS_MAX");

void session_table_register(void)
{
    table_register(&sessions);
}

bool session_table_open(void)
{
    return table_inside(&sessions) != NULL;
}

static void list_session_of(gpointer segment, gpointer value, gpointer data)
{
    nflx_media media;
    (void)value;
    (void)data;

    if (session_media(GPOINTER_TO_UINT(segment), &media)) {
        table_list(&sessions, media.session);
    }
}

void session_table_fill(void)
{
    if (!session_table_open()) {
        return;
    }
    if (segments_seen != NULL) {
        g_hash_table_foreach(segments_seen, list_session_of, NULL);
    }
    table_fill_anew(&sessions);
}

void session_table_forget(void)
{
    if (segments_seen != NULL) {
        g_hash_table_remove_all(segments_seen);
    }
    table_empty(&sessions);
}
