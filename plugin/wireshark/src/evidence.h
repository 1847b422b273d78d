/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NFLX_PLUGIN_EVIDENCE_H
#define NFLX_PLUGIN_EVIDENCE_H

#include "plugin.h"

/* Adds the evidence in a packet about servers that it does not belong to. */
void evidence_add(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree);

#endif
