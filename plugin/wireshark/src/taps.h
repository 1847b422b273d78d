/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NFLX_PLUGIN_TAPS_H
#define NFLX_PLUGIN_TAPS_H

#include "plugin.h"

void taps_register(void);
bool taps_listen(void);
void taps_queue(packet_info *pinfo, const facts *facts);

#endif
