/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NFLX_PLUGIN_COLUMNS_H
#define NFLX_PLUGIN_COLUMNS_H

#include "plugin.h"

void columns_mark(packet_info *pinfo, const facts *facts);

#endif
