/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NFLX_PLUGIN_TABLES_H
#define NFLX_PLUGIN_TABLES_H

#include "plugin.h"

void tables_register(void);
bool tables_open(void);
/* Fills every row again, in order. */
void tables_fill(void);
/* Called when the capture of the rows is over. */
void tables_forget(void);

#endif
