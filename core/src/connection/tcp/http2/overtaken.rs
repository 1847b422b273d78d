//! The most that a response can have whose end does not show.
//!
//! A client that keeps some requests in flight asks again when one of them is over. How far a response may reach behind
//! the point at which it could begin follows from the requests behind it, whatever the records say of its end.

use smallvec::SmallVec;

use super::periods::MOST_WAITING;
use crate::bounded::size::spilled;
use crate::connection::context::Context;
use crate::connection::sharing::overtaken;
use crate::connection::tcp::ledger::Ledger;

/// The responses of a connection that may still be coming in, in order of request.
#[derive(Debug, Default)]
pub(super) struct Overtaken {
    /// Their segments, and the offsets at which they could begin.
    begun: SmallVec<[(u32, u64); 4]>,
    /// The most that could begin at the same offset.
    in_flight: usize,
}

impl Overtaken {
    /// The most memory behind one, in bytes.
    pub(super) const BOUND: usize =
        2 * (2 * MOST_WAITING).next_power_of_two() * size_of::<(u32, u64)>();

    /// Memory behind it, in bytes.
    pub(super) fn heap(&self) -> usize {
        spilled(&self.begun)
    }

    /// Responses may begin at an offset; those are over which have so many behind them that the client has no room for
    /// them any more.
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

    /// Forgets all: more is known of them.
    pub(super) fn clear(&mut self) {
        self.begun.clear();
    }

    /// All is over at an offset.
    pub(super) fn end(&mut self, offset: u64, ledger: &mut Ledger, ctx: &mut Context<'_>) {
        for (number, start) in self.begun.drain(..) {
            ledger.bound(ctx, number, offset.saturating_sub(start));
        }
    }
}
