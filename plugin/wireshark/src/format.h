/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NFLX_PLUGIN_FORMAT_H
#define NFLX_PLUGIN_FORMAT_H

#include "plugin.h"

/* A line of text. Most packets get some, and formats as of printf would be most of what they cost. */
typedef struct line {
    size_t length;
    /* What does not fit is left out; Wireshark shows 240 bytes. */
    char text[512];
} line;
void line_add(line *line, const char *text);
/* As of `printable`. */
void line_add_printable(line *line, const char *text);
void line_add_number(line *line, uint64_t number);
/* 1245184 as 1,245,184. */
void line_add_grouped(line *line, uint64_t number);

/* In memory of the pool's, or of the caller's where it is NULL. */
/* 1245184 as 1,245,184. */
const char *grouped(packet_info *pinfo, uint64_t number);
/* The server's name, or its address where no name identified it. */
const char *server_label(packet_info *pinfo, const nflx_server *server);
const char *address_text(wmem_allocator_t *pool, const nflx_address *address);
/* Names come from packets that anybody may have sent; what is no printable ASCII has no place in a host name. */
const char *printable(wmem_allocator_t *pool, const char *name);

#endif
