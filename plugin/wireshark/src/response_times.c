/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Time from a request to the first byte of its response, by kind, by server and by segment: Statistics > Service Response
 * Time > Netflix, tshark -z nflx,srt. */
#include "response_times.h"

#include "fields.h"
#include "format.h"

#include <epan/srt_table.h>

enum { BY_KIND, BY_SERVER, BY_SEGMENT, TABLES };

enum { KINDS = 4 };

static void begin(struct register_srt *srt, GArray *tables)
{
    srt_stat_table *kinds = init_srt_table("Netflix: time to first byte by kind", "Kinds", tables, KINDS, "Kind", NULL,
                                           NULL);
    (void)srt;

    for (int kind = 0; kind < KINDS; kind++) {
        init_srt_table_row(kinds, kind, nflx_kind_name((uint32_t)kind));
    }
    init_srt_table("Netflix: time to first byte by server", "Servers", tables, 0, "Server", NULL, NULL);
    init_srt_table("Netflix: time to first byte by segment", "Segments", tables, 0, "Segment", "nflx.segment", NULL);
}

static srt_stat_table *table_of(const srt_data_t *data, guint index)
{
    return index < data->srt_array->len ? g_array_index(data->srt_array, srt_stat_table *, index) : NULL;
}

static void add(srt_stat_table *table, uint32_t row, const char *name, const nstime_t *request, packet_info *pinfo)
{
    if (table == NULL || row > G_MAXINT) {
        return;
    }
    init_srt_table_row(table, (int)row, name);
    add_srt_table_data(table, (int)row, request, pinfo);
}

/* Counts each segment once: at the packet with its first byte. */
static tap_packet_status packet(void *data, packet_info *pinfo, epan_dissect_t *edt, const void *tapped,
                                tap_flags_t flags)
{
    const facts *facts = tapped;
    const nflx_segment *segment = &facts->segment;
    (void)edt;
    (void)flags;

    if (!facts->has_segment || !(segment->flags & NFLX_SEGMENT_HAS_TTFB) || segment->first_frame != facts->frame ||
        segment->ttfb < 0) {
        return TAP_PACKET_DONT_REDRAW;
    }
    nstime_t request = {.secs = (time_t)(segment->t_request / 1000000000), .nsecs = (int)(segment->t_request % 1000000000)};
    char number[16];
    const char *server = server_label(pinfo, &facts->server);

    if (segment->kind < KINDS) {
        add(table_of(data, BY_KIND), segment->kind, nflx_kind_name(segment->kind), &request, pinfo);
    }
    add(table_of(data, BY_SERVER), facts->packet.server, server, &request, pinfo);
    g_snprintf(number, sizeof number, "%u", segment->number);
    add(table_of(data, BY_SEGMENT), segment->number, number, &request, pinfo);
    return TAP_PACKET_REDRAW;
}

void response_times_register(void)
{
    register_srt_table(proto_nflx, "nflx", TABLES, packet, begin, NULL);
}
