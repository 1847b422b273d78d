/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One kind of statistics table: rows by number, cells by column. */
#ifndef NFLX_PLUGIN_TABLE_H
#define NFLX_PLUGIN_TABLE_H

#include "plugin.h"

enum { TABLE_COLUMNS_MAX = 24 };

/* A table of one kind, and the numbers of the listed servers or segments. */
typedef struct table {
    stat_tap_table_ui ui;
    /* Wireshark's title of the inner table; there is only one. */
    const char *title;
    /* Numbers of servers or segments whose packets passed the filter. */
    GHashTable *listed;
    /* The largest number that has a row. */
    uint32_t last;
    /* Rows with memory; a table that lists fewer than before keeps it, because windows refer to it. */
    guint allocated;
    /* Compares numbers by their order in the table. */
    int (*compare)(gconstpointer, gconstpointer);
    /* Returns a sentence that tells why nothing is listed. */
    const char *(*why_empty)(void);
    /* True if the only row is that sentence. */
    bool says_why;
    /* Fills a row; false if nothing has this number any more. */
    bool (*fill)(struct table *table, stat_tap_table *into, guint row, uint32_t number);
} table;

#define TEXT(title, format) {TABLE_ITEM_STRING, TAP_ALIGN_LEFT, title, format}
/* A number that may be missing, which is then a dash. */
#define DECIMAL(title) {TABLE_ITEM_STRING, TAP_ALIGN_RIGHT, title, "%s"}
#define NUMBER(title) {TABLE_ITEM_UINT, TAP_ALIGN_RIGHT, title, "%u"}
#define FLOAT(title, format) {TABLE_ITEM_FLOAT, TAP_ALIGN_RIGHT, title, format}

/* Every table takes a filter, and no other parameter. */
extern tap_param table_parameters[1];

/* Wireshark's description of a table: its title and name in tshark, the routines that start it, take packets and reset
 * it, and its columns. */
#define TABLE_UI(title_, name_, begin_, packet_, reset_, columns_) \
    {                                                              \
        .group = REGISTER_PACKET_STAT_GROUP_UNSORTED,              \
        .title = title_,                                           \
        .tap_name = "nflx",                                        \
        .cli_string = name_,                                       \
        .stat_tap_init_cb = begin_,                                \
        .packet_func = packet_,                                    \
        .stat_tap_reset_table_cb = reset_,                         \
        .nfields = G_N_ELEMENTS(columns_),                         \
        .fields = columns_,                                        \
        .nparams = 1,                                              \
        .params = table_parameters,                                \
    }

/* Registers the table with Wireshark. */
void table_register(table *table);
/* Returns Wireshark's own inner table; NULL while nobody asks for it. */
stat_tap_table *table_inside(const table *table);
void table_start(table *table);
/* Clears the list, because another filter is about to be used. */
void table_reset(table *table);
/* Lists a number; false if it was already listed. */
bool table_list(table *table, uint32_t number);
void table_empty(table *table);
void table_fill_anew(table *table);
void table_append(table *table, uint32_t number);
int table_compare_numbers(gconstpointer left, gconstpointer right);

/* Cells */
void table_put_number(table *table, stat_tap_table *into, guint row, guint column, uint64_t number);
void table_put_float(stat_tap_table *into, guint row, guint column, double number);
void table_put_text(stat_tap_table *into, guint row, guint column, const char *text);
void table_put_address(stat_tap_table *into, guint row, guint column, const nflx_address *address);
void table_put_name(stat_tap_table *into, guint row, guint column, const char *name);

#endif
