/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/*
 * nflx: Netflix streaming seen from packets. Identification, counters, segments.
 *
 * A host creates a configuration and an engine, passes each frame of a capture to nflx_engine_packet in order, and reads
 * the results:
 *
 *     nflx_engine *engine = NULL;
 *     nflx_status status = nflx_engine_new(NULL, 0, &engine);
 *     for each frame:
 *         nflx_packet packet = {sizeof packet, link_type, frame, seconds, nanoseconds, length, captured, bytes};
 *         nflx_annotation annotation = {sizeof annotation};
 *         status = nflx_engine_packet(engine, &packet, &annotation);
 *     nflx_engine_finish(engine);
 *     nflx_segment segment = {sizeof segment};
 *     status = nflx_engine_segment(engine, 1, &segment);
 *     nflx_engine_free(engine);
 *
 * These rules hold for all functions:
 *
 * Errors. Functions return an nflx_status; NFLX_STATUS_OK is 0. After a failure, nflx_engine_error or nflx_config_error
 * returns a message about it, except if the handle itself is NULL. Outputs are written only on NFLX_STATUS_OK.
 *
 * Structs. Every struct that crosses begins with struct_size. Set it to sizeof the struct before each call, also for
 * outputs. It tells the size of the caller's struct: the library reads and writes no more than that, and leaves
 * struct_size unchanged. So a program built with an older, smaller struct works with a newer library, and the other way
 * round. An older library does not write fields that only a newer header has: set them to 0 before the call. Unknown
 * flags are refused, so that they can get a meaning later.
 *
 * Pointers. A pointer is valid for the call, or NULL where a comment says that NULL is fine; any other NULL is refused
 * with NFLX_STATUS_NULL. The library keeps no pointer that it is given, and never calls the host.
 *
 * Ownership. nflx_config and nflx_engine are created by _new and freed by _free, once; nothing else is to be freed.
 * Strings that functions return belong to the library: static ones are valid until the library is unloaded, others as
 * long as the function's comment says.
 *
 * Threads. Only one thread at a time may use a handle, but not always the same one. Different handles are independent:
 * engines in several threads need no lock. Functions without a handle may be called from any thread at any time.
 *
 * Bugs. If the library detects a bug of its own, it returns NFLX_STATUS_PANIC instead of ending the host; the handle
 * returns NFLX_STATUS_POISONED from then on. The library prints nothing.
 *
 * Units. Bytes, packets, nanoseconds, bits per second. Text is UTF-8.
 */

#ifndef NFLX_H
#define NFLX_H

/* Generated from the comments in ffi/src by cbindgen. Change those, then: NFLX_UPDATE_HEADER=1 cargo test -p nflx-ffi */

#include <stdint.h>

/**
 * Version of this ABI. Changes only if programs built with an older header would break. Within a
 * version, structs grow by fields at their end, which `struct_size` tells apart. Version 2 made
 * `nflx_engine` const where a function only reads.
 */
#define NFLX_ABI_VERSION 2

/**
 * `nflx_annotation.flow` of a packet without a flow: later fragments carry no ports.
 */
#define NFLX_NO_FLOW UINT32_MAX

/**
 * From the Netflix server to the client (downlink).
 */
#define NFLX_DIRECTION_IN 1

/**
 * From the client to the Netflix server (uplink).
 */
#define NFLX_DIRECTION_OUT 2

/**
 * Flag of `nflx_annotation`: the packet begins a segment request.
 */
#define NFLX_ANNOTATION_REQUEST 1

/**
 * Flag of `nflx_annotation`: the snapshot length cut headers or record framing of the packet.
 */
#define NFLX_ANNOTATION_TRUNCATED 2

/**
 * Flag of `nflx_annotation`: response bytes of its segment are known, as of this packet, to have
 * never been captured.
 */
#define NFLX_ANNOTATION_MISSING 4

/**
 * Flag of `nflx_annotation`: set once any table has been full, so results may be incomplete; see
 * `nflx_engine_stats`.
 */
#define NFLX_ANNOTATION_FULL 8

/**
 * Flag of `nflx_annotation`: a copy of a packet captured earlier. A copy is not counted and
 * belongs to no segment.
 */
#define NFLX_ANNOTATION_DUPLICATE 16

/**
 * Flag of `nflx_engine_new`: keep the annotation of each packet for `nflx_engine_frame`. Takes 64
 * bytes of memory per Netflix packet, and as much again with a model; nothing for other packets.
 */
#define NFLX_ENGINE_KEEP_FRAMES 1

/**
 * Flag of `nflx_engine_new`: keep settled segments for `nflx_engine_next_settled`.
 */
#define NFLX_ENGINE_KEEP_SETTLED 2

/**
 * Flag of `nflx_engine_new`, used with `NFLX_ENGINE_KEEP_SETTLED`: find sessions among settled
 * segments, for `nflx_engine_next_session`.
 */
#define NFLX_ENGINE_KEEP_SESSIONS 4

/**
 * Size of the array that holds a note, in bytes, with the NUL that ends it. Notes are shorter than
 * this.
 */
#define NFLX_NOTE_SIZE 512

/**
 * Size of the array that holds a summary, in bytes, with the NUL that ends it. Summaries are
 * shorter than this.
 */
#define NFLX_SUMMARY_SIZE 8192

/**
 * Flag of `nflx_note`: the packet begins a request or is the last of a segment.
 */
#define NFLX_NOTE_LANDMARK 1

/**
 * Flag of `nflx_quality`: the window is closed, and the model was evaluated.
 */
#define NFLX_QUALITY_CLOSED 1

/**
 * Flag of `nflx_quality`: an input of the model lies outside the values seen in training.
 */
#define NFLX_QUALITY_OUT_OF_RANGE 2

/**
 * Flag of `nflx_quality`: the answer uses the whole capture; without it, what was known when the
 * window closed.
 */
#define NFLX_QUALITY_SETTLED 4

/**
 * The target is unknown, because the model has no card.
 */
#define NFLX_TARGET_NONE 0

/**
 * The target is the number of lines of the picture.
 */
#define NFLX_TARGET_RESOLUTION 1

/**
 * The target is the number of seconds from the first request to the first picture.
 */
#define NFLX_TARGET_STARTUP_DELAY 2

/**
 * The target is something else, in the author's word: `nflx_model.target_name`.
 */
#define NFLX_TARGET_OTHER 3

/**
 * The segment was carried by TCP.
 */
#define NFLX_TRANSPORT_TCP 1

/**
 * The segment was carried by QUIC.
 */
#define NFLX_TRANSPORT_QUIC 2

/**
 * The segment came through an HTTP CONNECT tunnel.
 */
#define NFLX_VIA_CONNECT 1

/**
 * The segment came through a SOCKS tunnel.
 */
#define NFLX_VIA_SOCKS 2

/**
 * The segment came through a cleartext HTTP proxy.
 */
#define NFLX_VIA_HTTP_PROXY 3

/**
 * The segment is neither video nor audio, or too little was seen to tell.
 */
#define NFLX_KIND_OTHER 0

/**
 * The segment is video.
 */
#define NFLX_KIND_VIDEO 1

/**
 * The segment is audio.
 */
#define NFLX_KIND_AUDIO 2

/**
 * The kind of the segment is not decided yet. It is decided at the latest when the segment
 * settles.
 */
#define NFLX_KIND_PENDING 3

/**
 * Flag of `nflx_segment`: ended by the next request, by close or by silence (`segment_quiet`).
 * Absent while it is open.
 */
#define NFLX_SEGMENT_COMPLETE 1

/**
 * Flag of `nflx_segment`: `app_bytes` is estimated; the snapshot length or a gap hid records, or
 * the response may include the answer to a request that was not captured.
 */
#define NFLX_SEGMENT_ESTIMATED 2

/**
 * Flag of `nflx_segment`: the bytes were divided among requests that overlapped on one connection.
 */
#define NFLX_SEGMENT_SHARED 4

/**
 * Flag of `nflx_segment`: seen through acknowledgements only; the other half of the connection was
 * not captured.
 */
#define NFLX_SEGMENT_INFERRED 8

/**
 * Flag of `nflx_segment`: a response began, so `first_frame` and `t_first` are valid.
 */
#define NFLX_SEGMENT_HAS_FIRST 16

/**
 * Flag of `nflx_segment`: `last_frame` and `t_last` are valid.
 */
#define NFLX_SEGMENT_HAS_LAST 32

/**
 * Flag of `nflx_segment`: `throughput` is valid; it is not if no time passed between first and
 * last byte.
 */
#define NFLX_SEGMENT_HAS_THROUGHPUT 64

/**
 * Flag of `nflx_segment`: nothing about it will change again.
 */
#define NFLX_SEGMENT_SETTLED 128

/**
 * Flag of `nflx_segment`: `ttfb` is valid; it is not if the capture's times contradict the order.
 */
#define NFLX_SEGMENT_HAS_TTFB 256

/**
 * Flag of `nflx_segment`: `duration` is valid; it is not if the capture's times contradict the
 * order.
 */
#define NFLX_SEGMENT_HAS_DURATION 512

/**
 * Flag of `nflx_segment`: the client closed the connection in the middle of the response.
 */
#define NFLX_SEGMENT_ABORTED 1024

/**
 * Size of the arrays that hold names, in bytes, with the NUL that ends them. DNS names are shorter
 * than this.
 */
#define NFLX_NAME_SIZE 256

/**
 * Too little of the server was seen to tell.
 */
#define NFLX_ROLE_UNKNOWN 0

/**
 * The server sends video segments.
 */
#define NFLX_ROLE_VIDEO 1

/**
 * The server sends video and audio segments.
 */
#define NFLX_ROLE_AUDIO_VIDEO 2

/**
 * The server answers small requests: API, licence, telemetry.
 */
#define NFLX_ROLE_CONTROL 3

/**
 * The server sends artwork, scripts and other files.
 */
#define NFLX_ROLE_STATIC 4

/**
 * The server sends audio segments and no video.
 */
#define NFLX_ROLE_AUDIO 5

/**
 * Evidence: none.
 */
#define NFLX_EVIDENCE_NONE 0

/**
 * Evidence: the user's own prefixes.
 */
#define NFLX_EVIDENCE_CONFIG 1

/**
 * Evidence: TLS server name of a ClientHello over TCP.
 */
#define NFLX_EVIDENCE_SNI 2

/**
 * Evidence: TLS server name of a ClientHello in QUIC Initial packets.
 */
#define NFLX_EVIDENCE_QUIC_SNI 3

/**
 * Evidence: Host header of a cleartext HTTP/1 request.
 */
#define NFLX_EVIDENCE_HTTP_HOST 4

/**
 * Evidence: a DNS answer to a question whose name matches.
 */
#define NFLX_EVIDENCE_DNS 5

/**
 * Evidence: a DNS answer with a matching name in its CNAME chain.
 */
#define NFLX_EVIDENCE_CNAME 6

/**
 * Evidence: the classic rule, the owner name of the address record itself.
 */
#define NFLX_EVIDENCE_DNS_OWNER 7

/**
 * Evidence: an address in a range that Netflix announces.
 */
#define NFLX_EVIDENCE_PREFIX 8

/**
 * Evidence: an HTTPS or SVCB record whose address hints contain the address.
 */
#define NFLX_EVIDENCE_HTTPS_RECORD 9

/**
 * Evidence: a name in the certificate that the server sent unencrypted.
 */
#define NFLX_EVIDENCE_CERTIFICATE 10

/**
 * Evidence: the host that a client asked a proxy for.
 */
#define NFLX_EVIDENCE_TUNNEL 11

/**
 * There is no evidence.
 */
#define NFLX_EVIDENCE_SCOPE_NONE 0

/**
 * The flow itself gave the evidence, by its own name.
 */
#define NFLX_EVIDENCE_SCOPE_FLOW 1

/**
 * The evidence is for the address, which is known from elsewhere.
 */
#define NFLX_EVIDENCE_SCOPE_ADDRESS 2

/**
 * Flag of `nflx_session`: `stalls` is valid.
 */
#define NFLX_SESSION_HAS_STALLS 1

/**
 * Flag of `nflx_session`: `pauses` is valid.
 */
#define NFLX_SESSION_HAS_PAUSES 2

/**
 * Flag of `nflx_session`: `seeks` is valid.
 */
#define NFLX_SESSION_HAS_SEEKS 4

/**
 * The player waits for its first media.
 */
#define NFLX_STATE_STARTING 1

/**
 * The player plays.
 */
#define NFLX_STATE_PLAYING 2

/**
 * The picture has stopped because media is missing.
 */
#define NFLX_STATE_STALLED 3

/**
 * The viewer paused the player.
 */
#define NFLX_STATE_PAUSED 4

/**
 * The player waits for media at another position.
 */
#define NFLX_STATE_SEEKING 5

/**
 * The session is over.
 */
#define NFLX_STATE_ENDED 6

/**
 * The setting takes words separated by commas.
 */
#define NFLX_SETTING_LIST 1

/**
 * The setting takes one of a few words.
 */
#define NFLX_SETTING_CHOICE 2

/**
 * The setting takes a whole number between two inclusive bounds.
 */
#define NFLX_SETTING_NUMBER 3

/**
 * `nflx_unfollowed.link_type` of packets that end in a known header.
 */
#define NFLX_NO_LINK_TYPE UINT32_MAX

/**
 * Settings for engines. Made by `nflx_config_new`, freed by `nflx_config_free`.
 */
typedef struct nflx_config nflx_config;

/**
 * The analysis of one capture. Made by `nflx_engine_new`, freed by `nflx_engine_free`.
 */
typedef struct nflx_engine nflx_engine;

/**
 * The status of a call: one of the `NFLX_STATUS_` constants. Numbers are never reused.
 */
typedef int32_t nflx_status;

/**
 * The model that an engine uses.
 */
typedef struct nflx_model {
    /**
     * Set to `sizeof(nflx_model)`.
     */
    uint32_t struct_size;
    /**
     * `NFLX_TARGET_`: the quantity that it predicts.
     */
    uint32_t target;
    /**
     * Length of a window, in seconds.
     */
    uint64_t window;
    /**
     * Name, ended by NUL; empty without a card.
     */
    char name[128];
    /**
     * Version, ended by NUL; empty without a card.
     */
    char version[64];
    /**
     * Word for the quantity that it predicts, ended by NUL; empty without a card.
     */
    char target_name[64];
    /**
     * Unit of its value, ended by NUL; empty if it has none.
     */
    char unit[32];
} nflx_model;

/**
 * An IP address. Part of other structs, never alone.
 */
typedef struct nflx_address {
    /**
     * 4 or 6.
     */
    uint32_t family;
    /**
     * The bytes in network byte order; an IPv4 address fills the first four, the rest is 0.
     */
    uint8_t bytes[16];
} nflx_address;

/**
 * A model's answer for a window of one client's traffic. Sessions and windows are those of
 * features: the traffic of one client until it pauses for `session_idle`, divided into windows of
 * `feature_window`. Times are nanoseconds since 1970-01-01T00:00:00Z. Numbers with a fraction are
 * NaN if the model gives none.
 */
typedef struct nflx_quality {
    /**
     * Set to `sizeof(nflx_quality)`.
     */
    uint32_t struct_size;
    /**
     * Number of the session in the capture, from 1.
     */
    uint32_t session;
    /**
     * Number of the window in the session, from 0.
     */
    uint32_t window;
    /**
     * Sum of `NFLX_QUALITY_` flags.
     */
    uint32_t flags;
    /**
     * Address of the client; family 0 while the window is open.
     */
    struct nflx_address client;
    /**
     * One more than its index for `nflx_engine_quality`; 0 if the window has no such index.
     */
    uint32_t number;
    /**
     * Start of the window.
     */
    int64_t from;
    /**
     * End of the window, where the next one starts.
     */
    int64_t to;
    /**
     * The value, in the model's unit, or the label as a number.
     */
    double value;
    /**
     * Probability that the label is right, from 0 to 1.
     */
    double confidence;
    /**
     * The label, ended by NUL; empty if the model gives none.
     */
    char label[96];
    /**
     * Why the model does not answer, ended by NUL; empty if it does.
     */
    char reason[256];
} nflx_quality;

/**
 * One captured frame.
 */
typedef struct nflx_packet {
    /**
     * Set to `sizeof(nflx_packet)`.
     */
    uint32_t struct_size;
    /**
     * Link type, as numbered by the tcpdump group's registry: the LINKTYPE_ values of
     * <https://www.tcpdump.org/linktypes.html>, 0 to 65535.
     */
    uint32_t link_type;
    /**
     * Frame number in the capture, from 1.
     */
    uint64_t frame;
    /**
     * Time of capture: seconds since 1970-01-01T00:00:00Z.
     */
    int64_t seconds;
    /**
     * Nanoseconds to add to `seconds`.
     */
    uint32_t nanoseconds;
    /**
     * Length on the wire, in bytes; `captured_length` is smaller if a snapshot length cut the
     * frame.
     */
    uint32_t original_length;
    /**
     * Number of bytes at `data`.
     */
    uint64_t captured_length;
    /**
     * The captured bytes, from the link-layer header on. Only read during the call. NULL if there
     * are none.
     */
    const uint8_t *data;
} nflx_packet;

/**
 * IP packets and bytes in both directions. Bytes are the length that the IP header states (IPv4:
 * total length; IPv6: 40 + payload length). If the header states 0 (segmentation offload), they
 * are the frame's length less the link header. Part of other structs, never alone.
 */
typedef struct nflx_counters {
    /**
     * Packets from Netflix to the client.
     */
    uint64_t in_pkts;
    /**
     * Packets from the client to Netflix.
     */
    uint64_t out_pkts;
    /**
     * Bytes from Netflix to the client.
     */
    uint64_t in_bytes;
    /**
     * Bytes from the client to Netflix.
     */
    uint64_t out_bytes;
} nflx_counters;

/**
 * Facts about one packet of an identified Netflix server, as of that packet. For what only later
 * packets reveal (a segment's total, its last frame), call `nflx_engine_segment` with the
 * segment's number.
 */
typedef struct nflx_annotation {
    /**
     * Set to `sizeof(nflx_annotation)`.
     */
    uint32_t struct_size;
    /**
     * The server at the Netflix end: a number for `nflx_engine_server`.
     */
    uint32_t server;
    /**
     * Flow number, from 0 in order of appearance among all flows of the capture, or
     * `NFLX_NO_FLOW`.
     */
    uint32_t flow;
    /**
     * Number of the segment that this packet requests or carries bytes of, from 1 in order of
     * request; 0 for none.
     */
    uint32_t segment;
    /**
     * `NFLX_DIRECTION_IN` or `NFLX_DIRECTION_OUT`.
     */
    uint32_t direction;
    /**
     * Sum of `NFLX_ANNOTATION_` flags.
     */
    uint32_t flags;
    /**
     * Response payload of the segment up to and including this packet, in bytes.
     */
    uint64_t bytes_so_far;
    /**
     * Counters of the server address up to and including this packet.
     */
    struct nflx_counters server_counters;
    /**
     * Counters of the flow up to and including this packet.
     */
    struct nflx_counters flow_counters;
} nflx_annotation;

/**
 * One line about a packet, for comments in captures.
 */
typedef struct nflx_note {
    /**
     * Set to `sizeof(nflx_note)`.
     */
    uint32_t struct_size;
    /**
     * Printable ASCII, ended by NUL. Begins with `nflx: `, by which a host recognises comments of
     * ours.
     */
    char text[NFLX_NOTE_SIZE];
    /**
     * Sum of `NFLX_NOTE_` flags.
     */
    uint32_t flags;
} nflx_note;

/**
 * A few lines about a capture, for the comment of its section.
 */
typedef struct nflx_summary {
    /**
     * Set to `sizeof(nflx_summary)`.
     */
    uint32_t struct_size;
    /**
     * Printable ASCII with line feeds between the lines, ended by NUL. Begins with `nflx: `, like
     * notes.
     */
    char text[NFLX_SUMMARY_SIZE];
} nflx_summary;

/**
 * An identified Netflix address and its traffic so far.
 */
typedef struct nflx_server {
    /**
     * Set to `sizeof(nflx_server)`.
     */
    uint32_t struct_size;
    /**
     * Number of the server, from 0 in order of identification.
     */
    uint32_t id;
    /**
     * The address.
     */
    struct nflx_address address;
    /**
     * `NFLX_ROLE_`: its role, as its traffic shows it.
     */
    uint32_t role;
    /**
     * `NFLX_EVIDENCE_`: the strongest kind of evidence.
     */
    uint32_t evidence;
    /**
     * Number of pieces of evidence, for `nflx_engine_evidence`.
     */
    uint32_t evidence_count;
    /**
     * TCP and UDP flows with this address.
     */
    uint32_t flows;
    /**
     * Segments of this address.
     */
    uint32_t segments;
    /**
     * Sum of their bytes.
     */
    uint64_t segment_bytes;
    /**
     * All IP packets of the address.
     */
    struct nflx_counters counters;
    /**
     * First packet of the address, in nanoseconds since 1970-01-01T00:00:00Z.
     */
    int64_t t_first;
    /**
     * Last packet of the address, in nanoseconds since 1970-01-01T00:00:00Z.
     */
    int64_t t_last;
    /**
     * The name that identified it, ended by NUL; empty if no name did.
     */
    char name[NFLX_NAME_SIZE];
    /**
     * The rule that decided its role: `nflx_role_reason_name`.
     */
    uint32_t role_reason;
    /**
     * `NFLX_EVIDENCE_SCOPE_`: the source of the strongest evidence.
     */
    uint32_t evidence_scope;
    /**
     * Copies of packets, not included in the counters.
     */
    uint64_t duplicates;
    /**
     * Frame of its first packet; 0 before one comes.
     */
    uint64_t first_frame;
} nflx_server;

/**
 * One piece of evidence for a server.
 */
typedef struct nflx_evidence {
    /**
     * Set to `sizeof(nflx_evidence)`.
     */
    uint32_t struct_size;
    /**
     * `NFLX_EVIDENCE_`: the kind.
     */
    uint32_t kind;
    /**
     * First frame with this evidence, even if it came before `nflx_engine_rewind`; 0 for prefixes,
     * which come from no frame.
     */
    uint64_t frame;
    /**
     * The name, in lower case, or the prefix in CIDR notation; ended by NUL.
     */
    char source[NFLX_NAME_SIZE];
} nflx_evidence;

/**
 * One request and its response, as far as they are known now. Fields that are not valid are 0.
 * Times are nanoseconds since 1970-01-01T00:00:00Z, spans are nanoseconds.
 */
typedef struct nflx_segment {
    /**
     * Set to `sizeof(nflx_segment)`.
     */
    uint32_t struct_size;
    /**
     * Number in the capture, from 1 in order of request.
     */
    uint32_t number;
    /**
     * Position among this server's segments, from 1.
     */
    uint32_t index;
    /**
     * The server that sent it: a number for `nflx_engine_server`.
     */
    uint32_t server;
    /**
     * The flow; under the classic per-address rule, the flow of the request.
     */
    uint32_t flow;
    /**
     * Sum of `NFLX_SEGMENT_` flags.
     */
    uint32_t flags;
    /**
     * The client's address.
     */
    struct nflx_address client;
    /**
     * The client's port.
     */
    uint16_t client_port;
    /**
     * The server's port.
     */
    uint16_t server_port;
    /**
     * `NFLX_TRANSPORT_`: the transport that carried it.
     */
    uint32_t transport;
    /**
     * `NFLX_KIND_`: the kind of its content.
     */
    uint32_t kind;
    /**
     * Frame that begins the request.
     */
    uint64_t request_frame;
    /**
     * First response packet with new data.
     */
    uint64_t first_frame;
    /**
     * Last response packet with new data.
     */
    uint64_t last_frame;
    /**
     * Time of `request_frame`.
     */
    int64_t t_request;
    /**
     * Time of `first_frame`.
     */
    int64_t t_first;
    /**
     * Time of `last_frame`.
     */
    int64_t t_last;
    /**
     * Response packets with payload.
     */
    uint64_t pkts;
    /**
     * Response payload carried by TCP or UDP, each byte once.
     */
    uint64_t bytes;
    /**
     * The same less TLS or QUIC framing: the bytes that HTTP sent.
     */
    uint64_t app_bytes;
    /**
     * Response payload seen again, in bytes.
     */
    uint64_t retransmitted_bytes;
    /**
     * Response payload that the client acknowledged but that was never captured; part of `bytes`.
     */
    uint64_t missing_bytes;
    /**
     * Time from request to first byte.
     */
    int64_t ttfb;
    /**
     * Time from request to last byte.
     */
    int64_t duration;
    /**
     * Bits per second from first to last byte.
     */
    double throughput;
    /**
     * The rule that decided its kind: `nflx_kind_reason_name`.
     */
    uint32_t kind_reason;
    /**
     * Number of the server's previous segment, 0 for none; it may have been evicted since.
     */
    uint32_t previous;
    /**
     * Number of the server's next segment, 0 for none.
     */
    uint32_t next;
    /**
     * `NFLX_EVIDENCE_SCOPE_`: whether the flow itself identified it as Netflix, or its address is
     * known.
     */
    uint32_t evidence_scope;
    /**
     * Upper bound of the error of `app_bytes`, in bytes, that holds for 95 of 100 segments; 0 if
     * `app_bytes` is exact.
     */
    uint64_t size_error;
    /**
     * `NFLX_VIA_`: the proxy that it came through, whose address is then the server's; 0 for none.
     */
    uint32_t via;
    /**
     * `NFLX_EVIDENCE_`: the kind of evidence that identified it as Netflix, with the scope
     * `evidence_scope`.
     */
    uint32_t evidence;
    /**
     * The name that its connection gave, or else the name that identified the server, ended by
     * NUL; empty if there is none.
     */
    char name[NFLX_NAME_SIZE];
} nflx_segment;

/**
 * Packets that a known header ends, because it hides the rest, or packets of an unknown link type.
 */
typedef struct nflx_unfollowed {
    /**
     * Set to `sizeof(nflx_unfollowed)`.
     */
    uint32_t struct_size;
    /**
     * The unknown link type, or `NFLX_NO_LINK_TYPE`.
     */
    uint32_t link_type;
    /**
     * Number of packets.
     */
    uint64_t packets;
    /**
     * Name of the header or link type, ended by NUL; empty for a link type without one.
     */
    char name[64];
    /**
     * Why the rest cannot be read, worded to follow "which is"; ended by NUL.
     */
    char reason[64];
    /**
     * The first frame that ended in this header; 0 for a link type.
     */
    uint64_t first_frame;
} nflx_unfollowed;

/**
 * Counts of what the engine dropped, capped or could not read since it was created.
 */
typedef struct nflx_stats {
    /**
     * Set to `sizeof(nflx_stats)`.
     */
    uint32_t struct_size;
    /**
     * 1 if evidence came after packets that it concerns, so that a second reading
     * (`nflx_engine_rewind`) would tell more about these packets; else 0. To get the same rows as
     * other hosts, follow `nflx_engine_should_read_again` instead.
     */
    uint32_t evidence_came_late;
    /**
     * Packets given to the engine.
     */
    uint64_t packets;
    /**
     * Packets without a readable IP packet: ARP and the like, unknown link types, damaged headers.
     */
    uint64_t not_ip;
    /**
     * Packets of an unknown link type.
     */
    uint64_t unknown_link_type;
    /**
     * Flows in the table now.
     */
    uint64_t flows;
    /**
     * Flows that were evicted.
     */
    uint64_t flows_evicted;
    /**
     * Addresses that were evicted.
     */
    uint64_t hosts_evicted;
    /**
     * Netflix addresses that were evicted or had no room.
     */
    uint64_t servers_dropped;
    /**
     * Segments that were evicted, oldest first.
     */
    uint64_t segments_evicted;
    /**
     * Followed flows that were evicted.
     */
    uint64_t connections_evicted;
    /**
     * Out-of-order bytes dropped for lack of room; record framing after them is estimated.
     */
    uint64_t reorder_dropped;
    /**
     * Memory of annotations kept for `nflx_engine_frame`, in bytes.
     */
    uint64_t frame_log_bytes;
    /**
     * Changes to segments that had already settled: counted here, not applied.
     */
    uint64_t late_changes;
    /**
     * Settled segments that the host did not take with `nflx_engine_next_settled` in time.
     */
    uint64_t settled_lost;
    /**
     * Packets whose time is earlier than the previous packet's by more than the setting
     * `clock_step`. Spans across such a step are not valid.
     */
    uint64_t clock_steps;
    /**
     * Copies of other packets: counted here and nowhere else.
     */
    uint64_t duplicates;
    /**
     * Packets that came in a different VLAN or tunnel than the previous packet in the same
     * direction of their flow. The setting `flow_key` separates such flows.
     */
    uint64_t scopes_mixed;
    /**
     * Packets whose fragments were evicted.
     */
    uint64_t fragments_dropped;
    /**
     * Answers of a model that the host did not take with `nflx_engine_next_quality` in time.
     */
    uint64_t quality_lost;
} nflx_stats;

/**
 * One title played by one viewer. Times are nanoseconds since 1970-01-01T00:00:00Z. Numbers with a
 * fraction are NaN if they cannot be determined.
 */
typedef struct nflx_session {
    /**
     * Set to `sizeof(nflx_session)`.
     */
    uint32_t struct_size;
    /**
     * Number in the capture, from 1 in order of start.
     */
    uint32_t number;
    /**
     * Address of the viewer.
     */
    struct nflx_address client;
    /**
     * Sum of `NFLX_SESSION_` flags.
     */
    uint32_t flags;
    /**
     * First request for media.
     */
    int64_t t_start;
    /**
     * Last byte of media.
     */
    int64_t t_end;
    /**
     * Bytes of whole video segments.
     */
    uint64_t video_bytes;
    /**
     * Bytes of whole audio segments.
     */
    uint64_t audio_bytes;
    /**
     * Whole video segments.
     */
    uint32_t video_segments;
    /**
     * Whole audio segments.
     */
    uint32_t audio_segments;
    /**
     * Segments of either that the player abandoned, or that were still on their way at the end.
     */
    uint32_t dropped_segments;
    /**
     * Number of servers that sent media.
     */
    uint32_t servers;
    /**
     * Number of flows that carried media.
     */
    uint32_t flows;
    /**
     * Number of times that the picture stopped for half a second or longer against the viewer's
     * wish.
     */
    uint32_t stalls;
    /**
     * Number of times that the viewer paused.
     */
    uint32_t pauses;
    /**
     * Number of times that the viewer went to another position.
     */
    uint32_t seeks;
    /**
     * Number of changes to a better picture.
     */
    uint32_t switches_up;
    /**
     * Number of changes to a worse picture.
     */
    uint32_t switches_down;
    /**
     * Why some values are not known: `nflx_session_reason_name`.
     */
    uint32_t reason;
    /**
     * 0.
     */
    uint32_t reserved;
    /**
     * Media seconds in a video segment.
     */
    double video_media;
    /**
     * Media seconds in an audio segment.
     */
    double audio_media;
    /**
     * Seconds from the first request for media to the first frame.
     */
    double startup;
    /**
     * Seconds of playback.
     */
    double played;
    /**
     * Total seconds of stalls.
     */
    double stalled;
    /**
     * Bits per second of video, over the whole session.
     */
    double video_bitrate;
    /**
     * Bits per second of audio, over the whole session.
     */
    double audio_bitrate;
    /**
     * Seconds of media buffered ahead of the position at the end.
     */
    double buffer;
    /**
     * Confidence in the media seconds, from 0 to 1.
     */
    double confidence;
} nflx_session;

/**
 * The state of a player at a time. Numbers with a fraction are NaN if they cannot be determined.
 */
typedef struct nflx_moment {
    /**
     * Set to `sizeof(nflx_moment)`.
     */
    uint32_t struct_size;
    /**
     * `NFLX_STATE_`: the state.
     */
    uint32_t state;
    /**
     * Seconds buffered ahead of the position: the lower of both tracks.
     */
    double buffer;
    /**
     * Bits per second of the latest video that arrived.
     */
    double fetched_bitrate;
    /**
     * Bits per second of the video on the screen.
     */
    double shown_bitrate;
    /**
     * Number of stalls that began by then.
     */
    uint32_t stalls;
    /**
     * 0.
     */
    uint32_t reserved;
    /**
     * Seconds of stalls by then.
     */
    double stalled;
} nflx_moment;

/**
 * A segment's part in its viewer's session.
 */
typedef struct nflx_media {
    /**
     * Set to `sizeof(nflx_media)`.
     */
    uint32_t struct_size;
    /**
     * The session.
     */
    uint32_t session;
    /**
     * The previous segment of the same kind in the session; 0 for none.
     */
    uint32_t previous;
    /**
     * 0.
     */
    uint32_t reserved;
    /**
     * Seconds of media in it; NaN if they cannot be determined.
     */
    double seconds;
    /**
     * Bits per second of media; NaN if they cannot be determined.
     */
    double bitrate;
} nflx_media;

/**
 * One setting. All strings are static, UTF-8, never NULL.
 */
typedef struct nflx_setting {
    /**
     * Set to `sizeof(nflx_setting)`.
     */
    uint32_t struct_size;
    /**
     * `NFLX_SETTING_`: the type of its value.
     */
    uint32_t kind;
    /**
     * Name, as `nflx_config_set` accepts it.
     */
    const char *name;
    /**
     * Short title.
     */
    const char *title;
    /**
     * What the setting does.
     */
    const char *help;
    /**
     * Unit of its value; empty for words.
     */
    const char *unit;
    /**
     * Where the default comes from.
     */
    const char *source;
    /**
     * Default, as `nflx_config_set` accepts it.
     */
    const char *default_value;
    /**
     * Smallest number allowed; 0 for words.
     */
    uint64_t minimum;
    /**
     * Largest number allowed; 0 for words.
     */
    uint64_t maximum;
    /**
     * The words of a choice, `choice_count` of them; NULL for other kinds.
     */
    const char *const *choices;
    /**
     * Number of words of the choice; 0 for other kinds.
     */
    uint64_t choice_count;
} nflx_setting;

/**
 * Done; outputs are written.
 */
#define NFLX_STATUS_OK 0

/**
 * Done, and there is nothing to return: the packet is not a Netflix packet, or nothing with this
 * number is held. Not a failure: no message, no output.
 */
#define NFLX_STATUS_NONE 1

/**
 * A pointer that must not be NULL is NULL.
 */
#define NFLX_STATUS_NULL 2

/**
 * A pointer is not aligned for its type.
 */
#define NFLX_STATUS_MISALIGNED 3

/**
 * `struct_size` is smaller than the struct ever was; it was probably not set.
 */
#define NFLX_STATUS_STRUCT_SIZE 4

/**
 * A value is outside the range that the function accepts.
 */
#define NFLX_STATUS_BAD_VALUE 5

/**
 * The handle was created without what this call needs.
 */
#define NFLX_STATUS_NOT_KEPT 6

/**
 * The library has a bug that this call hit. The handle is poisoned from now on.
 */
#define NFLX_STATUS_PANIC 7

/**
 * An earlier call on this handle returned `NFLX_STATUS_PANIC`: its content can no longer be
 * trusted. Free it.
 */
#define NFLX_STATUS_POISONED 8

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Returns the `NFLX_ABI_VERSION` that the library was built with. Compare it with the header's
 * before any other call.
 */
uint32_t nflx_abi_version(void);

/**
 * Writes the model that this engine uses. `NFLX_STATUS_NONE` if its configuration had none.
 */
nflx_status nflx_engine_model(const struct nflx_engine *engine, struct nflx_model *out);

/**
 * Takes the model's answer for the next window that closed, with what was known at that moment. A
 * window closes at the first packet of its client after it, and at `nflx_engine_finish`.
 * `NFLX_STATUS_NONE` if none has closed since, or if there is no model. Call it after each packet,
 * or often, until it returns `NFLX_STATUS_NONE`: if more than 1,024 answers wait, the oldest are
 * lost and counted in `nflx_stats.quality_lost`.
 */
nflx_status nflx_engine_next_quality(struct nflx_engine *engine, struct nflx_quality *out);

/**
 * Writes how many windows have closed; 0 without a model. After `nflx_engine_finish` they are the
 * rows of the command `nflx quality`, in the same order. `NFLX_STATUS_NOT_KEPT` for an engine made
 * without `NFLX_ENGINE_KEEP_FRAMES`.
 */
nflx_status nflx_engine_quality_count(const struct nflx_engine *engine, uint32_t *out);

/**
 * Writes the model's answer for a window, by an index below the number from
 * `nflx_engine_quality_count`. `NFLX_STATUS_NONE` if there is none; `NFLX_STATUS_NOT_KEPT` for an
 * engine made without `NFLX_ENGINE_KEEP_FRAMES`.
 */
nflx_status nflx_engine_quality(const struct nflx_engine *engine, uint32_t index, struct nflx_quality *out);

/**
 * Writes the model's answer for the window of a frame. Before the window closes, only its session
 * and number are set, without the flag `NFLX_QUALITY_CLOSED`. `NFLX_STATUS_NONE` if the frame is
 * in no window (it is not a Netflix packet, or is a copy) or there is no model;
 * `NFLX_STATUS_NOT_KEPT` for an engine made without `NFLX_ENGINE_KEEP_FRAMES`.
 */
nflx_status nflx_engine_frame_quality(const struct nflx_engine *engine, uint64_t frame, struct nflx_quality *out);

/**
 * Creates a configuration with every setting at its default.
 */
nflx_status nflx_config_new(struct nflx_config **out);

/**
 * Frees a configuration. Engines made from it keep their own copy. NULL is fine.
 */
void nflx_config_free(struct nflx_config *config);

/**
 * Returns the message of the last failed call on this configuration; empty if none failed. Valid
 * until the next call with this handle. Never NULL: without a handle it is the message of
 * `NFLX_STATUS_NULL`.
 */
const char *nflx_config_error(const struct nflx_config *config);

/**
 * Sets one setting from its text form: words separated by commas for lists, one of its words for a
 * choice, decimal for numbers. `name` and `value` are UTF-8, ended by NUL. `NFLX_STATUS_BAD_VALUE`
 * for an unknown setting or a value that does not fit: the configuration is then unchanged, and
 * `nflx_config_error` names the setting, the value and what would fit.
 */
nflx_status nflx_config_set(struct nflx_config *config, const char *name, const char *value);

/**
 * Sets the model that engines use for each window, in place of an earlier one. `bytes` are the
 * `length` bytes of an ONNX file with a card, which the host has read; they are copied. `columns`
 * is NULL or, for a model without a card, the feature columns that it takes, in order, separated
 * by commas. Settings on the card apply unless they were set before. `NFLX_STATUS_BAD_VALUE` if
 * the bytes are no such model or it does not fit the settings: the configuration is then
 * unchanged, and `nflx_config_error` returns one sentence that begins with "The model". Evaluates
 * the card's check rows, which takes some milliseconds.
 */
nflx_status nflx_config_set_model(struct nflx_config *config,
                                  const uint8_t *bytes,
                                  uint64_t length,
                                  const char *columns);

/**
 * Creates an engine that has seen no packet. `config` is copied and may be freed or changed
 * afterwards; NULL means the defaults. `flags` is a sum of `NFLX_ENGINE_` flags.
 * `NFLX_STATUS_BAD_VALUE` for flags unknown to this version, and for a model that does not fit
 * settings made after it was set; the message is then in `nflx_config_error`, if there is a
 * `config`.
 */
nflx_status nflx_engine_new(const struct nflx_config *config, uint32_t flags, struct nflx_engine **out);

/**
 * Frees an engine; NULL is fine.
 */
void nflx_engine_free(struct nflx_engine *engine);

/**
 * Returns the message of the last failed call on this engine; empty if none failed. Valid until
 * the next call with this handle. Never NULL: without a handle it is the message of
 * `NFLX_STATUS_NULL`.
 */
const char *nflx_engine_error(const struct nflx_engine *engine);

/**
 * Processes the next packet, in the order of the capture. `NFLX_STATUS_OK`: one end is a known
 * Netflix server, and `out` holds the annotation. `NFLX_STATUS_NONE`: neither end is. Damaged, cut
 * and hostile packets are not failures. The packet's bytes are only read during the call.
 */
nflx_status nflx_engine_packet(struct nflx_engine *engine,
                               const struct nflx_packet *packet,
                               struct nflx_annotation *out);

/**
 * Writes the annotation of the last packet with this frame number again, for hosts that show
 * frames repeatedly. `NFLX_STATUS_NONE` if it was not a Netflix packet or was never given;
 * `NFLX_STATUS_NOT_KEPT` for an engine made without `NFLX_ENGINE_KEEP_FRAMES`.
 */
nflx_status nflx_engine_frame(const struct nflx_engine *engine, uint64_t frame, struct nflx_annotation *out);

/**
 * Writes one line about the last packet with this frame number, as known so far: totals of its
 * segment once the segment has ended or `nflx_engine_finish` was called. Returns the same statuses
 * as `nflx_engine_frame`.
 */
nflx_status nflx_engine_note(const struct nflx_engine *engine, uint64_t frame, struct nflx_note *out);

/**
 * Writes a few lines about the capture, as known so far: its servers, those that send video first,
 * and what they sent. `NFLX_STATUS_NONE` if no packet of a server was seen.
 */
nflx_status nflx_engine_summary(const struct nflx_engine *engine, struct nflx_summary *out);

/**
 * Ends the capture: every segment settles. Segments that are still open stay incomplete, unless
 * they were quiet for `segment_quiet`. More packets may follow, as in a live capture that goes on,
 * but they no longer change these segments.
 */
nflx_status nflx_engine_finish(struct nflx_engine *engine);

/**
 * Forgets everything except the evidence. Give the same packets again: every packet of a server is
 * then recognised from the start. Useful if `nflx_engine_should_read_again` writes 1.
 */
nflx_status nflx_engine_rewind(struct nflx_engine *engine);

/**
 * Writes 1 if a second reading after `nflx_engine_rewind` would tell more about some packet or
 * find more segments, because a server was identified late; else 0. The command nflx follows the
 * same rule.
 */
nflx_status nflx_engine_should_read_again(const struct nflx_engine *engine, uint32_t *out);

/**
 * Writes one past the largest server number. For the number of an evicted server,
 * `nflx_engine_server` returns `NFLX_STATUS_NONE`.
 */
nflx_status nflx_engine_server_count(const struct nflx_engine *engine, uint32_t *out);

/**
 * Writes a server by its number, as it is now. `NFLX_STATUS_NONE` if there is no server with this
 * number.
 */
nflx_status nflx_engine_server(const struct nflx_engine *engine, uint32_t server, struct nflx_server *out);

/**
 * Writes a piece of evidence by an index below `nflx_server.evidence_count`, strongest first.
 * `NFLX_STATUS_NONE` if there is none.
 */
nflx_status nflx_engine_evidence(const struct nflx_engine *engine,
                                 uint32_t server,
                                 uint32_t index,
                                 struct nflx_evidence *out);

/**
 * Writes the smallest segment number held and one past the largest; equal if no segment is held.
 * Some numbers in between may be unused.
 */
nflx_status nflx_engine_segment_numbers(const struct nflx_engine *engine, uint32_t *out_first, uint32_t *out_end);

/**
 * Writes a segment by its number, as it is now. `NFLX_STATUS_NONE` if there is no segment with
 * this number, or it was evicted.
 */
nflx_status nflx_engine_segment(const struct nflx_engine *engine, uint32_t number, struct nflx_segment *out);

/**
 * Writes how many packets ended in a known header, such as an encrypted tunnel's, that hides the
 * rest. Indexes list headers first, most frequent first, then unknown link types.
 * `NFLX_STATUS_NONE` beyond the last.
 */
nflx_status nflx_engine_unfollowed(const struct nflx_engine *engine, uint32_t index, struct nflx_unfollowed *out);

/**
 * Writes the number of different headers that packets ended in so far: the entries of
 * `nflx_engine_unfollowed` without those of link types. A host that calls this after each packet
 * learns at which packet a header first occurred.
 */
nflx_status nflx_engine_unfollowed_headers(const struct nflx_engine *engine, uint32_t *out);

/**
 * Writes the counts of what was dropped or capped so far.
 */
nflx_status nflx_engine_stats(const struct nflx_engine *engine, struct nflx_stats *out);

/**
 * Returns the word for an `NFLX_ROLE_` number, for example `audio_video`. A static string; `?` for
 * other numbers.
 */
const char *nflx_role_name(uint32_t role);

/**
 * Returns the position of an `NFLX_ROLE_` number in lists of servers, from 0: those that send
 * video come first. Numbers that name no role come last.
 */
uint32_t nflx_role_order(uint32_t role);

/**
 * Returns the word for an `NFLX_EVIDENCE_` number, for example `quic_sni`. A static string; `?`
 * for other numbers.
 */
const char *nflx_evidence_name(uint32_t evidence);

/**
 * Returns the word for an `NFLX_KIND_` number, for example `video`. A static string; `?` for other
 * numbers.
 */
const char *nflx_kind_name(uint32_t kind);

/**
 * Returns the word for the rule that decided a segment's kind, for example `size_cluster`. A
 * static string; `?` for other numbers.
 */
const char *nflx_kind_reason_name(uint32_t reason);

/**
 * Returns the word for the rule that decided a server's role, for example `segments`. A static
 * string; `?` for other numbers.
 */
const char *nflx_role_reason_name(uint32_t reason);

/**
 * Returns the word for an `NFLX_TRANSPORT_` number, for example `quic`. A static string; `?` for
 * other numbers.
 */
const char *nflx_transport_name(uint32_t transport);

/**
 * Returns the word for an `NFLX_EVIDENCE_SCOPE_` number: `flow` or `address`. A static string; `?`
 * for other numbers.
 */
const char *nflx_evidence_scope_name(uint32_t scope);

/**
 * Returns the word for an `NFLX_VIA_` number, for example `connect`. A static string; `?` for
 * other numbers.
 */
const char *nflx_via_name(uint32_t via);

/**
 * Returns the word for an `NFLX_DIRECTION_` number: `in` or `out`. A static string; `?` for other
 * numbers.
 */
const char *nflx_direction_name(uint32_t direction);

/**
 * Takes the next settled segment, which never changes again. Each comes once, in the order in
 * which segments settle: `settle_after` seconds after their last byte, when the table is full, and
 * at `nflx_engine_finish`. `NFLX_STATUS_NONE` if none has settled since; `NFLX_STATUS_NOT_KEPT`
 * for an engine made without `NFLX_ENGINE_KEEP_SETTLED`. Call it after each packet, or often,
 * until it returns `NFLX_STATUS_NONE`: `nflx_stats.settled_lost` counts segments that no longer
 * fitted.
 */
nflx_status nflx_engine_next_settled(struct nflx_engine *engine, struct nflx_segment *out);

/**
 * Takes the next server whose role changed, as it is now. A server whose role changed several
 * times in between comes once. `NFLX_STATUS_NONE` if there is none; `NFLX_STATUS_NOT_KEPT` for an
 * engine made without `NFLX_ENGINE_KEEP_SETTLED`. Servers whose role never changed do not come.
 */
nflx_status nflx_engine_next_changed_server(struct nflx_engine *engine, struct nflx_server *out);

/**
 * Takes the next finished session of playback, found among the segments that
 * `nflx_engine_next_settled` has given. A session is over if its client asked for nothing for
 * `playback_over` seconds, or the capture ended. Sessions are numbered in this order, from 1;
 * their moments are not kept. `NFLX_STATUS_NONE` if none is over; `NFLX_STATUS_NOT_KEPT` for an
 * engine made without `NFLX_ENGINE_KEEP_SETTLED` and `NFLX_ENGINE_KEEP_SESSIONS`. Call it once
 * `nflx_engine_next_settled` has no more.
 */
nflx_status nflx_engine_next_session(struct nflx_engine *engine, struct nflx_session *out);

/**
 * Finds the sessions of all segments held now, and writes how many there are. They are numbered
 * from 1 up to this number. The functions below return the state as of this call. Its time grows
 * with the number of segments.
 */
nflx_status nflx_engine_find_sessions(struct nflx_engine *engine, uint32_t *out);

/**
 * Writes a session by its number, as `nflx_engine_find_sessions` last found it. `NFLX_STATUS_NONE`
 * if there is none.
 */
nflx_status nflx_engine_session(const struct nflx_engine *engine, uint32_t session, struct nflx_session *out);

/**
 * Writes what the player of a session did at a time, in nanoseconds since 1970-01-01T00:00:00Z;
 * after the session's end, how it ended. `NFLX_STATUS_NONE` if there is no such session, or if the
 * media seconds of its segments are not known.
 */
nflx_status nflx_engine_moment(const struct nflx_engine *engine,
                               uint32_t session,
                               int64_t time,
                               struct nflx_moment *out);

/**
 * Writes the start and end of a stall by an index below `nflx_session.stalls`, in nanoseconds
 * since 1970-01-01T00:00:00Z. `NFLX_STATUS_NONE` if there is none.
 */
nflx_status nflx_engine_stall(const struct nflx_engine *engine,
                              uint32_t session,
                              uint32_t index,
                              int64_t *out_from,
                              int64_t *out_to);

/**
 * Writes a segment's part in its session, as `nflx_engine_find_sessions` last found it.
 * `NFLX_STATUS_NONE` if it is in no session.
 */
nflx_status nflx_engine_media(const struct nflx_engine *engine, uint32_t segment, struct nflx_media *out);

/**
 * Returns the word for an `NFLX_STATE_` number, for example `playing`. A static string; `?` for
 * other numbers.
 */
const char *nflx_state_name(uint32_t state);

/**
 * Returns the word for why some values of a session are not known, for example `too_few`. A static
 * string; `?` for other numbers.
 */
const char *nflx_session_reason_name(uint32_t reason);

/**
 * Returns the number of settings.
 */
uint32_t nflx_setting_count(void);

/**
 * Writes a setting by an index below `nflx_setting_count`, in the order in which documents show
 * them; `NFLX_STATUS_NONE` beyond.
 */
nflx_status nflx_setting_get(uint32_t index, struct nflx_setting *out);

/**
 * Returns a sentence for a status. A static string; never NULL, even for numbers that are no
 * status.
 */
const char *nflx_status_text(nflx_status status);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* NFLX_H */
