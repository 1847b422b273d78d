/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NFLX_PLUGIN_FIELDS_H
#define NFLX_PLUGIN_FIELDS_H

#include "plugin.h"

extern int nflx_proto;

typedef enum field {
#define NFLX_FIELD(id, name, title, type, display, strings, blurb) FIELD_##id,
#include "fields.def"
#undef NFLX_FIELD
    FIELD_COUNT
} field;
extern int field_hf[FIELD_COUNT];
void fields_register(void);

#endif
