/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Facts as a packet comment, for captures that travel to people without the plugin. Off by default: comments become part
 * of what a user saves. */
#include "plugin.h"

/* What our comments begin with (nflx.h, nflx_note), so that they are known when an annotated capture is annotated again. */
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

void comment_add(packet_info *pinfo)
{
    nflx_note note;

    /* A comment that the user edits is kept by Wireshark apart from the file; ours would pile up there. */
    if (!preferences_comment() || pinfo->rec->block == NULL || pinfo->fd->has_modified_block ||
        has_own_comment(pinfo->rec->block) || !session_note(pinfo->num, &note)) {
        return;
    }
    if (wtap_block_add_string_option(pinfo->rec->block, OPT_COMMENT, note.text, strlen(note.text)) ==
        WTAP_OPTTYPE_SUCCESS) {
        pinfo->rec->block_was_modified = TRUE;
    }
}
