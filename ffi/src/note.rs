//! One line about a packet, and a few about a capture.

use core::ffi::c_char;

use nflx_core::{PacketComment, Summary};

use crate::crossing::Crossing;
use crate::text::c_array;

/// Size of the array that holds a note, in bytes, with the NUL that ends it. Notes are shorter than
/// this.
pub const NFLX_NOTE_SIZE: usize = 512;

/// Size of the array that holds a summary, in bytes, with the NUL that ends it. Summaries are
/// shorter than this.
pub const NFLX_SUMMARY_SIZE: usize = 8192;

/// Flag of `nflx_note`: the packet begins a request or is the last of a segment.
pub const NFLX_NOTE_LANDMARK: u32 = 1;

/// One line about a packet, for comments in captures.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct nflx_note {
    /// Set to `sizeof(nflx_note)`.
    pub struct_size: u32,
    /// Printable ASCII, ended by NUL. Begins with `nflx: `, by which a host recognises comments of
    /// ours.
    pub text: [c_char; NFLX_NOTE_SIZE],
    /// Sum of `NFLX_NOTE_` flags.
    pub flags: u32,
}

// SAFETY: repr(C), struct_size first, integers only.
unsafe impl Crossing for nflx_note {
    const NAME: &'static str = "nflx_note";
    const FIRST_SIZE: usize = 520;
}

impl From<PacketComment<'_>> for nflx_note {
    fn from(note: PacketComment<'_>) -> Self {
        Self {
            struct_size: size_of::<Self>() as u32,
            text: c_array(&note.to_string()),
            flags: if note.is_landmark() {
                NFLX_NOTE_LANDMARK
            } else {
                0
            },
        }
    }
}

/// A few lines about a capture, for the comment of its section.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct nflx_summary {
    /// Set to `sizeof(nflx_summary)`.
    pub struct_size: u32,
    /// Printable ASCII with line feeds between the lines, ended by NUL. Begins with `nflx: `, like
    /// notes.
    pub text: [c_char; NFLX_SUMMARY_SIZE],
}

// SAFETY: repr(C), struct_size first, integers only.
unsafe impl Crossing for nflx_summary {
    const NAME: &'static str = "nflx_summary";
    const FIRST_SIZE: usize = 8196;
}

impl From<Summary<'_>> for nflx_summary {
    fn from(summary: Summary<'_>) -> Self {
        Self {
            struct_size: size_of::<Self>() as u32,
            text: c_array(&summary.to_string()),
        }
    }
}

const _: () = assert!(size_of::<nflx_note>() == 520 && align_of::<nflx_note>() == 4);
const _: () = assert!(size_of::<nflx_summary>() == 8196 && align_of::<nflx_summary>() == 4);
