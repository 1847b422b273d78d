//! An engine's counters against a recount of the same packets that knows nothing of flows.

use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, Ipv4Addr};

use nflx_core::fuzzing::decode::{IpPayload, decode};
use nflx_core::{Config, Counters, Direction, Engine, Packet, Transport};

use super::Said;
use crate::traffic::Frame;

/// Client, its port, server, its port, what carries it.
type Ends = (IpAddr, u16, IpAddr, u16, Transport);

/// Returns whose bytes those between two ends are. A client of QUIC may ask from one place and be
/// answered at another, as connections move (RFC 9000, section 9): there, all that the server sent.
fn ends(
    client: IpAddr,
    client_port: u16,
    server: IpAddr,
    server_port: u16,
    transport: Transport,
) -> Ends {
    let (client, client_port) = match transport {
        Transport::Quic => (IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0),
        _ => (client, client_port),
    };
    (client, client_port, server, server_port, transport)
}

/// Counts of the packets themselves.
#[derive(Default)]
struct Recount {
    addresses: HashMap<IpAddr, Counters>,
    payload: HashMap<Ends, u64>,
    /// Pairs of addresses that talk, each once.
    pairs: HashSet<(IpAddr, IpAddr)>,
    not_ip: u64,
}

impl Recount {
    fn count(&mut self, packet: &Packet<'_>) -> Option<(IpAddr, IpAddr)> {
        let Ok(datagram) = decode(packet) else {
            self.not_ip += 1;
            return None;
        };
        let (from, to) = (datagram.source, datagram.destination);
        self.addresses
            .entry(from)
            .or_default()
            .count(Direction::In, datagram.length);
        self.addresses
            .entry(to)
            .or_default()
            .count(Direction::Out, datagram.length);
        self.pairs.insert((from.min(to), from.max(to)));
        let (ports, length, transport) = match datagram.transport {
            IpPayload::Tcp(tcp) => (
                (tcp.source_port, tcp.destination_port),
                tcp.payload_length,
                Transport::Tcp,
            ),
            IpPayload::Udp(udp) => (
                (udp.source_port, udp.destination_port),
                udp.payload_length,
                Transport::Quic,
            ),
            _ => return Some((from, to)),
        };
        *self
            .payload
            .entry(ends(to, ports.1, from, ports.0, transport))
            .or_default() += u64::from(length);
        Some((from, to))
    }
}

pub(super) fn check(
    config: &Config,
    by_address: bool,
    engine: &Engine,
    frames: &[Frame],
    said: &Said,
) {
    let stats = &said.stats;
    let ids: HashMap<IpAddr, u32> = engine
        .servers()
        .map(|(id, server)| (server.address, id))
        .collect();
    assert_eq!(ids.len(), said.servers.len(), "an address is one server");
    assert!(stats.flows <= config.max_flows() && ids.len() as u64 <= config.max_servers());
    assert!(said.segments.len() as u64 <= config.max_segments());

    let mut recount = Recount::default();
    let mut ambiguous = HashSet::new();
    let mut told = Vec::new();
    for (frame, number) in frames.iter().zip(1..) {
        let ends = recount.count(&frame.packet(number));
        let Some(annotation) = &said.annotations[number - 1] else {
            continue;
        };
        let (from, to) = ends.expect("what is annotated is IP");
        let Some(server) = engine.server(annotation.server) else {
            assert!(stats.servers_dropped > 0, "an annotated server");
            continue;
        };
        let server = server.address;
        assert_eq!(
            server,
            if annotation.direction == Direction::In {
                from
            } else {
                to
            }
        );
        let (own, all) = (&annotation.flow_counters, &annotation.server_counters);
        assert!(
            own.in_pkts <= all.in_pkts && own.out_pkts <= all.out_pkts,
            "frame {number}"
        );
        assert!(
            own.in_bytes <= all.in_bytes && own.out_bytes <= all.out_bytes,
            "frame {number}"
        );
        told.push((number, server, *all, recount.addresses[&server]));
    }
    // Traffic between two servers is one's; that of an address with itself counts once.
    for (one, other) in &recount.pairs {
        if one == other || (ids.contains_key(one) && ids.contains_key(other)) {
            ambiguous.extend([*one, *other]);
        }
    }
    assert_eq!(
        (stats.packets, stats.not_ip),
        (frames.len() as u64, recount.not_ip)
    );
    // Where a flow's own name, its opener and the time of DNS answers decide which flows are a
    // server's, the recount by address is the most that it can have.
    let is_exact = by_address && stats.servers_dropped == 0;
    let agrees = |said, counted| is_within(said, counted) && (!is_exact || said == counted);
    if stats.hosts_evicted == 0 {
        for (&address, &id) in ids
            .iter()
            .filter(|(address, _)| !ambiguous.contains(*address))
        {
            let counted = recount.addresses.get(&address).copied().unwrap_or_default();
            let said = engine.server(id).expect("a server").counters;
            assert!(agrees(said, counted), "{address}: {said:?} of {counted:?}");
        }
        for (number, server, said, counted) in told {
            assert!(
                ambiguous.contains(&server) || agrees(said, counted),
                "frame {number}: {said:?} of {counted:?}"
            );
        }
    }
    segments(config, engine, said, &recount);
}

/// Returns true if no counter is more than its bound.
fn is_within(said: Counters, most: Counters) -> bool {
    said.in_pkts <= most.in_pkts
        && said.out_pkts <= most.out_pkts
        && said.in_bytes <= most.in_bytes
        && said.out_bytes <= most.out_bytes
}

fn segments(config: &Config, engine: &Engine, said: &Said, recount: &Recount) {
    let mut seen: HashMap<Ends, (u64, u64)> = HashMap::new();
    let mut servers: HashMap<u32, (u32, u64)> = HashMap::new();
    let mut last = 0;
    for segment in &said.segments {
        assert!(segment.number > last, "numbers ascend");
        last = segment.number;
        assert!(segment.app_bytes <= segment.bytes, "{segment:?}");
        assert!(segment.missing_bytes <= segment.bytes, "{segment:?}");
        assert_eq!(segment.first_frame.is_some(), segment.t_first.is_some());
        assert_eq!(segment.last_frame.is_some(), segment.t_last.is_some());
        let server = engine
            .server(segment.server)
            .expect("a segment's server")
            .address;
        let ends = ends(
            segment.client,
            segment.client_port,
            server,
            segment.server_port,
            segment.transport,
        );
        let sums = seen.entry(ends).or_default();
        sums.0 += segment.bytes - segment.missing_bytes;
        sums.1 += segment.retransmitted_bytes;
        let row = servers.entry(segment.server).or_default();
        row.0 += 1;
        row.1 += segment.bytes;
    }
    if config.segment_rule == nflx_core::config::SegmentRule::Flow {
        for (ends, (new, again)) in seen {
            let sent = recount.payload.get(&ends).copied().unwrap_or_default();
            assert!(
                new + again <= sent,
                "{ends:?}: {new} and {again} again of {sent}"
            );
        }
    }
    for (id, server) in engine.servers() {
        let totals = engine.server_segments(id);
        let (count, bytes) = servers.get(&id).copied().unwrap_or_default();
        if said.stats.segments_evicted == 0 {
            assert_eq!(
                (totals.count, totals.bytes),
                (count, bytes),
                "{}",
                server.address
            );
        } else {
            assert!(
                totals.count >= count && totals.bytes >= bytes,
                "{}",
                server.address
            );
        }
    }
}
