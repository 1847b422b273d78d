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
    /* If nobody needs fields, experts and columns only concern few packets; at the first visit, these flags tell
     * which. */
    bool marked = (facts.packet.flags & (NFLX_ANNOTATION_REQUEST | NFLX_ANNOTATION_MISSING)) != 0;
    if ((shown || tapped || marked || facts.revisit) && !session_facts_all(&facts)) {
        return 0;
    }
    /* Hosts without a tree need the rest as well: statistics, expert taps, columns, comments. */
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
