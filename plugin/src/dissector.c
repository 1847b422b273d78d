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
    /* The server is asked for where somebody looks: experts do at requests only. */
    bool is_request = (facts.packet.flags & NFLX_ANNOTATION_REQUEST) != 0;
    if ((tree != NULL || is_request || taps_listen()) && !session_facts_server(&facts)) {
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
