/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NFLX_PLUGIN_UNFOLLOWED_H
#define NFLX_PLUGIN_UNFOLLOWED_H

#include "plugin.h"

void unfollowed_register(expert_module_t *module);
/* Notes the first packet of the capture that ends in a header that hides the rest. */
void unfollowed_add(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree);

#endif
