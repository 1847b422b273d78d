//! Our comment among the options of a pcapng block (draft-ietf-opsawg-pcapng, section 3.5).
//!
//! Options are code, length, value, padding; a list ends at code 0 or with its block. Our comment
//! is added last, as Wireshark does. So that stripping can restore the original, a list that did
//! not exist gets an end, as the specification demands, and one that was only an end loses it;
//! readers accept both.

use nflx_core::comment::PREFIX;

use crate::capture::Order;

const COMMENT: u16 = 1;
const END: u16 = 0;
/// Code and length.
const HEAD: usize = 4;
/// An end of options, in both byte orders.
const END_BYTES: [u8; HEAD] = [0; HEAD];

/// A change to a block's options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Edit<'a> {
    /// Nothing.
    Keep,
    /// Add this comment, unless there is one of ours.
    Add(&'a str),
    /// Remove our comments.
    Strip,
}

impl<'a> From<Option<&'a str>> for Edit<'a> {
    fn from(comment: Option<&'a str>) -> Self {
        comment.map_or(Self::Keep, Self::Add)
    }
}

impl Edit<'_> {
    /// Appends the options after the edit. Returns true if they changed. Appends nothing if they
    /// did not, or if the options are damaged.
    pub(super) fn apply(self, options: &[u8], order: Order, into: &mut Vec<u8>) -> bool {
        let before = into.len();
        let edited = match self {
            Self::Keep => None,
            Self::Add(comment) => add(options, order, comment, into),
            Self::Strip => strip(options, order, into),
        };
        if edited.is_none() {
            into.truncate(before);
        }
        edited.is_some()
    }
}

/// Adds a comment. `None` if nothing changes; the bytes appended so far are then useless.
fn add(options: &[u8], order: Order, comment: &str, into: &mut Vec<u8>) -> Option<()> {
    let mut end = 0;
    for option in Options::new(options, order) {
        let option = option.ok()?;
        if option.is_ours() {
            return None;
        }
        end = option.end;
    }
    into.extend_from_slice(&options[..end]);
    put(into, order, COMMENT, comment.as_bytes())?;
    if options.is_empty() {
        into.extend_from_slice(&END_BYTES);
    } else if options != END_BYTES {
        into.extend_from_slice(&options[end..]);
    }
    Some(())
}

/// Strips our comments. `None` as in [`add`].
fn strip(options: &[u8], order: Order, into: &mut Vec<u8>) -> Option<()> {
    let start = into.len();
    let mut end = 0;
    for option in Options::new(options, order) {
        let option = option.ok()?;
        if !option.is_ours() {
            into.extend_from_slice(&options[end..option.end]);
        }
        end = option.end;
    }
    into.extend_from_slice(&options[end..]);
    let edited = &into[start..];
    if edited.len() == options.len() {
        return None;
    }
    if edited.is_empty() {
        into.extend_from_slice(&END_BYTES);
    } else if edited == END_BYTES {
        into.truncate(start);
    }
    Some(())
}

/// Appends an option; `None` if it is too long for one.
pub(super) fn put(options: &mut Vec<u8>, order: Order, code: u16, value: &[u8]) -> Option<()> {
    let length = u16::try_from(value.len()).ok()?;
    options.extend_from_slice(&order.u16_bytes(code));
    options.extend_from_slice(&order.u16_bytes(length));
    options.extend_from_slice(value);
    pad(options, value.len());
    Some(())
}

/// Pads `length` bytes to whole words.
pub(super) fn pad(into: &mut Vec<u8>, length: usize) {
    into.extend_from_slice(&[0; 4][..length.next_multiple_of(4) - length]);
}

/// Appends the end of options.
pub(super) fn put_end(options: &mut Vec<u8>) {
    options.extend_from_slice(&END_BYTES);
}

/// The options before the end of a list.
struct Options<'a> {
    bytes: &'a [u8],
    order: Order,
    at: usize,
    ended: bool,
}

/// An option.
struct BlockOption<'a> {
    code: u16,
    value: &'a [u8],
    /// Offset of the next one.
    end: usize,
}

/// Options that do not fit their block.
struct Unsound;

impl BlockOption<'_> {
    fn is_ours(&self) -> bool {
        self.code == COMMENT && self.value.starts_with(PREFIX.as_bytes())
    }
}

impl<'a> Options<'a> {
    const fn new(bytes: &'a [u8], order: Order) -> Self {
        Self {
            bytes,
            order,
            at: 0,
            ended: false,
        }
    }

    fn option(&self) -> Result<BlockOption<'a>, Unsound> {
        let start = self.at + HEAD;
        if start > self.bytes.len() {
            return Err(Unsound);
        }
        let length = usize::from(self.order.u16(self.bytes, self.at + 2));
        let end = start + length.next_multiple_of(4);
        if end > self.bytes.len() {
            return Err(Unsound);
        }
        let code = self.order.u16(self.bytes, self.at);
        Ok(BlockOption {
            code,
            value: &self.bytes[start..start + length],
            end,
        })
    }
}

impl<'a> Iterator for Options<'a> {
    type Item = Result<BlockOption<'a>, Unsound>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended || self.at == self.bytes.len() {
            return None;
        }
        // The end may state any length.
        if self.bytes.len() - self.at >= 2 && self.order.u16(self.bytes, self.at) == END {
            return None;
        }
        let option = self.option();
        match &option {
            Ok(option) => self.at = option.end,
            Err(Unsound) => self.ended = true,
        }
        Some(option)
    }
}
