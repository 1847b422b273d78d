/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Formats numbers, names and addresses for people. */
#include "format.h"

/* 20 digits, 6 commas, NUL. */
enum { NUMBER_SIZE = 27 };

/* Writes a number's digits at the end of a buffer, in groups of this size separated by commas, if not 0. */
static const char *digits(char text[NUMBER_SIZE], uint64_t number, int group)
{
    char *at = text + NUMBER_SIZE;
    int count = 0;

    *--at = '\0';
    do {
        if (group != 0 && count != 0 && count % group == 0) {
            *--at = ',';
        }
        *--at = (char)('0' + number % 10);
        number /= 10;
        count++;
    } while (number != 0);
    return at;
}

const char *grouped(packet_info *pinfo, uint64_t number)
{
    char text[NUMBER_SIZE];

    return wmem_strdup(pinfo->pool, digits(text, number, 3));
}

static char as_printable(char character)
{
    return g_ascii_isprint(character) ? character : '?';
}

const char *printable(wmem_allocator_t *pool, const char *name)
{
    char *copy = wmem_strdup(pool, name);

    for (char *at = copy; *at != '\0'; at++) {
        *at = as_printable(*at);
    }
    return copy;
}

void line_add(line *line, const char *text)
{
    size_t length = MIN(strlen(text), sizeof line->text - 1 - line->length);

    memcpy(line->text + line->length, text, length);
    line->length += length;
    line->text[line->length] = '\0';
}

void line_add_printable(line *line, const char *text)
{
    size_t from = line->length;

    line_add(line, text);
    for (char *at = line->text + from; *at != '\0'; at++) {
        *at = as_printable(*at);
    }
}

void line_add_number(line *line, uint64_t number)
{
    char text[NUMBER_SIZE];

    line_add(line, digits(text, number, 0));
}

void line_add_grouped(line *line, uint64_t number)
{
    char text[NUMBER_SIZE];

    line_add(line, digits(text, number, 3));
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
