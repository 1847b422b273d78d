/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Converts the host's frame to the core's packet. */
#include "frame.h"

/* Upper limit of link types in Wireshark's tables; its own registry ends before this. */
enum { LINK_TYPE_END = 400 };

/* LINKTYPE_RAW. Wireshark knows several numbers for raw IP; the lowest of them, 12, means something else on some
 * systems. */
enum { LINK_TYPE_RAW = 101 };

/* A link type that no registry assigns, for encapsulations without one. */
enum { LINK_TYPE_UNKNOWN = 65535 };

/* Maps Wireshark's own encapsulation numbers to the registry's. Wireshark does not export its function for that, so
 * the reverse function is called for every number. */
static uint16_t *link_types;
static int link_types_end;

void frame_register(void)
{
    link_types_end = wtap_get_num_encap_types();
    link_types = g_new(uint16_t, link_types_end);
    for (int i = 0; i < link_types_end; i++) {
        link_types[i] = LINK_TYPE_UNKNOWN;
    }
    for (int link_type = LINK_TYPE_END - 1; link_type >= 0; link_type--) {
        int encap = wtap_pcap_encap_to_wtap_encap(link_type);
        if (encap > WTAP_ENCAP_UNKNOWN && encap < link_types_end) {
            link_types[encap] = (uint16_t)link_type;
        }
    }
    int raw = wtap_pcap_encap_to_wtap_encap(LINK_TYPE_RAW);
    if (raw > WTAP_ENCAP_UNKNOWN && raw < link_types_end) {
        link_types[raw] = LINK_TYPE_RAW;
    }
}

static uint16_t link_type_of(const wtap_rec *record)
{
    int encap = record->rec_header.packet_header.pkt_encap;

    return encap >= 0 && encap < link_types_end ? link_types[encap] : LINK_TYPE_UNKNOWN;
}

/* Returns the time of a record; a record without one counts as simultaneous with the previous one. */
static nstime_t time_of(const wtap_rec *record, nstime_t time, nstime_t *last)
{
    if (record->presence_flags & WTAP_HAS_TS) {
        *last = time;
    }
    return *last;
}

/* Fills the packet with everything that the core needs; false for records that are not packets. `last` is the time of
 * the previous packet, and then of this one. May leave by longjmp, so it is called before the core is. */
bool frame_packet(tvbuff_t *tvb, packet_info *pinfo, nstime_t *last, nflx_packet *packet)
{
    if (pinfo->rec == NULL || pinfo->rec->rec_type != REC_TYPE_PACKET) {
        return false;
    }
    uint32_t captured = tvb_captured_length(tvb);
    nstime_t time = time_of(pinfo->rec, pinfo->abs_ts, last);

    *packet = (nflx_packet){
        .struct_size = sizeof *packet,
        .link_type = link_type_of(pinfo->rec),
        .frame = pinfo->num,
        .seconds = time.secs,
        .nanoseconds = time.nsecs > 0 ? (uint32_t)time.nsecs : 0,
        .original_length = pinfo->fd->pkt_len,
        .captured_length = captured,
        .data = captured > 0 ? tvb_get_ptr(tvb, 0, (int)captured) : NULL,
    };
    return true;
}

/* The same from a record of a file. */
bool frame_record(const wtap_rec *record, const uint8_t *data, uint32_t number, nstime_t *last, nflx_packet *packet)
{
    if (record->rec_type != REC_TYPE_PACKET) {
        return false;
    }
    uint32_t captured = record->rec_header.packet_header.caplen;
    nstime_t time = time_of(record, record->ts, last);

    *packet = (nflx_packet){
        .struct_size = sizeof *packet,
        .link_type = link_type_of(record),
        .frame = number,
        .seconds = time.secs,
        .nanoseconds = time.nsecs > 0 ? (uint32_t)time.nsecs : 0,
        .original_length = record->rec_header.packet_header.len,
        .captured_length = captured,
        .data = captured > 0 ? data : NULL,
    };
    return true;
}
