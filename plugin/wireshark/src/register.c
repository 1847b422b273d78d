/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Registers the plugin's parts with Wireshark. */
#include "plugin.h"

#include "conversations.h"
#include "dissector.h"
#include "experts.h"
#include "export.h"
#include "fields.h"
#include "frame.h"
#include "ladder.h"
#include "navigation.h"
#include "objects.h"
#include "preferences.h"
#include "quality.h"
#include "response_times.h"
#include "session.h"
#include "summary.h"
#include "taps.h"
#include "tree.h"

static dissector_handle_t handle;

/* Called by plugin_register, in Rust. */
void nflx_plugin_register(void);

static void register_protocol(void)
{
    proto_nflx = proto_register_protocol("Netflix streaming analysis", "Netflix", "nflx");
    fields_register();
    tree_register();
    quality_register();
    experts_register();
    preferences_register();
    taps_register();
    summary_register();
    export_register();
    navigation_register();
    conversations_register();
    response_times_register();
    objects_register();
    ladder_register();
    handle = register_dissector("nflx", dissect_nflx, proto_nflx);
    register_init_routine(session_start);
    register_cleanup_routine(session_stop);
    register_shutdown_routine(session_shut_down);
}

static void hand_off(void)
{
    frame_register();
    register_postdissector(handle);
}

void nflx_plugin_register(void)
{
    static proto_plugin plugin = {.register_protoinfo = register_protocol, .register_handoff = hand_off};

    if (nflx_abi_version() == NFLX_ABI_VERSION) {
        proto_register_plugin(&plugin);
    }
}
