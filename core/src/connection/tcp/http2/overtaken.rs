//! The largest size that a response without a visible end can have.
//!
//! A client that keeps several requests in flight asks again when one of them is over. So the later
//! requests show how far a response may reach beyond the point at which it could begin, whatever
//! the records show of its end.

use smallvec::SmallVec;

use super::periods::MOST_WAITING;
use crate::bounded::size::spilled;
use crate::connection::context::Context;
use crate::connection::sharing::overtaken;
use crate::connection::tcp::ledger::Ledger;

/// The responses of a connection that may still be in progress, in order of request.
#[derive(Debug, Default)]
pub(super) struct Overtaken {
    /// Their segments, and the offsets at which they could begin.
    begun: SmallVec<[(u32, u64); 4]>,
    /// The largest number that could begin at the same offset.
    in_flight: usize,
}

impl Overtaken {
    /// The most heap memory of one, in bytes.
    pub(super) const BOUND: usize =
        2 * (2 * MOST_WAITING).next_power_of_two() * size_of::<(u32, u64)>();

    /// Returns its heap memory, in bytes.
    pub(super) fn heap(&self) -> usize {
        spilled(&self.begun)
    }

    /// Adds responses that may begin at an offset. Ends those with more after them than the client
    /// keeps in flight.
    pub(super) fn begin(
        &mut self,
        numbers: impl ExactSizeIterator<Item = u32>,
        offset: u64,
        ledger: &mut Ledger,
        ctx: &mut Context<'_>,
    ) {
        self.in_flight = self.in_flight.max(numbers.len());
        let behind = overtaken(self.in_flight);
        for number in numbers {
            if self.begun.len() >= behind {
                let (over, start) = self.begun.remove(0);
                let end = self.begun.get(behind - 1).map_or(offset, |next| next.1);
                ledger.bound(ctx, over, end - start);
            }
            self.begun.push((number, offset));
        }
    }

    /// Forgets everything, because more is known about the responses.
    pub(super) fn clear(&mut self) {
        self.begun.clear();
    }

    /// Ends everything at an offset.
    pub(super) fn end(&mut self, offset: u64, ledger: &mut Ledger, ctx: &mut Context<'_>) {
        for (number, start) in self.begun.drain(..) {
            ledger.bound(ctx, number, offset.saturating_sub(start));
        }
    }
}
