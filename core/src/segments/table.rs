//! The newest segments of a capture, within a limit, and their totals by server.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::bounded::numbering::Numbering;
use crate::bounded::size;
use crate::config::Config;
use crate::facts::annotation::ServerId;
use crate::facts::segment::{BeyondStep, Kind, KindReason, Segment, SegmentTotals};
use crate::packet::Time;
use crate::segments::settling::Settling;
use crate::segments::steps::Steps;

/// Segments by number, from 1 in order of request.
#[derive(Debug)]
pub(crate) struct SegmentTable {
    segments: VecDeque<Option<Segment>>,
    /// Number of the first segment held.
    first: u32,
    capacity: usize,
    /// Bytes below which a segment has no throughput.
    throughput_min: u32,
    numbering: Numbering,
    servers: Vec<OfServer>,
    settling: Settling,
    pub(crate) evicted: u64,
    /// Steps of the capture's clock.
    pub(crate) steps: Steps,
}

/// Segments of one server.
#[derive(Clone, Copy, Debug, Default)]
struct OfServer {
    /// Number of its newest segment, 0 for none.
    newest: u32,
    totals: SegmentTotals,
    /// True if some of them do not change any more.
    has_settled: bool,
}

impl SegmentTable {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            segments: VecDeque::new(),
            first: 1,
            capacity: usize::try_from(config.max_segments()).unwrap_or(usize::MAX),
            throughput_min: u32::try_from(config.throughput_min()).unwrap_or(u32::MAX),
            numbering: Numbering::of(config.max_servers()),
            servers: Vec::new(),
            settling: Settling::new(config),
            evicted: 0,
            steps: Steps::default(),
        }
    }

    /// Returns the most memory that it holds, in bytes.
    pub(crate) fn bound(config: &Config) -> u64 {
        config
            .max_segments()
            .saturating_mul(size_of::<Option<Segment>>() as u64)
            .saturating_add(size::list::<OfServer>(config.max_servers()))
            .saturating_add(Settling::bound(config))
    }

    /// Returns the number of the next segment.
    pub(crate) fn next_number(&self) -> u32 {
        self.first + self.segments.len() as u32
    }

    /// Adds a segment after the server's newest. Its number must be [`Self::next_number`].
    pub(crate) fn push(&mut self, mut segment: Segment) {
        debug_assert_eq!(segment.number, self.next_number());
        segment.throughput_min = self.throughput_min;
        let of_server = self.of_server(segment.server);
        of_server.totals.count += 1;
        segment.index = of_server.totals.count;
        segment.previous = (of_server.newest != 0).then_some(of_server.newest);
        of_server.newest = segment.number;
        if let Some(previous) = segment.previous.and_then(|number| self.slot(number)) {
            previous.next = Some(segment.number);
        }
        if self.segments.len() >= self.capacity {
            let oldest = self.segments.pop_front().flatten();
            self.first += 1;
            self.evicted += 1;
            if let Some(oldest) = oldest {
                self.evict(oldest);
            }
        }
        self.settling.open(segment.number, self.first);
        self.grow();
        self.segments.push_back(Some(segment));
    }

    /// Doubles the capacity for segments if it is used up, to no more than the limit.
    fn grow(&mut self) {
        let held = self.segments.len();
        if held == self.segments.capacity() {
            let most = self.capacity.saturating_sub(held).max(1);
            self.segments.reserve_exact(held.max(16).min(most));
        }
    }

    pub(crate) fn numbers(&self) -> core::ops::Range<u32> {
        self.first..self.next_number()
    }

    /// Returns all segments held, in order.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &Segment> {
        self.segments.iter().flatten()
    }

    pub(crate) fn get(&self, number: u32) -> Option<&Segment> {
        self.segments
            .get(number.checked_sub(self.first)? as usize)?
            .as_ref()
    }

    /// Returns a segment that has not settled.
    pub(crate) fn open(&self, number: u32) -> Option<&Segment> {
        self.get(number).filter(|segment| !segment.settled)
    }

    /// Returns a segment that has not settled, for changes of anything but its size.
    pub(crate) fn get_mut(&mut self, number: u32) -> Option<&mut Segment> {
        self.slot(number).filter(|segment| !segment.settled)
    }

    /// Sets a flow's own name on its newest segments, which began with the name or a moment before.
    pub(crate) fn note_name(&mut self, flow: u32, name: &Arc<str>) {
        const NEWEST: u32 = 8;
        let numbers = self.numbers();
        for number in numbers.end.saturating_sub(NEWEST).max(numbers.start)..numbers.end {
            if let Some(segment) = self.get_mut(number)
                && segment.flow == flow
                && segment.own_evidence.is_some()
                && segment.own_name.is_none()
            {
                segment.own_name = Some(Arc::clone(name));
            }
        }
    }

    fn slot(&mut self, number: u32) -> Option<&mut Segment> {
        self.segments
            .get_mut(number.checked_sub(self.first)? as usize)?
            .as_mut()
    }

    /// Changes a segment's size, and its server's total with it. A change to a settled segment is
    /// counted, not applied.
    pub(crate) fn resize(&mut self, number: u32, change: impl FnOnce(&mut Segment)) {
        let Some(segment) = self.slot(number) else {
            return;
        };
        if segment.settled {
            self.settling.late_changes += 1;
            return;
        }
        let before = segment.bytes;
        change(segment);
        let (after, server) = (segment.bytes, segment.server);
        let totals = &mut self.servers[self.numbering.place(server)].totals;
        totals.bytes = (totals.bytes + after).saturating_sub(before);
    }

    /// Removes a segment without bytes. Its number stays unused, and its server's other segments
    /// are linked around it.
    pub(crate) fn withdraw(&mut self, number: u32) -> Option<Segment> {
        let segment = self
            .segments
            .get_mut(number.checked_sub(self.first)? as usize)?
            .take()?;
        if let Some(previous) = segment.previous.and_then(|number| self.slot(number)) {
            previous.next = segment.next;
        }
        match segment.next.and_then(|number| self.slot(number)) {
            Some(next) => next.previous = segment.previous,
            None => self.of_server(segment.server).newest = segment.previous.unwrap_or(0),
        }
        let totals = &mut self.of_server(segment.server).totals;
        totals.count = totals.count.saturating_sub(1);
        Some(segment)
    }

    /// Returns true if open segments should be looked at now.
    #[inline]
    pub(crate) const fn is_sweep_due(&self, now: Time) -> bool {
        self.settling.is_due(now)
    }

    /// Examines some of the open segments. Calls `judge` for those about to settle, which must
    /// decide their kinds.
    pub(crate) fn sweep(&mut self, now: Time, mut judge: impl FnMut(&mut Self, u32)) {
        for _ in 0..self.settling.begin(now) {
            let Some(number) = self.settling.look() else {
                return;
            };
            let Some(segment) = self.get(number).filter(|segment| !segment.settled) else {
                continue;
            };
            if self.settling.is_over(self.silence(segment, now)) {
                judge(self, number);
                self.settle(number, now);
            } else {
                self.settling.keep(number);
            }
        }
    }

    /// Returns the nanoseconds since a segment's last byte, without steps of the clock; `None`
    /// before one came.
    fn silence(&self, segment: &Segment, now: Time) -> Option<i64> {
        let silence = now.since(segment.t_last?);
        if self.steps.is_empty() {
            return Some(silence);
        }
        let lasting = self.steps.shift(u64::MAX - 1);
        let shift = lasting.saturating_sub(self.steps.shift(segment.last_frame?));
        Some(silence.saturating_add(shift))
    }

    /// Settles everything at the end of the capture. Kinds must be decided before.
    pub(crate) fn settle_all(&mut self, now: Time) {
        for number in self.settling.all() {
            if self.get(number).is_some_and(|segment| !segment.settled) {
                self.settle(number, now);
            }
        }
    }

    fn settle(&mut self, number: u32, now: Time) {
        let Some(segment) = self.get(number) else {
            return;
        };
        let is_complete = segment.complete || self.settling.is_quiet(self.silence(segment, now));
        if let Some(segment) = self.slot(number) {
            segment.complete = is_complete;
            self.settling.settle(number);
            let at = number - self.first;
            if let Some(Some(segment)) = self.segments.get_mut(at as usize) {
                settled(segment, &self.steps);
                let server = segment.server;
                self.of_server(server).has_settled = true;
            }
        }
    }

    /// Drops the oldest segment of a full table. If it was open, it leaves as it is: incomplete.
    fn evict(&mut self, mut segment: Segment) {
        if !segment.settled {
            settled(&mut segment, &self.steps);
            self.of_server(segment.server).has_settled = true;
            self.settling.evict(segment);
        }
    }

    /// Starts to keep settled segments for [`Self::next_settled`].
    pub(crate) fn watch(&mut self) {
        self.settling.watch();
    }

    /// Returns the next settled segment, each once.
    pub(crate) fn next_settled(&mut self) -> Option<Segment> {
        loop {
            match self.settling.next()? {
                Err(segment) => return Some(segment),
                Ok(number) => match self.get(number) {
                    Some(segment) => return Some(segment.clone()),
                    // It left the table before a host took it.
                    None => self.settling.lost += 1,
                },
            }
        }
    }

    /// Returns how many settled segments no host took in time, and how many changes came too late.
    pub(crate) const fn settling_losses(&self) -> (u64, u64) {
        (self.settling.lost, self.settling.late_changes)
    }

    /// Returns the number and bytes of a server's segments, including evicted ones.
    pub(crate) fn totals(&self, server: ServerId) -> SegmentTotals {
        self.servers
            .get(self.numbering.place(server))
            .map_or_else(SegmentTotals::default, |of_server| of_server.totals)
    }

    /// Returns true if some of a server's segments do not change any more.
    pub(crate) fn has_settled(&self, server: ServerId) -> bool {
        self.servers
            .get(self.numbering.place(server))
            .is_some_and(|of_server| of_server.has_settled)
    }

    fn of_server(&mut self, server: ServerId) -> &mut OfServer {
        let index = self.numbering.place(server);
        if index >= self.servers.len() {
            self.servers.resize(index + 1, OfServer::default());
        }
        &mut self.servers[index]
    }
}

/// Finishes a segment, which does not change any more.
fn settled(segment: &mut Segment, steps: &Steps) {
    if !steps.is_empty() {
        let asked = segment.request_frame;
        let is_beyond = |frame: Option<u64>| frame.is_some_and(|frame| steps.divide(asked, frame));
        segment.beyond_step = if is_beyond(segment.first_frame) {
            BeyondStep::All
        } else if is_beyond(segment.last_frame) {
            BeyondStep::Last
        } else {
            BeyondStep::Nothing
        };
    }
    if segment.kind == Kind::Pending {
        (segment.kind, segment.kind_reason) = (Kind::Other, KindReason::TooFew);
    }
    segment.settled = true;
}
