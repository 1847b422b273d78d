/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NFLX_PLUGIN_EXPORT_H
#define NFLX_PLUGIN_EXPORT_H

#include "plugin.h"

void export_register(void);

#endif
