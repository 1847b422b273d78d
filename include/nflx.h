/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/*
 * nflx: Netflix streaming seen from packets. Identification, counters, segments.
 *
 * A host makes a configuration and an engine, gives each frame of a capture to nflx_engine_packet in order, and reads
 * what it wants to know:
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
 * What holds for all functions:
 *
 * Errors. Functions answer an nflx_status; NFLX_STATUS_OK is 0. After a failure nflx_engine_error or nflx_config_error
 * has a sentence about it, except where the handle itself is NULL. Outputs are written only on NFLX_STATUS_OK.
 *
 * Structs. Every struct that crosses begins with struct_size; set it to sizeof the struct before each call, also for
 * outputs. It says how much room there is: the library reads and writes no more than that, and leaves struct_size as it
 * is, so a program built with an older, smaller struct works with a newer library, and the other way round. Fields that a
 * newer header has and an older library does not know stay as they were: set them to 0 before the call. Unknown flags are
 * refused, so that they can get a meaning later.
 *
 * Pointers. Pointers are NULL or valid for the call; where NULL is not said to be fine it is refused with
 * NFLX_STATUS_NULL. The library keeps no pointer that it is given, and calls nothing of the host.
 *
 * Ownership. nflx_config and nflx_engine are made by _new and freed by _free, once; nothing else is to be freed. Strings
 * that functions return belong to the library: static ones are valid until the library is unloaded, others as long as
 * the function's comment says.
 *
 * Threads. One thread at a time may use a handle; it may be another one each time. Different handles are independent:
 * engines in several threads need no lock. Functions without a handle may be called from any thread at any time.
 *
 * Bugs. A bug of the library that it notices ends in NFLX_STATUS_PANIC, not in the host's death; the handle answers
 * NFLX_STATUS_POISONED from then on. The library prints nothing.
 *
 * Units. Bytes, packets, nanoseconds, bits per second. Text is UTF-8.
 */

#ifndef NFLX_H
#define NFLX_H

/* Generated from the comments in ffi/src by cbindgen. Change those, then: NFLX_UPDATE_HEADER=1 cargo test -p nflx-ffi */

#include <stdint.h>

/**
 * Version of this ABI. Grows only with a change that breaks programs built with an older header; structs get new fields
 * behind the old ones within a version, which `struct_size` tells apart. Version 2 made `nflx_engine` const where a
 * function only reads.
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
 * Flag of `nflx_annotation`: headers or record framing of the packet were cut by the snapshot length.
 */
#define NFLX_ANNOTATION_TRUNCATED 2

/**
 * Flag of `nflx_annotation`: response bytes of its segment were never captured, as far as it shows by this packet.
 */
#define NFLX_ANNOTATION_MISSING 4

/**
 * Flag of `nflx_annotation`: by this packet, something had to make room or found none; `nflx_engine_stats` says what.
 */
#define NFLX_ANNOTATION_FULL 8

/**
 * Flag of `nflx_annotation`: a copy of a packet that was captured before; not counted, and of no segment.
 */
#define NFLX_ANNOTATION_DUPLICATE 16

/**
 * Flag of `nflx_engine_new`: keep what was said about each packet for `nflx_engine_frame`. Takes 64 bytes of memory
 * per packet of Netflix's, and as much again with a model; nothing for others.
 */
#define NFLX_ENGINE_KEEP_FRAMES 1

/**
 * Flag of `nflx_engine_new`: keep settled segments for `nflx_engine_next_settled`.
 */
#define NFLX_ENGINE_KEEP_SETTLED 2

/**
 * Flag of `nflx_engine_new`, with `NFLX_ENGINE_KEEP_SETTLED`: find sessions among settled segments, for
 * `nflx_engine_next_session`.
 */
#define NFLX_ENGINE_KEEP_SESSIONS 4

/**
 * Size of the array that holds a note, in bytes, with the NUL that ends it. Notes are shorter than this.
 */
#define NFLX_NOTE_SIZE 512

/**
 * Size of the array that holds a summary, in bytes, with the NUL that ends it. Summaries are shorter than this.
 */
#define NFLX_SUMMARY_SIZE 8192

/**
 * Flag of `nflx_note`: the packet begins a request or is the last of a segment.
 */
#define NFLX_NOTE_LANDMARK 1

/**
 * Flag of `nflx_quality`: the window is closed, and the model was asked.
 */
#define NFLX_QUALITY_CLOSED 1

/**
 * Flag of `nflx_quality`: an input of the model lies outside the values seen in training.
 */
#define NFLX_QUALITY_OUT_OF_RANGE 2

/**
 * Flag of `nflx_quality`: as the whole capture tells; else as it was known when the window closed.
 */
#define NFLX_QUALITY_SETTLED 4

/**
 * A model without a card does not say what it predicts.
 */
#define NFLX_TARGET_NONE 0

/**
 * Lines of the picture.
 */
#define NFLX_TARGET_RESOLUTION 1

/**
 * Seconds from the first request to the first picture.
 */
#define NFLX_TARGET_STARTUP_DELAY 2

/**
 * Something else, in the author's word: `nflx_model.target_name`.
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
 * The segment came through a tunnel by HTTP's CONNECT.
 */
#define NFLX_VIA_CONNECT 1

/**
 * The segment came through a tunnel by SOCKS.
 */
#define NFLX_VIA_SOCKS 2

/**
 * The segment came through a proxy of HTTP in clear.
 */
#define NFLX_VIA_HTTP_PROXY 3

/**
 * The segment is neither video nor audio, or not enough was seen to tell.
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
 * The kind of the segment is not decided yet; it is when the segment settles.
 */
#define NFLX_KIND_PENDING 3

/**
 * Flag of `nflx_segment`: ended by the next request, by close or by silence (`segment_quiet`). Absent
 * while it is open.
 */
#define NFLX_SEGMENT_COMPLETE 1

/**
 * Flag of `nflx_segment`: `app_bytes` is estimated; records were hidden by the snapshot length or a gap, or the answer
 * to a request that was not captured may be in it.
 */
#define NFLX_SEGMENT_ESTIMATED 2

/**
 * Flag of `nflx_segment`: the bytes were divided among requests that overlapped on one connection.
 */
#define NFLX_SEGMENT_SHARED 4

/**
 * Flag of `nflx_segment`: seen through acknowledgements only; the other half of the connection was not captured.
 */
#define NFLX_SEGMENT_INFERRED 8

/**
 * Flag of `nflx_segment`: a response began, so `first_frame` and `t_first` hold.
 */
#define NFLX_SEGMENT_HAS_FIRST 16

/**
 * Flag of `nflx_segment`: `last_frame` and `t_last` hold.
 */
#define NFLX_SEGMENT_HAS_LAST 32

/**
 * Flag of `nflx_segment`: `throughput` holds; it does not where first to last byte took no time.
 */
#define NFLX_SEGMENT_HAS_THROUGHPUT 64

/**
 * Flag of `nflx_segment`: nothing about it will change any more.
 */
#define NFLX_SEGMENT_SETTLED 128

/**
 * Flag of `nflx_segment`: `ttfb` holds; it does not where the capture's clocks contradict the order.
 */
#define NFLX_SEGMENT_HAS_TTFB 256

/**
 * Flag of `nflx_segment`: `duration` holds; it does not where the capture's clocks contradict the order.
 */
#define NFLX_SEGMENT_HAS_DURATION 512

/**
 * Flag of `nflx_segment`: the client closed the connection in the middle of the response.
 */
#define NFLX_SEGMENT_ABORTED 1024

/**
 * Size of the arrays that hold names, in bytes, with the NUL that ends them. DNS names are shorter than this.
 */
#define NFLX_NAME_SIZE 256

/**
 * Not enough seen of a server.
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
 * Evidence: Host header of an HTTP/1 request in clear.
 */
#define NFLX_EVIDENCE_HTTP_HOST 4

/**
 * Evidence: a DNS answer to a question whose name matches.
 */
#define NFLX_EVIDENCE_DNS 5

/**
 * Evidence: a DNS answer with a name that matches in its CNAME chain.
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
 * Evidence: an HTTPS or SVCB record whose address hints lead to the address.
 */
#define NFLX_EVIDENCE_HTTPS_RECORD 9

/**
 * Evidence: a name in the certificate that the server showed in clear.
 */
#define NFLX_EVIDENCE_CERTIFICATE 10

/**
 * Evidence: the host that a client asked a proxy for.
 */
#define NFLX_EVIDENCE_TUNNEL 11

/**
 * Nobody gave evidence.
 */
#define NFLX_EVIDENCE_SCOPE_NONE 0

/**
 * The flow itself gave the evidence, by a name of its own.
 */
#define NFLX_EVIDENCE_SCOPE_FLOW 1

/**
 * The evidence is for the address, which is known from elsewhere.
 */
#define NFLX_EVIDENCE_SCOPE_ADDRESS 2

/**
 * Flag of `nflx_session`: `stalls` holds.
 */
#define NFLX_SESSION_HAS_STALLS 1

/**
 * Flag of `nflx_session`: `pauses` holds.
 */
#define NFLX_SESSION_HAS_PAUSES 2

/**
 * Flag of `nflx_session`: `seeks` holds.
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
 * The picture stands, as media is missing.
 */
#define NFLX_STATE_STALLED 3

/**
 * The viewer stopped the player.
 */
#define NFLX_STATE_PAUSED 4

/**
 * The player waits for media of another place.
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
 * The setting takes a whole number between two bounds, both allowed.
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
 * The model that an engine asks.
 */
typedef struct nflx_model {
    /**
     * Set to `sizeof(nflx_model)`.
     */
    uint32_t struct_size;
    /**
     * `NFLX_TARGET_`: what it predicts.
     */
    uint32_t target;
    /**
     * Seconds that a window lasts.
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
     * Word for what it predicts, ended by NUL; empty without a card.
     */
    char target_name[64];
    /**
     * Unit of its value, ended by NUL; empty where it has none.
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
     * In network byte order; an IPv4 address fills the first four, the rest is 0.
     */
    uint8_t bytes[16];
} nflx_address;

/**
 * A model's answer for a window of one client's traffic. Sessions and windows are those of features: traffic of one client
 * until it pauses for `session_idle`, in pieces of `feature_window`. Times are nanoseconds since 1970-01-01T00:00:00Z.
 * Numbers with a fraction are NaN where the model gives none.
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
     * One more than its index for `nflx_engine_quality`; 0 where that has none of it.
     */
    uint32_t number;
    /**
     * Begin of the window.
     */
    int64_t from;
    /**
     * End of the window, where the next one begins.
     */
    int64_t to;
    /**
     * The value, in the model's unit, or the number that the label is.
     */
    double value;
    /**
     * Probability that the label is right, from 0 to 1.
     */
    double confidence;
    /**
     * The label, ended by NUL; empty where the model gives none.
     */
    char label[96];
    /**
     * Why the model does not answer, ended by NUL; empty where it does.
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
     * The header that the bytes begin with, as numbered by the tcpdump group's registry: the LINKTYPE_ values of
     * <https://www.tcpdump.org/linktypes.html>, 0 to 65535.
     */
    uint32_t link_type;
    /**
     * Frame number in the capture, from 1.
     */
    uint64_t frame;
    /**
     * When it was captured: seconds since 1970-01-01T00:00:00Z.
     */
    int64_t seconds;
    /**
     * Nanoseconds to add to `seconds`.
     */
    uint32_t nanoseconds;
    /**
     * Length on the wire, in bytes; `captured_length` is smaller where a snapshot length cut the frame.
     */
    uint32_t original_length;
    /**
     * Bytes at `data`.
     */
    uint64_t captured_length;
    /**
     * The captured bytes, from the link-layer header on. Read during the call only. NULL if there are none.
     */
    const uint8_t *data;
} nflx_packet;

/**
 * IP packets and bytes in both directions. Bytes are the length that the IP header states (IPv4: total length; IPv6:
 * 40 + payload length), or the frame's length less link header where the header says 0 (segmentation offload). Part
 * of other structs, never alone.
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
 * Facts about one packet of an identified Netflix server, as of that packet. What only later packets reveal (a
 * segment's total, its last frame) is read by number: `nflx_engine_segment`.
 */
typedef struct nflx_annotation {
    /**
     * Set to `sizeof(nflx_annotation)`.
     */
    uint32_t struct_size;
    /**
     * The Netflix end: a number for `nflx_engine_server`.
     */
    uint32_t server;
    /**
     * Flow number, from 0 in order of appearance among all flows of the capture, or `NFLX_NO_FLOW`.
     */
    uint32_t flow;
    /**
     * Number of the segment that this packet requests or carries bytes of, from 1 in order of request; 0 for none.
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
     * Printable ASCII, ended by NUL. It begins with `nflx: `, by which comments of ours are known.
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
     * Printable ASCII and line feeds between the lines, ended by NUL. It begins with `nflx: `, as notes do.
     */
    char text[NFLX_SUMMARY_SIZE];
} nflx_summary;

/**
 * An identified Netflix address and what it did so far.
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
     * `NFLX_ROLE_`: what it has been seen doing.
     */
    uint32_t role;
    /**
     * `NFLX_EVIDENCE_`: the strongest kind of evidence.
     */
    uint32_t evidence;
    /**
     * How many pieces of evidence there are: `nflx_engine_evidence`.
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
     * The name that identified it, ended by NUL; empty if it was no name.
     */
    char name[NFLX_NAME_SIZE];
    /**
     * The rule that decided its role: `nflx_role_reason_name`.
     */
    uint32_t role_reason;
    /**
     * `NFLX_EVIDENCE_SCOPE_`: who gave the strongest evidence.
     */
    uint32_t evidence_scope;
    /**
     * Copies of packets, which are not among the counters.
     */
    uint64_t duplicates;
    /**
     * Frame of its first packet; 0 while there is none.
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
     * `NFLX_EVIDENCE_`: what kind.
     */
    uint32_t kind;
    /**
     * First frame that said so, also where that was before `nflx_engine_rewind`; 0 where no frame did: prefixes.
     */
    uint64_t frame;
    /**
     * The name that gave it, lower case, or the prefix in CIDR notation; ended by NUL.
     */
    char source[NFLX_NAME_SIZE];
} nflx_evidence;

/**
 * One request and its response, as far as it is known now. Fields that do not hold are 0. Times are nanoseconds since
 * 1970-01-01T00:00:00Z, spans are nanoseconds.
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
     * Ordinal among this server's segments, from 1.
     */
    uint32_t index;
    /**
     * The server that sent it: a number for `nflx_engine_server`.
     */
    uint32_t server;
    /**
     * The flow; with the classic per-address rule, the flow of the request.
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
     * `NFLX_TRANSPORT_`: what carried it.
     */
    uint32_t transport;
    /**
     * `NFLX_KIND_`: what it holds.
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
     * The same less TLS or QUIC framing: what HTTP sent.
     */
    uint64_t app_bytes;
    /**
     * Response payload seen again, in bytes.
     */
    uint64_t retransmitted_bytes;
    /**
     * Response payload that the client acknowledged although it was never captured; part of `bytes`.
     */
    uint64_t missing_bytes;
    /**
     * Request to first byte.
     */
    int64_t ttfb;
    /**
     * Request to last byte.
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
     * Number of the server's segment before this one, 0 for none; it may have had to make room since.
     */
    uint32_t previous;
    /**
     * Number of the server's segment after this one, 0 for none.
     */
    uint32_t next;
    /**
     * `NFLX_EVIDENCE_SCOPE_`: whether the flow itself said that it is Netflix's, or its address is known.
     */
    uint32_t evidence_scope;
    /**
     * By how many bytes `app_bytes` may be off: an upper bound that holds for 95 of 100 segments; 0 where it is exact.
     */
    uint64_t size_error;
    /**
     * `NFLX_VIA_`: the proxy that it came through, whose address is the server's then; 0 for none.
     */
    uint32_t via;
    /**
     * `NFLX_EVIDENCE_`: the kind of evidence that decided that it is Netflix's, of the scope `evidence_scope`.
     */
    uint32_t evidence;
    /**
     * The name that its connection gave, or else the one that identified the server, ended by NUL; empty if there is none.
     */
    char name[NFLX_NAME_SIZE];
} nflx_segment;

/**
 * Packets of which nothing could be read behind a known header, or that are of a link type that is not known.
 */
typedef struct nflx_unfollowed {
    /**
     * Set to `sizeof(nflx_unfollowed)`.
     */
    uint32_t struct_size;
    /**
     * The link type that is not known, or `NFLX_NO_LINK_TYPE`.
     */
    uint32_t link_type;
    /**
     * How many packets.
     */
    uint64_t packets;
    /**
     * Name of the header or link type, ended by NUL; empty for a link type without one.
     */
    char name[64];
    /**
     * Why nothing behind it can be read, to follow "which is"; ended by NUL.
     */
    char reason[64];
    /**
     * The first frame that ended in this header; 0 for a link type.
     */
    uint64_t first_frame;
} nflx_unfollowed;

/**
 * Counts of what the engine dropped, capped or could not read since it was made.
 */
typedef struct nflx_stats {
    /**
     * Set to `sizeof(nflx_stats)`.
     */
    uint32_t struct_size;
    /**
     * 1 if evidence came after packets that it concerns, so that a second reading (`nflx_engine_rewind`) would tell more
     * of these packets; else 0. For the same rows as other hosts, follow `nflx_engine_should_read_again` instead.
     */
    uint32_t evidence_came_late;
    /**
     * Packets given.
     */
    uint64_t packets;
    /**
     * Packets without an IP packet that could be read: ARP and the like, unknown link types, damaged headers.
     */
    uint64_t not_ip;
    /**
     * Packets whose link type is not known.
     */
    uint64_t unknown_link_type;
    /**
     * Flows in the table now.
     */
    uint64_t flows;
    /**
     * Flows that had to make room for others.
     */
    uint64_t flows_evicted;
    /**
     * Addresses that had to make room for others.
     */
    uint64_t hosts_evicted;
    /**
     * Netflix addresses that found no room, or made it for others.
     */
    uint64_t servers_dropped;
    /**
     * Oldest segments that had to make room for others.
     */
    uint64_t segments_evicted;
    /**
     * Flows that were followed, and had to make room for others to be.
     */
    uint64_t connections_evicted;
    /**
     * Out-of-order bytes that found no room: record framing behind them is estimated.
     */
    uint64_t reorder_dropped;
    /**
     * Bytes of memory that annotations kept for `nflx_engine_frame` take.
     */
    uint64_t frame_log_bytes;
    /**
     * Changes that came for segments which had settled: counted here, not applied.
     */
    uint64_t late_changes;
    /**
     * Settled segments that `nflx_engine_next_settled` was not asked for in time.
     */
    uint64_t settled_lost;
    /**
     * Packets that came before the packet before them by the capture's clock, by more than the setting `clock_step`:
     * spans across such a step do not hold.
     */
    uint64_t clock_steps;
    /**
     * Packets that were copies of others: counted here, and nowhere else.
     */
    uint64_t duplicates;
    /**
     * Packets that came in another VLAN or tunnel than the one before in the same direction of their flow, by turns: the
     * setting `flow_key` tells such flows apart.
     */
    uint64_t scopes_mixed;
    /**
     * Packets whose fragments had to make room for others.
     */
    uint64_t fragments_dropped;
    /**
     * Answers of a model that `nflx_engine_next_quality` was not asked for in time.
     */
    uint64_t quality_lost;
} nflx_stats;

/**
 * One title played by one viewer. Times are nanoseconds since 1970-01-01T00:00:00Z. Numbers with a fraction are NaN
 * where nothing decides them.
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
     * Segments of either that the player gave up, or that were still on their way at the end.
     */
    uint32_t dropped_segments;
    /**
     * Servers that media came from.
     */
    uint32_t servers;
    /**
     * Flows that media came in.
     */
    uint32_t flows;
    /**
     * Times the picture stood although the viewer wanted it to play.
     */
    uint32_t stalls;
    /**
     * Times the viewer stopped it.
     */
    uint32_t pauses;
    /**
     * Times the viewer went elsewhere.
     */
    uint32_t seeks;
    /**
     * Changes to a better picture.
     */
    uint32_t switches_up;
    /**
     * Changes to a worse picture.
     */
    uint32_t switches_down;
    /**
     * Why some of it is not known: `nflx_session_reason_name`.
     */
    uint32_t reason;
    /**
     * 0.
     */
    uint32_t reserved;
    /**
     * Media seconds of a segment of video.
     */
    double video_media;
    /**
     * Media seconds of a segment of audio.
     */
    double audio_media;
    /**
     * Seconds from the first request for media to the first frame.
     */
    double startup;
    /**
     * Seconds in which it played.
     */
    double played;
    /**
     * Seconds of all stalls.
     */
    double stalled;
    /**
     * Bits per second of video, over the whole.
     */
    double video_bitrate;
    /**
     * Bits per second of audio, over the whole.
     */
    double audio_bitrate;
    /**
     * Seconds of media ahead of the position at the end.
     */
    double buffer;
    /**
     * How sure the media seconds are, from 0 to 1.
     */
    double confidence;
} nflx_session;

/**
 * The state of a player at a time. Numbers with a fraction are NaN where nothing decides them.
 */
typedef struct nflx_moment {
    /**
     * Set to `sizeof(nflx_moment)`.
     */
    uint32_t struct_size;
    /**
     * `NFLX_STATE_`: what it was doing.
     */
    uint32_t state;
    /**
     * Seconds ahead of the position: the lower of both tracks.
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
     * Stalls that began until then.
     */
    uint32_t stalls;
    /**
     * 0.
     */
    uint32_t reserved;
    /**
     * Seconds of stalls until then.
     */
    double stalled;
} nflx_moment;

/**
 * The part of a segment in its viewer's session.
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
     * The segment of the same kind before it in the session; 0 for none.
     */
    uint32_t previous;
    /**
     * 0.
     */
    uint32_t reserved;
    /**
     * Seconds of media in it; NaN where nothing decides.
     */
    double seconds;
    /**
     * Bits per second of media; NaN where nothing decides.
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
     * `NFLX_SETTING_`: what it takes.
     */
    uint32_t kind;
    /**
     * Name, as `nflx_config_set` takes it.
     */
    const char *name;
    /**
     * Short title.
     */
    const char *title;
    /**
     * The effect.
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
     * Default, as `nflx_config_set` takes it.
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
     * The words of a choice, as many as `choice_count`; NULL for other kinds.
     */
    const char *const *choices;
    /**
     * How many words the choice has; 0 for other kinds.
     */
    uint64_t choice_count;
} nflx_setting;

/**
 * Done; outputs are written.
 */
#define NFLX_STATUS_OK 0

/**
 * Done, and there is nothing to give: the packet is none of Netflix's, the number names nothing that is held. Not a
 * failure: no sentence, no output.
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
 * `struct_size` is less than the struct ever had: it was not set.
 */
#define NFLX_STATUS_STRUCT_SIZE 4

/**
 * A value is outside of what the function takes.
 */
#define NFLX_STATUS_BAD_VALUE 5

/**
 * The handle was made without what this call needs.
 */
#define NFLX_STATUS_NOT_KEPT 6

/**
 * The library has a bug that this call met. The handle is poisoned from now on.
 */
#define NFLX_STATUS_PANIC 7

/**
 * An earlier call on this handle answered `NFLX_STATUS_PANIC`: what it holds can no longer be trusted. Free it.
 */
#define NFLX_STATUS_POISONED 8

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * The `NFLX_ABI_VERSION` that the library was built with. Compare it with the header's before any other call.
 */
uint32_t nflx_abi_version(void);

/**
 * The model that this engine asks. `NFLX_STATUS_NONE` if its configuration had none.
 */
nflx_status nflx_engine_model(const struct nflx_engine *engine, struct nflx_model *out);

/**
 * Takes what the model said of the next window that closed, as it was known then: a window closes with the first packet
 * of its client behind it, and with `nflx_engine_finish`. `NFLX_STATUS_NONE` if none closed since, or there is no model.
 * Call it until there is none after each packet, or often: of more than 1,024 that wait, the first are lost and counted
 * in `nflx_stats.quality_lost`.
 */
nflx_status nflx_engine_next_quality(struct nflx_engine *engine,
                                     struct nflx_quality *out);

/**
 * Writes how many windows have closed; 0 without a model. After `nflx_engine_finish` they are those of the command
 * `nflx quality`, in its order. `NFLX_STATUS_NOT_KEPT` for an engine made without `NFLX_ENGINE_KEEP_FRAMES`.
 */
nflx_status nflx_engine_quality_count(const struct nflx_engine *engine, uint32_t *out);

/**
 * Writes the model's answer for a window, by its index below what `nflx_engine_quality_count` writes.
 * `NFLX_STATUS_NONE` if there is none; `NFLX_STATUS_NOT_KEPT` for an engine made without `NFLX_ENGINE_KEEP_FRAMES`.
 */
nflx_status nflx_engine_quality(const struct nflx_engine *engine, uint32_t index, struct nflx_quality *out);

/**
 * Writes the model's answer for the window that a frame is in. Before the window closes, only its session and number
 * are set, and not the flag `NFLX_QUALITY_CLOSED`. `NFLX_STATUS_NONE` if the frame is in no window: none of Netflix's, a copy,
 * or there is no model; `NFLX_STATUS_NOT_KEPT` for an engine made without `NFLX_ENGINE_KEEP_FRAMES`.
 */
nflx_status nflx_engine_frame_quality(const struct nflx_engine *engine,
                                      uint64_t frame,
                                      struct nflx_quality *out);

/**
 * Makes a configuration with every setting at its default.
 */
nflx_status nflx_config_new(struct nflx_config **out);

/**
 * Frees a configuration; engines made from it have a copy of their own. NULL is fine.
 */
void nflx_config_free(struct nflx_config *config);

/**
 * The sentence of the last call on this configuration that failed; empty if none did. Valid until the next call with
 * this handle. Never NULL: without a handle it is the sentence of `NFLX_STATUS_NULL`.
 */
const char *nflx_config_error(const struct nflx_config *config);

/**
 * Sets one setting from its text form: lists are words separated by commas, choices one of their words, numbers
 * decimal. `name` and `value` are UTF-8, ended by NUL. `NFLX_STATUS_BAD_VALUE` for a name that is no setting and for a
 * value that does not fit; the configuration is unchanged then, and `nflx_config_error` names the setting, the value
 * and what would fit.
 */
nflx_status nflx_config_set(struct nflx_config *config, const char *name, const char *value);

/**
 * Gives engines a model to ask about each window, in place of the one before: the `length` bytes of an ONNX file with a
 * card, which the host reads. They are copied. `columns` is NULL, or, of a model without a card, the names of the columns
 * of features that it takes in their order, separated by commas. Settings on the card apply unless they were set before.
 * `NFLX_STATUS_BAD_VALUE` for what is no such model, and for one that does not fit the settings; the configuration is
 * unchanged then, and `nflx_config_error` has one sentence that begins with "The model". Takes as long as evaluating the
 * card's check rows does: some milliseconds.
 */
nflx_status nflx_config_set_model(struct nflx_config *config,
                                  const uint8_t *bytes,
                                  uint64_t length,
                                  const char *columns);

/**
 * Makes an engine that has seen nothing. `config` is copied and may be freed or changed afterwards; NULL stands for
 * the defaults. `flags` is a sum of `NFLX_ENGINE_` flags. `NFLX_STATUS_BAD_VALUE` for flags that this version does not
 * know, and for a model of the configuration that settings do not fit which were set after it; `nflx_config_error` has
 * the sentence then, if there is a `config`.
 */
nflx_status nflx_engine_new(const struct nflx_config *config, uint32_t flags, struct nflx_engine **out);

/**
 * Frees an engine; NULL is fine.
 */
void nflx_engine_free(struct nflx_engine *engine);

/**
 * The sentence of the last call on this engine that failed; empty if none did. Valid until the next call with this
 * handle. Never NULL: without a handle it is the sentence of `NFLX_STATUS_NULL`.
 */
const char *nflx_engine_error(const struct nflx_engine *engine);

/**
 * Takes the next packet, in the order of the capture. `NFLX_STATUS_OK`: it is one of Netflix's and `out` says what it
 * is; `NFLX_STATUS_NONE`: it is not. Damaged, cut and hostile packets are no failures. The packet's bytes are read
 * during the call only.
 */
nflx_status nflx_engine_packet(struct nflx_engine *engine,
                               const struct nflx_packet *packet,
                               struct nflx_annotation *out);

/**
 * Returns again what `nflx_engine_packet` said about the last packet of this frame number, for hosts that show frames again.
 * `NFLX_STATUS_NONE` if it was none of Netflix's or never given; `NFLX_STATUS_NOT_KEPT` for an engine made without
 * `NFLX_ENGINE_KEEP_FRAMES`.
 */
nflx_status nflx_engine_frame(const struct nflx_engine *engine,
                              uint64_t frame,
                              struct nflx_annotation *out);

/**
 * One line about the last packet of this frame number, of what is known by now: totals of its segment after
 * `nflx_engine_finish` or the segment's end. Status as for `nflx_engine_frame`.
 */
nflx_status nflx_engine_note(const struct nflx_engine *engine, uint64_t frame, struct nflx_note *out);

/**
 * A few lines about the capture, of what is known by now: its servers, those that send video first, and what they sent.
 * `NFLX_STATUS_NONE` if no packet of a server was seen.
 */
nflx_status nflx_engine_summary(const struct nflx_engine *engine, struct nflx_summary *out);

/**
 * Ends the capture: every segment settles. Those still open stay incomplete, unless they were quiet for `segment_quiet`.
 * Further packets may follow, of a live capture that goes on; what they bring for segments of before is too late.
 */
nflx_status nflx_engine_finish(struct nflx_engine *engine);

/**
 * Forgets all but the evidence, so that the same packets can be given again and every packet of a server is known as
 * such from the start. Of use if `nflx_engine_should_read_again` says so.
 */
nflx_status nflx_engine_rewind(struct nflx_engine *engine);

/**
 * Writes 1 if a second reading after `nflx_engine_rewind` would say more of some packet, or find more segments, because a
 * server was identified late; else 0. The command nflx follows the same rule.
 */
nflx_status nflx_engine_should_read_again(const struct nflx_engine *engine,
                                          uint32_t *out);

/**
 * One past the largest number of a server. Of a number whose server made room for another, `nflx_engine_server` says
 * `NFLX_STATUS_NONE`.
 */
nflx_status nflx_engine_server_count(const struct nflx_engine *engine, uint32_t *out);

/**
 * A server by its number, as it is now. `NFLX_STATUS_NONE` if there is none of this number.
 */
nflx_status nflx_engine_server(const struct nflx_engine *engine, uint32_t server, struct nflx_server *out);

/**
 * The evidence of an index below `nflx_server.evidence_count`, strongest first. `NFLX_STATUS_NONE` if there is none.
 */
nflx_status nflx_engine_evidence(const struct nflx_engine *engine,
                                 uint32_t server,
                                 uint32_t index,
                                 struct nflx_evidence *out);

/**
 * The smallest segment number that is held, and one past the largest; equal if there is none. Numbers between may be
 * unused.
 */
nflx_status nflx_engine_segment_numbers(const struct nflx_engine *engine, uint32_t *out_first, uint32_t *out_end);

/**
 * A segment by its number, as it is now. `NFLX_STATUS_NONE` if there is none of this number, or it had to make room.
 */
nflx_status nflx_engine_segment(const struct nflx_engine *engine, uint32_t number, struct nflx_segment *out);

/**
 * Packets of which nothing could be read behind a known header, such as an encrypted tunnel's, by that header; the most
 * frequent first, then link types that are not known. `NFLX_STATUS_NONE` beyond the last.
 */
nflx_status nflx_engine_unfollowed(const struct nflx_engine *engine, uint32_t index, struct nflx_unfollowed *out);

/**
 * Number of different headers that packets ended in so far: entries of `nflx_engine_unfollowed` less those of link types.
 * A host that asks after each packet learns at which one a header was met first.
 */
nflx_status nflx_engine_unfollowed_headers(const struct nflx_engine *engine,
                                           uint32_t *out);

/**
 * Writes the counts of what was dropped or capped until now.
 */
nflx_status nflx_engine_stats(const struct nflx_engine *engine, struct nflx_stats *out);

/**
 * The word for an `NFLX_ROLE_` number, for example `audio_video`. A static string; `?` for other numbers.
 */
const char *nflx_role_name(uint32_t role);

/**
 * The place of an `NFLX_ROLE_` number in lists of servers, from 0: those that send video stand first. Numbers that name
 * no role come last.
 */
uint32_t nflx_role_order(uint32_t role);

/**
 * The word for an `NFLX_EVIDENCE_` number, for example `quic_sni`. A static string; `?` for other numbers.
 */
const char *nflx_evidence_name(uint32_t evidence);

/**
 * The word for an `NFLX_KIND_` number, for example `video`. A static string; `?` for other numbers.
 */
const char *nflx_kind_name(uint32_t kind);

/**
 * The word for what decided a segment's kind, for example `size_cluster`. A static string; `?` for other numbers.
 */
const char *nflx_kind_reason_name(uint32_t reason);

/**
 * The word for what decided a server's role, for example `segments`. A static string; `?` for other numbers.
 */
const char *nflx_role_reason_name(uint32_t reason);

/**
 * The word for an `NFLX_TRANSPORT_` number, for example `quic`. A static string; `?` for other numbers.
 */
const char *nflx_transport_name(uint32_t transport);

/**
 * The word for an `NFLX_EVIDENCE_SCOPE_` number: `flow` or `address`. A static string; `?` for other numbers.
 */
const char *nflx_evidence_scope_name(uint32_t scope);

/**
 * The word for an `NFLX_VIA_` number, for example `connect`. A static string; `?` for other numbers.
 */
const char *nflx_via_name(uint32_t via);

/**
 * The word for an `NFLX_DIRECTION_` number: `in` or `out`. A static string; `?` for other numbers.
 */
const char *nflx_direction_name(uint32_t direction);

/**
 * Takes the next segment that settled: nothing about it will change any more. Gives each once, in the order in which they
 * settle: `settle_after` seconds behind their last byte, when they have to make room, and with `nflx_engine_finish`.
 * `NFLX_STATUS_NONE` if none settled since; `NFLX_STATUS_NOT_KEPT` for an engine made without `NFLX_ENGINE_KEEP_SETTLED`.
 * Call it until there is none after each packet, or often: what finds no room meanwhile is counted in
 * `nflx_stats.settled_lost`.
 */
nflx_status nflx_engine_next_settled(struct nflx_engine *engine,
                                     struct nflx_segment *out);

/**
 * Takes the next server whose role changed, as it is now: one whose role changed more than once meanwhile comes once.
 * `NFLX_STATUS_NONE` if there is none; `NFLX_STATUS_NOT_KEPT` for an engine made without `NFLX_ENGINE_KEEP_SETTLED`.
 * Servers whose role never changed do not come.
 */
nflx_status nflx_engine_next_changed_server(struct nflx_engine *engine, struct nflx_server *out);

/**
 * Takes the next session of playback that is over, of the segments that `nflx_engine_next_settled` has given: its client
 * asked for nothing for `playback_over` seconds, or the capture ended. They are numbered in this order, from 1; the
 * moments of such a session are not kept. `NFLX_STATUS_NONE` if none is over; `NFLX_STATUS_NOT_KEPT` for an engine made
 * without `NFLX_ENGINE_KEEP_SETTLED` and `NFLX_ENGINE_KEEP_SESSIONS`. Call it once `nflx_engine_next_settled` has no more.
 */
nflx_status nflx_engine_next_session(struct nflx_engine *engine,
                                     struct nflx_session *out);

/**
 * Finds the sessions of all segments that are held now, and writes how many there are: their numbers are 1 up to and
 * including this. What the readers below say is as of this call; its time grows with the number of segments.
 */
nflx_status nflx_engine_find_sessions(struct nflx_engine *engine, uint32_t *out);

/**
 * A session by its number, as `nflx_engine_find_sessions` last found it. `NFLX_STATUS_NONE` if there is none.
 */
nflx_status nflx_engine_session(const struct nflx_engine *engine, uint32_t session, struct nflx_session *out);

/**
 * Tells what the player of a session did at a time, in nanoseconds since 1970-01-01T00:00:00Z; behind its end, how it ended.
 * `NFLX_STATUS_NONE` if there is no such session, or the media seconds of its segments are not known.
 */
nflx_status nflx_engine_moment(const struct nflx_engine *engine,
                               uint32_t session,
                               int64_t time,
                               struct nflx_moment *out);

/**
 * The stall of an index below `nflx_session.stalls`: from and to, in nanoseconds since 1970-01-01T00:00:00Z.
 * `NFLX_STATUS_NONE` if there is none.
 */
nflx_status nflx_engine_stall(const struct nflx_engine *engine,
                              uint32_t session,
                              uint32_t index,
                              int64_t *out_from,
                              int64_t *out_to);

/**
 * Tells what a segment is to a session, as `nflx_engine_find_sessions` last found them. `NFLX_STATUS_NONE` if it is in none.
 */
nflx_status nflx_engine_media(const struct nflx_engine *engine,
                              uint32_t segment,
                              struct nflx_media *out);

/**
 * The word for an `NFLX_STATE_` number, for example `playing`. A static string; `?` for other numbers.
 */
const char *nflx_state_name(uint32_t state);

/**
 * The word for why some of a session is not known, for example `too_few`. A static string; `?` for other numbers.
 */
const char *nflx_session_reason_name(uint32_t reason);

/**
 * How many settings there are.
 */
uint32_t nflx_setting_count(void);

/**
 * The setting of an index below `nflx_setting_count`, in the order documents show them; `NFLX_STATUS_NONE` beyond.
 */
nflx_status nflx_setting_get(uint32_t index, struct nflx_setting *out);

/**
 * A sentence for a status. A static string; never NULL, also for numbers that are no status.
 */
const char *nflx_status_text(nflx_status status);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* NFLX_H */
