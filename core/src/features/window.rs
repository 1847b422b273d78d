//! The counters of one window of a session.

use super::moments::Moments;
use super::row::{Counts, DirectionTotals, Shape, Statistics, WindowCounters};
use super::sample::{Ranked, Sample, SampleRoom};
use super::shares::Shares;
use super::tcp::Observation;
use crate::packet::seconds;
use crate::wire::decode::{Tcp, TcpFlags};

/// A quantity of packets.
#[derive(Debug, Default)]
struct Quantity {
    moments: Moments,
    sample: Sample,
}

impl Quantity {
    fn add(&mut self, value: f64, pool: &mut SampleRoom) {
        self.moments.add(value);
        self.sample.add(value, pool);
    }

    /// Returns the statistics and resets the quantity.
    fn take(&mut self, pool: &mut SampleRoom) -> Shape {
        let moments = std::mem::take(&mut self.moments);
        let median = self.sample.median();
        self.sample.clear(pool);
        Shape {
            mean: moments.mean(),
            median,
            minimum: moments.minimum(),
            maximum: moments.maximum(),
            deviation: moments.deviation(),
            skewness: moments.skewness(),
            kurtosis: moments.kurtosis(),
        }
    }
}

/// Packets of one direction.
#[derive(Debug, Default)]
pub(crate) struct DirectionFeatures {
    counts: Counts,
    bytes_per_packet: Quantity,
    inter_arrival: Quantity,
    in_flight: Quantity,
    repetitions: Quantity,
    receive_window: Quantity,
}

impl DirectionFeatures {
    /// Counts a packet of `length` bytes that came `gap` nanoseconds after the previous one in its
    /// direction.
    pub(crate) fn packet(&mut self, length: u32, gap: Option<i64>, pool: &mut SampleRoom) {
        self.counts.packets += 1;
        self.counts.bytes += u64::from(length);
        self.bytes_per_packet.add(f64::from(length), pool);
        if let Some(gap) = gap {
            self.inter_arrival.add(seconds(gap), pool);
        }
    }

    /// Counts a datagram's payload.
    pub(crate) const fn datagram(&mut self, payload: u32) {
        self.counts.new_bytes += payload as u64;
    }

    /// Counts the observations from a TCP header.
    pub(crate) fn tcp(&mut self, tcp: &Tcp<'_>, seen: &Observation, pool: &mut SampleRoom) {
        let flags = &mut self.counts.flags;
        for (count, flag) in [
            (&mut flags.ack, TcpFlags::ACK),
            (&mut flags.fin, TcpFlags::FIN),
            (&mut flags.psh, TcpFlags::PSH),
            (&mut flags.rst, TcpFlags::RST),
            (&mut flags.syn, TcpFlags::SYN),
            (&mut flags.urg, TcpFlags::URG),
        ] {
            *count += u64::from(tcp.flags.has(flag));
        }
        self.counts.new_bytes += seen.new_bytes;
        if seen.out_of_order {
            self.counts.out_of_order_packets += 1;
            self.counts.out_of_order_bytes += u64::from(tcp.payload_length);
        }
        if let Some(times) = seen.repetitions {
            self.counts.repeated[(times as usize).min(3)] += 1;
            self.repetitions.add(f64::from(times), pool);
        }
        if let Some(bytes) = seen.in_flight {
            self.in_flight.add(bytes as f64, pool);
        }
        if let Some(bytes) = seen.receive_window {
            self.receive_window.add(bytes as f64, pool);
        }
    }

    fn take(&mut self, pool: &mut SampleRoom) -> DirectionTotals {
        DirectionTotals {
            counts: std::mem::take(&mut self.counts),
            bytes_per_packet: self.bytes_per_packet.take(pool),
            inter_arrival: self.inter_arrival.take(pool),
            in_flight: self.in_flight.take(pool),
            repetitions: self.repetitions.take(pool),
            receive_window: self.receive_window.take(pool),
        }
    }
}

/// Values whose percentiles are needed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Spread {
    moments: Moments,
    pub(crate) ranked: Ranked,
}

impl Spread {
    pub(crate) fn add(&mut self, value: f64, limit: usize) {
        self.moments.add(value);
        self.ranked.add(value, limit);
    }

    /// Returns the statistics.
    pub(crate) fn span(&self) -> Statistics {
        Statistics {
            mean: self.moments.mean(),
            deviation: self.moments.deviation(),
            minimum: self.moments.minimum(),
            maximum: self.moments.maximum(),
            percentiles: Statistics::PERCENTILES.map(|percent| self.ranked.percentile(percent)),
        }
    }

    /// Returns the statistics and resets the values.
    pub(crate) fn take(&mut self) -> Statistics {
        let span = self.span();
        self.moments = Moments::default();
        self.ranked.clear();
        span
    }
}

/// All counters of one window's packets.
#[derive(Debug, Default)]
pub(crate) struct Window {
    pub(crate) down: DirectionFeatures,
    pub(crate) up: DirectionFeatures,
    pub(crate) flows: u64,
    pub(crate) shares: Shares,
    round_trip: Quantity,
}

impl Window {
    /// Number of lists of values whose median is needed: five for each direction, and round trips.
    pub(crate) const SAMPLES: u64 = 11;

    pub(crate) fn round_trip(&mut self, nanoseconds: i64, pool: &mut SampleRoom) {
        self.round_trip.add(seconds(nanoseconds), pool);
    }

    /// Returns the counters and starts the next window.
    pub(crate) fn take(&mut self, pool: &mut SampleRoom) -> (WindowCounters, Shares) {
        let counted = WindowCounters {
            down: self.down.take(pool),
            up: self.up.take(pool),
            flows: std::mem::take(&mut self.flows),
            round_trip: self.round_trip.take(pool),
            ..WindowCounters::default()
        };
        (counted, std::mem::take(&mut self.shares))
    }
}
