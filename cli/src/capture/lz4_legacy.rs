//! The frames that lz4 wrote before 2013, and writes today with `-l` and for Linux kernels
//! ("Legacy frame" in `lz4_Frame_format.md`).
//!
//! A frame is its magic, then blocks: a length, and that many bytes that decompress to 8 MB, the
//! last to less. Neither the end nor a checksum is stored. A length that is the magic begins the
//! next frame. The frame decoder of `lz4_flex` refuses blocks that compression made longer, which
//! are those of encrypted traffic.

use std::io::{self, BufRead, Read};

use lz4_flex::block::{decompress_into, get_maximum_output_size};

pub(super) const MAGIC: [u8; 4] = [0x02, 0x21, 0x4c, 0x18];

/// Number of bytes in a block before compression (`LEGACY_BLOCKSIZE` of lz4).
const BLOCK: usize = 8 << 20;

pub(super) struct LegacyDecoder<R> {
    source: R,
    packed: Vec<u8>,
    block: Vec<u8>,
    /// The part of `block` that has not been read.
    unread: std::ops::Range<usize>,
}

impl<R: BufRead> LegacyDecoder<R> {
    pub(super) const fn new(source: R) -> Self {
        Self {
            source,
            packed: Vec::new(),
            block: Vec::new(),
            unread: 0..0,
        }
    }

    /// Reads the next block. Returns false at the end.
    fn next_block(&mut self) -> io::Result<bool> {
        let mut length = [0; 4];
        loop {
            if self.source.fill_buf()?.is_empty() {
                return Ok(false);
            }
            self.source.read_exact(&mut length)?;
            if length != MAGIC {
                break;
            }
        }
        let length = u32::from_le_bytes(length) as usize;
        if length > get_maximum_output_size(BLOCK) {
            return Err(invalid("a block is longer than any can be"));
        }
        self.packed.resize(length, 0);
        self.source.read_exact(&mut self.packed)?;
        self.block.resize(BLOCK, 0);
        let size = decompress_into(&self.packed, &mut self.block).map_err(invalid)?;
        self.unread = 0..size;
        Ok(true)
    }
}

fn invalid(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

impl<R: BufRead> Read for LegacyDecoder<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.unread.is_empty() && !into.is_empty() {
            if !self.next_block()? {
                return Ok(0);
            }
        }
        let count = self.unread.len().min(into.len());
        into[..count].copy_from_slice(&self.block[self.unread.start..][..count]);
        self.unread.start += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use lz4_flex::block::compress;

    use super::*;

    /// Frames of blocks, as lz4 writes them.
    fn frames(frames: &[&[&[u8]]]) -> Vec<u8> {
        let mut out = Vec::new();
        for blocks in frames {
            out.extend(MAGIC);
            for block in *blocks {
                let packed = compress(block);
                out.extend((packed.len() as u32).to_le_bytes());
                out.extend(packed);
            }
        }
        out
    }

    fn read(stream: &[u8]) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        LegacyDecoder::new(stream).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Bytes that do not compress.
    fn noise(length: usize) -> Vec<u8> {
        let mut state = 1_u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005) + 1;
            (state >> 56) as u8
        };
        (0..length).map(|_| next()).collect()
    }

    #[test]
    fn blocks_that_did_not_compress_are_read_and_so_are_frames_in_a_row() {
        let noise = noise(BLOCK);
        let stream = frames(&[&[&noise, b"second"], &[], &[b"third"]]);
        assert!(stream.len() > BLOCK + BLOCK / 256, "it grew");
        assert!(read(&stream).expect("whole") == [&noise, &b"second"[..], b"third"].concat());
        // The decoder of frames cannot read the first block.
        let mut bytes = Vec::new();
        let mut frames = lz4_flex::frame::FrameDecoder::new(&stream[..]);
        frames.read_to_end(&mut bytes).expect_err("too long");
    }

    #[test]
    fn cut_and_damaged_frames_are_errors() {
        let stream = frames(&[&[b"some bytes of a capture"]]);
        assert_eq!(read(&stream[..4]).expect("no block"), b"");
        for length in 5..stream.len() {
            let error = read(&stream[..length]).expect_err("cut");
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof, "{length}");
        }
        let longest = get_maximum_output_size(BLOCK) as u32;
        for (length, kind) in [
            (longest, io::ErrorKind::UnexpectedEof),
            (longest + 1, io::ErrorKind::InvalidData),
        ] {
            let stream = [&MAGIC[..], &length.to_le_bytes()].concat();
            assert_eq!(read(&stream).expect_err("too long").kind(), kind);
        }
        let stream = [&MAGIC[..], &[4, 0, 0, 0, 0x10, b'a', 9, 0]].concat();
        let error = read(&stream).expect_err("refers to before its beginning");
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }
}
