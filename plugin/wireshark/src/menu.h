/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NFLX_PLUGIN_MENU_H
#define NFLX_PLUGIN_MENU_H

#include "plugin.h"

/* Adds entries to a menu, and the same entries to the toolbar. */
void menu_register(ext_menu_t *menu);

#endif
