/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NFLX_PLUGIN_TABLES_H
#define NFLX_PLUGIN_TABLES_H

#include "plugin.h"

void tables_register(void);
bool tables_open(void);
/* Every row anew, in order. */
void tables_fill(void);
/* The capture that the rows are of is over. */
void tables_forget(void);

#endif
