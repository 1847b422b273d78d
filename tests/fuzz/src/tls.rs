//! TLS records: every byte is accounted for, and exact framing does not depend on packets.

use nflx_core::fuzzing::tls::{RecordReader, ServerHello, TlsEvent};

use crate::Input;

/// Reads a stream whole, in packets, and in packets that are cut.
pub fn run(data: &[u8]) {
    let _ = ServerHello::parse(data);
    let mut input = Input::new(data);
    let (step, lost) = (usize::from(input.u8()) + 1, input.u8() & 1 == 1);
    let (hidden, every) = (u64::from(input.u16()), input.below(4) + 1);
    let stream = input.rest();
    let new = || {
        if lost {
            RecordReader::lost()
        } else {
            RecordReader::default()
        }
    };

    let mut whole = new();
    let expected = read(&mut whole, 7, stream, stream.len() as u64);
    let mut parts = new();
    let (mut got, mut at) = (Vec::new(), 7);
    for part in stream.chunks(step) {
        got.extend(read(&mut parts, at, part, part.len() as u64));
        at += part.len() as u64;
    }
    if !lost && whole.is_exact() {
        assert_eq!(got, expected, "in packets of {step}");
        assert_eq!(
            (parts.is_exact(), parts.at_boundary()),
            (true, whole.at_boundary())
        );
    }

    let mut cut = new();
    let mut at = 0;
    for (index, part) in stream.chunks(step).enumerate() {
        let length = part.len() as u64 + if index % every == 0 { hidden } else { 0 };
        read(&mut cut, at, part, length);
        at += length;
    }
}

/// The records that begin in a packet.
fn read(reader: &mut RecordReader, offset: u64, bytes: &[u8], length: u64) -> Vec<(u64, u32)> {
    let (mut records, mut counted) = (Vec::new(), 0);
    reader.read(offset, bytes, length, |event| match event {
        TlsEvent::Record { offset, header, .. } => records.push((offset, header.length)),
        TlsEvent::Bytes(bytes) | TlsEvent::Unframed(bytes) => counted += bytes,
    });
    assert_eq!(counted, length, "bytes of a packet");
    records
}
