/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The display-filter fields, all from the table in fields.def. */
#include "fields.h"

int proto_nflx = -1;
int hf_nflx[HF_NFLX_COUNT];

/* hf_register_info has non-const pointers, also for the text. */
static hf_register_info registrations[HF_NFLX_COUNT] = {
#define NFLX_FIELD(id, name, title, type, display, strings, blurb) \
    {&hf_nflx[HF_NFLX_##id], {title, "nflx." name, type, display, strings, 0, blurb, HFILL}},
#include "fields.def"
#undef NFLX_FIELD
};

void fields_register(void)
{
    for (int i = 0; i < HF_NFLX_COUNT; i++) {
        hf_nflx[i] = -1;
    }
    proto_register_field_array(proto_nflx, registrations, HF_NFLX_COUNT);
}
