/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NFLX_PLUGIN_LADDER_H
#define NFLX_PLUGIN_LADDER_H

#include "plugin.h"

void ladder_register(void);

#endif
