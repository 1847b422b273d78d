/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One visit of one frame, after all other dissectors. */
#include "plugin.h"

int dissect_nflx(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    facts facts;
    proto_item *item = NULL;
    (void)data;

    if (!session_facts(tvb, pinfo, &facts)) {
        return 0;
    }
    /* Everything but the tree is for hosts without one as well: statistics, expert taps, columns, comments. */
    taps_queue(pinfo, &facts);
    unsigned experts = experts_find(&facts);
    columns_mark(pinfo, &facts);
    if (tree != NULL) {
        item = tree_add(tvb, pinfo, tree, &facts);
    }
    experts_add(pinfo, item, &facts, experts);
    comment_add(pinfo, &facts);
    return (int)tvb_captured_length(tvb);
}
