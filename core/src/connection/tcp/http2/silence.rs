//! Silence of a server: by then it had sent everything that it was asked for.

use smallvec::SmallVec;

use super::Http2;
use crate::connection::context::Context;
use crate::connection::tcp::ledger::Ledger;
use crate::connection::tcp::stream::Run;

impl Http2 {
    /// Ends what was over when the server fell silent, having seen the client's bytes before
    /// `peer`.
    pub(super) fn end_before_silence(
        &self,
        run: &Run<'_>,
        peer: u64,
        ledger: &mut Ledger,
        ctx: &mut Context<'_>,
    ) {
        let asked_since = ledger
            .waiting_after(peer)
            .is_some_and(|next| run.peer > next);
        // After a small record, the silence may be the server's own: another request shows that the
        // client no longer waits.
        let small = self
            .small
            .filter(|&(_, end)| end == run.offset && asked_since);
        if self.end == Some(run.offset) || small.is_some() {
            self.merge(run.offset, peer, small, ledger, ctx);
        }
        if small.is_some() || asked_since && Self::is_head_only(run.offset, ledger, ctx) {
            Self::end_placed(ledger, ctx);
        }
    }

    /// A server that fell silent for a round trip, with its last record not full, had answered
    /// everything it was asked. Requests that still wait got their responses within the bytes of
    /// the previous one, which are divided evenly. If only one waits and the last record was small,
    /// that was its response.
    pub(super) fn merge(
        &self,
        end: u64,
        peer: u64,
        small: Option<(u64, u64)>,
        ledger: &mut Ledger,
        ctx: &mut Context<'_>,
    ) {
        let answered: SmallVec<[u32; 8]> = ledger
            .open()
            .filter(|exchange| exchange.is_waiting() && exchange.up_start < peer)
            .map(|exchange| exchange.number)
            .collect();
        let Some(owner) = ledger
            .owner(end.saturating_sub(1))
            .map(|exchange| exchange.number)
        else {
            return;
        };
        let total = ctx.segments.get(owner).map_or(0, |segment| segment.bytes);
        let share = match (small, answered.len()) {
            (Some((start, end)), 1) => end - start,
            (_, count) => total / (count as u64 + 1),
        };
        for &number in &answered {
            ledger.transfer(ctx, owner, number, share);
            ledger.end(ctx, number);
        }
    }

    /// Returns true if the response before `offset` is only a head so far.
    pub(super) fn is_head_only(offset: u64, ledger: &Ledger, ctx: &Context<'_>) -> bool {
        let owner = ledger
            .owner(offset.saturating_sub(1))
            .and_then(|exchange| ctx.segments.get(exchange.number));
        owner.is_some_and(|segment| segment.bytes <= ctx.config.http2_headers_max())
    }

    /// Ends all segments whose responses began.
    pub(super) fn end_placed(ledger: &mut Ledger, ctx: &mut Context<'_>) {
        let placed: SmallVec<[u32; 8]> = ledger
            .open()
            .filter(|exchange| !exchange.is_waiting())
            .map(|exchange| exchange.number)
            .collect();
        for number in placed {
            ledger.end(ctx, number);
        }
    }
}
