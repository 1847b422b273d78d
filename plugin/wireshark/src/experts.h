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
};
void experts_register(void);
unsigned experts_find(const facts *facts);
void experts_add(packet_info *pinfo, proto_item *item, const facts *facts, unsigned found);

#endif
