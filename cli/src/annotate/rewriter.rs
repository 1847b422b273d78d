//! Writes the pieces of a capture as a pcapng file, with comments.

use std::io::{self, Seek, SeekFrom, Write};

use super::comment::Edit;
use super::convert;
use crate::capture::{Block, Header, MAX_BLOCK, MAX_HEADER_BLOCK, Order, Piece};

/// Type, before a block's first length.
const TYPE: usize = 4;
/// Type and length, byte-order magic, version: before a section's length.
const BEFORE_SECTION_LENGTH: usize = 16;
const SECTION_LENGTH: usize = 8;

/// Writes happen in multiples of this many bytes: many packets share a system call, the system's
/// pages are filled whole, and waiting bytes stay in the processor's second-level cache next to
/// those being read.
const MUCH: u64 = if cfg!(fuzzing) { 4096 } else { 256 * 1024 };

/// Writes the pieces.
pub(super) struct Rewriter<W> {
    out: W,
    /// Bytes written.
    written: u64,
    /// The bytes that are written next.
    waiting: Vec<u8>,
    section: Option<Section>,
    /// Header of a pcap file that becomes pcapng.
    header: Option<Header>,
}

/// A section that states its length.
struct Section {
    order: Order,
    /// Position of the length in the output.
    position: u64,
    /// Length stated in the input.
    length: u64,
    /// Number of bytes by which the section has grown.
    grown: i64,
}

impl<W: Write + Seek> Rewriter<W> {
    pub(super) const fn new(out: W) -> Self {
        Self {
            out,
            written: 0,
            waiting: Vec::new(),
            section: None,
            header: None,
        }
    }

    /// Writes a piece, with its comments changed.
    pub(super) fn piece(&mut self, piece: &Piece<'_>, edit: Edit<'_>) -> io::Result<()> {
        match piece {
            Piece::Header(header) => {
                self.header = Some(*header);
                self.converted(|header, into| convert::header(header, edit, into))
            }
            Piece::Record(packet) => {
                self.converted(|header, into| convert::record(header, packet, edit, into))
            }
            Piece::Section(block) => {
                self.end_section()?;
                let position = self.position() + BEFORE_SECTION_LENGTH as u64;
                self.block(block, edit, MAX_HEADER_BLOCK)?;
                self.section = Section::of(block, position);
                Ok(())
            }
            Piece::Packet(_, block) => {
                let grown = self.block(block, edit, MAX_BLOCK)?;
                if let Some(section) = &mut self.section {
                    section.grown += grown;
                }
                Ok(())
            }
            Piece::Other(bytes) => self.write(bytes),
        }
    }

    /// Writes the remaining bytes.
    pub(super) fn finish(mut self) -> io::Result<()> {
        self.end_section()?;
        self.write_waiting(self.waiting.len())?;
        self.out.flush()
    }

    fn converted(&mut self, write: impl FnOnce(&Header, &mut Vec<u8>)) -> io::Result<()> {
        let Some(header) = &self.header else {
            return Ok(());
        };
        write(header, &mut self.waiting);
        self.write_much()
    }

    /// Writes a block, and returns by how much it has grown. It must not outgrow `limit`, above
    /// which blocks are not read.
    fn block(&mut self, block: &Block<'_>, edit: Edit<'_>, limit: usize) -> io::Result<i64> {
        let Some(options) = block.options() else {
            return self.write(block.bytes).map(|()| 0);
        };
        let start = self.waiting.len();
        self.waiting
            .extend_from_slice(&block.bytes[..options.start]);
        let edited = edit.apply(
            &block.bytes[options.clone()],
            block.order,
            &mut self.waiting,
        );
        let length = self.waiting.len() - start + Block::TAIL;
        if !edited || length > limit {
            self.waiting.truncate(start);
            return self.write(block.bytes).map(|()| 0);
        }
        // Both counts are below the limit, so neither cast nor sum overflows.
        let grown = length as i64 - block.bytes.len() as i64;
        // Some writers omit padding from a length, so the two may differ.
        let length = |at: usize| {
            block
                .order
                .u32_bytes((i64::from(block.order.u32(block.bytes, at)) + grown) as u32)
        };
        let (first, second) = (length(TYPE), length(options.end));
        self.waiting[start + TYPE..][..first.len()].copy_from_slice(&first);
        self.waiting.extend_from_slice(&second);
        self.write_much()?;
        Ok(grown)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.waiting.extend_from_slice(bytes);
        self.write_much()
    }

    /// Writes waiting bytes up to the last multiple of [`MUCH`].
    fn write_much(&mut self) -> io::Result<()> {
        let end = self.position() / MUCH * MUCH;
        if end > self.written {
            self.write_waiting((end - self.written) as usize)
        } else {
            Ok(())
        }
    }

    /// Writes the first `count` waiting bytes.
    fn write_waiting(&mut self, count: usize) -> io::Result<()> {
        self.out.write_all(&self.waiting[..count])?;
        self.written += count as u64;
        self.waiting.drain(..count);
        Ok(())
    }

    /// Returns the position of the next byte.
    const fn position(&self) -> u64 {
        self.written + self.waiting.len() as u64
    }

    /// Corrects the length of a section that has grown.
    fn end_section(&mut self) -> io::Result<()> {
        let Some(section) = self.section.take().filter(|section| section.grown != 0) else {
            return Ok(());
        };
        self.write_waiting(self.waiting.len())?;
        self.out.seek(SeekFrom::Start(section.position))?;
        self.out
            .write_all(&section.order.u64_bytes(section.grown_length()))?;
        self.out.seek(SeekFrom::Start(self.written))?;
        Ok(())
    }
}

impl Section {
    /// Lengths are signed, and negative if unknown.
    const MASK: u64 = u64::MAX >> 1;

    fn of(block: &Block<'_>, position: u64) -> Option<Self> {
        let field = block
            .bytes
            .get(BEFORE_SECTION_LENGTH..BEFORE_SECTION_LENGTH + SECTION_LENGTH)?;
        let length = block.order.i64(field.try_into().ok()?);
        let length = u64::try_from(length).ok()?;
        Some(Self {
            order: block.order,
            position,
            length,
            grown: 0,
        })
    }

    /// Within 63 bits, so that stripping undoes adding for any length that a file may state.
    const fn grown_length(&self) -> u64 {
        self.length.wrapping_add_signed(self.grown) & Self::MASK
    }
}
