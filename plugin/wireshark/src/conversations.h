/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NFLX_PLUGIN_CONVERSATIONS_H
#define NFLX_PLUGIN_CONVERSATIONS_H

#include "plugin.h"

void conversations_register(void);

#endif
