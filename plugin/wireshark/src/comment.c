/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Facts as a packet comment, written by tshark -w, for people without the plugin. Off by default, because comments
 * become part of the file that a user saves. */
#include "comment.h"

#include "preferences.h"
#include "session.h"

/* Prefix of our comments (nflx.h, nflx_note), by which they are recognised when an annotated capture is annotated
 * again. */
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

bool comment_put(wtap_block_t block, const char *text)
{
    return !has_own_comment(block) &&
           wtap_block_add_string_option(block, OPT_COMMENT, text, strlen(text)) == WTAP_OPTTYPE_SUCCESS;
}

bool comment_is_wanted(const nflx_note *note, bool requests_only)
{
    return !requests_only || note->flags & NFLX_NOTE_LANDMARK;
}

void comment_add(packet_info *pinfo, const facts *facts)
{
    nflx_note note;

    if (!preferences_comment() || pinfo->rec->block == NULL) {
        return;
    }
    /* The window writes what the user edited, not what is dissected; it has a menu for this (export.c). */
    if (session_in_window() || !session_note(facts->frame, &note) ||
        !comment_is_wanted(&note, preferences_comment_requests_only())) {
        return;
    }
    if (comment_put(pinfo->rec->block, note.text)) {
        pinfo->rec->block_was_modified = TRUE;
        session_commented(facts);
    }
}
