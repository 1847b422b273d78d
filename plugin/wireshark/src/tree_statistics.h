/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NFLX_PLUGIN_TREE_STATISTICS_H
#define NFLX_PLUGIN_TREE_STATISTICS_H

#include "plugin.h"

void tree_statistics_register(void);
bool tree_statistics_open(void);
/* Counts the segments that waited for their end. */
void tree_statistics_fill(void);
void tree_statistics_forget(void);

#endif
