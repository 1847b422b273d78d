/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All differences between Wireshark 4.0, 4.2, 4.4 and 4.6. Functions deprecated in any of them are not used at all:
 * wmem_packet_scope, tvb_get_guint8, val_to_str, values read out of field_info. */
#ifndef NFLX_PLUGIN_COMPAT_H
#define NFLX_PLUGIN_COMPAT_H

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>
#include <ws_version.h>

#include <cfile.h>
#include <epan/column-utils.h>
#include <epan/to_str.h>
#include <epan/expert.h>
#include <epan/funnel.h>
#include <epan/packet.h>
#include <epan/plugin_if.h>
#include <epan/prefs.h>
#include <epan/stat_tap_ui.h>
#include <epan/stats_tree.h>
#include <epan/tap.h>
#include <wiretap/pcap-encap.h>
#include <wiretap/wtap.h>
#include <wiretap/wtap_opttypes.h>
#include <wsutil/nstime.h>
#include <wsutil/report_message.h>

#define NFLX_WIRESHARK_AT_LEAST(major, minor) \
    (WIRESHARK_VERSION_MAJOR > (major) || (WIRESHARK_VERSION_MAJOR == (major) && WIRESHARK_VERSION_MINOR >= (minor)))

#if !NFLX_WIRESHARK_AT_LEAST(4, 0)
#error "This plugin needs Wireshark 4.0 or later."
#endif

/* The variable behind a boolean preference: a gboolean, which is an int, became a C bool. */
#if NFLX_WIRESHARK_AT_LEAST(4, 4)
typedef bool nflx_pref_bool;
#else
typedef gboolean nflx_pref_bool;
#endif

/* A record of a capture file: before 4.6, its data are in a separate buffer. */
#if NFLX_WIRESHARK_AT_LEAST(4, 6)
typedef struct nflx_record {
    wtap_rec rec;
} nflx_record;

static inline void nflx_record_init(nflx_record *record)
{
    wtap_rec_init(&record->rec, 2048);
}

static inline bool nflx_record_read(wtap *file, nflx_record *record, int *error, char **reason, int64_t *offset)
{
    return wtap_read(file, &record->rec, error, reason, offset);
}

static inline const uint8_t *nflx_record_data(nflx_record *record)
{
    return ws_buffer_start_ptr(&record->rec.data);
}

static inline bool nflx_record_write(wtap_dumper *file, nflx_record *record, int *error, char **reason)
{
    return wtap_dump(file, &record->rec, error, reason);
}

static inline void nflx_record_free(nflx_record *record)
{
    wtap_rec_cleanup(&record->rec);
}
#else
typedef struct nflx_record {
    wtap_rec rec;
    Buffer buffer;
} nflx_record;

static inline void nflx_record_init(nflx_record *record)
{
    wtap_rec_init(&record->rec);
    ws_buffer_init(&record->buffer, 2048);
}

static inline bool nflx_record_read(wtap *file, nflx_record *record, int *error, char **reason, int64_t *offset)
{
    return wtap_read(file, &record->rec, &record->buffer, error, reason, offset);
}

static inline const uint8_t *nflx_record_data(nflx_record *record)
{
    return ws_buffer_start_ptr(&record->buffer);
}

static inline bool nflx_record_write(wtap_dumper *file, nflx_record *record, int *error, char **reason)
{
    return wtap_dump(file, &record->rec, nflx_record_data(record), error, reason);
}

static inline void nflx_record_free(nflx_record *record)
{
    wtap_rec_cleanup(&record->rec);
    ws_buffer_free(&record->buffer);
}
#endif

static inline void nflx_record_reset(nflx_record *record)
{
    wtap_rec_reset(&record->rec);
}

/* Return type of a statistic's start routine. */
#if NFLX_WIRESHARK_AT_LEAST(4, 6)
typedef bool nflx_tap_begun;
#define NFLX_TAP_BEGUN(begun) return (begun)
#else
typedef void nflx_tap_begun;
#define NFLX_TAP_BEGUN(begun) (void)(begun)
#endif

/* The raw-IP quirk of 4.0 needs no code: there, the IP dissector trims the frame's own tvb to the IP length, so data
 * may be shorter than the frame states even if nothing was cut. frame.c passes what the tvb holds, and the core uses
 * the headers' lengths. */

#endif
