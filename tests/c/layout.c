/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The layout of the structs that cross, as C and C++ see them; ffi/src has the same numbers for Rust. Changing one is
 * changing the ABI. Compiling this file is the test. */
#include <stddef.h>
#include <stdint.h>

#include "nflx.h"

#ifdef __cplusplus
#define PIN(condition) static_assert(condition, #condition)
#else
#define PIN(condition) _Static_assert(condition, #condition)
#endif

PIN(NFLX_ABI_VERSION == 2);
PIN(sizeof(nflx_status) == 4);

#if UINTPTR_MAX == UINT64_MAX
PIN(sizeof(nflx_address) == 20);
PIN(sizeof(nflx_counters) == 32);

PIN(sizeof(nflx_packet) == 48);
PIN(offsetof(nflx_packet, struct_size) == 0);
PIN(offsetof(nflx_packet, link_type) == 4);
PIN(offsetof(nflx_packet, frame) == 8);
PIN(offsetof(nflx_packet, seconds) == 16);
PIN(offsetof(nflx_packet, nanoseconds) == 24);
PIN(offsetof(nflx_packet, original_length) == 28);
PIN(offsetof(nflx_packet, captured_length) == 32);
PIN(offsetof(nflx_packet, data) == 40);

PIN(sizeof(nflx_annotation) == 96);
PIN(offsetof(nflx_annotation, struct_size) == 0);
PIN(offsetof(nflx_annotation, segment) == 12);
PIN(offsetof(nflx_annotation, bytes_so_far) == 24);
PIN(offsetof(nflx_annotation, server_counters) == 32);
PIN(offsetof(nflx_annotation, flow_counters) == 64);

PIN(sizeof(nflx_server) == 384);
PIN(offsetof(nflx_server, duplicates) == 368);
PIN(offsetof(nflx_server, first_frame) == 376);

PIN(sizeof(nflx_session) == 184);
PIN(offsetof(nflx_session, t_start) == 32);
PIN(offsetof(nflx_session, video_media) == 112);
PIN(sizeof(nflx_moment) == 48);
PIN(sizeof(nflx_media) == 32);
PIN(offsetof(nflx_server, role_reason) == 360);
PIN(offsetof(nflx_server, struct_size) == 0);
PIN(offsetof(nflx_server, address) == 8);
PIN(offsetof(nflx_server, segment_bytes) == 48);
PIN(offsetof(nflx_server, counters) == 56);
PIN(offsetof(nflx_server, t_first) == 88);
PIN(offsetof(nflx_server, name) == 104);
PIN(sizeof(nflx_note) == 520);
PIN(offsetof(nflx_note, text) == 4);
PIN(offsetof(nflx_note, flags) == 516);
PIN(sizeof(nflx_summary) == 8196);
PIN(offsetof(nflx_summary, text) == 4);

PIN(sizeof(nflx_evidence) == 272);
PIN(offsetof(nflx_evidence, struct_size) == 0);
PIN(offsetof(nflx_evidence, frame) == 8);
PIN(offsetof(nflx_evidence, source) == 16);

PIN(sizeof(nflx_segment) == 456);
PIN(offsetof(nflx_segment, kind_reason) == 168);
PIN(offsetof(nflx_segment, previous) == 172);
PIN(offsetof(nflx_segment, struct_size) == 0);
PIN(offsetof(nflx_segment, client) == 24);
PIN(offsetof(nflx_segment, client_port) == 44);
PIN(offsetof(nflx_segment, transport) == 48);
PIN(offsetof(nflx_segment, request_frame) == 56);
PIN(offsetof(nflx_segment, pkts) == 104);
PIN(offsetof(nflx_segment, ttfb) == 144);
PIN(offsetof(nflx_segment, throughput) == 160);
PIN(offsetof(nflx_segment, size_error) == 184);
PIN(offsetof(nflx_segment, via) == 192);
PIN(offsetof(nflx_segment, evidence) == 196);
PIN(offsetof(nflx_segment, name) == 200);

PIN(sizeof(nflx_stats) == 152);
PIN(offsetof(nflx_stats, quality_lost) == 144);
PIN(offsetof(nflx_stats, duplicates) == 120);
PIN(offsetof(nflx_stats, struct_size) == 0);
PIN(offsetof(nflx_stats, packets) == 8);
PIN(offsetof(nflx_stats, frame_log_bytes) == 88);
PIN(offsetof(nflx_stats, settled_lost) == 104);
PIN(offsetof(nflx_stats, clock_steps) == 112);

PIN(sizeof(nflx_model) == 304);
PIN(offsetof(nflx_model, window) == 8);
PIN(offsetof(nflx_model, name) == 16);
PIN(offsetof(nflx_model, unit) == 272);
PIN(sizeof(nflx_quality) == 424);
PIN(offsetof(nflx_quality, client) == 16);
PIN(offsetof(nflx_quality, from) == 40);
PIN(offsetof(nflx_quality, label) == 72);
PIN(offsetof(nflx_quality, reason) == 168);

PIN(sizeof(nflx_unfollowed) == 152);
PIN(offsetof(nflx_unfollowed, packets) == 8);
PIN(offsetof(nflx_unfollowed, name) == 16);
PIN(offsetof(nflx_unfollowed, reason) == 80);
PIN(offsetof(nflx_unfollowed, first_frame) == 144);

PIN(sizeof(nflx_setting) == 88);
PIN(offsetof(nflx_setting, struct_size) == 0);
PIN(offsetof(nflx_setting, name) == 8);
PIN(offsetof(nflx_setting, minimum) == 56);
PIN(offsetof(nflx_setting, choices) == 72);
#endif

int main(void)
{
    return nflx_abi_version() == NFLX_ABI_VERSION ? 0 : 1;
}
