/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NFLX_PLUGIN_OBJECTS_H
#define NFLX_PLUGIN_OBJECTS_H

#include "plugin.h"

void objects_register(void);
bool objects_listen(void);
void objects_queue(packet_info *pinfo, const facts *facts);

#endif
