/* SPDX-License-Identifier: GPL-2.0-or-later */
/* File > Export Objects > Netflix: a row for each segment, with its facts as JSON to save. The encrypted content
 * cannot be saved, but the facts about it can. */
#include "objects.h"

#include "fields.h"
#include "format.h"

#include <epan/export_object.h>

/* Export objects have a tap of their own. */
static int tap;

/* Adds a string of JSON (RFC 8259, section 7). Names are printable ASCII. */
static void add_string(GString *json, const char *key, const char *value)
{
    g_string_append_printf(json, ",\n  \"%s\": \"", key);
    for (; *value != '\0'; value++) {
        if (*value == '"' || *value == '\\') {
            g_string_append_c(json, '\\');
        }
        g_string_append_c(json, *value);
    }
    g_string_append_c(json, '"');
}

static void add_number(GString *json, const char *key, uint64_t value)
{
    g_string_append_printf(json, ",\n  \"%s\": %" PRIu64, key, value);
}

static void add_seconds(GString *json, const char *key, int64_t nanoseconds)
{
    char text[G_ASCII_DTOSTR_BUF_SIZE];

    g_string_append_printf(json, ",\n  \"%s\": %s", key,
                           g_ascii_formatd(text, sizeof text, "%.9f", (double)nanoseconds / 1e9));
}

/* Uses the keys of the command's rows. */
static char *facts_as_json(packet_info *pinfo, const facts *facts)
{
    const nflx_segment *segment = &facts->segment;
    GString *json = g_string_new(NULL);

    g_string_append_printf(json, "{\n  \"segment\": %u", segment->number);
    add_number(json, "index", segment->index);
    add_string(json, "server", address_text(pinfo->pool, &facts->server.address));
    add_number(json, "server_port", segment->server_port);
    add_string(json, "client", address_text(pinfo->pool, &segment->client));
    add_number(json, "client_port", segment->client_port);
    add_string(json, "transport", nflx_transport_name(segment->transport));
    add_string(json, "name", printable(pinfo->pool, facts->server.name));
    add_string(json, "kind", nflx_kind_name(segment->kind));
    if (segment->via != 0) {
        add_string(json, "via", nflx_via_name(segment->via));
    }
    add_number(json, "request_frame", segment->request_frame);
    add_number(json, "first_frame", segment->first_frame);
    add_number(json, "last_frame", segment->last_frame);
    add_number(json, "pkts", segment->pkts);
    add_number(json, "bytes", segment->bytes);
    add_number(json, "app_bytes", segment->app_bytes);
    add_number(json, "size_error", segment->size_error);
    add_number(json, "retransmitted_bytes", segment->retransmitted_bytes);
    add_number(json, "missing_bytes", segment->missing_bytes);
    if (segment->flags & NFLX_SEGMENT_HAS_TTFB) {
        add_seconds(json, "ttfb_s", segment->ttfb);
    }
    if (segment->flags & NFLX_SEGMENT_HAS_DURATION) {
        add_seconds(json, "duration_s", segment->duration);
    }
    g_string_append_printf(json, ",\n  \"complete\": %s\n}\n", segment->flags & NFLX_SEGMENT_COMPLETE ? "true" : "false");
    return g_string_free(json, FALSE);
}

/* Counts each segment once, at its last packet, when all facts are known: if frames are shown again. */
static tap_packet_status packet(void *data, packet_info *pinfo, epan_dissect_t *edt, const void *tapped,
                                tap_flags_t flags)
{
    export_object_list_t *list = data;
    const facts *facts = tapped;
    const nflx_segment *segment = &facts->segment;
    (void)edt;
    (void)flags;

    if (!facts->has_segment || !facts->revisit || facts->live || segment->last_frame != facts->frame) {
        return TAP_PACKET_DONT_REDRAW;
    }
    export_object_entry_t *entry = g_new0(export_object_entry_t, 1);
    entry->pkt_num = (guint32)segment->request_frame;
    entry->hostname = g_strdup(server_label(pinfo, &facts->server));
    entry->content_type = g_strdup(nflx_kind_name(segment->kind));
    entry->filename = g_strdup_printf("segment-%u.json", segment->number);
    entry->payload_data = (guint8 *)facts_as_json(pinfo, facts);
    entry->payload_len = strlen((const char *)entry->payload_data);
    list->add_entry(list->gui_data, entry);
    return TAP_PACKET_REDRAW;
}

void objects_register(void)
{
    tap = register_export_object(proto_nflx, packet, NULL);
}

bool objects_listen(void)
{
    return have_tap_listener(tap);
}

void objects_queue(packet_info *pinfo, const facts *facts)
{
    tap_queue_packet(tap, pinfo, facts);
}
