/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Facts as a packet comment, for captures that travel to people without the plugin. Off by default: comments become part
 * of what a user saves. */
#include "plugin.h"

/* What our comments begin with, so that they are known when an annotated capture is annotated again. */
#define COMMENT_PREFIX "nflx: "

static bool has_own_comment(wtap_block_t block)
{
    char *comment;

    for (guint i = 0; wtap_block_get_nth_string_option_value(block, OPT_COMMENT, i, &comment) == WTAP_OPTTYPE_SUCCESS;
         i++) {
        if (g_str_has_prefix(comment, COMMENT_PREFIX)) {
            return true;
        }
    }
    return false;
}

void comment_add(packet_info *pinfo, const facts *facts)
{
    const nflx_annotation *packet = &facts->packet;

    /* A comment that the user edits is kept by Wireshark apart from the file; ours would pile up there. */
    if (!preferences_comment() || pinfo->rec->block == NULL || pinfo->fd->has_modified_block ||
        has_own_comment(pinfo->rec->block)) {
        return;
    }
    wmem_strbuf_t *text = wmem_strbuf_new(pinfo->pool, COMMENT_PREFIX);
    wmem_strbuf_append_printf(text, "%s %s, role %s", packet->direction == NFLX_DIRECTION_IN ? "from" : "to",
                              server_label(pinfo, &facts->server), nflx_role_name(facts->server.role));
    if (packet->flow != NFLX_NO_FLOW) {
        wmem_strbuf_append_printf(text, ", flow %u", packet->flow);
    }
    if (packet->segment != 0) {
        wmem_strbuf_append_printf(text, ", segment %u", packet->segment);
        if (packet->flags & NFLX_ANNOTATION_REQUEST) {
            wmem_strbuf_append(text, " request");
        } else {
            wmem_strbuf_append_printf(text, " bytes %" PRIu64, packet->bytes_so_far);
        }
    }
    if (wtap_block_add_string_option(pinfo->rec->block, OPT_COMMENT, wmem_strbuf_get_str(text),
                                     wmem_strbuf_get_len(text)) == WTAP_OPTTYPE_SUCCESS) {
        pinfo->rec->block_was_modified = TRUE;
    }
}
