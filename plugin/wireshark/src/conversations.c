/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Segments in the window Conversations, and servers in Endpoints: one row each, from which Apply as Filter, Find and
 * Colorize lead to its packets; tshark -z conv,nflx and -z endpoints,nflx. The ports of a row are the segment's
 * number, so that its filter names the segment. */
#include "conversations.h"

#include "fields.h"

#include <epan/conversation_table.h>

/* A type of conversation whose filters have ports, as numbers, and that no other window of Wireshark uses. */
enum { NUMBERED = CONVERSATION_NCP };

static const char *segment_filter_name(conv_item_t *item, conv_filter_type_e type)
{
    bool is_port = type == CONV_FT_SRC_PORT || type == CONV_FT_DST_PORT || type == CONV_FT_ANY_PORT;
    bool is_source = type == CONV_FT_SRC_ADDRESS;
    bool is_destination = type == CONV_FT_DST_ADDRESS;

    if (is_port) {
        return "nflx.segment";
    }
    if (item->src_address.type == AT_IPv6) {
        return is_source ? "ipv6.src" : is_destination ? "ipv6.dst" : "ipv6.addr";
    }
    return is_source ? "ip.src" : is_destination ? "ip.dst" : "ip.addr";
}

static const char *server_filter_name(endpoint_item_t *item, conv_filter_type_e type)
{
    bool is_address = type == CONV_FT_SRC_ADDRESS || type == CONV_FT_DST_ADDRESS || type == CONV_FT_ANY_ADDRESS;

    if (!is_address) {
        return CONV_FILTER_INVALID;
    }
    return item->myaddress.type == AT_IPv6 ? "nflx.server.ipv6" : "nflx.server.ipv4";
}

static ct_dissector_info_t segments = {segment_filter_name};
static et_dissector_info_t servers = {server_filter_name};

static tap_packet_status segment_packet(void *data, packet_info *pinfo, epan_dissect_t *edt, const void *tapped,
                                        tap_flags_t flags)
{
    conv_hash_t *table = data;
    const facts *facts = tapped;
    uint32_t number = facts->packet.segment;
    (void)edt;

    table->flags = flags;
    if (number == 0) {
        return TAP_PACKET_DONT_REDRAW;
    }
    add_conversation_table_data_with_conv_id(table, &pinfo->src, &pinfo->dst, number, number, number, 1,
                                             (int)pinfo->fd->pkt_len, &pinfo->rel_ts, &pinfo->abs_ts, &segments,
                                             (conversation_type)NUMBERED);
    return TAP_PACKET_REDRAW;
}

static tap_packet_status server_packet(void *data, packet_info *pinfo, epan_dissect_t *edt, const void *tapped,
                                       tap_flags_t flags)
{
    conv_hash_t *table = data;
    const facts *facts = tapped;
    bool is_sender = facts->packet.direction == NFLX_DIRECTION_IN;
    (void)edt;

    table->flags = flags;
    add_endpoint_table_data(table, is_sender ? &pinfo->src : &pinfo->dst, 0, is_sender, 1, (int)pinfo->fd->pkt_len,
                            &servers, ENDPOINT_NONE);
    return TAP_PACKET_REDRAW;
}

void conversations_register(void)
{
    register_conversation_table(proto_nflx, false, segment_packet, server_packet);
}
