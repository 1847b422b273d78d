/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Headers that hide the rest of a packet, such as an encrypted tunnel's: an expert item at the first packet that each
 * of them ends, because tens of thousands may follow. The summary counts them. */
#include "unfollowed.h"

#include "fields.h"
#include "session.h"

static expert_field ei_nflx_unfollowed;

/* Value of session_generation for this data. */
static unsigned generation;
/* The headers found so far, in no order. */
static nflx_unfollowed met[32];
static uint32_t met_count;

void unfollowed_register(expert_module_t *module)
{
    static ei_register_info registrations[] = {
        {&ei_nflx_unfollowed,
         {"nflx.expert.unfollowed", PI_UNDECODED, PI_NOTE, "This header hides the rest of the packet", EXPFILL}},
    };

    expert_register_field_array(module, registrations, G_N_ELEMENTS(registrations));
}

static void take_up(void)
{
    uint32_t count = MIN(session_unfollowed_headers(), (uint32_t)G_N_ELEMENTS(met));

    if (generation == session_generation() && count == met_count) {
        return;
    }
    generation = session_generation();
    met_count = 0;
    while (met_count < count && session_unfollowed(met_count, &met[met_count])) {
        met_count++;
    }
}

void unfollowed_add(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree)
{
    uint64_t frame;
    bool over;

    if (!session_other_frame(pinfo, &frame, &over)) {
        return;
    }
    take_up();
    for (uint32_t i = 0; i < met_count; i++) {
        if (met[i].first_frame == frame) {
            /* A field of the plugin's own, because an expert item alone would appear as a protocol. */
            proto_item *item = proto_tree_add_none_format(tree, hf_nflx[HF_NFLX_UNFOLLOWED], tvb, 0, 0,
                                                          "Netflix: nothing can be read after %s", met[i].name);
            proto_item_set_generated(item);
            expert_add_info_format(pinfo, item, &ei_nflx_unfollowed,
                                   "This packet is %s, which is %s: nothing inside it can be read, nor in those like it "
                                   "that follow",
                                   met[i].name, met[i].reason);
        }
    }
}
