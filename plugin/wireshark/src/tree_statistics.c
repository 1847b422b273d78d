/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packets and segments as a statistics tree: tshark -z nflx,tree, and in Wireshark with averages, rates and bursts.
 *
 *   Packets                  by server, in and out
 *   Segment sizes            by kind and server, with average, smallest and largest
 *
 * A segment counts once, and its size when it is final: at the packet of the request where frames are shown again, at
 * the end in one pass. */
#include "tree_statistics.h"

#include "format.h"
#include "session.h"

/* The state of one tree; several may be open. */
typedef struct summary {
    /* Labels of the servers, by number, so that a name found later does not create another node. */
    GHashTable *servers;
    /* Segments that were counted. */
    GHashTable *counted;
    /* Segments that wait for the end of the capture. */
    GHashTable *waiting;
} summary;

static const char *const packets_node = "Packets";
static const char *const sizes_node = "Segment sizes (bytes)";

/* By statistics tree. */
static GHashTable *summaries;

static void tree_statistics_free(gpointer data)
{
    summary *summary = data;

    g_hash_table_destroy(summary->servers);
    g_hash_table_destroy(summary->counted);
    g_hash_table_destroy(summary->waiting);
    g_free(summary);
}

static void start(stats_tree *tree)
{
    summary *made = g_new(summary, 1);

    made->servers = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, g_free);
    made->counted = g_hash_table_new(g_direct_hash, g_direct_equal);
    made->waiting = g_hash_table_new(g_direct_hash, g_direct_equal);
    g_hash_table_replace(summaries, tree, made);
    stats_tree_create_node(tree, packets_node, 0, STAT_DT_INT, TRUE);
    stats_tree_create_node(tree, sizes_node, 0, STAT_DT_INT, TRUE);
}

static void stop(stats_tree *tree)
{
    g_hash_table_remove(summaries, tree);
}

static const char *label(summary *summary, const nflx_server *server)
{
    gpointer key = GUINT_TO_POINTER(server->id);
    char *text = g_hash_table_lookup(summary->servers, key);

    if (text == NULL) {
        const char *address = address_text(NULL, &server->address);
        const char *name = printable(NULL, server->name);
        text = g_strdup_printf("%s%s%s", address, name[0] != '\0' ? " " : "", name);
        wmem_free(NULL, (void *)name);
        wmem_free(NULL, (void *)address);
        g_hash_table_insert(summary->servers, key, text);
    }
    return text;
}

static void count_packet(stats_tree *tree, summary *summary, const facts *facts)
{
    const char *direction = nflx_direction_name(facts->packet.direction);
    int top = stats_tree_parent_id_by_name(tree, packets_node);

    tick_stat_node(tree, packets_node, 0, TRUE);
    int server = tick_stat_node(tree, label(summary, &facts->server), top, TRUE);
    tick_stat_node(tree, direction, server, FALSE);
}

static void count_segment(stats_tree *tree, summary *summary, uint32_t number)
{
    nflx_segment segment;
    nflx_server server;

    if (!session_segment(number, &segment) || !session_server(segment.server, &server) ||
        !g_hash_table_add(summary->counted, GUINT_TO_POINTER(number))) {
        return;
    }
    int size = (int)MIN(segment.bytes, G_MAXINT);
    int top = stats_tree_parent_id_by_name(tree, sizes_node);
    avg_stat_node_add_value_int(tree, sizes_node, 0, TRUE, size);
    int kind = avg_stat_node_add_value_int(tree, nflx_kind_name(segment.kind), top, TRUE, size);
    avg_stat_node_add_value_int(tree, label(summary, &server), kind, FALSE, size);
}

static tap_packet_status packet(stats_tree *tree, packet_info *pinfo, epan_dissect_t *edt, const void *tapped,
                                tap_flags_t flags)
{
    const facts *facts = tapped;
    summary *summary = g_hash_table_lookup(summaries, tree);
    (void)pinfo;
    (void)edt;
    (void)flags;

    if (summary == NULL) {
        return TAP_PACKET_DONT_REDRAW;
    }
    count_packet(tree, summary, facts);
    if (facts->packet.segment != 0) {
        if (facts->revisit) {
            count_segment(tree, summary, facts->packet.segment);
        } else {
            g_hash_table_add(summary->waiting, GUINT_TO_POINTER(facts->packet.segment));
        }
    }
    return TAP_PACKET_REDRAW;
}

void tree_statistics_register(void)
{
    summaries = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, tree_statistics_free);
    stats_tree_register_plugin("nflx", "nflx", "Netflix Packets and Segments", 0, packet, start, stop);
}

bool tree_statistics_open(void)
{
    return g_hash_table_size(summaries) != 0;
}

void tree_statistics_fill(void)
{
    GHashTableIter trees;
    gpointer tree;
    gpointer data;

    g_hash_table_iter_init(&trees, summaries);
    while (g_hash_table_iter_next(&trees, &tree, &data)) {
        summary *summary = data;
        GList *numbers = g_hash_table_get_keys(summary->waiting);
        for (const GList *at = numbers; at != NULL; at = at->next) {
            count_segment(tree, summary, GPOINTER_TO_UINT(at->data));
        }
        g_list_free(numbers);
        g_hash_table_remove_all(summary->waiting);
    }
}

void tree_statistics_forget(void)
{
    GHashTableIter trees;
    gpointer data;

    g_hash_table_iter_init(&trees, summaries);
    while (g_hash_table_iter_next(&trees, NULL, &data)) {
        summary *summary = data;
        g_hash_table_remove_all(summary->servers);
        g_hash_table_remove_all(summary->counted);
        g_hash_table_remove_all(summary->waiting);
    }
}
