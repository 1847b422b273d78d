/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The display-filter fields, all from the table in fields.def. */
#include "fields.h"

int nflx_proto = -1;
int field_hf[FIELD_COUNT];

/* hf_register_info wants pointers that can be written through, also for the text. */
static hf_register_info registrations[FIELD_COUNT] = {
#define NFLX_FIELD(id, name, title, type, display, strings, blurb) \
    {&field_hf[FIELD_##id], {title, "nflx." name, type, display, strings, 0, blurb, HFILL}},
#include "fields.def"
#undef NFLX_FIELD
};

void fields_register(void)
{
    for (int i = 0; i < FIELD_COUNT; i++) {
        field_hf[i] = -1;
    }
    proto_register_field_array(nflx_proto, registrations, FIELD_COUNT);
}
