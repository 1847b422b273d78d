/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NFLX_PLUGIN_COMMENT_H
#define NFLX_PLUGIN_COMMENT_H

#include "plugin.h"

/* Adds our comment to a block unless it has one of ours; true if it was added. */
bool comment_put(wtap_block_t block, const char *text);
bool comment_is_wanted(const nflx_note *note, bool requests_only);
void comment_add(packet_info *pinfo, const facts *facts);

#endif
