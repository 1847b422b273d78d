//! The files of a capture: one, or those of a ring in order.

use std::io::Read;
use std::path::PathBuf;

use super::capture_part::{CapturePart, Go};
use super::merge::Merge;
use crate::capture::{Piece, Reader, Source, Unreadable};
use crate::frames::{File, Frames};
use crate::messages;
use crate::progress::Progress;
use crate::rings::are_of_one_series;

/// The files of one capture, which can be read more than once.
pub(super) struct Parts(Vec<CapturePart>);

impl Parts {
    /// Opens the first of `files`.
    pub(super) fn open(files: &[PathBuf]) -> Result<Self, Unreadable> {
        let mut parts: Vec<_> = files.iter().map(|path| CapturePart::new(path)).collect();
        // Files that one program wrote one after the other stay in their order, whatever their
        // clock did.
        for at in 1..parts.len() {
            parts[at].may_be_beside = !are_of_one_series(&files[at - 1], &files[at]);
        }
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

    /// Passes every packet to `visit`, with frame numbers that continue from file to file, and true
    /// where two files overlap: packets in both then come twice. Returns true if `visit` took all.
    pub(super) fn packets<E: From<Unreadable>>(
        &mut self,
        progress: &Progress,
        mut visit: impl FnMut(&nflx_core::Packet<'_>, bool) -> Result<Go, E>,
    ) -> Result<bool, E> {
        if self.0.len() > 1 {
            return Merge::of(&mut self.0, progress).packets(visit);
        }
        self.alone(progress, |reader, part| {
            while let Some(packet) = reader.next() {
                part.start.get_or_insert(packet.time);
                if visit(&packet, false)? == Go::Stop {
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
        self.alone(progress, |reader, _| {
            while let Some(piece) = reader.next_piece() {
                visit(piece)?;
            }
            Ok(Go::On)
        })
    }

    /// Reads a capture's only file, which can be read again even if it is a pipe.
    fn alone<E: From<Unreadable>>(
        &mut self,
        progress: &Progress,
        mut read: impl FnMut(&mut Reader<Box<dyn Read + '_>>, &mut CapturePart) -> Result<Go, E>,
    ) -> Result<bool, E> {
        let Some(part) = self.0.first_mut() else {
            return Ok(true);
        };
        let opened = part.source.take();
        let mut source = opened.map_or_else(|| Source::open(&part.path), Ok)?;
        let go = {
            let pass = source.pass(progress)?;
            part.compressed = pass.compressed;
            let mut reader = Reader::new(pass.bytes)?;
            let go = read(&mut reader, part);
            part.damage = reader.damage().cloned();
            go
        };
        source.rewind().map_err(Unreadable::Io)?;
        part.source = Some(source);
        Ok(go? == Go::On)
    }

    /// Returns a sentence for each file that begins before the one ahead of it ends, after the
    /// file's name.
    pub(super) fn overlaps(&self) -> Vec<(String, String)> {
        let pairs = self.0.iter().zip(self.0.iter().skip(1));
        let said = |part: &CapturePart| match (part.overlaps, part.is_beside) {
            (true, _) => Some("ends: packets that are in both count once"),
            (false, true) => Some("ends: both were read at once, in order of time"),
            (false, false) => part.is_set_back.then_some(
                "begins: it was read after it, as where a clock was set back between them",
            ),
        };
        pairs
            .filter_map(|(before, part)| {
                let before = messages::name(&before.path);
                let said = format!("begins before {before} {}", said(part)?);
                Some((messages::name(&part.path), said))
            })
            .collect()
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
