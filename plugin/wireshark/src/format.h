/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NFLX_PLUGIN_FORMAT_H
#define NFLX_PLUGIN_FORMAT_H

#include "plugin.h"

/* A line of text. Most packets get some, and printf formats would be most of their cost. */
typedef struct line {
    size_t length;
    /* Text that does not fit is dropped; Wireshark shows 240 bytes. */
    char text[512];
} line;
void line_add(line *line, const char *text);
/* Adds the result of `printable`. */
void line_add_printable(line *line, const char *text);
void line_add_number(line *line, uint64_t number);
/* Adds 1245184 as 1,245,184. */
void line_add_grouped(line *line, uint64_t number);

/* Results are in memory of the pool, or of the caller if the pool is NULL. */
/* Returns 1245184 as 1,245,184. */
const char *grouped(packet_info *pinfo, uint64_t number);
/* Returns the server's name, or its address if no name identified it. */
const char *server_label(packet_info *pinfo, const nflx_server *server);
const char *address_text(wmem_allocator_t *pool, const nflx_address *address);
/* Replaces characters that are not printable ASCII: anybody may have sent the packets that names come from, and such
 * characters cannot occur in a host name. */
const char *printable(wmem_allocator_t *pool, const char *name);

#endif
