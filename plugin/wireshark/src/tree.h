/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NFLX_PLUGIN_TREE_H
#define NFLX_PLUGIN_TREE_H

#include "plugin.h"

void tree_register(void);
/* Returns true if our fields are needed, or may be. */
bool tree_is_shown(proto_tree *tree);
/* Adds all of them. Returns the top item, to which expert items are attached. */
proto_item *tree_add(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, const facts *facts);
/* Adds the evidence in a packet about a server that it does not belong to. */
void tree_add_named(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, const nflx_server *server, uint64_t frame);
/* Adds the protocol alone, for statistics, and as a parent for expert items. */
proto_item *tree_add_name(tvbuff_t *tvb, proto_tree *tree);

#endif
