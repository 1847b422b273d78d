/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NFLX_PLUGIN_TREE_H
#define NFLX_PLUGIN_TREE_H

#include "plugin.h"

void tree_register(void);
/* Whether somebody looks at our fields, or may. */
bool tree_is_shown(proto_tree *tree);
/* Adds all of them; the item at the top is for expert items to hang on. */
proto_item *tree_add(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, const facts *facts);
/* Adds what a packet that is none of a server's says of a server. */
void tree_add_named(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, const nflx_server *server, uint64_t frame);
/* Adds the protocol alone, for statistics, and for expert items to hang on. */
proto_item *tree_add_name(tvbuff_t *tvb, proto_tree *tree);

#endif
