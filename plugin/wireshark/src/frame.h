/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NFLX_PLUGIN_FRAME_H
#define NFLX_PLUGIN_FRAME_H

#include "plugin.h"

void frame_register(void);
bool frame_packet(tvbuff_t *tvb, packet_info *pinfo, nstime_t *last, nflx_packet *packet);
bool frame_record(const wtap_rec *record, const uint8_t *data, uint32_t number, nstime_t *last, nflx_packet *packet);

#endif
