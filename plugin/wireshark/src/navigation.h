/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NFLX_PLUGIN_NAVIGATION_H
#define NFLX_PLUGIN_NAVIGATION_H

#include "plugin.h"

void navigation_register(void);

#endif
