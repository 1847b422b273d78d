/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NFLX_PLUGIN_FIELDS_H
#define NFLX_PLUGIN_FIELDS_H

#include "plugin.h"

extern int proto_nflx;

typedef enum field {
#define NFLX_FIELD(id, name, title, type, display, strings, blurb) HF_NFLX_##id,
#include "fields.def"
#undef NFLX_FIELD
    HF_NFLX_COUNT
} field;
extern int hf_nflx[HF_NFLX_COUNT];
void fields_register(void);

#endif
