/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared parts of the statistics tables: which numbers have a row, and how cells are filled. */
#include "table.h"

#include "format.h"
#include "session.h"

#include <math.h>

tap_param table_parameters[1] = {{PARAM_FILTER, "filter", "Filter", NULL, TRUE}};

/* Wireshark's window makes a column as wide as its heading, and then draws an arrow next to the heading of the sorted
 * column, which is the first: without extra width, the heading would lose its first letters. */
void table_register(table *table)
{
    if (session_in_window()) {
        stat_tap_table_item *first = &table->ui.fields[0];
        first->column_name = g_strdup_printf("      %s", first->column_name);
    }
    register_stat_tap_table_ui(&table->ui);
}

stat_tap_table *table_inside(const table *table)
{
    GArray *tables = table->ui.tables;
    return tables != NULL && tables->len > 0 ? g_array_index(tables, stat_tap_table *, 0) : NULL;
}

/* Cells */

/* Wireshark's tables have 32-bit numbers. If one does not suffice, the column turns into floating point, which sorts
 * just as well and holds every whole number up to 2^53. */
static void widen(table *table, stat_tap_table *into, guint column)
{
    stat_tap_table_item *field = &table->ui.fields[column];

    field->type = TABLE_ITEM_FLOAT;
    field->field_format = "%.0f";
    for (guint row = 0; row < table->allocated; row++) {
        stat_tap_table_item_type *cell = &into->elements[row][column];
        if (cell->type == TABLE_ITEM_UINT) {
            cell->type = TABLE_ITEM_FLOAT;
            cell->value.float_value = cell->value.uint_value;
        }
    }
}

void table_put_number(table *table, stat_tap_table *into, guint row, guint column, uint64_t number)
{
    if (number > G_MAXUINT32 && table->ui.fields[column].type == TABLE_ITEM_UINT) {
        widen(table, into, column);
    }
    stat_tap_table_item_type *cell = &into->elements[row][column];
    cell->type = table->ui.fields[column].type;
    if (cell->type == TABLE_ITEM_UINT) {
        cell->value.uint_value = (guint)number;
    } else {
        cell->value.float_value = (double)number;
    }
}

void table_put_float(stat_tap_table *into, guint row, guint column, double number)
{
    stat_tap_table_item_type *cell = &into->elements[row][column];
    cell->type = TABLE_ITEM_FLOAT;
    cell->value.float_value = isfinite(number) ? number : 0;
}

/* Windows may refer to a text for as long as they are open, even while the table is refilled. Texts repeat from row to
 * row and over time, so they are kept, each once. */
void table_put_text(stat_tap_table *into, guint row, guint column, const char *text)
{
    stat_tap_table_item_type *cell = &into->elements[row][column];
    cell->type = TABLE_ITEM_STRING;
    cell->value.string_value = g_intern_string(text[0] != '\0' ? text : "-");
}

void table_put_address(stat_tap_table *into, guint row, guint column, const nflx_address *address)
{
    const char *text = address_text(NULL, address);

    table_put_text(into, row, column, text);
    wmem_free(NULL, (void *)text);
}

void table_put_name(stat_tap_table *into, guint row, guint column, const char *name)
{
    const char *text = printable(NULL, name);

    table_put_text(into, row, column, text);
    wmem_free(NULL, (void *)text);
}

/* Rows */

static guint add_row(table *table, stat_tap_table *into)
{
    static const stat_tap_table_item_type empty[TABLE_COLUMNS_MAX];
    guint row = into->num_elements;

    if (row < table->allocated) {
        into->num_elements++;
    } else {
        stat_tap_init_table_row(into, row, into->num_fields, empty);
        table->allocated = into->num_elements;
    }
    return row;
}

/* Without rows, a window would be empty, as if something had failed, so the first row tells why. Programs that read
 * tables get no rows. */
static void say_why(table *table)
{
    stat_tap_table *into = table_inside(table);

    into->num_elements = 0;
    table->says_why = session_in_window();
    if (!table->says_why) {
        return;
    }
    guint row = add_row(table, into);
    bool is_said = false;
    /* From 4.6 on, a window formats a cell like its column, so a text must be in a text column. */
    for (guint column = 0; column < into->num_fields; column++) {
        stat_tap_table_item_type *cell = &into->elements[row][column];
        cell->type = TABLE_ITEM_NONE;
        if (!is_said && table->ui.fields[column].type == TABLE_ITEM_STRING) {
            table_put_text(into, row, column, table->why_empty());
            is_said = true;
        }
    }
}

/* Fills the table in its final order, because Wireshark's window sorts by the first column. */
void table_fill_anew(table *table)
{
    stat_tap_table *into = table_inside(table);

    if (into == NULL || table->listed == NULL || g_hash_table_size(table->listed) == 0) {
        return;
    }
    GList *numbers = g_list_sort(g_hash_table_get_keys(table->listed), table->compare);
    into->num_elements = 0;
    table->says_why = false;
    for (const GList *at = numbers; at != NULL; at = at->next) {
        guint row = add_row(table, into);
        if (!table->fill(table, into, row, GPOINTER_TO_UINT(at->data))) {
            into->num_elements = row;
        }
    }
    g_list_free(numbers);
}

/* Adds one row, for hosts in which we draw nothing: its content is already final. */
void table_append(table *table, uint32_t number)
{
    stat_tap_table *into = table_inside(table);

    if (number < table->last) {
        table_fill_anew(table);
        return;
    }
    table->last = number;
    if (table->says_why) {
        into->num_elements = 0;
        table->says_why = false;
    }
    guint row = add_row(table, into);

    if (!table->fill(table, into, row, number)) {
        into->num_elements = row;
    }
}

/* Lists a number; false if it was already listed. */
bool table_list(table *table, uint32_t number)
{
    if (table->listed == NULL) {
        table->listed = g_hash_table_new(g_direct_hash, g_direct_equal);
    }
    return g_hash_table_add(table->listed, GUINT_TO_POINTER(number));
}

void table_empty(table *table)
{
    if (table->listed != NULL) {
        g_hash_table_remove_all(table->listed);
    }
    table->last = 0;
}

int table_compare_numbers(gconstpointer left, gconstpointer right)
{
    guint a = GPOINTER_TO_UINT(left);
    guint b = GPOINTER_TO_UINT(right);

    return a < b ? -1 : a > b;
}

void table_start(table *table)
{
    table_empty(table);
    if (table_inside(table) == NULL) {
        stat_tap_add_table(&table->ui, stat_tap_init_table(table->title, (int)table->ui.nfields, 0, NULL));
        table->allocated = 0;
    }
    say_why(table);
}

void table_reset(table *table)
{
    table_empty(table);
    if (table_inside(table) != NULL) {
        say_why(table);
    }
}
