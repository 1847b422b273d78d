//! Capture files: pcap and pcapng, plain or compressed with gzip, zstd or lz4, from files and
//! pipes.
//!
//! Specifications: draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng, and for variants in the wild,
//! Wireshark's behaviour. Frame numbers are Wireshark's: every packet block counts, and so do a few
//! other blocks.

mod buffer;
mod damage;
mod formats;
mod link_types;
pub(crate) mod live;
mod lz4_legacy;
mod order;
mod pcap;
mod pcapng;
mod piece;
mod source;
#[cfg(test)]
pub(crate) mod testing;
mod time;

use std::io::Read;

use buffer::Buffer;
pub(crate) use buffer::{MAX_BLOCK, MAX_HEADER_BLOCK};
pub(crate) use damage::{Damage, UnknownLinkType, Unreadable};
use nflx_core::{LinkType, Packet};
pub(crate) use order::Order;
pub(crate) use piece::{Block, Header, Piece};
pub(crate) use source::Source;

/// Reads the packets of one capture, in order, without copying them.
pub(crate) enum Reader<R> {
    Pcap(pcap::PcapReader<R>),
    Pcapng(pcapng::PcapngReader<R>),
}

impl<R: Read> Reader<R> {
    /// Recognises the format by its first bytes.
    pub(crate) fn new(source: R) -> Result<Self, Unreadable> {
        let mut buffer = Buffer::new(source);
        if !buffer.fill(4)
            && let Some(error) = buffer.error()
        {
            return Err(Unreadable::from_read_error(error));
        }
        match buffer.unread() {
            [] => Err(Unreadable::Empty),
            [0x0a, 0x0d, 0x0d, 0x0a, ..] => pcapng::PcapngReader::new(buffer).map(Self::Pcapng),
            &[a, b, c, d, ..] if pcap::is_magic([a, b, c, d]) => {
                pcap::PcapReader::new(buffer).map(Self::Pcap)
            }
            _ => {
                // As many as are available of the bytes that distinguish formats.
                buffer.fill(formats::HEAD);
                Err(Unreadable::from_head(buffer.unread()))
            }
        }
    }

    /// Returns the next packet; `None` at the end, or if damage keeps the reader from continuing:
    /// see [`Self::damage`].
    pub(crate) fn next(&mut self) -> Option<Packet<'_>> {
        match self {
            Self::Pcap(reader) => reader.next(),
            Self::Pcapng(reader) => reader.next(),
        }
    }

    /// Returns the next piece; `None` at the end. For a reader that has not returned anything by
    /// [`Self::next`].
    pub(crate) fn next_piece(&mut self) -> Option<Piece<'_>> {
        match self {
            Self::Pcap(reader) => reader.next_piece(),
            Self::Pcapng(reader) => reader.next_piece(),
        }
    }

    /// Returns the number of frames so far, including blocks without a packet.
    pub(crate) fn frames(&self) -> u64 {
        match self {
            Self::Pcap(reader) => reader.frames(),
            Self::Pcapng(reader) => reader.frames(),
        }
    }

    /// Returns the link type of each interface described so far in this section.
    pub(crate) fn link_types(&self) -> Vec<LinkType> {
        match self {
            Self::Pcap(reader) => vec![reader.link_type()],
            Self::Pcapng(reader) => reader.link_types(),
        }
    }

    /// Returns the first damage found so far.
    pub(crate) fn damage(&self) -> Option<&Damage> {
        match self {
            Self::Pcap(reader) => reader.damage(),
            Self::Pcapng(reader) => reader.damage(),
        }
    }
}

/// Returns true if `file` begins like a capture, compressed or not. False on errors.
pub(crate) fn is_capture(file: impl Read) -> bool {
    let mut magic = Vec::new();
    if let Ok(pass) = source::decompressed(file) {
        let _ = pass.bytes.take(4).read_to_end(&mut magic);
    }
    match *magic {
        [0x0a, 0x0d, 0x0d, 0x0a] => true,
        [a, b, c, d] => pcap::is_magic([a, b, c, d]),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use testing::{WholeCapture, read_all};

    use super::*;

    fn unreadable(bytes: &[u8]) -> String {
        Reader::new(bytes).err().expect("not a capture").to_string()
    }

    #[test]
    fn says_what_a_file_is_instead() {
        assert!(unreadable(b"").contains("empty"));
        assert!(unreadable(b"PK").contains("not a capture"));
        assert!(unreadable(b"<html>").contains("3c 68 74 6d"));
        assert!(unreadable(b"BZh9....").contains("bzip2 -dc"));
        let snoop = unreadable(b"snoop\0\0\0\0\0\0\x02\0\0\0\x04");
        assert!(
            snoop.contains("of snoop, which is not read; convert it: editcap "),
            "{snoop}"
        );
        assert!(unreadable(b"\xfd7zXZ\0..").contains("xz -dc"));
    }

    proptest! {
        /// A reader ends with any bytes, and returns no more bytes than it was given.
        #[test]
        fn arbitrary_bytes(head in 0..6usize, mut bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
            let heads: [&[u8]; 6] = [
                b"",
                b"\xd4\xc3\xb2\xa1\x02\0\x04\0\0\0\0\0\0\0\0\0\0\0\x04\0\x01\0\0\0",
                b"\xa1\xb2\x3c\x4d\0\x02\0\x04\0\0\0\0\0\0\0\0\0\x04\0\0\0\0\0\x01",
                b"\x34\xcd\xb2\xa1\x02\0\x04\0\0\0\0\0\0\0\0\0\0\0\x04\0\x01\0\0\0",
                b"\x0a\x0d\x0d\x0a\x1c\0\0\0\x4d\x3c\x2b\x1a\x01\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\x1c\0\0\0",
                b"\x0a\x0d\x0d\x0a\0\0\0\x1c\x1a\x2b\x3c\x4d\0\x01\0\0\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\x1c",
            ];
            bytes.splice(0..0, heads[head].iter().copied());
            if let Ok(WholeCapture { packets, .. }) = read_all(&bytes) {
                let total: usize = packets.iter().map(|packet| packet.data.len()).sum();
                prop_assert!(total <= bytes.len());
            }
        }

        /// The same for captures with a few changed bytes, where the parsers get further.
        #[test]
        fn changed_bytes(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)) {
            for mut bytes in [testing::small_pcap(), testing::small_pcapng()] {
                for (index, byte) in &changes {
                    let at = index.index(bytes.len());
                    bytes[at] = *byte;
                }
                if let Ok(WholeCapture { packets, .. }) = read_all(&bytes) {
                    let total: usize = packets.iter().map(|packet| packet.data.len()).sum();
                    prop_assert!(total <= bytes.len());
                    prop_assert!(packets.windows(2).all(|pair| pair[0].frame < pair[1].frame));
                }
            }
        }
    }
}
