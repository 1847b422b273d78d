//! A file of a capture.

use std::path::{Path, PathBuf};

use nflx_core::Time;

use crate::capture::{Damage, Source, Unreadable};

/// A file of a capture, and the findings about it.
pub(super) struct CapturePart {
    pub(super) path: PathBuf,
    /// Kept open if it is the only file, because a pipe cannot be opened again. Of several files,
    /// only those are open that are being read.
    pub(super) source: Option<Source>,
    pub(super) size: u64,
    /// Number of frames in the files before it.
    pub(super) frames_before: u64,
    /// Number of its own frames, once it was read.
    pub(super) frames: Option<u64>,
    /// Time of its first packet, once it was read.
    pub(super) start: Option<Time>,
    /// True if it begins with a packet of the file ahead of it.
    pub(super) overlaps: bool,
    /// True if it will be read beside the file ahead of it, should that one end later.
    pub(super) may_be_beside: bool,
    /// True if it begins before the file ahead of it begins, whose clock was then set back.
    pub(super) is_set_back: bool,
    /// True if it was read beside that one, without a packet in common where it began.
    pub(super) is_beside: bool,
    pub(super) damage: Option<Damage>,
    pub(super) compressed: bool,
    /// Why nothing of it could be read, if it is not the first.
    pub(super) unreadable: Option<Unreadable>,
}

/// A packet visitor's decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Go {
    On,
    /// Stop reading.
    Stop,
}

impl CapturePart {
    pub(super) fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            source: None,
            size: path.metadata().map_or(0, |metadata| metadata.len()),
            frames_before: 0,
            frames: None,
            start: None,
            overlaps: false,
            may_be_beside: false,
            is_set_back: false,
            is_beside: false,
            damage: None,
            compressed: false,
            unreadable: None,
        }
    }

    /// Returns its source, to be read once.
    pub(super) fn open(&mut self) -> Result<Source, Unreadable> {
        let source = self.source.take();
        source.map_or_else(|| Source::open(&self.path), Ok)
    }
}
