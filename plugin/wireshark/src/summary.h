/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NFLX_PLUGIN_SUMMARY_H
#define NFLX_PLUGIN_SUMMARY_H

#include "plugin.h"

void summary_register(void);

#endif
