//! Each decoder on the messages of a committed capture: all packets of it in turn.

#[cfg(not(fuzzing))]
compile_error!("the parsers are open to builds with --cfg fuzzing alone");

use std::hint::black_box;
use std::io::Read;
use std::path::Path;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use nflx_core::fuzzing::client_hello::ClientHello;
use nflx_core::fuzzing::decode::{IpPayload, decode};
use nflx_core::fuzzing::{dns, http1 as http, quic, tls};
use nflx_core::{LinkType, Packet, Time};

/// Frames of a pcap file in little-endian order.
fn frames(name: &str) -> (LinkType, Vec<Vec<u8>>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../tests/captures")
        .join(name);
    let mut bytes = Vec::new();
    let file =
        std::fs::File::open(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    flate2::read::MultiGzDecoder::new(file)
        .read_to_end(&mut bytes)
        .expect("a whole capture");
    let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
    let mut frames = Vec::new();
    let mut at = 24;
    while at < bytes.len() {
        let length = word(at + 8) as usize;
        frames.push(bytes[at + 16..at + 16 + length].to_vec());
        at += 16 + length;
    }
    (LinkType(word(20) as u16), frames)
}

fn payloads(name: &str, choose: impl Fn(&IpPayload<'_>) -> Option<Vec<u8>>) -> Vec<Vec<u8>> {
    let (link_type, frames) = frames(name);
    let packet = |data| Packet {
        frame: 1,
        time: Time(0),
        link_type,
        original_length: 0,
        data,
    };
    frames
        .iter()
        .filter_map(|data| choose(&decode(&packet(data)).ok()?.transport))
        .collect()
}

fn over<T>(c: &mut Criterion, name: &str, inputs: &[Vec<u8>], read: impl Fn(&[u8]) -> T) {
    assert!(!inputs.is_empty(), "{name}: nothing in the capture");
    let mut group = c.benchmark_group("decoders");
    group
        .throughput(Throughput::Elements(inputs.len() as u64))
        .sample_size(20);
    group.bench_function(name, |bencher| {
        bencher.iter(|| {
            inputs
                .iter()
                .for_each(|input| drop(black_box(read(black_box(input)))))
        });
    });
    group.finish();
}

fn decoders(c: &mut Criterion) {
    for name in ["tls13", "vlan", "ipv6"] {
        let (link_type, frames) = frames(&format!("{name}.pcap.gz"));
        over(c, &format!("frame, {name}"), &frames, |data| {
            decode(&Packet {
                frame: 1,
                time: Time(0),
                link_type,
                original_length: 0,
                data,
            })
            .is_ok()
        });
    }
    let tcp = |capture: &str, wanted: fn(&[u8]) -> bool| {
        payloads(&format!("{capture}.pcap.gz"), |transport| match transport {
            IpPayload::Tcp(tcp) if wanted(tcp.payload) => Some(tcp.payload.to_vec()),
            _ => None,
        })
    };
    let hellos = tcp("tls13", |payload| {
        payload.first() == Some(&22) && payload.get(5) == Some(&1)
    });
    over(c, "ClientHello", &hellos, |bytes| {
        ClientHello::parse(&bytes[5..]).is_some()
    });
    over(
        c,
        "TLS records",
        &tcp("tls13", |payload| payload.len() > 1000),
        |bytes| {
            let mut records = 0;
            tls::RecordReader::default().read(0, bytes, bytes.len() as u64, |_| records += 1);
            records
        },
    );
    over(
        c,
        "HTTP requests",
        &tcp("http-plain", http::looks_like_request),
        http::host_of,
    );
    let udp = |capture: &str, wanted: fn(u16, &[u8]) -> bool| {
        payloads(&format!("{capture}.pcap.gz"), |transport| match transport {
            IpPayload::Udp(udp) if wanted(udp.source_port, udp.payload) => {
                Some(udp.payload.to_vec())
            }
            _ => None,
        })
    };
    over(
        c,
        "DNS answers",
        &udp("noise", |port, _| port == dns::PORT),
        dns::Response::parse,
    );
    over(
        c,
        "QUIC datagrams",
        &udp("h3", |port, _| port != dns::PORT),
        |bytes| quic::parse_datagram(bytes, bytes.len(), None).count(),
    );
}

criterion_group!(benches, decoders);
criterion_main!(benches);
