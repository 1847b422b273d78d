//! The table of settings: name, unit, bounds, default, source. Hosts display it, and documents are
//! generated from it.

use super::choices::{ClientKey, FlowScope, SegmentRule};

/// The type of a setting's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettingKind {
    /// Words separated by commas.
    List,
    /// One of a few words.
    Choice(&'static [&'static str]),
    /// A whole number between two inclusive bounds.
    Number {
        /// Smallest allowed.
        minimum: u64,
        /// Largest allowed.
        maximum: u64,
    },
}

/// One setting as documents and preference dialogs show it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Setting {
    /// Name as typed, for example `segment_rule`.
    pub name: &'static str,
    /// Short title.
    pub title: &'static str,
    /// What the setting does.
    pub help: &'static str,
    /// Unit of its value; empty for words.
    pub unit: &'static str,
    /// Where the default comes from.
    pub source: &'static str,
    /// The type of its value.
    pub kind: SettingKind,
}

/// A numeric setting.
pub(super) struct Number {
    pub(super) setting: Setting,
    pub(super) default: u64,
}

/// Passes the numeric settings to a macro: here they become a table, in [`super`] readers.
macro_rules! numeric_settings {
    ($apply:ident) => {
        $apply! {
            max_flows: 100_000 in 16..=100_000_000, "flows", "Flow table size",
                "Flows remembered at once; beyond it, flows that are not Netflix's go first, those quiet longest before others.",
                "memory: about 600 bytes per flow with its two addresses";
            max_connections: 8_192 in 8..=1_000_000, "flows", "Followed flows",
                "TCP and QUIC flows whose contents are followed at once: Netflix's, and new ones until they are known not to be Netflix's.",
                "memory: about 1 kB per flow, plus what it holds back";
            connection_bytes: 33_554_432 in 1_048_576..=1_099_511_627_776, "bytes", "Memory of followed flows",
                "Memory for data that followed flows hold back: packets out of order, starts of messages. Beyond it, the flows that hold most are dropped.",
                "320 flows that recover at once from a loss at 8 Mbit/s and 100 ms";
            max_servers: 8_192 in 1..=1_000_000, "addresses", "Server table size",
                "Netflix addresses remembered; later ones are counted as dropped.",
                "a busy ISP link shows several thousand (a published measurement of 2019: 4,669 Open Connect names)";
            dns_keep: 3_600 in 0..=31_536_000, "s", "Life of DNS names",
                "A name that DNS gave for an address applies at least this long to new connections without a name of their own; longer if the answer says so.",
                "RFC 1035, section 3.2.1 (TTL); browsers and players keep connecting to an address beyond it";
            max_evidence: 8 in 1..=64, "names", "Evidence per server",
                "Different pieces of evidence kept for one server.",
                "shared edge addresses answer for several names each";
            max_segments: 300_000 in 16..=100_000_000, "segments", "Segment table size",
                "Segments remembered; beyond it, the oldest are dropped.",
                "memory: about 200 bytes per segment; a viewer makes about 1,200 an hour";
            reorder_bytes: 1_048_576 in 0..=67_108_864, "bytes", "Reorder buffer",
                "Bytes kept per direction of a flow while a hole before them is open.",
                "bandwidth-delay product: 84 Mbit/s at 100 ms";
            reorder_pieces: 1_024 in 1..=65_536, "packets", "Reorder pieces",
                "Packets kept per direction of a flow while a hole before them is open.",
                "the same product in packets of 1,448 bytes, rounded up";
            gap_patience: 6 in 1..=255, "packets", "Patience with gaps",
                "Further packets of a flow to wait for before bytes that were acknowledged but not seen count as never captured.",
                "captures from several receive queues reorder by a few packets";
            control_record_max: 39 in 0..=16_384, "bytes", "Largest control record",
                "Uplink TLS records with at most this much plaintext are HTTP/2 control frames, not requests.",
                "RFC 9113: three WINDOW_UPDATE frames of 13 bytes; Chromium's smallest request on a warm connection measured 49";
            http2_headers_max: 480 in 0..=16_384, "bytes", "Largest HTTP/2 response head",
                "A downlink record of HTTP/2 with at most this much plaintext is a response's HEADERS frame, not its end.",
                "nginx measured: 165 to 290 bytes, fewer once its header table is warm";
            http2_frame: 8_192 in 1..=16_777_215, "bytes", "HTTP/2 DATA frame",
                "Assumed size of the DATA frames of HTTP/2 responses; each has a header of 9 bytes.",
                "nginx, which Open Connect appliances run: http2_chunk_size, 8 kB by default";
            http2_head: 200 in 0..=16_384, "bytes", "HTTP/2 response head",
                "Assumed size of the HEADERS frame at the start of an HTTP/2 response whose first record also holds data.",
                "nginx measured: 165 to 290 bytes, fewer once its header table is warm";
            http2_head_indexed: 40 in 0..=16_384, "bytes", "HTTP/2 indexed response head",
                "The same for servers that fit their first records into packets: such servers refer to earlier fields.",
                "RFC 7541, section 2.3.2; h2o and nghttpx measured: 23 to 65 bytes";
            http2_request_growth: 256 in 0..=16_384, "bytes", "HTTP/2 request growth",
                "An uplink HTTP/2 record that exceeds the connection's first request by more than this is the body of the request before it.",
                "RFC 7541: later requests refer to the fields of the first; paths of Open Connect requests differ by less";
            interim_response_max: 53 in 0..=16_384, "bytes", "Largest interim response",
                "A first response record with at most this much plaintext is 100 Continue: the request continues after it.",
                "RFC 9110, sections 6.6.1 and 15.2.1: a final response carries Date and has at least 54 bytes";
            ticket_record_max: 4_096 in 0..=16_384, "bytes", "Largest session ticket",
                "The first downlink records of a TLS 1.3 connection are session tickets only up to this size.",
                "RFC 8446, section 4.6.1: common servers send tickets of 200 to 1,500 bytes";
            quic_round_trip: 10 in 1..=10_000, "ms", "QUIC round trip",
                "Assumed round-trip time of a QUIC connection whose handshake was not seen.",
                "appliances stand in or next to the viewer's network; measured where the handshake is seen";
            quic_connection_id: 8 in 0..=20, "bytes", "QUIC connection ID",
                "Assumed length of connection IDs until it is learnt, from the handshake or from the bytes that short headers share.",
                "RFC 9000, section 7.2: a client's first choice has at least 8 bytes, and common stacks keep that length";
            quic_packet_number: 2 in 1..=4, "bytes", "QUIC packet number",
                "Length of the encrypted packet numbers of QUIC.",
                "RFC 9000, section 17.1: twice the packets in flight must fit; 2 bytes suffice up to 32,767";
            quic_ack_content: 24 in 0..=1_200, "bytes", "Largest QUIC control packet",
                "Downlink QUIC packets with at most this much content carry acknowledgements and flow control, no data.",
                "RFC 9000, section 19.3: an ACK with three gaps";
            quic_request_min: 40 in 0..=65_535, "bytes", "Smallest QUIC request",
                "Uplink QUIC packets with less content are not requests.",
                "RFC 9204: each request sends its path again; Chromium's smallest request on a warm connection measured 49";
            quic_request_jump: 24 in 0..=65_535, "bytes", "QUIC request above acknowledgements",
                "How much larger a request is than the flow's own acknowledgements, if the downlink was silent before the answer.",
                "RFC 9000, section 19.3: eight more gaps in one acknowledgement";
            quic_busy_jump: 36 in 0..=65_535, "bytes", "QUIC request above acknowledgements, busy",
                "How much larger a request is than the flow's own acknowledgements while a response is arriving.",
                "RFC 9000, section 19.9 and 19.10: MAX_DATA and MAX_STREAM_DATA with full varints; smallest requests exceed by 44 (measured with QPACK's dynamic table)";
            quic_request_usual: 250 in 16..=65_535, "bytes", "Usual QUIC request",
                "Assumed content of a request until one was seen on the connection: a datagram with several times as much holds several requests.",
                "measured for paths of 170 to 230 bytes: ngtcp2 245, Firefox 235, curl 190, Go 265, quinn 310, Chromium's first 375";
            quic_idle: 60 in 1..=3_600, "seconds", "Silence of a QUIC connection that moves",
                "Longest silence of a QUIC connection after which packets from another address or port of its client may still belong to it.",
                "RFC 9000, section 10.1: idle timeouts of common stacks are 30 to 60 s";
            quic_full: 90 in 1..=100, "percent", "Full QUIC datagram",
                "A datagram of at least this share of the server's largest one is full: the response continues after it.",
                "frames sent along with data shorten it by a few bytes";
            quic_pause: 90 in 1..=10_000, "percent", "QUIC pause",
                "A QUIC response that pauses for this share of the shortest round trip may be two, the second with a request that was not captured: it is marked as estimated.",
                "a client that asks again takes a whole round trip; one tenth allows for variation between round trips";
            http3_framing: 8 in 0..=1_024, "bytes", "HTTP/3 framing",
                "Frame headers in an HTTP/3 response.",
                "RFC 9114, section 7.2: HEADERS with a length of 2 bytes, DATA with one of 4";
            sharing_agreement: 20 in 1..=160, "per mille", "Agreement of audio sizes",
                "Responses that were alone on a connection are audio if their sizes agree within this share; they show how much of shared bytes belongs to audio.",
                "constant bitrate: 1 % measured (49,225 to 49,623 bytes)";
            sharing_lead: 262_144 in 0..=16_777_216, "bytes", "Bytes written ahead",
                "Bytes of an HTTP/2 response that are already in the server's socket when another is requested; the new response comes after them.",
                "nginx on Linux measured: 180 to 250 kB";
            sharing_at_once: 60 in 1..=10_000, "ms", "Request at once",
                "A player that asks for more within this time after a response it waited for asks for the track that ended last.",
                "dash.js measured: 3 to 40 ms; requests for a buffer that runs low come at any time";
            sharing_think: 20 in 0..=1_000, "ms", "Longest time to think",
                "Assumed longest time from the end of a response to the client's next request on a busy connection.",
                "dash.js in Chromium and Firefox measured: 3 to 17 ms";
            max_viewers: 4_096 in 1..=1_000_000, "addresses", "Viewer table size",
                "Clients whose segments are classified by kind; beyond it, the clients quiet longest are dropped.",
                "memory: about 1 kB per client";
            kind_window: 256 in 16..=4_096, "segments", "Window for kinds",
                "Latest segments of a client that are compared to tell video from audio.",
                "eight minutes of two tracks in segments of 4 s; 42 minutes of video segments of 4 s beside audio of 16 s hold 790";
            media_min: 8_192 in 0..=1_048_576, "bytes", "Smallest media segment",
                "Smaller segments are neither video nor audio.",
                "2 s of audio at 32 kbit/s is 8 kB; initialisation segments and probes stay below 4 kB (ISO/IEC 23009-1 players, measured)";
            probe_max: 4_096 in 0..=1_048_576, "bytes", "Largest probe",
                "A media appliance that sent no more than this was only probed.",
                "initialisation segments measured 765 to 2,628 bytes";
            audio_spread: 160 in 5..=160, "per mille", "Spread of audio sizes",
                "Audio segments differ by at most this share of the smallest.",
                "constant bitrate: 1 % measured; variable bitrate of speech and music: about 15 %";
            audio_contrast: 12 in 1..=1_000, "times", "Contrast of audio sizes",
                "Sizes of audio segments are at least this many times closer together than sizes around them.",
                "video at one quality varies by 5 to 30 %: its densest stretch reaches 6 to 10 times (simulated)";
            audio_odds: 500 in 1..=1_000_000, "to 1", "Odds against chance",
                "The agreement of audio sizes is not chance, with at least these odds.",
                "three of twelve within 1 %: 500 to 1 (scan statistic)";
            audio_share: 10 in 1..=100, "percent", "Least share of audio segments",
                "Audio's share of a client's segments while it plays.",
                "audio of 16 s beside video of 4 s makes 20 %, less while video is loaded again in better quality";
            audio_coverage: 60 in 1..=100, "percent", "Coverage of the session by audio",
                "The session is cut into slices that should each hold two audio segments; at least this share of them holds one.",
                "a track recurs in all slices except those with seeks and switches";
            audio_bitrate: 320 in 1..=100_000, "kbit/s", "Largest bitrate of audio alone",
                "A single track of constant sizes is audio up to this bitrate, and video above.",
                "stereo is sent with up to 256 kbit/s; video of constant size exceeds that except in the lowest steps";
            bulk_min: 16_777_216 in 1..=1_099_511_627_776, "bytes", "Bulk download",
                "Larger segments are downloads, not media.",
                "4 s of video at 32 Mbit/s; speed tests ask for 25 MiB at once (fast.com, 2018)";
            bulk_parallel_min: 4_194_304 in 1..=1_099_511_627_776, "bytes", "Parallel bulk download",
                "Segments of at least this size are downloads if several are in flight at once.",
                "4 s of video at 8 Mbit/s";
            bulk_parallel: 4 in 2..=64, "segments", "Parallel bulk downloads",
                "This many large segments of a client in flight at once are downloads.",
                "players keep one video segment in flight, sometimes two; speed tests up to eight";
            bulk_spread_min: 1_048_576 in 1..=1_099_511_627_776, "bytes", "Bulk download from several servers",
                "Segments of at least this size, or all that a server sent, are downloads if a client asks 'bulk_parallel' servers for one at the same moment.",
                "speed tests over slow lines stop transfers after a few MB; players use one or two servers";
            bulk_together: 1_000 in 1..=3_600_000, "ms", "Same moment of bulk downloads",
                "Downloads from several servers count as simultaneous if they are requested within this time.",
                "speed tests open their connections within a few round trips; players behind one address start independently";
            bulk_margin: 5_000 in 0..=3_600_000, "ms", "Around bulk downloads",
                "Segments that the same server sends within this time before or after a bulk download belong to it.",
                "speed tests start with small requests and abort large ones";
            headers_max: 131_072 in 0..=16_777_216, "bytes", "Largest media header",
                "Several segments of one size at once are the starts of media files, up to this size.",
                "/range/0-65535 of each file at the start of a session (measured, 2017 and 2018)";
            picture_max: 30_000 in 0..=16_777_216, "bytes", "Usual picture",
                "A server without a telling name sends pictures or small files if half of its bytes come in segments up to this size.",
                "artwork measured: medians of 5 to 30 kB; 4 s of audio at 64 kbit/s is 32 kB";
            media_volume: 300_000 in 0..=1_099_511_627_776, "bytes", "Least volume of media",
                "A server without a telling name that sent less is not a media server, unless its segments have constant sizes.",
                "10 s of video at the lowest step of 235 kbit/s";
            control_upload: 12 in 0..=1_000, "percent", "Upload of control traffic",
                "A server without a telling name that receives at least this many uplink bytes per 100 downlink bytes is a control server.",
                "measured on a session of 2017: API and telemetry 12 to 445, media up to 9, artwork 3 to 6";
            feature_window: 10 in 1..=86_400, "seconds", "Window of features",
                "Length of the windows of 'nflx features', one row each.",
                "the published data sets of video quality (Bronzino et al., 2019)";
            session_idle: 60 in 1..=3_600, "seconds", "Idle time between sessions",
                "A client without Netflix traffic for longer than this starts another session; for 'nflx features'.",
                "players ask for video every 4 s and for audio every 16 s (measured, 2018); web servers close after 75 s";
            clock_step: 1_000 in 1..=3_600_000, "ms", "Step of the clock",
                "A packet whose time is earlier than the previous packet's by more than this counts as a step of the capture's clock.",
                "merged queues and taps reorder packets by about ten milliseconds";
            clock_doubt: 10 in 0..=3_600, "seconds", "Doubt of the clock",
                "After the time jumps ahead by more than 'clock_step', nothing ends by silence until the clock has run on for this \
                 long, because it may jump back; 0 believes it at once.",
                "a wrong stamp of a card or driver is followed by right ones at once; a clock that was set stays set";
            segment_quiet: 10 in 0..=86_400, "seconds", "Silence that completes a segment",
                "A response without a visible end is complete if nothing came for this long.",
                "RFC 6298: three timeouts in a row, 1 + 2 + 4 s, rounded up";
            settle_after: 120 in 1..=86_400, "seconds", "Time until a segment settles",
                "After this much silence since its last byte, a segment no longer changes; anything that comes later is counted as too late.",
                "RFC 9293, section 3.8.3: TCP sends again for at least 100 s before it gives a connection up; kinds of a player's first segments show after 100 s (four audio segments of 16 s, measured)";
            ewma_span: 10 in 1..=1_000, "segments", "Span of moving averages",
                "Exponentially weighted averages of 'nflx features' give the newest segment the weight 2 / (span + 1).",
                "the ten segments that the average covers";
            session_values: 16_384 in 16..=1_000_000, "values", "Values kept of a session",
                "Values kept for a session's percentiles in 'nflx features'; beyond it, a uniform sample is kept.",
                "13 hours of 1,200 segments an hour";
            window_values: 16_777_216 in 0..=1_000_000_000, "values", "Values kept for medians",
                "Values kept for the medians of all open windows in 'nflx features'; beyond it, a uniform sample is kept.",
                "memory: 8 bytes per value; 10 s at 1 Gbit/s makes about 4 million";
            kept_windows: 8_192 in 0..=10_000_000, "windows", "Windows kept until the end",
                "Windows that 'nflx features' counts during the first reading of a capture; if there are more, it reads the capture a second time.",
                "memory: about 4 kB each; 22 hours of one viewer";
            max_sessions: 4_096 in 1..=1_000_000, "sessions", "Session table size",
                "Sessions open at once in 'nflx features'; beyond it, the sessions quiet longest end.",
                "memory: about 2 kB per session, and up to 25 kB for its values";
            fill_idle: 500 in 0..=60_000, "ms", "Idle time while filling",
                "A player that asks for video within this time after the last segment came is filling its buffer.",
                "requests come within 10 to 50 ms while filling, after 2 s or more with a full buffer (dash.js, measured)";
            fill_segments: 3 in 2..=1_000, "segments", "Segments of a filling phase",
                "A player that asks for at least this many video segments without a pause is filling its buffer.",
                "two may follow each other by chance: one that came late, and the next one, which was due";
            playback_wait: 250 in 10..=10_000, "ms", "Wait of a full buffer",
                "A player that asks for a track's next segment this long after the last one came has waited because its buffer is full.",
                "requests come within 10 to 50 ms while filling, after 500 ms or more with a full buffer (dash.js, Shaka Player, measured)";
            playback_run_on: 3_000 in 0..=60_000, "ms", "Sound without a picture",
                "How long a player continues with sound alone after video has run out.",
                "Chromium: media::RendererImpl, kDefaultVideoUnderflowThresholdMs = 3000; measured";
            playback_reopened: 15 in 1..=86_400, "seconds", "Gap before a title that is opened again",
                "A player that asks for the headers of both tracks after this long without a request for media starts another session.",
                "a browser that is opened again takes some seconds; a player that seeks asks at once";
            playback_over: 300 in 10..=86_400, "seconds", "Gap that ends a session of playback",
                "Time without a request for media after which a session of playback is over.",
                "a buffer of 240 s and a segment of 16 s play without a request (Netflix's player, measured)";
            playback_segments: 4_096 in 64..=1_000_000, "segments", "Segments of a session of playback",
                "Segments used to infer a session of playback; a session with more is cut.",
                "memory: about 120 bytes per segment; a viewer makes about 1,200 an hour";
            feature_playback_segments: 128 in 16..=4_096, "segments", "Segments for playback in a live row",
                "Newest segments of a session from which a row that does not wait for the end of the capture infers playback.",
                "about 5 minutes of a viewer; time for a row grows with it: 20 ms, and 150 ms where responses overlap (measured)";
            playback_step: 1_000 in 100..=3_600_000, "ms", "Step of playback",
                "Time between two rows of 'nflx playback'.",
                "shows a stall of one second";
            join_gap: 10 in 0..=86_400, "seconds", "Gap between files of one capture",
                "Files with consecutive numbers in their names, but not named like those of a ring, are one capture if no more time lies between them.",
                "ring files continue with the next packet: keep-alives of players come every 4 s; restarting a program by hand takes longer";
            duplicate_window: 1_000 in 0..=60_000, "ms", "Window for copies",
                "A packet with the same contents as an earlier one, including its IP identification or TCP timestamps, is a copy of it if it comes within this time. Copies are counted separately. 0 counts all packets.",
                "copies from both sides of a router are apart by the delay of its queue; a sender that sends again changes both fields (RFC 6864, RFC 7323)";
            duplicate_unmarked: 1_000 in 0..=1_000_000, "µs", "Window for copies without marks",
                "The same for packets with neither an identification nor timestamps.",
                "a retransmission comes at least a round trip later (RFC 9002, section 6.1; RFC 5681); copies on a mirror port are about 10 µs apart";
            duplicate_packets: 16_384 in 16..=16_777_216, "packets", "Packets compared",
                "Packets remembered to recognise copies.",
                "0.2 s of full packets at 1 Gbit/s; memory: 56 bytes per packet";
            tap_skew: 2_000 in 0..=60_000, "ms", "Skew of taps",
                "Longest time that a TCP packet waits for the data that it acknowledges, once a handshake has shown that the \
                 clocks of two taps differ; 0 lets none wait.",
                "taps on one host differ by milliseconds, on two hosts without a common clock by up to a second; a round trip on top";
            tap_bytes: 8_388_608 in 0..=1_073_741_824, "bytes", "Memory of waiting packets",
                "Bytes of packets that wait for the data that they acknowledge; at most half of what 'connection_bytes' allows. If a flow \
                 needs more room, its oldest packet stops waiting.",
                "40 Mbit/s for the default of tap_skew, less what snapshot lengths cut";
            fragment_packets: 256 in 1..=65_536, "packets", "Fragmented packets",
                "IP packets that wait for fragments at once; beyond it, those quiet longest are dropped.",
                "memory: about 500 bytes each, plus their fragments";
            fragment_bytes: 1_048_576 in 0..=1_073_741_824, "bytes", "Memory of fragments",
                "Bytes of IP fragments that wait for the rest of their packet.",
                "sixteen packets of the largest size; Linux allows 4 MiB (net.ipv4.ipfrag_high_thresh)";
            fragment_patience: 30_000 in 1..=600_000, "ms", "Patience with fragments",
                "Fragments of one packet come within this time; later ones with the same identification belong to another packet.",
                "Linux: net.ipv4.ipfrag_time; RFC 8200, section 4.5, has 60 s";
            retransmission_note: 5 in 0..=100, "percent", "Note retransmissions above",
                "A segment gets a note if more than this share of its bytes was sent again.",
                "players cope with 2 % loss; above 5 %, throughput suffers visibly";
            throughput_min: 14_600 in 0..=1_073_741_824, "bytes", "Least bytes of a throughput",
                "Responses of fewer bytes have no throughput: the speed of a few packets shows the sender's line, not the path's rate.",
                "RFC 6928: a sender may send ten segments of 1,460 bytes at once before the path has any say";
            first_byte_note: 1_000 in 0..=3_600_000, "ms", "Note first bytes after",
                "A segment gets a note if the first byte of its response comes later than this after the request.",
                "RFC 6298: the first timeout of TCP is 1 s; without loss, servers answer within a round trip and a few ms";
            bitrate_note: 100 in 0..=1_000, "percent", "Note throughput below",
                "A segment gets a note if its throughput is below this share of its own bit rate: it plays faster than it came.",
                "a buffer drains at less than 100 %";
            quality_note: 40 in 1..=100, "percent", "Note lower quality by",
                "A video segment gets a note if its bit rate is lower than that of the one before it by more than this share.",
                "steps of Netflix's ladders are 20 to 50 %, and scenes of one quality differ by up to 30 % from segment to segment (measured)";
            reconnect_note: 5 in 1..=86_400, "seconds", "Note reconnects after",
                "A segment on another connection gets a note if more than this time has passed since the server's segment before it.",
                "players ask for video every 4 s; a connection that stays open needs no handshakes";
        }
    };
}
pub(super) use numeric_settings;

/// Builds the table of the numeric settings and their positions in it.
macro_rules! table {
    ($($name:ident: $default:literal in $minimum:literal ..= $maximum:literal, $unit:literal, $title:literal, $help:literal, $source:literal;)*) => {
        #[expect(non_camel_case_types, reason = "variants are the settings' names")]
        #[derive(Clone, Copy)]
        pub(super) enum Index { $($name),* }

        pub(super) const NUMBERS: &[Number] = &[$(Number {
            setting: Setting {
                name: stringify!($name),
                title: $title,
                help: $help,
                unit: $unit,
                source: $source,
                kind: SettingKind::Number { minimum: $minimum, maximum: $maximum },
            },
            default: $default,
        }),*];
    };
}

numeric_settings!(table);

pub(super) const CHOICE_EMPTY: &[&str] = &["null", "zero"];
pub(super) const CHOICE_SESSION: &[&str] = &["idle", "title"];
pub(super) const CHOICE_PLAYBACK: &[&str] = &["off", "on"];

const WORDS: &[Setting] = &[
    Setting {
        name: "domains",
        title: "Netflix keywords",
        help: "A name that contains one of these words belongs to Netflix. Separate words by commas; =netflix.com means that domain and its subdomains.",
        unit: "",
        source: "the classic rule (nflxvideo, netflix, nflxso, nflxext), and Netflix's artwork and search names",
        kind: SettingKind::List,
    },
    Setting {
        name: "prefixes",
        title: "Extra prefixes",
        help: "Address ranges in CIDR notation, separated by commas, that count as Netflix in addition to the known ones.",
        unit: "",
        source: "the user",
        kind: SettingKind::List,
    },
    Setting {
        name: "dns_ports",
        title: "DNS ports",
        help: "Ports, separated by commas, whose answers are read as DNS, over UDP and TCP.",
        unit: "",
        source: "RFC 1035, section 4.2; resolvers inside a network often use others, such as 5335",
        kind: SettingKind::List,
    },
    Setting {
        name: "nat64",
        title: "NAT64 prefixes",
        help: "IPv6 ranges, separated by commas, whose addresses embed IPv4 addresses.",
        unit: "",
        source: "RFC 6052, section 2.1: 64:ff9b::/96",
        kind: SettingKind::List,
    },
    Setting {
        name: "evidence",
        title: "Evidence that counts",
        help: "Kinds of evidence, separated by commas: config, sni, quic_sni, http_host, certificate, tunnel, dns, https_record, cname, dns_owner, prefix.",
        unit: "",
        source: "dns_owner alone is the classic rule; the others together include it",
        kind: SettingKind::List,
    },
    Setting {
        name: "segment_rule",
        title: "Segment rule",
        help: "flow: per connection, by the records of its protocol. server: the classic rule, per server address.",
        unit: "",
        source: "players use several connections to one server at once, which the classic rule mixes",
        kind: SettingKind::Choice(SegmentRule::NAMES),
    },
    Setting {
        name: "flow_key",
        title: "What tells flows apart",
        help: "addresses: addresses and ports alone. vlan: also VLAN tags. tunnel: also VLAN tags and virtual networks of tunnels.",
        unit: "",
        source: "a tag is often present in one direction only; customers of a network may have the same addresses",
        kind: SettingKind::Choice(FlowScope::NAMES),
    },
    Setting {
        name: "client_key",
        title: "What tells clients apart",
        help: "address: the client's IP address. mac: the device's link-layer address, so that requests from its IPv4 and IPv6 addresses belong to one client, shown with the first of them.",
        unit: "",
        source: "a capture behind a router sees the router's link-layer address for every client; a capture on the clients' own network sees each device",
        kind: SettingKind::Choice(ClientKey::NAMES),
    },
    Setting {
        name: "vxlan_ports",
        title: "Ports of VXLAN",
        help: "UDP ports, separated by commas, on which VXLAN is decoded in addition to 4789 and 8472; or none.",
        unit: "",
        source: "RFC 7348, section 5; Linux before it",
        kind: SettingKind::List,
    },
    Setting {
        name: "feature_kinds",
        title: "Segments in features",
        help: "Kinds of segments, separated by commas, that 'nflx features' computes statistics from: video, audio, other.",
        unit: "",
        source: "published data sets cannot tell audio from video; segments that are neither are not streaming",
        kind: SettingKind::List,
    },
    Setting {
        name: "empty_features",
        title: "Features without a value",
        help: "The value of statistics without data in 'nflx features': null or zero.",
        unit: "",
        source: "null cannot be mistaken for a measured 0; published data sets have 0",
        kind: SettingKind::Choice(CHOICE_EMPTY),
    },
    Setting {
        name: "session_by",
        title: "Sessions of features",
        help: "idle: pauses of 'session_idle' separate a client's sessions. title: each new title also starts a session.",
        unit: "",
        source: "published data sets have one title per session",
        kind: SettingKind::Choice(CHOICE_SESSION),
    },
    Setting {
        name: "feature_playback",
        title: "Playback in features",
        help: "on: rows of 'nflx features' also have the columns named playback_: media seconds, bit rates and buffer, as inferred from segments.",
        unit: "",
        source: "published data sets do not have them, and inferring them takes many times as long as all other columns",
        kind: SettingKind::Choice(CHOICE_PLAYBACK),
    },
];

const SETTING_COUNT: usize = WORDS.len() + NUMBERS.len();

pub(super) const SETTING_TABLE: [Setting; SETTING_COUNT] = {
    let mut table = [WORDS[0]; SETTING_COUNT];
    let mut at = 0;
    while at < SETTING_COUNT {
        table[at] = if at < WORDS.len() {
            WORDS[at]
        } else {
            NUMBERS[at - WORDS.len()].setting
        };
        at += 1;
    }
    table
};
