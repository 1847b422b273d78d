//! Capture files: the same packets however the bytes come, no more bytes than there were, frames in
//! order.

use std::io::{self, Read};

use crate::Input;
use crate::capture::Reader;

#[derive(PartialEq, Eq, Debug)]
struct Seen {
    frame: u64,
    time: i64,
    link_type: u16,
    original_length: u32,
    data: Vec<u8>,
}

/// Gives bytes in pieces, with interruptions, and an error at the end.
struct Dripping<'a> {
    rest: &'a [u8],
    step: usize,
    interrupted: bool,
}

impl Read for Dripping<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.interrupted = !self.interrupted;
        if self.interrupted {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let (now, rest) = self
            .rest
            .split_at(self.rest.len().min(into.len()).min(self.step));
        into[..now.len()].copy_from_slice(now);
        self.rest = rest;
        Ok(now.len())
    }
}

/// Reads a capture at once, and in pieces.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let step = usize::from(input.u8()) + 1;
    let bytes = input.rest();
    let whole = read(bytes, bytes.len());
    let pieces = read(
        Dripping {
            rest: bytes,
            step,
            interrupted: false,
        },
        bytes.len(),
    );
    assert_eq!(whole, pieces, "in pieces of {step}");
}

fn read(source: impl Read, length: usize) -> Result<(Vec<Seen>, Option<String>), String> {
    let mut reader = Reader::new(source).map_err(|error| error.to_string())?;
    let (mut packets, mut total) = (Vec::<Seen>::new(), 0);
    while let Some(packet) = reader.next() {
        total += packet.data.len();
        assert!(packet.frame > packets.last().map_or(0, |last| last.frame));
        assert!(packet.original_length as usize >= packet.data.len());
        packets.push(Seen {
            frame: packet.frame,
            time: packet.time.0,
            link_type: packet.link_type.0,
            original_length: packet.original_length,
            data: packet.data.to_vec(),
        });
    }
    assert!(total <= length && packets.len() <= length);
    let damage = reader.damage().map(|damage| damage.sentence("byte"));
    assert!(reader.next().is_none());
    Ok((packets, damage))
}
