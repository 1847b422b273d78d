/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NFLX_PLUGIN_QUALITY_H
#define NFLX_PLUGIN_QUALITY_H

#include "plugin.h"

void quality_register(void);
/* Adds what the model says below the plugin's item, which may be NULL. To be called for every packet of Netflix's, as it
 * takes what the packet brings. */
void quality_add(tvbuff_t *tvb, proto_item *item, const facts *facts);

#endif
