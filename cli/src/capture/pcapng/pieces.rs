//! Splits a pcapng file into pieces, without omitting any byte.

use std::io::Read;
use std::mem;
use std::ops::Range;

use nflx_core::Packet;
use pcap_parser::{SHB_MAGIC, SPB_MAGIC};

use super::PcapngReader;
use super::block::{Found, HEAD, Head, PACKET_HEAD, Pending, TAIL};
use crate::capture::damage::Defect;
use crate::capture::piece::{Block, Piece};

/// Byte-order magic, version and section length, before the options of a section header.
const SECTION_HEAD: usize = 16;

impl<R: Read> PcapngReader<R> {
    /// Returns the next piece; `None` at the end. If damage hides the next block, the following
    /// bytes are returned as they are.
    pub(in crate::capture) fn next_piece(&mut self) -> Option<Piece<'_>> {
        match mem::take(&mut self.pending) {
            Pending::FirstSection => return Some(self.section()),
            Pending::Body { head, offset, left } => return self.body(head, offset, left),
            Pending::Nothing => {}
        }
        if self.ended {
            return self.rest();
        }
        if self.at_end() {
            return None;
        }
        let (offset, after_frame) = (self.buffer.offset(), self.frame);
        let head = match self.head() {
            Ok(head) if head.is_needed() => head,
            Ok(head) => return self.body(head, offset, head.length - TAIL as u64),
            Err(what) => {
                self.damaged(offset, after_frame, what);
                return self.rest();
            }
        };
        match self.whole_block(head) {
            Ok(Some(found)) => Some(self.packet_piece(head, &found)),
            Ok(None) if head.kind == SHB_MAGIC => Some(self.section()),
            Ok(None) => Some(Piece::Other(self.buffer.get(self.taken.clone()))),
            Err(what) => {
                self.damaged(offset, after_frame, what);
                if self.buffer.offset() == offset {
                    return self.rest();
                }
                Some(Piece::Other(self.buffer.get(self.taken.clone())))
            }
        }
    }

    fn section(&self) -> Piece<'_> {
        Piece::Section(self.taken_block(Some(HEAD + SECTION_HEAD)))
    }

    fn packet_piece(&mut self, head: Head, found: &Found) -> Piece<'_> {
        self.last_time = found.time;
        let options = HEAD + PACKET_HEAD + found.data.len().next_multiple_of(4);
        let packet = Packet {
            frame: self.frame,
            time: found.time,
            link_type: found.link_type,
            original_length: found.original_length,
            data: self.buffer.get(found.data.clone()),
        };
        Piece::Packet(
            packet,
            self.taken_block((head.kind != SPB_MAGIC).then_some(options)),
        )
    }

    fn taken_block(&self, options: Option<usize>) -> Block<'_> {
        Block {
            bytes: self.buffer.get(self.taken.clone()),
            order: self.order,
            options,
        }
    }

    /// Returns the available part of a block whose contents do not matter.
    fn body(&mut self, head: Head, offset: u64, left: u64) -> Option<Piece<'_>> {
        if left == 0 {
            let before = self.buffer.offset();
            return match self.other_tail(head) {
                Ok(tail) => Some(Piece::Other(self.buffer.get(tail))),
                Err(what) => {
                    self.damaged(offset, self.frame, what);
                    let taken = self.buffer.offset() - before;
                    // The buffer holds the last bytes taken until it reads again.
                    if taken == 0 {
                        self.rest()
                    } else {
                        Some(Piece::Other(self.buffer.last(TAIL)))
                    }
                }
            };
        }
        if !self.buffer.fill(1) {
            let what = self.cut(Defect::CutBlock);
            self.damaged(offset, self.frame, what);
            return None;
        }
        let step = self.available(left);
        self.pending = Pending::Body {
            head,
            offset,
            left: left - step.len() as u64,
        };
        Some(Piece::Other(self.buffer.get(step)))
    }

    /// Returns the remaining bytes as they are.
    fn rest(&mut self) -> Option<Piece<'_>> {
        self.buffer.fill(1);
        let step = self.available(u64::MAX);
        (!step.is_empty()).then(|| Piece::Other(self.buffer.get(step)))
    }

    /// Takes available bytes without reading, up to `limit`.
    fn available(&mut self, limit: u64) -> Range<usize> {
        let there = self.buffer.unread().len();
        self.buffer
            .take(usize::try_from(limit).map_or(there, |limit| limit.min(there)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::super::testing::{self, SeenPacket};
    use super::super::super::{Piece, Reader};

    /// Returns all bytes of the pieces, and the packets in them.
    fn pieces(bytes: &[u8]) -> Option<(Vec<u8>, Vec<SeenPacket>)> {
        let mut reader = Reader::new(bytes).ok()?;
        let (mut copy, mut packets) = (Vec::new(), Vec::new());
        while let Some(piece) = reader.next_piece() {
            match piece {
                Piece::Packet(packet, block) => {
                    copy.extend_from_slice(block.bytes);
                    packets.push(SeenPacket {
                        frame: packet.frame,
                        time: packet.time,
                        link_type: packet.link_type,
                        original_length: packet.original_length,
                        data: packet.data.to_vec(),
                    });
                }
                Piece::Section(block) => copy.extend_from_slice(block.bytes),
                Piece::Other(bytes) => copy.extend_from_slice(bytes),
                Piece::Header(_) | Piece::Record(_) => panic!("none in pcapng"),
            }
        }
        Some((copy, packets))
    }

    fn check(bytes: &[u8]) {
        let whole = testing::read_all(bytes).ok();
        let Some((copy, packets)) = pieces(bytes) else {
            assert!(whole.is_none());
            return;
        };
        assert_eq!(copy, bytes);
        assert_eq!(packets, whole.expect("readable").packets);
    }

    #[test]
    fn cut_anywhere() {
        let bytes = testing::small_pcapng();
        for length in 1..=bytes.len() {
            check(&bytes[..length]);
        }
    }

    #[test]
    fn large_blocks_come_in_parts() {
        let mut bytes = testing::small_pcapng();
        let mut out = testing::Fields(super::super::Order::Little, Vec::new());
        out.block(0x0bad_cafe, |body| {
            body.1.resize(3 * 1024 * 1024 + 5, 7);
        });
        bytes.extend(out.1);
        bytes.extend(&testing::small_pcapng());
        check(&bytes);
        let mut reader = Reader::new(&bytes[..]).expect("a capture");
        let mut parts = 0;
        while let Some(piece) = reader.next_piece() {
            let Piece::Other(part) = piece else { continue };
            parts += 1;
            assert!(part.len() <= 512 * 1024);
        }
        assert!(parts > 6);
    }

    proptest! {
        /// No byte is lost after any damage, and the packets are the same as from a reader of
        /// packets.
        #[test]
        fn changed_bytes(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)) {
            let mut bytes = testing::small_pcapng();
            for (index, byte) in changes {
                let at = index.index(bytes.len());
                bytes[at] = byte;
            }
            // A file that begins like pcap after a change is not for this reader.
            prop_assume!(bytes.starts_with(b"\n\r\r\n"));
            check(&bytes);
        }
    }
}
