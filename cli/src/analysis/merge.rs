//! Several files of a capture as one: one after the other, and those that overlap by time.
//!
//! Two files overlap if the first packet of one is in the file before it, equal in time and bytes:
//! a program was started again before another one had ended, or two wrote at once. From there on,
//! both are read at once, the earlier packet first, so that packets in both follow each other.

use std::io::Read;

use nflx_core::{LinkType, Packet, Time};

use super::capture_part::{CapturePart, Go};
use crate::capture::{Reader, Unreadable};
use crate::progress::Progress;

/// The files of a capture while they are read.
pub(super) struct Merge<'a> {
    parts: &'a mut [CapturePart],
    progress: &'a Progress,
    /// Files that are being read, the earliest first.
    lanes: Vec<OpenPart<'a>>,
    /// The file after them, with its first packet.
    next: Option<OpenPart<'a>>,
}

/// A file that is being read.
struct OpenPart<'a> {
    /// Its index among the files.
    at: usize,
    reader: Reader<Box<dyn Read + 'a>>,
    /// Its next packet, if it is known.
    head: Option<NextPacket>,
}

/// A packet that waits for its turn.
struct NextPacket {
    frame: u64,
    time: Time,
    link_type: LinkType,
    original_length: u32,
    data: Vec<u8>,
}

impl<'a> Merge<'a> {
    pub(super) const fn of(parts: &'a mut [CapturePart], progress: &'a Progress) -> Self {
        Self {
            parts,
            progress,
            lanes: Vec::new(),
            next: None,
        }
    }

    /// Passes every packet to `visit`, with frame numbers that continue from file to file, and true
    /// while several files are read at once. Returns true if `visit` took all.
    pub(super) fn packets<E: From<Unreadable>>(
        mut self,
        mut visit: impl FnMut(&Packet<'_>, bool) -> Result<Go, E>,
    ) -> Result<bool, E> {
        self.next = self.open(0)?;
        loop {
            if self.lanes.is_empty() && !self.enter()? {
                // Those without a packet at the end, too.
                self.place(self.parts.len().saturating_sub(1));
                return Ok(true);
            }
            let go = if self.lanes.len() == 1 {
                self.read_one(&mut visit)?
            } else {
                self.read_earliest(&mut visit)?
            };
            if go == Go::Stop {
                return Ok(false);
            }
        }
    }

    /// Opens the first file from index `from` on that can be read and has a packet.
    fn open(&mut self, from: usize) -> Result<Option<OpenPart<'a>>, Unreadable> {
        for at in from..self.parts.len() {
            let part = &mut self.parts[at];
            let opened = part.open().and_then(|source| {
                let pass = source.into_pass(self.progress)?;
                part.compressed = pass.compressed;
                Reader::new(pass.bytes)
            });
            match opened {
                Ok(reader) => {
                    let mut lane = OpenPart {
                        at,
                        reader,
                        head: None,
                    };
                    if lane.advance() {
                        part.start = lane.head.as_ref().map(|head| head.time);
                        return Ok(Some(lane));
                    }
                    lane.close(part);
                }
                // The other files are still there.
                Err(reason) if at > 0 => {
                    part.unreadable = Some(reason);
                    part.frames = Some(0);
                }
                Err(reason) => return Err(reason),
            }
        }
        Ok(None)
    }

    /// Begins to read the next file. Returns false if there is none.
    fn enter(&mut self) -> Result<bool, Unreadable> {
        let Some(lane) = self.next.take() else {
            return Ok(false);
        };
        self.place(lane.at);
        self.next = self.open(lane.at + 1)?;
        self.lanes.push(lane);
        Ok(true)
    }

    /// Numbers the frames of the files up to this one.
    fn place(&mut self, last: usize) {
        let mut frames = 0;
        for at in 0..=last {
            self.parts[at].frames_before = frames;
            if at < last {
                frames += match self.parts[at].frames {
                    Some(frames) => frames,
                    None => self.count(at),
                };
            }
        }
    }

    /// Counts the frames of a file that is still being read.
    fn count(&mut self, at: usize) -> u64 {
        let nobody = Progress::none();
        let reader = self.parts[at].open().and_then(|source| {
            let pass = source.into_pass(&nobody)?;
            Reader::new(pass.bytes)
        });
        let count = reader.map_or(0, |mut reader| {
            while reader.next().is_some() {}
            reader.frames()
        });
        self.parts[at].frames = Some(count);
        count
    }

    /// Reads the only file that is being read, up to its end or a packet that the next one begins
    /// with.
    fn read_one<E: From<Unreadable>>(
        &mut self,
        visit: &mut impl FnMut(&Packet<'_>, bool) -> Result<Go, E>,
    ) -> Result<Go, E> {
        let Some(lane) = self.lanes.first_mut() else {
            return Ok(Go::On);
        };
        let before = self.parts[lane.at].frames_before;
        let begins = |packet: &Packet<'_>| {
            let next = self.next.as_ref().and_then(|next| next.head.as_ref());
            next.is_some_and(|head| head.is(packet))
        };
        let head = lane.head.take();
        let mut overlaps = false;
        if let Some(head) = &head {
            overlaps = begins(&head.packet(before));
            if visit(&head.packet(before), overlaps)? == Go::Stop {
                return Ok(Go::Stop);
            }
        }
        while !overlaps {
            let Some(mut packet) = lane.reader.next() else {
                break;
            };
            packet.frame += before;
            overlaps = begins(&packet);
            if visit(&packet, overlaps)? == Go::Stop {
                return Ok(Go::Stop);
            }
        }
        if !overlaps || !lane.advance() {
            self.leave(0);
        }
        if overlaps && self.enter()? {
            for lane in self.lanes.iter().skip(1) {
                self.parts[lane.at].overlaps = true;
            }
        }
        Ok(Go::On)
    }

    /// Passes on the earliest packet of those that wait.
    fn read_earliest<E: From<Unreadable>>(
        &mut self,
        visit: &mut impl FnMut(&Packet<'_>, bool) -> Result<Go, E>,
    ) -> Result<Go, E> {
        let time = |lane: &OpenPart<'_>| lane.head.as_ref().map(|head| head.time);
        let earliest = (0..self.lanes.len()).min_by_key(|&at| time(&self.lanes[at]));
        let Some(at) = earliest else {
            return Ok(Go::On);
        };
        let lane = &mut self.lanes[at];
        let before = self.parts[lane.at].frames_before;
        let mut overlaps = false;
        if let Some(head) = &lane.head {
            let packet = head.packet(before);
            if visit(&packet, true)? == Go::Stop {
                return Ok(Go::Stop);
            }
            let next = self.next.as_ref().and_then(|next| next.head.as_ref());
            overlaps = next.is_some_and(|next| next.is(&packet));
        }
        if !lane.advance() {
            self.leave(at);
        }
        if overlaps && self.enter()? {
            let entered = self.lanes.last().map(|lane| lane.at);
            if let Some(at) = entered {
                self.parts[at].overlaps = true;
            }
        }
        Ok(Go::On)
    }

    /// Ends with a file that was read.
    fn leave(&mut self, at: usize) {
        let lane = self.lanes.remove(at);
        let part = &mut self.parts[lane.at];
        lane.close(part);
    }
}

impl OpenPart<'_> {
    /// Reads its next packet. Returns false at its end.
    fn advance(&mut self) -> bool {
        let data = self.head.take().map_or_else(Vec::new, |head| head.data);
        self.head = self
            .reader
            .next()
            .map(|packet| NextPacket::new(&packet, data));
        self.head.is_some()
    }

    fn close(self, part: &mut CapturePart) {
        part.frames = Some(self.reader.frames());
        part.damage = self.reader.damage().cloned();
    }
}

impl NextPacket {
    /// Keeps a packet in the memory of another one.
    fn new(packet: &Packet<'_>, mut data: Vec<u8>) -> Self {
        data.clear();
        data.extend_from_slice(packet.data);
        Self {
            frame: packet.frame,
            time: packet.time,
            link_type: packet.link_type,
            original_length: packet.original_length,
            data,
        }
    }

    fn packet(&self, frames_before: u64) -> Packet<'_> {
        Packet {
            frame: self.frame + frames_before,
            time: self.time,
            link_type: self.link_type,
            original_length: self.original_length,
            data: &self.data,
        }
    }

    /// Returns true if both are one packet. Either file may hold less of it.
    fn is(&self, packet: &Packet<'_>) -> bool {
        let shared = self.data.len().min(packet.data.len());
        self.time == packet.time
            && self.original_length == packet.original_length
            && self.link_type == packet.link_type
            && self.data[..shared] == packet.data[..shared]
    }
}
