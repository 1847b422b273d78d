/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Items of the protocol tree, each added only if its field is needed: an unseen item costs as much as a visible one. */
#include "items.h"

#include <math.h>

static nstime_t span(int64_t nanoseconds)
{
    nstime_t time;

    time.secs = (time_t)(nanoseconds / 1000000000);
    time.nsecs = (int)(nanoseconds % 1000000000);
    return time;
}

proto_item *items_computed(proto_item *item)
{
    proto_item_set_generated(item);
    return item;
}

bool items_asked(proto_tree *tree, field from, field to)
{
    for (int field = (int)from; field <= (int)to; field++) {
        if (proto_field_is_referenced(tree, hf_nflx[field])) {
            return true;
        }
    }
    return false;
}

void items_add_uint64(proto_tree *tree, tvbuff_t *tvb, field field, uint64_t value)
{
    if (proto_field_is_referenced(tree, hf_nflx[field])) {
        items_computed(proto_tree_add_uint64(tree, hf_nflx[field], tvb, 0, 0, value));
    }
}

void items_add_uint(proto_tree *tree, tvbuff_t *tvb, field field, uint32_t value)
{
    if (proto_field_is_referenced(tree, hf_nflx[field])) {
        items_computed(proto_tree_add_uint(tree, hf_nflx[field], tvb, 0, 0, value));
    }
}

void items_add_boolean(proto_tree *tree, tvbuff_t *tvb, field field, bool value)
{
    if (proto_field_is_referenced(tree, hf_nflx[field])) {
        items_computed(proto_tree_add_boolean(tree, hf_nflx[field], tvb, 0, 0, value));
    }
}

void items_add_string(proto_tree *tree, tvbuff_t *tvb, field field, const char *value)
{
    if (proto_field_is_referenced(tree, hf_nflx[field])) {
        items_computed(proto_tree_add_string(tree, hf_nflx[field], tvb, 0, 0, value));
    }
}

void items_add_span(proto_tree *tree, tvbuff_t *tvb, field field, int64_t nanoseconds)
{
    if (proto_field_is_referenced(tree, hf_nflx[field])) {
        nstime_t time = span(nanoseconds);
        items_computed(proto_tree_add_time(tree, hf_nflx[field], tvb, 0, 0, &time));
    }
}

void items_add_seconds(proto_tree *tree, tvbuff_t *tvb, field field, double seconds)
{
    if (isfinite(seconds) && seconds >= 0) {
        items_add_span(tree, tvb, field, (int64_t)rint(seconds * 1e9));
    }
}

/* Rounds a value to 15 digits, the precision of filters made from a field by a right click. */
static double with_15_digits(double value)
{
    char digits[G_ASCII_DTOSTR_BUF_SIZE];

    if (value >= 1 && value < 1e12) {
        /* With at most twelve digits before the point: rounds to three digits after it, without the cost of text. */
        return rint(value * 1000) / 1000;
    }
    g_ascii_formatd(digits, sizeof digits, "%.15g", value);
    return g_ascii_strtod(digits, NULL);
}

void items_add_double(proto_tree *tree, tvbuff_t *tvb, field field, double value)
{
    if (isfinite(value) && proto_field_is_referenced(tree, hf_nflx[field])) {
        items_computed(proto_tree_add_double(tree, hf_nflx[field], tvb, 0, 0, with_15_digits(value)));
    }
}
