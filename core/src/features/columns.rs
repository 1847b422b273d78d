//! Every column of a row: name, unit, definition. Rows, their order and the documents all come from
//! this table.

use std::net::IpAddr;

use strum::IntoStaticStr;

use super::row::Row;
use crate::packet::{Time, seconds};

/// The subject of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, IntoStaticStr)]
#[non_exhaustive]
#[strum(serialize_all = "snake_case")]
pub enum Layer {
    /// Identifies the row.
    Key,
    /// Packets and bytes.
    Network,
    /// Requests and responses. The published data sets call segments chunks.
    Segment,
    /// Statistics of TCP headers.
    Transport,
    /// The player's doings, as inferred from segments.
    Playback,
}

impl Layer {
    /// Returns the word that users see.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// The type of a column's values, the same in every row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Type {
    /// A whole number, 0 or more; never null.
    Integer,
    /// A number with 64 bits; never null.
    Float,
    /// A number with 64 bits, or null if there is no value.
    #[strum(serialize = "float")]
    OptionalFloat,
    /// A list of numbers with 64 bits, possibly empty.
    #[strum(serialize = "array of float")]
    Floats,
    /// A point in time.
    Time,
    /// An address.
    Address,
}

impl Type {
    /// Returns the word that users see.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Returns true if a value may be missing.
    #[must_use]
    pub const fn is_optional(self) -> bool {
        matches!(self, Self::OptionalFloat)
    }
}

/// A column's value in a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// Of [`Type::OptionalFloat`].
    Null,
    /// Of [`Type::Integer`].
    Integer(u64),
    /// Of [`Type::Float`] and [`Type::OptionalFloat`].
    Float(f64),
    /// Of [`Type::Floats`].
    Floats(&'a [f64]),
    /// Of [`Type::Time`].
    Time(Time),
    /// Of [`Type::Address`].
    Address(IpAddr),
}

/// Where a column's name and meaning come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Source {
    /// This project.
    Own,
    /// The published data set, and the list of columns that its authors deployed.
    Deployed,
    /// The published data set only.
    Published,
}

impl Source {
    /// Returns the word that users see.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// One column.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Column {
    /// Name, exactly as published.
    pub name: &'static str,
    /// The subject.
    pub layer: Layer,
    /// The type of its values.
    pub kind: Type,
    /// Unit; 1 for ratios, empty for names.
    pub unit: &'static str,
    /// The definition, a sentence without a full stop.
    pub definition: &'static str,
    /// The source of the name.
    pub source: Source,
    /// True if the published sources leave part of the definition or the unit open, so that it was
    /// decided here.
    pub decided: bool,
    value: for<'r> fn(&'r Row) -> Value<'r>,
}

impl Column {
    /// Returns the value in a row.
    #[must_use]
    pub fn value<'r>(&self, row: &'r Row) -> Value<'r> {
        match (self.value)(row) {
            Value::Null if row.zero_if_empty => Value::Float(0.0),
            value => value,
        }
    }
}

/// Version of the columns' definitions. Changes whenever the same packets and settings would give
/// another value, because a model trained on the old values would silently be wrong.
pub const DEFINITIONS: u32 = 1;

/// Returns the column with a name, of [`COLUMNS`] or [`PLAYBACK`].
#[must_use]
pub fn column(name: &str) -> Option<&'static Column> {
    let all = COLUMNS.iter().chain(PLAYBACK);
    all.into_iter().find(|column| column.name == name)
}

const fn optional<'a>(value: Option<f64>) -> Value<'a> {
    match value {
        Some(value) => Value::Float(value),
        None => Value::Null,
    }
}

/// Columns of one layer and source, one per line: `name: Type, unit, definition, value`. The word
/// `decided` precedes a name if its published definition leaves something open.
macro_rules! columns {
    ($layer:ident $source:ident; $($rest:tt)*) => { columns!(@ $layer $source [] $($rest)*) };
    (@ $layer:ident $source:ident [$($done:tt)*] decided $name:expr => $kind:ident, $unit:expr, $definition:expr, $value:expr; $($rest:tt)*) => {
        columns!(@ $layer $source [$($done)* Column {
            name: $name, layer: Layer::$layer, kind: Type::$kind, unit: $unit, definition: $definition,
            source: Source::$source, decided: true, value: $value,
        },] $($rest)*)
    };
    (@ $layer:ident $source:ident [$($done:tt)*] $name:expr => $kind:ident, $unit:expr, $definition:expr, $value:expr; $($rest:tt)*) => {
        columns!(@ $layer $source [$($done)* Column {
            name: $name, layer: Layer::$layer, kind: Type::$kind, unit: $unit, definition: $definition,
            source: Source::$source, decided: false, value: $value,
        },] $($rest)*)
    };
    (@ $layer:ident $source:ident [$($done:tt)*]) => { &[$($done)*] };
}

/// The seven statistics of a quantity of packets.
macro_rules! shape {
    ($layer:ident $side:literal $quantity:literal, $unit:literal, $what:expr, $($path:ident).+) => {
        columns! { $layer Published;
            decided concat!($side, "Avg", $quantity) => OptionalFloat, $unit, concat!("Mean of ", $what),
                |row| optional(row.counted.$($path).+.mean);
            decided concat!($side, "Med", $quantity) => OptionalFloat, $unit, concat!("Median of ", $what),
                |row| optional(row.counted.$($path).+.median);
            decided concat!($side, "Min", $quantity) => OptionalFloat, $unit, concat!("Smallest of ", $what),
                |row| optional(row.counted.$($path).+.minimum);
            decided concat!($side, "Max", $quantity) => OptionalFloat, $unit, concat!("Largest of ", $what),
                |row| optional(row.counted.$($path).+.maximum);
            decided concat!($side, "Std", $quantity) => OptionalFloat, $unit, concat!("Standard deviation of ", $what),
                |row| optional(row.counted.$($path).+.deviation);
            decided concat!($side, "Ske", $quantity) => OptionalFloat, "1", concat!("Skewness of ", $what),
                |row| optional(row.counted.$($path).+.skewness);
            decided concat!($side, "Kur", $quantity) => OptionalFloat, "1", concat!("Excess kurtosis of ", $what),
                |row| optional(row.counted.$($path).+.kurtosis);
        }
    };
}

/// The columns that both sides have: `server` for the downlink, `user` for the uplink.
macro_rules! side {
    ($side:literal, $who:literal, $path:ident) => {
        [
            columns! { Network Deployed;
                concat!($side, "PacketCount") => Integer, "packets", concat!("IP packets that ", $who, " sent"),
                    |row| Value::Integer(row.counted.$path.counts.packets);
                concat!($side, "ByteCount") => Integer, "bytes",
                    concat!("Bytes that ", $who, " sent: the length in the IP header (IPv6: 40 and the payload length)"),
                    |row| Value::Integer(row.counted.$path.counts.bytes);
            },
            columns! { Network Published;
                decided concat!($side, "Throughput") => Float, "kbit/s",
                    concat!($side, "ByteCount as a rate over the whole window"),
                    |row| Value::Float(row.rate(row.counted.$path.counts.bytes));
                decided concat!($side, "Goodput") => Float, "kbit/s",
                    concat!("TCP and UDP payload that ", $who, " sent, each byte of TCP once, as a rate over the whole window"),
                    |row| Value::Float(row.rate(row.counted.$path.counts.new_bytes));
            },
            shape!(Network $side "InterArrivalTime", "s",
                concat!("times between packets of ", $who, ", each counted in the window of the later packet"),
                $path.inter_arrival),
            shape!(Transport $side "BytesPerPacket", "bytes", concat!("the IP lengths of packets of ", $who), $path.bytes_per_packet),
            columns! { Transport Published;
                concat!($side, "AckFlags") => Integer, "packets", concat!("TCP packets of ", $who, " with ACK set"),
                    |row| Value::Integer(row.counted.$path.counts.flags.ack);
                concat!($side, "FinFlags") => Integer, "packets", concat!("TCP packets of ", $who, " with FIN set"),
                    |row| Value::Integer(row.counted.$path.counts.flags.fin);
                concat!($side, "PshFlags") => Integer, "packets", concat!("TCP packets of ", $who, " with PSH set"),
                    |row| Value::Integer(row.counted.$path.counts.flags.psh);
                concat!($side, "RstFlags") => Integer, "packets", concat!("TCP packets of ", $who, " with RST set"),
                    |row| Value::Integer(row.counted.$path.counts.flags.rst);
                concat!($side, "SynFlags") => Integer, "packets", concat!("TCP packets of ", $who, " with SYN set"),
                    |row| Value::Integer(row.counted.$path.counts.flags.syn);
                concat!($side, "UrgFlags") => Integer, "packets", concat!("TCP packets of ", $who, " with URG set"),
                    |row| Value::Integer(row.counted.$path.counts.flags.urg);
            },
            shape!(Transport $side "Rwnd", "bytes",
                concat!("the receive windows in TCP packets of ", $who, ", scaled (RFC 7323); resets, and flows whose handshake was not captured, are left out"),
                $path.receive_window),
            shape!(Transport $side "BytesInFlight", "bytes",
                concat!("the bytes in flight at each TCP packet of ", $who, ": from the highest byte acknowledged up to the highest one sent; without resets"),
                $path.in_flight),
            shape!(Transport $side "Retransmit", "times",
                concat!("the numbers of earlier transmissions of TCP packets of ", $who, " with payload: 0 if no byte was seen before, else one more than the most repeated earlier packet that it overlaps"),
                $path.repetitions),
            columns! { Transport Published;
                decided concat!($side, "ZeroRetransmit") => Integer, "packets",
                    concat!("TCP packets of ", $who, " with payload that had not been seen before, not even in part"),
                    |row| Value::Integer(row.counted.$path.counts.repeated[0]);
                decided concat!($side, "OneRetransmit") => Integer, "packets",
                    concat!("TCP packets of ", $who, " that were sent for the second time"),
                    |row| Value::Integer(row.counted.$path.counts.repeated[1]);
                decided concat!($side, "TwoRetransmit") => Integer, "packets",
                    concat!("TCP packets of ", $who, " that were sent for the third time"),
                    |row| Value::Integer(row.counted.$path.counts.repeated[2]);
                decided concat!($side, "XRetransmit") => Integer, "packets",
                    concat!("TCP packets of ", $who, " that had been sent more than twice before"),
                    |row| Value::Integer(row.counted.$path.counts.repeated[3]);
                decided concat!($side, "OutOfOrderPackets") => Integer, "packets",
                    concat!("TCP packets of ", $who, " whose bytes had not been seen before, although later ones had: reordered, or lost before the capture point and sent again"),
                    |row| Value::Integer(row.counted.$path.counts.out_of_order_packets);
                decided concat!($side, "OutOfOrderBytes") => Integer, "bytes",
                    concat!("Payload of ", $side, "OutOfOrderPackets"),
                    |row| Value::Integer(row.counted.$path.counts.out_of_order_bytes);
            },
        ]
    };
}

/// The eight statistics of a quantity of segments, in the order of the deployed list.
macro_rules! span {
    ($prefix:literal, $unit:literal, $what:literal, $($path:ident).+) => {
        columns! { Segment Deployed;
            decided concat!($prefix, "_avg") => OptionalFloat, $unit, concat!("Mean of ", $what),
                |row| optional(row.$($path).+.mean);
            decided concat!($prefix, "_std") => OptionalFloat, $unit, concat!("Standard deviation of ", $what),
                |row| optional(row.$($path).+.deviation);
            decided concat!($prefix, "_min") => OptionalFloat, $unit, concat!("Smallest of ", $what),
                |row| optional(row.$($path).+.minimum);
            decided concat!($prefix, "_max") => OptionalFloat, $unit, concat!("Largest of ", $what),
                |row| optional(row.$($path).+.maximum);
            decided concat!($prefix, "_50") => OptionalFloat, $unit, concat!("50th percentile of ", $what),
                |row| optional(row.$($path).+.percentiles[0]);
            decided concat!($prefix, "_75") => OptionalFloat, $unit, concat!("75th percentile of ", $what),
                |row| optional(row.$($path).+.percentiles[1]);
            decided concat!($prefix, "_85") => OptionalFloat, $unit, concat!("85th percentile of ", $what),
                |row| optional(row.$($path).+.percentiles[2]);
            decided concat!($prefix, "_90") => OptionalFloat, $unit, concat!("90th percentile of ", $what),
                |row| optional(row.$($path).+.percentiles[3]);
        }
    };
}

/// The eight statistics of sizes of segments.
macro_rules! sizes {
    ($prefix:literal, $what:literal, $($path:ident).+) => {
        columns! { Segment Deployed;
            decided concat!($prefix, "_std_chunksize") => OptionalFloat, "bytes", concat!("Standard deviation of ", $what),
                |row| optional(row.$($path).+.deviation);
            decided concat!($prefix, "_avg_chunksize") => OptionalFloat, "bytes", concat!("Mean of ", $what),
                |row| optional(row.$($path).+.mean);
            decided concat!($prefix, "_max_chunksize") => OptionalFloat, "bytes", concat!("Largest of ", $what),
                |row| optional(row.$($path).+.maximum);
            decided concat!($prefix, "_min_chunksize") => OptionalFloat, "bytes", concat!("Smallest of ", $what),
                |row| optional(row.$($path).+.minimum);
            decided concat!($prefix, "_chunksizes_50") => OptionalFloat, "bytes", concat!("50th percentile of ", $what),
                |row| optional(row.$($path).+.percentiles[0]);
            decided concat!($prefix, "_chunksizes_75") => OptionalFloat, "bytes", concat!("75th percentile of ", $what),
                |row| optional(row.$($path).+.percentiles[1]);
            decided concat!($prefix, "_chunksizes_85") => OptionalFloat, "bytes", concat!("85th percentile of ", $what),
                |row| optional(row.$($path).+.percentiles[2]);
            decided concat!($prefix, "_chunksizes_90") => OptionalFloat, "bytes", concat!("90th percentile of ", $what),
                |row| optional(row.$($path).+.percentiles[3]);
        }
    };
}

const KEYS: &[Column] = columns! { Key Own;
    "session" => Integer, "", "Number of the session in the capture, from 1 in order of its first packet",
        |row| Value::Integer(row.session.into());
    "client" => Address, "", "The client whose session it is", |row| Value::Address(row.client);
    "window" => Integer, "", "Number of the window in its session, from 0", |row| Value::Integer(row.window.into());
    "t_start" => Time, "s since 1970", "Start of the window; the first one starts with the session's first packet",
        |row| Value::Time(row.start);
    "t_end" => Time, "s since 1970", "End of the window, where the next one starts. The last window is as long as the others",
        |row| Value::Time(row.end);
};

const RELATIVE: &[Column] = columns! { Key Published;
    "relative_timestamp" => Float, "s", "End of the window since the session's start: 10, 20, 30 and so on",
        |row| Value::Float(row.since_start(row.end));
};

const NETWORK: &[Column] = columns! { Network Deployed;
    decided "total_throughput_down" => Float, "kbit/s",
        "All IP bytes to the client, from Netflix and others, as a rate over the whole window",
        |row| Value::Float(row.rate(row.counted.down.counts.bytes + row.foreign[0]));
    decided "total_throughput_up" => Float, "kbit/s",
        "All IP bytes from the client, to Netflix and others, as a rate over the whole window",
        |row| Value::Float(row.rate(row.counted.up.counts.bytes + row.foreign[1]));
    decided "service_Video_throughput_down" => Float, "kbit/s",
        "IP bytes from Netflix servers that send video in the capture (role video or audio_video), as a rate over the whole window",
        |row| Value::Float(row.rate(row.counted.down.counts.video_bytes));
    decided "service_Video_throughput_up" => Float, "kbit/s",
        "IP bytes to Netflix servers that send video in the capture, as a rate over the whole window",
        |row| Value::Float(row.rate(row.counted.up.counts.video_bytes));
    decided "service_non_video_throughput_down" => Float, "kbit/s",
        "IP bytes from other Netflix servers, as a rate over the whole window",
        |row| Value::Float(row.rate(row.counted.down.counts.bytes - row.counted.down.counts.video_bytes));
    decided "service_non_video_throughput_up" => Float, "kbit/s",
        "IP bytes to other Netflix servers, as a rate over the whole window",
        |row| Value::Float(row.rate(row.counted.up.counts.bytes - row.counted.up.counts.video_bytes));
    decided "parallel_flows" => Integer, "flows", "TCP and UDP flows with Netflix that have a packet in the window",
        |row| Value::Integer(row.counted.flows);
};

const SEGMENTS: &[Column] = columns! { Segment Deployed;
    decided "chunk_start_time" => OptionalFloat, "s",
        "Time at which the latest completed segment was requested, since the session's start (negative if before it)",
        |row| optional(row.known.latest.map(|latest| row.since_start(latest.requested)));
    decided "chunk_end_time" => OptionalFloat, "s",
        "Time at which the latest completed segment completed, since the session's start",
        |row| optional(row.known.latest.map(|latest| row.since_start(latest.completed)));
    decided "curr_chunksize" => OptionalFloat, "bytes", "Size of the latest completed segment",
        |row| optional(row.known.latest.map(|latest| latest.bytes as f64));
    decided "size_diff_previous" => OptionalFloat, "bytes",
        "Size of the latest completed segment less that of the one that completed before it",
        |row| optional(row.known.latest.and_then(|latest| latest.growth).map(|growth| growth as f64));
    decided "current_chunk_iat" => OptionalFloat, "s",
        "Time from the previous completion to the latest one",
        |row| optional(row.known.latest.and_then(|latest| latest.gap).map(seconds));
    decided "cumsum_chunksizes" => Integer, "bytes", "Sum of the sizes of all segments that completed in the session so far; never decreases",
        |row| Value::Integer(row.known.bytes);
    decided "up_down_ratio" => OptionalFloat, "1", "Requests in the window per segment that completed in it: n_chunks_up / n_chunks_down",
        |row| optional((row.counted.completions > 0).then(|| row.counted.requests as f64 / row.counted.completions as f64));
    decided "n_chunks_up" => Integer, "segments", "Segments requested in the window", |row| Value::Integer(row.counted.requests);
    decided "n_chunks_down" => Integer, "segments", "Segments that completed in the window", |row| Value::Integer(row.counted.completions);
    decided "n_prev_up_chunk" => Integer, "segments", "Segments requested in the session before the window; never decreases",
        |row| Value::Integer(row.known.requests_before);
    decided "n_prev_down_chunk" => Integer, "segments", "Segments that completed in the session before the window; never decreases",
        |row| Value::Integer(row.known.completions_before);
};

const EWMA: &[Column] = columns! { Segment Deployed;
    decided "10_EWMA_chunksizes" => Floats, "bytes",
        "Exponentially weighted moving averages of the last ten sizes, one value per size, oldest first: the first value is the size itself, each later one the previous average moved towards its size by 2 / (ewma_span + 1)",
        |row| Value::Floats(&row.known.averages);
};

const LAST: &[Column] = sizes!(
    "10",
    "the sizes of the last ten segments that completed in the session",
    known.last_sizes
);
const ALL: &[Column] = sizes!(
    "allprev",
    "the sizes of all segments that completed in the session so far",
    known.sizes
);
const ALL_UP: &[Column] = span!(
    "all_prev_up_chunk_iat",
    "s",
    "the times between requests in the session so far",
    known.request_gaps
);
const ALL_DOWN: &[Column] = span!(
    "all_prev_down_chunk_iat",
    "s",
    "the times between completions in the session so far",
    known.completion_gaps
);
const UP: &[Column] = span!(
    "up_chunk_iat",
    "s",
    "the times to requests in the window from the previous request in the session",
    counted.request_gaps
);
const DOWN: &[Column] = span!(
    "down_chunk_iat",
    "s",
    "the times to completions in the window from the previous completion in the session",
    counted.completion_gaps
);

const USER: [&[Column]; 9] = side!("user", "the client", up);
const SERVER: [&[Column]; 9] = side!("server", "Netflix servers", down);

const ROUND_TRIP: &[Column] = shape!(Transport "user" "RTT", "s",
    "round-trip times: from a TCP packet of the client (SYN, data or FIN) to the server's acknowledgement that covers it, as seen at the capture point; only the newest packet that each acknowledgement covers, without retransmissions (RFC 6298, section 3)",
    round_trip);

/// A column of what the player did: `name: unit, definition, value`.
macro_rules! playback {
    ($($name:literal => $unit:literal, $definition:literal, $($path:ident).+ $([$at:literal])?;)*) => {
        columns! { Playback Own;
            $($name => OptionalFloat, $unit, $definition,
                |row| optional(row.played.as_ref().and_then(|played| played.$($path).+ $([$at])?));)*
        }
    };
}

/// The columns of what the player did, in order. They come after [`COLUMNS`] if
/// [`crate::Config::feature_playback`] is on.
pub const PLAYBACK: &[Column] = playback! {
    "playback_video_media" => "s", "Seconds of media in a segment of video of the title", video_media;
    "playback_audio_media" => "s", "Seconds of media in a segment of audio of the title", audio_media;
    "playback_audio_bitrate" => "bit/s", "Mean bits per second of media of the title's audio", audio_bitrate;
    "playback_fetched_last" => "bit/s",
        "Bits per second of media of the latest video segment that arrived by the end of the window", fetched.last;
    "playback_fetched_3_avg" => "bit/s", "Mean of playback_fetched_last over the last three video segments", fetched.last_three;
    "playback_fetched_10_avg" => "bit/s", "Mean of playback_fetched_last over the last ten video segments", fetched.last_ten;
    "playback_fetched_10_50" => "bit/s", "Median of playback_fetched_last over the last ten video segments", fetched.last_ten_median;
    "playback_fetched_window_avg" => "bit/s",
        "Mean of playback_fetched_last over the video segments that arrived in the window", fetched.in_window;
    "playback_fetched_avg" => "bit/s", "Mean of playback_fetched_last over all video segments of the title so far", fetched.mean;
    "playback_fetched_10" => "bit/s",
        "10th percentile of playback_fetched_last over all video segments of the title so far", fetched.percentiles[0];
    "playback_fetched_50" => "bit/s",
        "50th percentile of playback_fetched_last over all video segments of the title so far", fetched.percentiles[1];
    "playback_fetched_90" => "bit/s",
        "90th percentile of playback_fetched_last over all video segments of the title so far", fetched.percentiles[2];
    "playback_shown_last" => "bit/s", "Bits per second of media of the video on the screen at the end of the window", shown.last;
    "playback_shown_avg" => "bit/s", "Mean of playback_shown_last at ten moments of the window", shown.mean;
    "playback_shown_3_avg" => "bit/s",
        "Mean of playback_shown_last at ten moments each of the window and the two before it", shown.three_windows;
    "playback_buffer_last" => "s",
        "Seconds of media ahead of the position at the end of the window, of video or audio, whichever is less", buffer;
    "playback_buffer_avg" => "s", "Mean of playback_buffer_last at ten moments of the window", buffer_mean;
    "playback_video_buffer_avg" => "s", "Mean seconds of video ahead of the position at ten moments of the window", video_buffer_mean;
    "playback_stalled" => "1", "Share of ten moments of the window at which the player stood still because it had nothing to play", stalled;
};

/// Groups of columns, in order.
const GROUPS: [&[Column]; 30] = [
    KEYS, RELATIVE, NETWORK, USER[0], SERVER[0], SEGMENTS, EWMA, LAST, ALL, ALL_UP, ALL_DOWN, UP,
    DOWN, USER[1], SERVER[1], USER[2], SERVER[2], USER[3], SERVER[3], ROUND_TRIP, USER[4],
    SERVER[4], USER[5], SERVER[5], USER[6], SERVER[6], USER[7], SERVER[7], USER[8], SERVER[8],
];

const COUNT: usize = {
    let (mut count, mut at) = (0, 0);
    while at < GROUPS.len() {
        count += GROUPS[at].len();
        at += 1;
    }
    count
};

const TABLE: [Column; COUNT] = {
    let mut table = [KEYS[0]; COUNT];
    let (mut count, mut group) = (0, 0);
    while group < GROUPS.len() {
        let columns = GROUPS[group];
        let mut at = 0;
        while at < columns.len() {
            table[count] = columns[at];
            count += 1;
            at += 1;
        }
        group += 1;
    }
    table
};

/// Every column, in the order of rows: keys, network, segments, transport.
pub const COLUMNS: &[Column] = &TABLE;
