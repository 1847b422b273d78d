/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Servers and segments as tables: tshark -z nflx,servers and -z nflx,segments, the same in Wireshark's Statistics menu
 * and in sharkd. A filter selects servers and segments by their packets; the values of each are for the whole capture. */
#include "tables.h"

#include "format.h"
#include "quality_table.h"
#include "session.h"
#include "session_table.h"
#include "table.h"

/* Servers */

static table servers;

/* Writes all kinds of evidence, strongest first, each once. */
static void put_evidence(stat_tap_table *into, guint row, guint column, const nflx_server *server)
{
    GString *kinds = g_string_new(NULL);
    nflx_evidence evidence;
    uint32_t last = NFLX_EVIDENCE_NONE;

    for (uint32_t i = 0; i < server->evidence_count && session_evidence(server->id, i, &evidence); i++) {
        if (evidence.kind != last) {
            g_string_append_printf(kinds, "%s%s", kinds->len > 0 ? "," : "", nflx_evidence_name(evidence.kind));
            last = evidence.kind;
        }
    }
    table_put_text(into, row, column, kinds->str);
    g_string_free(kinds, TRUE);
}

static bool fill_server(table *table, stat_tap_table *into, guint row, uint32_t number)
{
    nflx_server server;
    guint column = 0;

    if (!session_server(number, &server)) {
        return false;
    }
    table_put_number(table, into, row, column++, row + 1);
    table_put_text(into, row, column++, nflx_role_name(server.role));
    table_put_address(into, row, column++, &server.address);
    table_put_name(into, row, column++, server.name);
    put_evidence(into, row, column++, &server);
    table_put_number(table, into, row, column++, server.flows);
    table_put_number(table, into, row, column++, server.counters.in_pkts);
    table_put_number(table, into, row, column++, server.counters.out_pkts);
    table_put_number(table, into, row, column++, server.counters.in_bytes);
    table_put_number(table, into, row, column++, server.counters.out_bytes);
    table_put_number(table, into, row, column++, server.segments);
    table_put_number(table, into, row, column++, server.segment_bytes);
    return true;
}

/* Orders by role, video servers first, then by the bytes of their segments, then by all their bytes. The rank is the
 * first column, because the window sorts by it. */
static int compare_servers(gconstpointer left, gconstpointer right)
{
    nflx_server a;
    nflx_server b;

    if (!session_server(GPOINTER_TO_UINT(left), &a) || !session_server(GPOINTER_TO_UINT(right), &b)) {
        return 0;
    }
    if (nflx_role_order(a.role) != nflx_role_order(b.role)) {
        return nflx_role_order(a.role) < nflx_role_order(b.role) ? -1 : 1;
    }
    if (a.segment_bytes != b.segment_bytes) {
        return a.segment_bytes > b.segment_bytes ? -1 : 1;
    }
    if (a.counters.in_bytes != b.counters.in_bytes) {
        return a.counters.in_bytes > b.counters.in_bytes ? -1 : 1;
    }
    if (a.address.family != b.address.family) {
        return a.address.family < b.address.family ? -1 : 1;
    }
    return memcmp(a.address.bytes, b.address.bytes, sizeof a.address.bytes);
}

static tap_packet_status server_packet(void *data, packet_info *pinfo, epan_dissect_t *edt, const void *tapped,
                                       tap_flags_t flags)
{
    const facts *facts = tapped;
    (void)data;
    (void)pinfo;
    (void)edt;
    (void)flags;

    if (!table_list(&servers, facts->packet.server)) {
        return TAP_PACKET_DONT_REDRAW;
    }
    if (facts->revisit) {
        /* Servers are few, and the new one may belong anywhere. */
        table_fill_anew(&servers);
    }
    return TAP_PACKET_REDRAW;
}

/* Segments */

static table segments;

static const char *notes(const nflx_segment *segment)
{
    static const struct {
        uint32_t flag;
        const char *word;
    } words[] = {
        {NFLX_SEGMENT_ESTIMATED, "estimated"},
        {NFLX_SEGMENT_SHARED, "shared"},
        {NFLX_SEGMENT_INFERRED, "inferred"},
        {NFLX_SEGMENT_ABORTED, "aborted"},
    };
    GString *text = g_string_new(NULL);

    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        if (segment->flags & words[i].flag) {
            g_string_append_printf(text, "%s%s", text->len > 0 ? "," : "", words[i].word);
        }
    }
    const char *kept = g_intern_string(text->str);
    g_string_free(text, TRUE);
    return kept;
}

/* Times as the packet list shows them by default: from the first packet of the capture on. */
static double seconds_since_start(int64_t nanoseconds)
{
    return (double)(nanoseconds - session_first_time()) / 1e9;
}

/* Spans and rates are 0 if there is no response, or one of a single packet. */
static bool fill_segment(table *table, stat_tap_table *into, guint row, uint32_t number)
{
    nflx_segment segment;
    nflx_server server;
    guint column = 0;

    if (!session_segment(number, &segment) || !session_server(segment.server, &server)) {
        return false;
    }
    bool has_ttfb = segment.flags & NFLX_SEGMENT_HAS_TTFB;
    bool has_duration = segment.flags & NFLX_SEGMENT_HAS_DURATION;
    bool has_last = segment.flags & NFLX_SEGMENT_HAS_LAST;
    bool has_throughput = segment.flags & NFLX_SEGMENT_HAS_THROUGHPUT;

    table_put_number(table, into, row, column++, segment.number);
    table_put_text(into, row, column++, nflx_kind_name(segment.kind));
    table_put_address(into, row, column++, &server.address);
    table_put_name(into, row, column++, server.name);
    table_put_number(table, into, row, column++, segment.index);
    table_put_address(into, row, column++, &segment.client);
    table_put_number(table, into, row, column++, segment.client_port);
    table_put_text(into, row, column++, nflx_transport_name(segment.transport));
    table_put_float(into, row, column++, seconds_since_start(segment.t_request));
    table_put_float(into, row, column++, seconds_since_start(has_last ? segment.t_last : segment.t_request));
    table_put_number(table, into, row, column++, segment.request_frame);
    table_put_number(table, into, row, column++, segment.first_frame);
    table_put_number(table, into, row, column++, segment.last_frame);
    table_put_number(table, into, row, column++, segment.pkts);
    table_put_number(table, into, row, column++, segment.bytes);
    table_put_number(table, into, row, column++, segment.app_bytes);
    table_put_number(table, into, row, column++, segment.retransmitted_bytes);
    table_put_number(table, into, row, column++, segment.missing_bytes);
    table_put_float(into, row, column++, has_ttfb ? (double)segment.ttfb / 1e9 : 0);
    table_put_float(into, row, column++, has_duration ? (double)segment.duration / 1e9 : 0);
    table_put_number(table, into, row, column++, has_throughput ? (uint64_t)(segment.throughput / 1e3) : 0);
    table_put_text(into, row, column++, segment.flags & NFLX_SEGMENT_COMPLETE ? "yes" : "no");
    table_put_text(into, row, column++, notes(&segment));
    return true;
}

static void list_segment(uint32_t number, bool final)
{
    if (table_list(&segments, number) && final) {
        table_append(&segments, number);
    }
}

/* Requests that were sent together share a packet, whose facts name only one of them; their numbers are consecutive. */
static void list_neighbours(uint32_t number, uint64_t frame, int step, bool final)
{
    nflx_segment segment;

    for (uint32_t at = number + step; at != 0 && session_segment(at, &segment) && segment.request_frame == frame;
         at += step) {
        list_segment(at, final);
    }
}

static tap_packet_status segment_packet(void *data, packet_info *pinfo, epan_dissect_t *edt, const void *tapped,
                                        tap_flags_t flags)
{
    const facts *facts = tapped;
    (void)data;
    (void)pinfo;
    (void)edt;
    (void)flags;

    if (facts->packet.segment == 0) {
        return TAP_PACKET_DONT_REDRAW;
    }
    if (facts->packet.flags & NFLX_ANNOTATION_REQUEST) {
        list_neighbours(facts->packet.segment, facts->frame, -1, facts->revisit);
    }
    list_segment(facts->packet.segment, facts->revisit);
    if (facts->packet.flags & NFLX_ANNOTATION_REQUEST) {
        list_neighbours(facts->packet.segment, facts->frame, 1, facts->revisit);
    }
    return TAP_PACKET_REDRAW;
}

/* Registration with Wireshark */

static void start_servers(stat_tap_table_ui *ui)
{
    (void)ui;
    table_start(&servers);
}

static void start_segments(stat_tap_table_ui *ui)
{
    (void)ui;
    table_start(&segments);
}

static void reset(stat_tap_table *into)
{
    table_reset(table_inside(&servers) == into ? &servers : &segments);
}

static const char *why_no_servers(void)
{
    return "No packet that passed the filter belongs to a Netflix server.";
}

static const char *why_no_segments(void)
{
    return "No packet that passed the filter is in a segment: a request and its response make one.";
}

static stat_tap_table_item server_columns[] = {
    NUMBER("Rank"),          TEXT("Role", "%s"),     TEXT("Address", "%s"), TEXT("Name", "%s"),
    TEXT("Evidence", "%s"),  NUMBER("Flows"),        NUMBER("Packets in"),  NUMBER("Packets out"),
    NUMBER("Bytes in"),      NUMBER("Bytes out"),    NUMBER("Segments"),    NUMBER("Segment bytes"),
};

static stat_tap_table_item segment_columns[] = {
    NUMBER("Segment"),
    TEXT("Kind", "%s"),
    TEXT("Server", "%s"),
    TEXT("Name", "%s"),
    NUMBER("Index"),
    TEXT("Client", "%s"),
    NUMBER("Port"),
    TEXT("Transport", "%s"),
    FLOAT("Start (s)", "%.6f"),
    FLOAT("End (s)", "%.6f"),
    NUMBER("Request frame"),
    NUMBER("First frame"),
    NUMBER("Last frame"),
    NUMBER("Packets"),
    NUMBER("Bytes"),
    NUMBER("Application bytes"),
    NUMBER("Retransmitted bytes"),
    NUMBER("Missing bytes"),
    FLOAT("First byte (s)", "%.6f"),
    FLOAT("Duration (s)", "%.6f"),
    NUMBER("Throughput (kbit/s)"),
    TEXT("Complete", "%s"),
    TEXT("Notes", "%s"),
};

static table servers = {
    .ui = TABLE_UI("Netflix Servers", "nflx,servers", start_servers, server_packet, reset, server_columns),
    .title = "Netflix servers",
    .compare = compare_servers,
    .why_empty = why_no_servers,
    .fill = fill_server,
};

static table segments = {
    .ui = TABLE_UI("Netflix Segments", "nflx,segments", start_segments, segment_packet, reset, segment_columns),
    .title = "Netflix segments",
    .compare = table_compare_numbers,
    .why_empty = why_no_segments,
    .fill = fill_segment,
};

_Static_assert(G_N_ELEMENTS(server_columns) <= TABLE_COLUMNS_MAX, "TABLE_COLUMNS_MAX");
_Static_assert(G_N_ELEMENTS(segment_columns) <= TABLE_COLUMNS_MAX, "TABLE_COLUMNS_MAX");

void tables_register(void)
{
    table_register(&servers);
    table_register(&segments);
    session_table_register();
    quality_table_register();
}

bool tables_open(void)
{
    return table_inside(&servers) != NULL || table_inside(&segments) != NULL || session_table_open() ||
           quality_table_open();
}

void tables_fill(void)
{
    table_fill_anew(&servers);
    table_fill_anew(&segments);
    session_table_fill();
    quality_table_fill();
}

void tables_forget(void)
{
    table_empty(&servers);
    table_empty(&segments);
    session_table_forget();
    quality_table_forget();
}
