/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NFLX_PLUGIN_RESPONSE_TIMES_H
#define NFLX_PLUGIN_RESPONSE_TIMES_H

#include "plugin.h"

void response_times_register(void);

#endif
