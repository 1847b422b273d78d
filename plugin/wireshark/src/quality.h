/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NFLX_PLUGIN_QUALITY_H
#define NFLX_PLUGIN_QUALITY_H

#include "plugin.h"

void quality_register(void);
/* Adds the model's answer below the plugin's item, which may be NULL. Call it for every Netflix packet, because it
 * takes the answers that the packet brings. */
void quality_add(tvbuff_t *tvb, proto_item *item, const facts *facts);

#endif
