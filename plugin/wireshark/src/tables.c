/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Servers and segments as tables: tshark -z nflx,servers and -z nflx,segments, the same in Wireshark's Statistics menu
 * and in sharkd. A filter chooses which servers and segments are listed, by their packets; what is said of each is of
 * the whole capture. */
#include "tables.h"

#include "format.h"
#include "session.h"

#include <math.h>

enum { COLUMNS_MAX = 24 };

/* A table of one kind, and the numbers of the servers or segments that are listed in it. */
typedef struct table {
    stat_tap_table_ui ui;
    /* Wireshark's title of the table inside; there is only one. */
    const char *title;
    /* Numbers of servers or segments whose packets passed the filter. */
    GHashTable *listed;
    /* The largest of them that has a row. */
    uint32_t last;
    /* Rows that have memory; a table that lists fewer than before keeps it, because windows refer to it. */
    guint allocated;
    /* Puts the number into order. */
    int (*compare)(gconstpointer, gconstpointer);
    /* Fills a row; false if there is nothing of this number any more. */
    bool (*fill)(struct table *table, stat_tap_table *into, guint row, uint32_t number);
} table;

static stat_tap_table *inside(const table *table)
{
    GArray *tables = table->ui.tables;
    return tables != NULL && tables->len > 0 ? g_array_index(tables, stat_tap_table *, 0) : NULL;
}

/* Cells */

/* Numbers of 32 bits are what Wireshark's tables have. A column in which one does not suffice turns into one of
 * floating point, which sorts as well and holds every whole number up to 2^53. */
static void widen(table *table, stat_tap_table *into, guint column)
{
    stat_tap_table_item *field = &table->ui.fields[column];

    field->type = TABLE_ITEM_FLOAT;
    field->field_format = "%.0f";
    for (guint row = 0; row < table->allocated; row++) {
        stat_tap_table_item_type *cell = &into->elements[row][column];
        if (cell->type == TABLE_ITEM_UINT) {
            cell->type = TABLE_ITEM_FLOAT;
            cell->value.float_value = cell->value.uint_value;
        }
    }
}

static void put_number(table *table, stat_tap_table *into, guint row, guint column, uint64_t number)
{
    if (number > G_MAXUINT32 && table->ui.fields[column].type == TABLE_ITEM_UINT) {
        widen(table, into, column);
    }
    stat_tap_table_item_type *cell = &into->elements[row][column];
    cell->type = table->ui.fields[column].type;
    if (cell->type == TABLE_ITEM_UINT) {
        cell->value.uint_value = (guint)number;
    } else {
        cell->value.float_value = (double)number;
    }
}

static void put_float(stat_tap_table *into, guint row, guint column, double number)
{
    stat_tap_table_item_type *cell = &into->elements[row][column];
    cell->type = TABLE_ITEM_FLOAT;
    cell->value.float_value = isfinite(number) ? number : 0;
}

/* Windows may refer to a text for as long as they are open, also while the table is filled anew. Texts repeat from row
 * to row and from time to time, so they are kept, each once. */
static void put_text(stat_tap_table *into, guint row, guint column, const char *text)
{
    stat_tap_table_item_type *cell = &into->elements[row][column];
    cell->type = TABLE_ITEM_STRING;
    cell->value.string_value = g_intern_string(text[0] != '\0' ? text : "-");
}

static void put_address(stat_tap_table *into, guint row, guint column, const nflx_address *address)
{
    const char *text = address_text(NULL, address);

    put_text(into, row, column, text);
    wmem_free(NULL, (void *)text);
}

static void put_name(stat_tap_table *into, guint row, guint column, const char *name)
{
    const char *text = printable(NULL, name);

    put_text(into, row, column, text);
    wmem_free(NULL, (void *)text);
}

/* Rows */

static guint add_row(table *table, stat_tap_table *into)
{
    static const stat_tap_table_item_type empty[COLUMNS_MAX];
    guint row = into->num_elements;

    if (row < table->allocated) {
        into->num_elements++;
    } else {
        stat_tap_init_table_row(into, row, into->num_fields, empty);
        table->allocated = into->num_elements;
    }
    return row;
}

/* As sorted as the table is from the start; Wireshark's window sorts by the first column. */
static void fill_anew(table *table)
{
    stat_tap_table *into = inside(table);

    if (into == NULL || table->listed == NULL || g_hash_table_size(table->listed) == 0) {
        return;
    }
    GList *numbers = g_list_sort(g_hash_table_get_keys(table->listed), table->compare);
    into->num_elements = 0;
    for (const GList *at = numbers; at != NULL; at = at->next) {
        guint row = add_row(table, into);
        if (!table->fill(table, into, row, GPOINTER_TO_UINT(at->data))) {
            into->num_elements = row;
        }
    }
    g_list_free(numbers);
}

/* One more row, for hosts in which nothing of ours draws: what is said there is final already. */
static void append(table *table, uint32_t number)
{
    stat_tap_table *into = inside(table);

    if (number < table->last) {
        fill_anew(table);
        return;
    }
    table->last = number;
    guint row = add_row(table, into);

    if (!table->fill(table, into, row, number)) {
        into->num_elements = row;
    }
}

/* Lists a number; false if it was listed. */
static bool list(table *table, uint32_t number)
{
    if (table->listed == NULL) {
        table->listed = g_hash_table_new(g_direct_hash, g_direct_equal);
    }
    return g_hash_table_add(table->listed, GUINT_TO_POINTER(number));
}

static void empty(table *table)
{
    if (table->listed != NULL) {
        g_hash_table_remove_all(table->listed);
    }
    table->last = 0;
}

/* Servers */

static table servers;

/* All kinds of evidence, strongest first, each once. */
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
    put_text(into, row, column, kinds->str);
    g_string_free(kinds, TRUE);
}

static bool fill_server(table *table, stat_tap_table *into, guint row, uint32_t number)
{
    nflx_server server;
    guint column = 0;

    if (!session_server(number, &server)) {
        return false;
    }
    put_number(table, into, row, column++, row + 1);
    put_text(into, row, column++, nflx_role_name(server.role));
    put_address(into, row, column++, &server.address);
    put_name(into, row, column++, server.name);
    put_evidence(into, row, column++, &server);
    put_number(table, into, row, column++, server.flows);
    put_number(table, into, row, column++, server.counters.in_pkts);
    put_number(table, into, row, column++, server.counters.out_pkts);
    put_number(table, into, row, column++, server.counters.in_bytes);
    put_number(table, into, row, column++, server.counters.out_bytes);
    put_number(table, into, row, column++, server.segments);
    put_number(table, into, row, column++, server.segment_bytes);
    return true;
}

/* By role, video servers first, then by the bytes of their segments, then by all their bytes. The rank leads the row,
 * because the window sorts by the first column. */
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

    if (!list(&servers, facts->packet.server)) {
        return TAP_PACKET_DONT_REDRAW;
    }
    if (facts->revisit) {
        /* Servers are few; the new one may belong anywhere. */
        fill_anew(&servers);
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

/* As the packet list shows times by default: from the first packet of the capture on. */
static double seconds_since_start(int64_t nanoseconds)
{
    return (double)(nanoseconds - session_first_time()) / 1e9;
}

/* Spans and rates are 0 where there is none: no response, or one of a single packet. */
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

    put_number(table, into, row, column++, segment.number);
    put_text(into, row, column++, nflx_kind_name(segment.kind));
    put_address(into, row, column++, &server.address);
    put_name(into, row, column++, server.name);
    put_number(table, into, row, column++, segment.index);
    put_address(into, row, column++, &segment.client);
    put_number(table, into, row, column++, segment.client_port);
    put_text(into, row, column++, nflx_transport_name(segment.transport));
    put_float(into, row, column++, seconds_since_start(segment.t_request));
    put_float(into, row, column++, seconds_since_start(has_last ? segment.t_last : segment.t_request));
    put_number(table, into, row, column++, segment.request_frame);
    put_number(table, into, row, column++, segment.first_frame);
    put_number(table, into, row, column++, segment.last_frame);
    put_number(table, into, row, column++, segment.pkts);
    put_number(table, into, row, column++, segment.bytes);
    put_number(table, into, row, column++, segment.app_bytes);
    put_number(table, into, row, column++, segment.retransmitted_bytes);
    put_number(table, into, row, column++, segment.missing_bytes);
    put_float(into, row, column++, has_ttfb ? (double)segment.ttfb / 1e9 : 0);
    put_float(into, row, column++, has_duration ? (double)segment.duration / 1e9 : 0);
    put_number(table, into, row, column++, has_throughput ? (uint64_t)(segment.throughput / 1e3) : 0);
    put_text(into, row, column++, segment.flags & NFLX_SEGMENT_COMPLETE ? "yes" : "no");
    put_text(into, row, column++, notes(&segment));
    return true;
}

static int compare_segments(gconstpointer left, gconstpointer right)
{
    guint a = GPOINTER_TO_UINT(left);
    guint b = GPOINTER_TO_UINT(right);

    return a < b ? -1 : a > b;
}

static void list_segment(uint32_t number, bool final)
{
    if (list(&segments, number) && final) {
        append(&segments, number);
    }
}

/* Requests that were sent together share a packet, which speaks of one of them; their numbers follow each other. */
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

/* What Wireshark is told */

static void start(table *table)
{
    empty(table);
    if (inside(table) == NULL) {
        stat_tap_add_table(&table->ui, stat_tap_init_table(table->title, (int)table->ui.nfields, 0, NULL));
        table->allocated = 0;
    } else {
        inside(table)->num_elements = 0;
    }
}

static void start_servers(stat_tap_table_ui *ui)
{
    (void)ui;
    start(&servers);
}

static void start_segments(stat_tap_table_ui *ui)
{
    (void)ui;
    start(&segments);
}

static void reset(stat_tap_table *into)
{
    into->num_elements = 0;
    empty(inside(&servers) == into ? &servers : &segments);
}

#define TEXT(title, format) {TABLE_ITEM_STRING, TAP_ALIGN_LEFT, title, format}
#define NUMBER(title) {TABLE_ITEM_UINT, TAP_ALIGN_RIGHT, title, "%u"}
#define FLOAT(title, format) {TABLE_ITEM_FLOAT, TAP_ALIGN_RIGHT, title, format}

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

static tap_param parameters[] = {{PARAM_FILTER, "filter", "Filter", NULL, TRUE}};

static table servers = {
    .ui =
        {
            .group = REGISTER_PACKET_STAT_GROUP_UNSORTED,
            .title = "Netflix Servers",
            .tap_name = "nflx",
            .cli_string = "nflx,servers",
            .stat_tap_init_cb = start_servers,
            .packet_func = server_packet,
            .stat_tap_reset_table_cb = reset,
            .nfields = G_N_ELEMENTS(server_columns),
            .fields = server_columns,
            .nparams = G_N_ELEMENTS(parameters),
            .params = parameters,
        },
    .title = "Netflix servers",
    .compare = compare_servers,
    .fill = fill_server,
};

static table segments = {
    .ui =
        {
            .group = REGISTER_PACKET_STAT_GROUP_UNSORTED,
            .title = "Netflix Segments",
            .tap_name = "nflx",
            .cli_string = "nflx,segments",
            .stat_tap_init_cb = start_segments,
            .packet_func = segment_packet,
            .stat_tap_reset_table_cb = reset,
            .nfields = G_N_ELEMENTS(segment_columns),
            .fields = segment_columns,
            .nparams = G_N_ELEMENTS(parameters),
            .params = parameters,
        },
    .title = "Netflix segments",
    .compare = compare_segments,
    .fill = fill_segment,
};

_Static_assert(G_N_ELEMENTS(server_columns) <= COLUMNS_MAX, "COLUMNS_MAX");
_Static_assert(G_N_ELEMENTS(segment_columns) <= COLUMNS_MAX, "COLUMNS_MAX");

void tables_register(void)
{
    register_stat_tap_table_ui(&servers.ui);
    register_stat_tap_table_ui(&segments.ui);
}

bool tables_open(void)
{
    return inside(&servers) != NULL || inside(&segments) != NULL;
}

void tables_fill(void)
{
    fill_anew(&servers);
    fill_anew(&segments);
}

void tables_forget(void)
{
    empty(&servers);
    empty(&segments);
}
