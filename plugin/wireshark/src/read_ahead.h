/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NFLX_PLUGIN_READ_AHEAD_H
#define NFLX_PLUGIN_READ_AHEAD_H

#include "plugin.h"

typedef struct read_ahead read_ahead;
read_ahead *read_ahead_new(const char *path, nflx_config *config, int *error, char **reason);
void read_ahead_free(read_ahead *made);
/* Returns true if reading this file again would give the same: neither the file nor a preference has changed. */
bool read_ahead_fits(const read_ahead *made, const char *path);
nflx_engine *read_ahead_engine(read_ahead *made);
/* Returns the number of the record that begins at this offset of the file and has this time; 0 if there is none. */
uint32_t read_ahead_number(const read_ahead *made, int64_t offset, const nstime_t *time);
/* Returns true if the record that the host reads, with this offset and time, does not contradict the file's records. */
bool read_ahead_agrees(const read_ahead *made, int64_t offset, const nstime_t *time);
/* Returns the first Netflix packet after the engine had dropped something for lack of room; 0 for none. */
uint32_t read_ahead_full_frame(const read_ahead *made);

#endif
