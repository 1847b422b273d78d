//! The engine on packet sequences: counters as a naive recount has them, no segment larger than
//! what was sent, the same results for the same packets, and in a second pass where the first had
//! all evidence in time.

mod recount;

use std::collections::HashSet;
use std::net::IpAddr;

use nflx_core::fuzzing::decode::{IpPayload, decode};
use nflx_core::{Annotation, Config, Engine, LinkType, Packet, Segment, Transport};

use self::recount::check;
use crate::Input;
use crate::memory;
use crate::traffic::{Frame, frames};

/// All that an engine said.
#[derive(Debug, PartialEq)]
struct Said {
    annotations: Vec<Option<Annotation>>,
    servers: Vec<String>,
    segments: Vec<Segment>,
    stats: nflx_core::Stats,
    late: bool,
}

/// Gives packets to engines.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let (config, by_address) = config(&mut input);
    // Where the capture seems to end and goes on: rarely.
    let pause = input.u8() & 0x3f;
    let frames = frames(&mut input);
    let pause = (usize::from(pause) < frames.len().min(16)).then_some(usize::from(pause));

    if std::env::var_os("NFLX_FUZZ_SHOW").is_some() {
        show(&config, &frames);
    }

    let before = memory::in_use();
    let mut engine = Engine::new(config.clone());
    let first = pass(&mut engine, &frames, pause);
    // What was said is not the engine's to answer for, and leaves less for it.
    let used = memory::in_use() - before;
    assert!(
        used as u64 <= Engine::memory_bound(&config) + size_of_said(&first),
        "{used} bytes of memory"
    );
    check(&config, by_address, &engine, &frames, &first);

    // Most inputs that find anything find it in one pass: the others have less time.
    let passes = input_sum(data) % 4;
    if passes == 0 {
        let mut seeded = config.clone();
        seeded.hash_seed = 0x5eed_5eed_5eed_5eed;
        let mut other = Engine::new(seeded);
        assert_eq!(
            pass(&mut other, &frames, pause),
            first,
            "with another hash seed"
        );
    }
    if passes == 3 {
        among_others(&config, &frames, pause, &first);
    }
    if passes == 2 {
        let mut thorough = config.clone();
        thorough.thorough = true;
        let said = pass(&mut Engine::new(thorough), &frames, pause);
        // The long way keeps more of what comes behind holes, and so may find no room for it where
        // the short one does.
        if said.stats.reorder_dropped + said.stats.connections_evicted == 0 {
            assert_eq!(said, first, "the long way");
        }
    }
    if passes > 1 {
        return;
    }

    // Evidence came late, or two taps' clocks differ.
    let should_read_again = engine.should_read_again();
    let mut engine = engine.restart_with_evidence();
    let second = pass(&mut engine, &frames, pause);
    check(&config, by_address, &engine, &frames, &second);
    if passes == 1 && pause.is_none() {
        one_after_the_other(&config, &frames, &second);
    }
    if !is_whole(&first) || !is_whole(&second) {
        return;
    }
    if should_read_again {
        // What the first pass found out is known from the beginning; another pass has nothing to
        // add to the second.
        if !second.late {
            let mut engine = engine.restart_with_evidence();
            assert_eq!(pass(&mut engine, &frames, pause), second, "third pass");
        }
    } else {
        let (mut first, mut second) = (first, second);
        // If the address is known from the beginning, a flow belongs to the server until the flow's
        // own name disowns it, and its requests take numbers that then stay unused: even one that
        // came with the name in one packet.
        if disowns(&frames, &second) || leaves_numbers(&second) {
            for said in [&mut first, &mut second] {
                said.annotations.clear();
                for row in &mut said.segments {
                    (row.number, row.previous, row.next) = (0, None, None);
                }
            }
        }
        assert_eq!(second, first, "second pass");
    }
}

/// Returns true if numbers between those of segments belong to none.
fn leaves_numbers(said: &Said) -> bool {
    let mut numbers: Vec<u32> = said.segments.iter().map(|row| row.number).collect();
    numbers.sort_unstable();
    numbers
        .iter()
        .zip(1..)
        .any(|(&number, next)| number != next)
}

/// Returns true if packets of a flow were a server's, and later ones were not.
fn disowns(frames: &[Frame], said: &Said) -> bool {
    let mut owned = HashSet::new();
    frames.iter().zip(1..).any(|(frame, number)| {
        let Some(ends) = ends(frame, number) else {
            return false;
        };
        if said.annotations[number - 1].is_some() {
            owned.insert(ends);
            return false;
        }
        owned.contains(&ends)
    })
}

/// Work that a packet may take, whatever is in it, and each of its bytes; and what the ends of a
/// capture may.
const STEPS_PER_PACKET: u64 = 8192;
const STEPS_PER_BYTE: u64 = 64;
const STEPS_AT_ENDS: u64 = 2_000_000;

/// Holds an engine's work to what the packets have paid for.
fn check_work(steps: u64, frames: &[Frame]) {
    let bytes: u64 = frames.iter().map(|frame| frame.data.len() as u64).sum();
    let paid = STEPS_PER_PACKET * frames.len() as u64 + STEPS_PER_BYTE * bytes + STEPS_AT_ENDS;
    assert!(steps <= paid, "{steps} steps for {bytes} bytes");
}

/// Packets that have to do with none of the others change no row.
fn among_others(config: &Config, frames: &[Frame], pause: Option<usize>, alone: &Said) {
    let mut engine = Engine::new(config.clone());
    for (frame, number) in frames.iter().zip(1..) {
        engine.packet(&frame.packet(number));
        let other = unrelated(number);
        let said = engine.packet(&Packet {
            link_type: LinkType::RAW,
            original_length: other.len() as u32,
            data: &other,
            ..frame.packet(number)
        });
        assert_eq!(said, None, "frame {number}");
        if pause == Some(number) {
            engine.finish();
        }
    }
    let mixed = said(&mut engine, Vec::new());
    if !is_whole(alone) || !is_whole(&mixed) {
        return;
    }
    let rows = |said: &Said| {
        let mut segments = said.segments.clone();
        // Flows are numbered as they come, those of others too.
        segments.iter_mut().for_each(|segment| segment.flow = 0);
        if alone.stats.answers_first > 0 {
            // Packets of two taps that wait for each other go on as time passes, and others show
            // how it does: rows may begin in another order.
            for row in &mut segments {
                (row.number, row.index) = (0, 0);
                (row.previous, row.next) = (None, None);
            }
            segments.sort_by_key(|row| (row.request_frame, row.first_frame, row.bytes));
        }
        segments
    };
    assert_eq!(rows(&mixed), rows(alone), "among others");
    assert_eq!(mixed.servers, alone.servers, "among others");
}

/// Flows one after the other, instead of all by turns, change no row: a second pass knows all
/// evidence whatever the order. The classic rule has a server's packets answer the last request to
/// it, whichever flow they are of.
fn one_after_the_other(config: &Config, frames: &[Frame], by_turns: &Said) {
    if config.get("segment_rule").as_deref() == Some("server") {
        return;
    }
    let Some(order) = by_flow(frames) else {
        return;
    };
    let mut engine = Engine::new(config.clone());
    pass(&mut engine, frames, None);
    let mut engine = engine.restart_with_evidence();
    for number in order {
        engine.packet(&frames[number - 1].packet(number));
    }
    let apart = said(&mut engine, Vec::new());
    // What comes for a segment that was quiet for long, by the clock of others, is too late for it.
    let is_late = |said: &Said| said.stats.late_changes > 0;
    if !is_whole(by_turns) || !is_whole(&apart) || is_late(by_turns) || is_late(&apart) {
        return;
    }
    let rows = |said: &Said| {
        let mut segments = said.segments.clone();
        segments.sort_by_key(|row| {
            (
                row.client,
                row.client_port,
                row.server_port,
                row.request_frame,
            )
        });
        let plain = |row: &Segment| {
            (
                row.server,
                row.client,
                row.client_port,
                row.server_port,
                row.request_frame,
                row.first_frame,
                row.last_frame,
                (row.pkts, row.bytes, row.app_bytes, row.missing_bytes),
                row.complete,
            )
        };
        segments.iter().map(plain).collect::<Vec<_>>()
    };
    assert_eq!(rows(&apart), rows(by_turns), "one flow after the other");
}

/// Returns the numbers of the frames, those of each flow together, and the last frame's flow at the
/// end; `None` where flows say something of each other: answers of DNS, and connections of QUIC,
/// which move.
fn by_flow(frames: &[Frame]) -> Option<Vec<usize>> {
    let mut flows: Vec<(_, Vec<usize>)> = Vec::new();
    for (frame, number) in frames.iter().zip(1..) {
        let (transport, ends) = ends(frame, number)?;
        if transport != Transport::Tcp || ends.iter().any(|end| end.1 == 53) {
            return None;
        }
        match flows.iter_mut().find(|flow| flow.0 == ends) {
            Some((_, numbers)) => numbers.push(number),
            None => flows.push((ends, vec![number])),
        }
    }
    // What is over by silence depends on when the capture ends.
    flows.sort_by_key(|flow| flow.1.last() == Some(&frames.len()));
    Some(flows.into_iter().flat_map(|flow| flow.1).collect())
}

/// Returns what carries a frame's bytes, and its two ends, the same for both directions.
fn ends(frame: &Frame, number: usize) -> Option<(Transport, [(IpAddr, u16); 2])> {
    let datagram = decode(&frame.packet(number)).ok()?;
    let (transport, from, to) = match datagram.transport {
        IpPayload::Tcp(tcp) => (Transport::Tcp, tcp.source_port, tcp.destination_port),
        IpPayload::Udp(udp) => (Transport::Quic, udp.source_port, udp.destination_port),
        _ => return None,
    };
    let mut ends = [(datagram.source, from), (datagram.destination, to)];
    ends.sort_unstable();
    Some((transport, ends))
}

/// A packet between addresses that no target uses and nobody announces (RFC 1112, section 4).
fn unrelated(number: usize) -> Vec<u8> {
    let [.., high, low] = number.to_be_bytes();
    let mut packet = vec![
        0x45, 0, 0, 48, 0, 7, 0x40, 0, 64, 6, 0, 0, 240, 1, high, low, 241, 1, high, low, 0xc0,
        low, 1, 0xbb,
    ];
    packet.extend([0, 0, 0, low, 0, 0, 0, 1, 0x50, 0x10, 0xff, 0xff, 0, 0, 0, 0]);
    packet.extend([[22, 3, 1, 2], [0, 1, 0, 1], [7; 4], [7; 4]][number % 4].repeat(2));
    packet
}

/// A number that any change of an input changes, so that what is looked at besides is not the first
/// bytes' to choose.
fn input_sum(data: &[u8]) -> usize {
    data.iter().fold(data.len(), |sum, &byte| {
        sum.wrapping_mul(31).wrapping_add(byte.into())
    })
}

/// Memory of what an engine said.
fn size_of_said(said: &Said) -> u64 {
    let lists = said.annotations.capacity() * size_of::<Option<Annotation>>()
        + said.servers.capacity() * size_of::<String>()
        + said.segments.capacity() * size_of::<Segment>();
    (lists + said.servers.iter().map(String::capacity).sum::<usize>()) as u64
}

/// Returns true if nothing was evicted or dropped.
fn is_whole(said: &Said) -> bool {
    let stats = &said.stats;
    let evicted = stats.flows_evicted + stats.hosts_evicted + stats.servers_dropped;
    evicted + stats.segments_evicted + stats.connections_evicted == 0
}

/// A configuration, and whether addresses alone decide whose packets are: then the recount is
/// exact.
fn config(input: &mut Input<'_>) -> (Config, bool) {
    let (choice, sizes) = (input.u8(), input.u8());
    let mut config = Config::default();
    let mut set = |name: &str, value: &str| config.set(name, value).expect("a value in bounds");
    // Copies are counted apart, and the recount knows none.
    set("duplicate_window", "0");
    set("max_flows", if sizes & 1 == 0 { "1000" } else { "16" });
    set("max_connections", if sizes & 2 == 0 { "100" } else { "8" });
    set("max_segments", if sizes & 4 == 0 { "1000" } else { "16" });
    set("max_servers", if sizes & 8 == 0 { "100" } else { "2" });
    set(
        "reorder_bytes",
        if sizes & 16 == 0 { "1048576" } else { "2000" },
    );
    set("reorder_pieces", if sizes & 32 == 0 { "1024" } else { "2" });
    set("gap_patience", if sizes & 64 == 0 { "6" } else { "1" });
    set("connection_bytes", "1048576");
    set("max_evidence", if sizes & 128 == 0 { "8" } else { "1" });
    set(
        "segment_rule",
        if choice & 3 == 3 { "server" } else { "flow" },
    );
    if choice & 4 != 0 {
        set("evidence", "dns,cname,dns_owner,sni,http_host,quic_sni");
    }
    if choice & 8 != 0 {
        set("prefixes", "203.0.113.0/24,2001:db8:1::/48");
    }
    if choice & 16 != 0 {
        // The names of the QUIC connection that the traffic holds, and some more.
        set("domains", "netflix,nflx,example");
    }
    let by_address = choice & 32 != 0;
    if by_address {
        set("evidence", "config,prefix,dns,cname,dns_owner");
    }
    (config, by_address || choice & 3 == 3)
}

fn pass(engine: &mut Engine, frames: &[Frame], pause: Option<usize>) -> Said {
    let steps = nflx_core::fuzzing::work_done();
    let mut annotations = Vec::with_capacity(frames.len());
    for (frame, number) in frames.iter().zip(1..) {
        annotations.push(engine.packet(&frame.packet(number)));
        if pause == Some(number) {
            engine.finish();
        }
    }
    let said = said(engine, annotations);
    check_work(nflx_core::fuzzing::work_done() - steps, frames);
    said
}

/// Ends a capture, and returns all results.
fn said(engine: &mut Engine, annotations: Vec<Option<Annotation>>) -> Said {
    engine.finish();
    let mut servers = Vec::new();
    for (id, server) in engine.servers() {
        // Frames of evidence are the first pass's to say.
        let evidence: Vec<_> = server
            .evidence
            .iter()
            .map(|e| (e.kind, &e.source))
            .collect();
        let (flows, role, times) = (server.flows, server.role, (server.t_first, server.t_last));
        servers.push(format!(
            "{} {evidence:?} {role:?} {flows} {:?} {} {} {times:?}",
            server.address,
            server.counters,
            engine.server_segments(id).count,
            engine.server_segments(id).bytes
        ));
    }
    let segments = engine.segments().cloned().collect();
    Said {
        annotations,
        servers,
        segments,
        stats: engine.stats(),
        late: engine.evidence_came_late(),
    }
}

/// Prints an input that fails: set `NFLX_FUZZ_SHOW` and run the target on its file.
fn show(config: &Config, frames: &[Frame]) {
    let mut engine = Engine::new(config.clone());
    for (frame, number) in frames.iter().zip(1..) {
        let packet = frame.packet(number);
        match decode(&packet) {
            Ok(datagram) => {
                println!(
                    "{number} {} {} > {} {}",
                    frame.time, datagram.source, datagram.destination, datagram.length
                );
                match datagram.transport {
                    IpPayload::Tcp(tcp) => println!(
                        "  {} > {} {:?} {}+{} ack {} {:02x?}",
                        tcp.source_port,
                        tcp.destination_port,
                        tcp.flags,
                        tcp.sequence,
                        tcp.payload_length,
                        tcp.acknowledgement,
                        &tcp.payload[..tcp.payload.len().min(8)]
                    ),
                    IpPayload::Udp(udp) => println!(
                        "  {} > {} {} {:02x?}",
                        udp.source_port,
                        udp.destination_port,
                        udp.payload_length,
                        &udp.payload[..udp.payload.len().min(8)]
                    ),
                    _ => {}
                }
            }
            Err(error) => println!("{number} {error:?}"),
        }
        if let Some(said) = engine.packet(&packet) {
            println!(
                "  {:?} request {} segment {:?} {}",
                said.direction, said.request, said.segment, said.bytes_so_far
            );
            for segment in engine.segments() {
                println!(
                    "    {}: {} missing {} again {}",
                    segment.number,
                    segment.bytes,
                    segment.missing_bytes,
                    segment.retransmitted_bytes
                );
            }
        }
    }
}
