//! One line about a packet.

use core::ffi::c_char;

use nflx_core::Note;

use crate::crossing::Crossing;
use crate::text::c_array;

/// Size of the array that holds a note, in bytes, with the NUL that ends it. Notes are shorter than this.
pub const NFLX_NOTE_SIZE: usize = 512;

/// One line about a packet, for comments in captures.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct nflx_note {
    /// Set to `sizeof(nflx_note)`.
    pub struct_size: u32,
    /// Printable ASCII, ended by NUL. It begins with `nflx: `, by which comments of ours are known.
    pub text: [c_char; NFLX_NOTE_SIZE],
}

// SAFETY: repr(C), struct_size first, integers only.
unsafe impl Crossing for nflx_note {
    const NAME: &'static str = "nflx_note";
}

impl From<Note<'_>> for nflx_note {
    fn from(note: Note<'_>) -> Self {
        Self { struct_size: size_of::<Self>() as u32, text: c_array(&note.to_string()) }
    }
}

const _: () = assert!(size_of::<nflx_note>() == 516 && align_of::<nflx_note>() == 4);
