/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One visit of one frame, after all other dissectors. */
#include "dissector.h"

#include "columns.h"
#include "comment.h"
#include "evidence.h"
#include "experts.h"
#include "quality.h"
#include "session.h"
#include "taps.h"
#include "tree.h"
#include "unfollowed.h"

int dissect_nflx(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    facts facts;
    proto_item *item = NULL;
    (void)data;

    bool is_of_server = session_facts(tvb, pinfo, &facts);
    unfollowed_add(tvb, pinfo, tree);
    if (!is_of_server) {
        evidence_add(tvb, pinfo, tree);
        return 0;
    }
    bool shown = tree_is_shown(tree);
    bool tapped = taps_listen();
    /* Where nobody looks at fields, experts and columns do at few packets; at the first visit, these tell. */
    bool marked = (facts.packet.flags & (NFLX_ANNOTATION_REQUEST | NFLX_ANNOTATION_MISSING)) != 0;
    if ((shown || tapped || marked || facts.revisit) && !session_facts_all(&facts)) {
        return 0;
    }
    /* Everything but the tree is for hosts without one as well: statistics, expert taps, columns, comments. */
    if (tapped) {
        taps_queue(pinfo, &facts);
    }
    unsigned experts = experts_find(&facts);
    columns_mark(pinfo, &facts);
    if (tree != NULL) {
        item = shown ? tree_add(tvb, pinfo, tree, &facts) : tree_add_name(tvb, tree);
    }
    quality_add(tvb, item, &facts);
    experts_add(pinfo, item, &facts, experts);
    comment_add(pinfo, &facts);
    return (int)tvb_captured_length(tvb);
}
