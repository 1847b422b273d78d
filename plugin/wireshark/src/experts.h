/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NFLX_PLUGIN_EXPERTS_H
#define NFLX_PLUGIN_EXPERTS_H

#include "plugin.h"

enum {
    EXPERT_CUT = 1 << 0,
    EXPERT_MISSING = 1 << 1,
    EXPERT_RETRANSMITTED = 1 << 2,
    EXPERT_PREFIX_ONLY = 1 << 3,
    EXPERT_FULL = 1 << 4,
    EXPERT_FIRST_BYTE = 1 << 5,
    EXPERT_SLOW = 1 << 6,
    EXPERT_WORSE = 1 << 7,
    EXPERT_HANDOVER = 1 << 8,
    EXPERT_RECONNECT = 1 << 9,
    EXPERT_STALL = 1 << 10,
    EXPERT_ABORTED = 1 << 11,
};
void experts_register(void);
unsigned experts_find(const facts *facts);
void experts_add(packet_info *pinfo, proto_item *item, const facts *facts, unsigned found);

#endif
