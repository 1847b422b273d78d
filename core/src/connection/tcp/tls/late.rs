//! Small records that come after a response paused: its last piece, or a handshake message.
//!
//! A TLS 1.3 server may send a session ticket or a KeyUpdate at any time (RFC 8446, sections 4.6.1 and
//! 4.6.3), hidden like a response. A response may also end with a small record that comes late, such
//! as the last chunk of HTTP/1.1: 5 bytes (RFC 9112, section 7.1), as many as a KeyUpdate has. Neither
//! shows which of the two it is unless the response goes on, so the size of the response covers both.

use crate::connection::context::Context;
use crate::connection::tcp::ledger::Ledger;
use crate::connection::tcp::stream::Run;
use crate::packet::Time;

/// Silence after which a small record may be none of the response, in nanoseconds: a sender that has
/// more to send does so at the latest when it sends again, after 200 ms in Linux (`TCP_RTO_MIN`; RFC
/// 6298, section 2.4, has 1 s).
const PAUSE: i64 = 200_000_000;

/// The records at the end of a response that may not belong to it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LateRecord {
    /// Number of the response; 0 if there is none.
    number: u32,
    /// Their plaintext.
    bytes: u64,
    /// The time of the first.
    came: Time,
}

impl LateRecord {
    /// Judges a record of a response that had begun: its offset, and its plaintext, or 0 if it is too
    /// large for a handshake message.
    #[inline]
    pub(super) fn judge(
        &mut self,
        (offset, plaintext): (u64, u64),
        run: &Run<'_>,
        ledger: &mut Ledger,
        ctx: &Context<'_>,
    ) {
        if self.number == 0 && (plaintext == 0 || offset != run.offset) {
            return;
        }
        let Some(number) = ledger.owner(offset).map(|exchange| exchange.number) else {
            return;
        };
        let before = ctx.segments.get(number).and_then(|segment| segment.t_last);
        let is_apart = before.is_some_and(|before| run.stamp.time.since(before) > PAUSE);
        // A server may send several tickets at once.
        let is_beside = self.number == number && run.stamp.time.since(self.came) <= PAUSE;
        if plaintext == 0 || !(is_apart && offset == run.offset || is_beside) {
            // The response goes on, so what came before was a part of it.
            self.settle(number, ledger);
            return;
        }
        if !is_beside {
            self.settle(number, ledger);
            (self.number, self.came) = (number, run.stamp.time);
        }
        self.bytes += plaintext;
        if let Some(exchange) = ledger.find_mut(number) {
            exchange.doubt(plaintext, true);
        }
    }

    /// Removes the doubt if it is about this response, and begins anew.
    fn settle(&mut self, number: u32, ledger: &mut Ledger) {
        if self.number == number
            && let Some(exchange) = ledger.find_mut(number)
        {
            exchange.doubt(self.bytes, false);
        }
        *self = Self::default();
    }
}
