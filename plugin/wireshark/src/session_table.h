/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NFLX_PLUGIN_SESSION_TABLE_H
#define NFLX_PLUGIN_SESSION_TABLE_H

#include "plugin.h"

void session_table_register(void);
bool session_table_open(void);
void session_table_fill(void);
void session_table_forget(void);

#endif
