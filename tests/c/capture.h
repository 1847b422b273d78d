/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Reads classic pcap files, in either byte order, with microseconds or nanoseconds: just enough for the test programs.
 * Valid C11 and valid C++. */
#ifndef NFLX_TEST_CAPTURE_H
#define NFLX_TEST_CAPTURE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nflx.h"

typedef struct capture {
    FILE *file;
    int swapped;
    uint32_t fraction; /* Nanoseconds in one unit of the second half of a time. */
    uint32_t link_type;
    uint64_t frame;
    unsigned char *buffer;
} capture;

static uint32_t capture_u32(const capture *c, const unsigned char *at)
{
    uint32_t little = (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
    uint32_t big = (uint32_t)at[3] | (uint32_t)at[2] << 8 | (uint32_t)at[1] << 16 | (uint32_t)at[0] << 24;
    return c->swapped ? big : little;
}

static int capture_open(capture *c, const char *path)
{
    unsigned char header[24];
    uint32_t magic;

    memset(c, 0, sizeof *c);
    c->file = fopen(path, "rb");
    if (c->file == NULL || fread(header, 1, sizeof header, c->file) != sizeof header) {
        return 0;
    }
    magic = capture_u32(c, header);
    if (magic == 0xd4c3b2a1u || magic == 0x4d3cb2a1u) {
        c->swapped = 1;
        magic = capture_u32(c, header);
    }
    if (magic != 0xa1b2c3d4u && magic != 0xa1b23c4du) {
        return 0;
    }
    c->fraction = magic == 0xa1b23c4du ? 1u : 1000u;
    c->link_type = capture_u32(c, header + 20) & 0xffffu;
    return 1;
}

/* The next packet, pointing into the capture's buffer; 0 at the end. The bytes are a heap block of just their size, so
 * that a sanitizer sees any read beyond them. */
static int capture_next(capture *c, nflx_packet *packet)
{
    unsigned char header[16];
    uint32_t length;

    if (fread(header, 1, sizeof header, c->file) != sizeof header) {
        return 0;
    }
    length = capture_u32(c, header + 8);
    if (length > 16u * 1024u * 1024u) {
        return 0;
    }
    free(c->buffer);
    c->buffer = (unsigned char *)malloc(length == 0 ? 1 : length);
    if (c->buffer == NULL || fread(c->buffer, 1, length, c->file) != length) {
        return 0;
    }
    memset(packet, 0, sizeof *packet);
    packet->struct_size = (uint32_t)sizeof *packet;
    packet->link_type = c->link_type;
    packet->frame = ++c->frame;
    packet->seconds = (int64_t)capture_u32(c, header);
    packet->nanoseconds = capture_u32(c, header + 4) * c->fraction;
    packet->original_length = capture_u32(c, header + 12);
    packet->captured_length = length;
    packet->data = c->buffer;
    return 1;
}

static void capture_close(capture *c)
{
    if (c->file != NULL) {
        fclose(c->file);
    }
    free(c->buffer);
    memset(c, 0, sizeof *c);
}

#endif
