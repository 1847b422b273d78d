//! The files of a capture: one, or those of a ring in order.

use std::path::{Path, PathBuf};

use nflx_core::Time;

use crate::capture::{Damage, Piece, Reader, Source, Unreadable};
use crate::frames::{File, Frames};
use crate::messages;
use crate::progress::Progress;

/// The files of one capture, which can be read more than once.
pub(super) struct Parts(Vec<CapturePart>);

struct CapturePart {
    path: PathBuf,
    /// Kept open if it is the only file, because a pipe cannot be opened again. Of several files,
    /// one is open at a time.
    source: Option<Source>,
    size: u64,
    /// Number of frames in the files before it.
    frames_before: u64,
    /// Time of its first packet, once it was read.
    start: Option<Time>,
    damage: Option<Damage>,
    compressed: bool,
    /// Why nothing of it could be read, if it is not the first.
    unreadable: Option<Unreadable>,
}

/// A packet visitor's decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Go {
    On,
    /// Stop reading.
    Stop,
}

impl Parts {
    /// Opens the first of `files`.
    pub(super) fn open(files: &[PathBuf]) -> Result<Self, Unreadable> {
        let mut parts: Vec<_> = files.iter().map(|path| CapturePart::new(path)).collect();
        if let Some(first) = parts.first_mut() {
            let source = Source::open(&first.path)?;
            first.size = source.size().unwrap_or(0);
            first.source = Some(source);
        }
        Ok(Self(parts))
    }

    /// Returns the capture's name for messages and progress.
    pub(super) fn name(&self) -> String {
        let name = |part: &CapturePart| messages::name(&part.path);
        match &self.0[..] {
            [] => String::new(),
            [part] => name(part),
            [first, .., last] => format!("{} to {}", name(first), name(last)),
        }
    }

    /// Returns the bytes of one pass before decompression, if known.
    pub(super) fn size(&self) -> Option<u64> {
        match &self.0[..] {
            [part] => part.source.as_ref().map_or(Some(part.size), Source::size),
            parts => Some(parts.iter().map(|part| part.size).sum()),
        }
    }

    /// Passes every packet to `visit`, with frame numbers that continue from file to file. Returns
    /// true if `visit` took all.
    pub(super) fn packets<E: From<Unreadable>>(
        &mut self,
        progress: &Progress,
        mut visit: impl FnMut(&nflx_core::Packet<'_>) -> Result<Go, E>,
    ) -> Result<bool, E> {
        self.each(progress, |reader, part| {
            while let Some(mut packet) = reader.next() {
                part.start.get_or_insert(packet.time);
                packet.frame += part.frames_before;
                if visit(&packet)? == Go::Stop {
                    return Ok(Go::Stop);
                }
            }
            Ok(Go::On)
        })
    }

    /// Passes every byte of a single file to `visit`.
    pub(super) fn pieces<E: From<Unreadable>>(
        &mut self,
        progress: &Progress,
        mut visit: impl FnMut(Piece<'_>) -> Result<(), E>,
    ) -> Result<bool, E> {
        self.each(progress, |reader, _| {
            while let Some(piece) = reader.next_piece() {
                visit(piece)?;
            }
            Ok(Go::On)
        })
    }

    fn each<E: From<Unreadable>>(
        &mut self,
        progress: &Progress,
        mut read: impl FnMut(
            &mut Reader<Box<dyn std::io::Read + '_>>,
            &mut CapturePart,
        ) -> Result<Go, E>,
    ) -> Result<bool, E> {
        let alone = self.0.len() == 1;
        let mut frames = 0;
        for (index, part) in self.0.iter_mut().enumerate() {
            part.frames_before = frames;
            let opened = part
                .source
                .take()
                .map_or_else(|| Source::open(&part.path), Ok);
            let mut source = match opened {
                Ok(source) => source,
                // The other files are still there.
                Err(reason) if index > 0 => {
                    part.unreadable = Some(reason);
                    continue;
                }
                Err(reason) => return Err(reason.into()),
            };
            let go = match source.pass(progress).and_then(|pass| {
                part.compressed = pass.compressed;
                Reader::new(pass.bytes)
            }) {
                Ok(mut reader) => {
                    let go = read(&mut reader, part);
                    part.damage = reader.damage().cloned();
                    frames += reader.frames();
                    go
                }
                Err(reason) if index > 0 => {
                    part.unreadable = Some(reason);
                    continue;
                }
                Err(reason) => Err(reason.into()),
            };
            if alone {
                source.rewind().map_err(Unreadable::Io)?;
                part.source = Some(source);
            }
            if go? == Go::Stop {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Returns the damage of the files, in a sentence each that begins with the file's name, and
    /// true if nothing of one could be read.
    pub(super) fn damage(&self) -> (Vec<(String, String)>, bool) {
        let mut sentences = Vec::new();
        for part in &self.0 {
            let name = messages::name(&part.path);
            if let Some(reason) = &part.unreadable {
                sentences.push((name.clone(), reason.to_string()));
            }
            if let Some(damage) = &part.damage {
                let unit = if part.compressed {
                    "decompressed byte"
                } else {
                    "byte"
                };
                sentences.push((name, damage.sentence(unit)));
            }
        }
        let failed = self.0.iter().any(|part| part.unreadable.is_some());
        (sentences, failed)
    }

    /// Returns the files and times of frames, once everything was read.
    pub(super) fn frames(&self) -> Frames {
        let file = |part: &CapturePart| File {
            name: part.path.to_string_lossy().into_owned(),
            frames_before: part.frames_before,
            start: part.start,
        };
        Frames(self.0.iter().map(file).collect())
    }
}

impl CapturePart {
    fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            source: None,
            size: path.metadata().map_or(0, |metadata| metadata.len()),
            frames_before: 0,
            start: None,
            damage: None,
            compressed: false,
            unreadable: None,
        }
    }
}
