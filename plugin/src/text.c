/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers, names and addresses as people read them. */
#include "plugin.h"

const char *grouped(packet_info *pinfo, uint64_t number)
{
    /* 20 digits, 6 commas, NUL. */
    char text[27];
    char *at = text + sizeof text;
    int digits = 0;

    *--at = '\0';
    do {
        if (digits != 0 && digits % 3 == 0) {
            *--at = ',';
        }
        *--at = (char)('0' + number % 10);
        number /= 10;
        digits++;
    } while (number != 0);
    return wmem_strdup(pinfo->pool, at);
}

const char *printable(wmem_allocator_t *pool, const char *name)
{
    char *copy = wmem_strdup(pool, name);

    for (char *at = copy; *at != '\0'; at++) {
        if (!g_ascii_isprint(*at)) {
            *at = '?';
        }
    }
    return copy;
}

const char *address_text(wmem_allocator_t *pool, const nflx_address *from)
{
    address host;

    if (from->family == 4) {
        set_address(&host, AT_IPv4, 4, from->bytes);
    } else {
        set_address(&host, AT_IPv6, 16, from->bytes);
    }
    return address_to_str(pool, &host);
}

const char *server_label(packet_info *pinfo, const nflx_server *server)
{
    if (server->name[0] != '\0') {
        return printable(pinfo->pool, server->name);
    }
    return address_text(pinfo->pool, &server->address);
}
