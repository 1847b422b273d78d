/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NFLX_PLUGIN_ITEMS_H
#define NFLX_PLUGIN_ITEMS_H

#include "fields.h"

/* Whether somebody looks at one of these fields, or at all. */
bool items_asked(proto_tree *tree, field from, field to);
/* Marks an item as what the analysis says, not what the packet's bytes say. */
proto_item *items_computed(proto_item *item);
void items_add_uint64(proto_tree *tree, tvbuff_t *tvb, field field, uint64_t value);
void items_add_uint(proto_tree *tree, tvbuff_t *tvb, field field, uint32_t value);
void items_add_boolean(proto_tree *tree, tvbuff_t *tvb, field field, bool value);
void items_add_string(proto_tree *tree, tvbuff_t *tvb, field field, const char *value);
void items_add_span(proto_tree *tree, tvbuff_t *tvb, field field, int64_t nanoseconds);
/* Adds nothing for a time that is not known: not a number, or below zero. */
void items_add_seconds(proto_tree *tree, tvbuff_t *tvb, field field, double seconds);
/* Adds nothing for a value that is not known: not a number, or infinite. */
void items_add_double(proto_tree *tree, tvbuff_t *tvb, field field, double value);

#endif
