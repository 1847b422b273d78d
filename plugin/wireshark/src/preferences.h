/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NFLX_PLUGIN_PREFERENCES_H
#define NFLX_PLUGIN_PREFERENCES_H

#include "plugin.h"

void preferences_register(void);
nflx_config *preferences_config(void);
bool preferences_comment(void);
/* Returns the capture file that tshark is to read ahead; empty for none. */
const char *preferences_read_ahead(void);
/* The values of all settings in one text, which the caller frees. */
char *preferences_text(void);
/* Which packets get a comment: all of Netflix's, or requests and ends of segments. */
bool preferences_comment_requests_only(void);
/* The value of a numeric setting. The core has those of notes too, so that all hosts offer the same ones; the notes are
 * made here. */
unsigned preferences_number(const char *name);
/* Adds what gives the command nflx the same settings. */
void preferences_arguments(GPtrArray *arguments);

#endif
