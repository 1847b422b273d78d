/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NFLX_PLUGIN_QUALITY_TABLE_H
#define NFLX_PLUGIN_QUALITY_TABLE_H

#include "plugin.h"

void quality_table_register(void);
bool quality_table_open(void);
void quality_table_fill(void);
void quality_table_forget(void);

#endif
