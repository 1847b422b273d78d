/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NFLX_PLUGIN_READ_AHEAD_H
#define NFLX_PLUGIN_READ_AHEAD_H

#include "plugin.h"

typedef struct read_ahead read_ahead;
read_ahead *read_ahead_new(const char *path, nflx_config *config, int *error, char **reason);
void read_ahead_free(read_ahead *made);
/* Returns true if a new one of this file would say the same: neither the file nor a preference has changed. */
bool read_ahead_fits(const read_ahead *made, const char *path);
nflx_engine *read_ahead_engine(read_ahead *made);
/* Returns the number of the record that begins at this offset of the file and has this time; 0 if none does. */
uint32_t read_ahead_number(const read_ahead *made, int64_t offset, const nstime_t *time);
/* Returns true if no record of the file had an offset and a time other than what the host reads. */
bool read_ahead_agrees(const read_ahead *made, int64_t offset, const nstime_t *time);
/* Returns the first packet of Netflix's after the engine had dropped something for lack of room; 0 for none. */
uint32_t read_ahead_full_frame(const read_ahead *made);

#endif
