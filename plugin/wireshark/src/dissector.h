/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NFLX_PLUGIN_DISSECTOR_H
#define NFLX_PLUGIN_DISSECTOR_H

#include "plugin.h"

int dissect_nflx(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data);

#endif
