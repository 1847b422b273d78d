/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packets that name a server without belonging to it, such as DNS answers: the evidence in them, and a link forward to
 * the server's first packet. */
#include "evidence.h"

#include "session.h"
#include "tree.h"

/* Numbers of the servers that a frame names, by frame. */
static GHashTable *named;
/* Number of servers examined. */
static uint32_t looked_at;
/* True once all evidence of the capture was examined. */
static bool complete;
/* Value of session_generation for this data. */
static unsigned generation;

static void free_list(gpointer list)
{
    g_array_free(list, TRUE);
}

static void reset(void)
{
    if (named != NULL) {
        g_hash_table_remove_all(named);
    }
    looked_at = 0;
    complete = false;
}

static void note(uint64_t frame, uint32_t server)
{
    gpointer key = GUINT_TO_POINTER((guint)frame);
    GArray *servers = g_hash_table_lookup(named, key);

    if (servers == NULL) {
        servers = g_array_new(FALSE, FALSE, sizeof server);
        g_hash_table_insert(named, key, servers);
    }
    if (servers->len == 0 || g_array_index(servers, uint32_t, servers->len - 1) != server) {
        g_array_append_val(servers, server);
    }
}

static void look_at(uint32_t from, uint32_t to)
{
    nflx_evidence evidence;

    for (uint32_t server = from; server < to; server++) {
        for (uint32_t i = 0; session_evidence(server, i, &evidence); i++) {
            if (evidence.frame != 0) {
                note(evidence.frame, server);
            }
        }
    }
    looked_at = to;
}

/* Returns the servers that a frame names; NULL if none. While packets come, a server is examined when it is new. All
 * are examined again when the capture is over, because later packets may have named them too. */
static const GArray *servers_of(uint64_t frame, bool over)
{
    uint32_t count = session_server_count();

    if (generation != session_generation()) {
        generation = session_generation();
        reset();
    }
    if (named == NULL) {
        named = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, free_list);
    }
    if (over && !complete) {
        reset();
        complete = true;
        look_at(0, count);
    } else if (count > looked_at) {
        look_at(looked_at, count);
    }
    return g_hash_table_lookup(named, GUINT_TO_POINTER((guint)frame));
}

void evidence_add(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree)
{
    uint64_t frame;
    bool over;

    if (!tree_is_shown(tree) || !session_other_frame(pinfo, &frame, &over)) {
        return;
    }
    const GArray *servers = servers_of(frame, over);
    for (guint i = 0; servers != NULL && i < servers->len; i++) {
        nflx_server server;
        if (session_server(g_array_index(servers, uint32_t, i), &server)) {
            tree_add_named(tvb, pinfo, tree, &server, frame);
        }
    }
}
