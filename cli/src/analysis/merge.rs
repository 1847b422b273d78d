//! Several files of a capture as one: one after the other, and those that overlap by time.
//!
//! Two files overlap if the first packet of one is in the file before it, equal in time and bytes:
//! a program was started again before another one had ended, or two wrote at once. From there on,
//! both are read at once, the earlier packet first, so that packets in both follow each other. If
//! one of them was cut, both get the bytes of the other.
//!
//! Files whose names show no order are read at once where the later one begins before the earlier
//! one ends: two taps may have one direction each. A file that begins before the one ahead of it is
//! read after it: files are in order of time unless a clock was set back.

use std::io::Read;

use nflx_core::{LinkType, Packet, Time};

use super::capture_part::{CapturePart, Go};
use crate::capture::{Reader, Unreadable};
use crate::progress::Progress;
use crate::rings::DISORDER;

/// The files of a capture while they are read.
pub(super) struct Merge<'a> {
    parts: &'a mut [CapturePart],
    progress: &'a Progress,
    /// Files that are being read, the earliest first.
    lanes: Vec<OpenPart<'a>>,
    /// The file after them, with its first packet.
    next: Option<OpenPart<'a>>,
    /// True once two files had a packet in common.
    shares: bool,
}

/// A file that is being read.
struct OpenPart<'a> {
    /// Its index among the files.
    at: usize,
    reader: Reader<Box<dyn Read + 'a>>,
    /// Its next packet, if it is known.
    head: Option<NextPacket>,
}

/// The point at which reading a file alone ends.
enum Met {
    /// Its own end.
    Nothing,
    /// The first packet of the next file, which it holds too.
    Same,
    /// The time of that packet. Its own packet waits.
    Later(NextPacket),
    /// A visitor that takes no more.
    Stop,
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
            shares: false,
        }
    }

    /// Passes every packet to `visit`, with frame numbers that continue from file to file, and true
    /// while several files with the same packets are read at once. Returns true if `visit` took all.
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
                        self.note_set_back(at);
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

    /// Records that a file begins before the latest one ahead of it that has a packet, if it does.
    fn note_set_back(&mut self, at: usize) {
        let ahead = self.parts[..at].iter().rev().find_map(|part| part.start);
        let part = &mut self.parts[at];
        let back = ahead
            .zip(part.start)
            .map(|(ahead, start)| ahead.since(start));
        part.is_set_back = back.is_some_and(|back| back > DISORDER);
        part.may_be_beside &= !part.is_set_back;
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
                    None => self.read_ahead(at).0,
                };
            }
        }
    }

    /// Returns the number of frames of a file that is still being read, and the latest time in it.
    fn read_ahead(&mut self, at: usize) -> (u64, Time) {
        let nobody = Progress::none();
        let reader = self.parts[at].open().and_then(|source| {
            let pass = source.into_pass(&nobody)?;
            Reader::new(pass.bytes)
        });
        let (count, latest) = reader.map_or((0, Time::default()), |mut reader| {
            let mut latest = Time::default();
            while let Some(packet) = reader.next() {
                latest = latest.max(packet.time);
            }
            (reader.frames(), latest)
        });
        self.parts[at].frames = Some(count);
        (count, latest)
    }

    /// Returns true if the next file is to be read beside the only one that is being read: this one
    /// goes on behind the start of the next for longer than packets are out of order. Asked once,
    /// when a packet of this one is as late as the first of the next.
    #[cold]
    fn is_beside(&mut self) -> bool {
        let (Some(lane), Some(next)) = (self.lanes.first(), &self.next) else {
            return false;
        };
        let (at, start) = (lane.at, next.head.as_ref().map(|head| head.time));
        self.parts[next.at].may_be_beside = false;
        let (_, latest) = self.read_ahead(at);
        start.is_some_and(|start| latest.since(start) > DISORDER)
    }

    /// Reads the only file that is being read, up to where it meets the next one.
    fn read_one<E: From<Unreadable>>(
        &mut self,
        visit: &mut impl FnMut(&Packet<'_>, bool) -> Result<Go, E>,
    ) -> Result<Go, E> {
        match self.read_up_to_next(visit)? {
            Met::Stop => return Ok(Go::Stop),
            Met::Nothing => self.leave(0),
            Met::Same => {
                if !self.lanes.first_mut().is_some_and(OpenPart::advance) {
                    self.leave(0);
                }
                self.overlap()?;
            }
            Met::Later(head) => {
                if let Some(lane) = self.lanes.first_mut() {
                    lane.head = Some(head);
                }
                if self.is_beside() {
                    self.enter_beside()?;
                }
            }
        }
        Ok(Go::On)
    }

    /// Passes on the packets of the only file that is being read. Returns what it met.
    fn read_up_to_next<E: From<Unreadable>>(
        &mut self,
        visit: &mut impl FnMut(&Packet<'_>, bool) -> Result<Go, E>,
    ) -> Result<Met, E> {
        let Some(lane) = self.lanes.first_mut() else {
            return Ok(Met::Nothing);
        };
        let before = self.parts[lane.at].frames_before;
        let next = self.next.as_mut();
        let may_be_beside = next
            .as_ref()
            .is_some_and(|next| self.parts[next.at].may_be_beside);
        let mut first = next.and_then(|next| next.head.as_mut());
        let mut pass = |packet: &Packet<'_>| -> Result<_, E> {
            match first.as_deref_mut() {
                Some(first) if first.is(packet) => {
                    first.lengthen(packet.data);
                    let data = &first.data;
                    Ok(match visit(&Packet { data, ..*packet }, true)? {
                        Go::Stop => Some(Met::Stop),
                        Go::On => Some(Met::Same),
                    })
                }
                Some(first) if may_be_beside && packet.time >= first.time => {
                    let frame = packet.frame - before;
                    let waits = NextPacket::new(&Packet { frame, ..*packet }, Vec::new());
                    Ok(Some(Met::Later(waits)))
                }
                _ => Ok((visit(packet, false)? == Go::Stop).then_some(Met::Stop)),
            }
        };
        if let Some(head) = lane.head.take()
            && let Some(met) = pass(&head.packet(before))?
        {
            return Ok(met);
        }
        while let Some(mut packet) = lane.reader.next() {
            packet.frame += before;
            if let Some(met) = pass(&packet)? {
                return Ok(met);
            }
        }
        Ok(Met::Nothing)
    }

    /// Begins to read the next file, which has a packet of another one.
    fn overlap(&mut self) -> Result<(), Unreadable> {
        if self.enter()? {
            self.shares = true;
            if let [_, .., lane] = &self.lanes[..] {
                self.parts[lane.at].overlaps = true;
            }
        }
        Ok(())
    }

    /// Begins to read the next file, which goes on beside another one.
    fn enter_beside(&mut self) -> Result<(), Unreadable> {
        if self.enter()?
            && let Some(lane) = self.lanes.last()
        {
            self.parts[lane.at].is_beside = true;
        }
        Ok(())
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
        let begins = |next: &OpenPart<'_>| {
            self.parts[next.at].may_be_beside && time(next) <= time(&self.lanes[at])
        };
        if self.next.as_ref().is_some_and(begins) {
            self.enter_beside()?;
            return Ok(Go::On);
        }
        self.lengthen(at);
        let lane = &mut self.lanes[at];
        let before = self.parts[lane.at].frames_before;
        let mut overlaps = false;
        if let Some(head) = &lane.head {
            let packet = head.packet(before);
            let next = self.next.as_ref().and_then(|next| next.head.as_ref());
            overlaps = next.is_some_and(|next| next.is(&packet));
            if visit(&packet, self.shares || overlaps)? == Go::Stop {
                return Ok(Go::Stop);
            }
        }
        if !lane.advance() {
            self.leave(at);
        }
        if overlaps {
            self.overlap()?;
        }
        Ok(Go::On)
    }

    /// Gives a packet that waits, and the same one of other files, the bytes of the one that was
    /// cut least.
    fn lengthen(&mut self, at: usize) {
        let Some(mut head) = self.lanes[at].head.take() else {
            return;
        };
        let others = self.lanes.iter_mut().chain(&mut self.next);
        for other in others.filter_map(|lane| lane.head.as_mut()) {
            if other.is(&head.packet(0)) {
                head.lengthen(&other.data);
                other.lengthen(&head.data);
            }
        }
        self.lanes[at].head = Some(head);
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

    /// Replaces its bytes if these are more of them.
    fn lengthen(&mut self, data: &[u8]) {
        if data.len() > self.data.len() {
            self.data.clear();
            self.data.extend_from_slice(data);
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
