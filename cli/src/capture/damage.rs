//! Kinds of damage to a capture, in one sentence each.

use std::{fmt, io};

use super::{formats, link_types};

/// Why nothing of a file could be read.
#[derive(Debug)]
pub(crate) enum Unreadable {
    /// No file has this name.
    Missing,
    /// The capture is a directory.
    Directory,
    /// The system does not allow reading it.
    Io(io::Error),
    /// Compressed by its first bytes, but it cannot be decompressed.
    Decompress(io::Error),
    /// No byte in it.
    Empty,
    /// Compressed in an unsupported way; holds the program that decompresses it.
    Compressed(&'static str),
    /// A capture in an unsupported format.
    Format(&'static str),
    /// Neither pcap nor pcapng; holds its first bytes.
    NotACapture(Box<[u8]>),
    /// The capture ends within the file header.
    HeaderCut,
    /// The file header contradicts itself.
    HeaderDamaged,
    /// An unsupported version of the format.
    Version {
        /// `pcap` or `pcapng`.
        format: &'static str,
        /// Major version.
        major: u16,
        /// Minor version.
        minor: u16,
    },
    /// No packet has a known link type.
    LinkType(u32),
}

impl Unreadable {
    /// Converts an error from opening a file.
    pub(super) fn from_open_error(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::NotFound {
            Self::Missing
        } else {
            Self::Io(error)
        }
    }

    /// Converts an error from reading the first bytes.
    pub(super) fn from_read_error(error: &io::Error) -> Self {
        let copy = io::Error::new(error.kind(), error.to_string());
        match error.kind() {
            io::ErrorKind::InvalidData
            | io::ErrorKind::InvalidInput
            | io::ErrorKind::UnexpectedEof => Self::Decompress(copy),
            _ => Self::Io(copy),
        }
    }

    /// Judges the first bytes of a file that is not a capture.
    pub(super) fn from_head(head: &[u8]) -> Self {
        const COMPRESSIONS: [(&[u8], &str); 2] = [(b"\xfd7zX", "xz"), (b"BZh", "bzip2")];
        match COMPRESSIONS
            .iter()
            .find(|(magic, _)| head.starts_with(magic))
        {
            Some((_, program)) => Self::Compressed(program),
            None => formats::of_head(head).map_or_else(
                || Self::NotACapture(head.iter().copied().take(4).collect()),
                Self::Format,
            ),
        }
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("no such file"),
            Self::Directory => f.write_str("is a directory; name the capture files in it"),
            Self::Io(error) => write!(f, "cannot be read: {}", crate::messages::reason(error)),
            Self::Decompress(error) => write!(
                f,
                "cannot be decompressed: {}",
                crate::messages::reason(error)
            ),
            Self::Empty => f.write_str("is empty, without even the header of a capture"),
            Self::Compressed(program) => {
                write!(
                    f,
                    "is compressed with {program}, which is not read; try: {program} -dc FILE | nflx … -"
                )
            }
            Self::Format(name) => write!(
                f,
                "is a capture of {name}, which is not read; convert it: editcap FILE FILE.pcapng"
            ),
            Self::NotACapture(head) => {
                f.write_str("is not a capture: it begins with")?;
                head.iter().try_for_each(|byte| write!(f, " {byte:02x}"))?;
                f.write_str(" (hexadecimal), and pcap and pcapng do not")
            }
            Self::HeaderCut => {
                f.write_str("ends in the middle of its file header, before the first packet")
            }
            Self::HeaderDamaged => f.write_str("has a damaged file header"),
            Self::Version {
                format,
                major,
                minor,
            } => {
                write!(
                    f,
                    "is {format} of version {major}.{minor}, which is not known"
                )
            }
            Self::LinkType(number) => UnknownLinkType(*number).fmt(f),
        }
    }
}

/// An unknown link type. Displays as a sentence that tells what to do about it.
pub(crate) struct UnknownLinkType(pub(crate) u32);

impl fmt::Display for UnknownLinkType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&link_types::sentence(self.0))
    }
}

/// A place in a capture that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Damage {
    /// Offset of the record or block, after decompression.
    pub(crate) offset: u64,
    /// Last frame before it.
    pub(crate) after_frame: u64,
    /// The kind of damage.
    pub(crate) what: Defect,
}

/// The kind of damage at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Defect {
    /// The capture ends in the middle of a packet.
    CutPacket,
    /// The capture ends in the middle of a pcapng block that is no packet.
    CutBlock,
    /// A packet states a length that none can have.
    PacketLength(u32),
    /// A pcapng block states a length that none can have.
    BlockLength(u32),
    /// The two lengths of a pcapng block differ.
    TwoLengths(u32, u32),
    /// A pcapng block is too small for what it must hold, or its contents contradict themselves.
    Block,
    /// A pcapng section does not say its byte order.
    ByteOrder,
    /// A pcapng packet block names an interface that was not described.
    Interface(u32),
    /// A pcapng section has an unknown version.
    Version(u16, u16),
    /// Reading or decompressing failed.
    Read(Box<str>),
}

impl Defect {
    /// Returns true if the next record can still be found, so that only this one is lost.
    pub(super) const fn is_local(&self) -> bool {
        matches!(self, Self::Block | Self::Interface(_))
    }
}

impl Damage {
    /// Returns what happened, where, and what became of the rest. `unit` is the unit of the offset.
    pub(crate) fn sentence(&self, unit: &str) -> String {
        let rest = if self.what.is_local() {
            "the rest was used"
        } else {
            "all before it was used"
        };
        format!(
            "is damaged at {unit} {}, after frame {}: {}; {rest}",
            self.offset, self.after_frame, self.what
        )
    }
}

impl fmt::Display for Defect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CutPacket => f.write_str("it ends in the middle of a packet"),
            Self::CutBlock => f.write_str("it ends in the middle of a block"),
            Self::PacketLength(length) => write!(f, "a packet claims {length} bytes"),
            Self::BlockLength(length) => write!(f, "a block claims {length} bytes"),
            Self::TwoLengths(first, second) => {
                write!(f, "a block claims {first} bytes and then {second}")
            }
            Self::Block => f.write_str("a block is too small for its contents"),
            Self::ByteOrder => f.write_str("a section does not say its byte order"),
            Self::Interface(number) => write!(
                f,
                "a packet names interface {number}, which is not described"
            ),
            Self::Version(major, minor) => write!(
                f,
                "a section is of version {major}.{minor}, which is not known"
            ),
            Self::Read(error) => write!(f, "reading fails ({error})"),
        }
    }
}
