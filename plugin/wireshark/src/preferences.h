/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NFLX_PLUGIN_PREFERENCES_H
#define NFLX_PLUGIN_PREFERENCES_H

#include "plugin.h"

void preferences_register(void);
nflx_config *preferences_config(void);
bool preferences_comment(void);
/* Returns the capture file that tshark should read ahead; empty for none. */
const char *preferences_read_ahead(void);
/* Returns the values of all settings in one text, which the caller frees. */
char *preferences_text(void);
/* Returns true if only requests and ends of segments get a comment instead of every Netflix packet. */
bool preferences_comment_requests_only(void);
/* Returns the value of a numeric setting. The core also has the settings of notes, so that all hosts offer the same
 * ones; the notes are made here. */
unsigned preferences_number(const char *name);
/* Adds arguments that give the command nflx the same settings. */
void preferences_arguments(GPtrArray *arguments);

#endif
