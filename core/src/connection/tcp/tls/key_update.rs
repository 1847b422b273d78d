//! KeyUpdate amid a response: a record as small as its message, between others of the response.
//!
//! A TLS 1.3 server changes its keys at any time (RFC 8446, section 4.6.3). The record is hidden like
//! the response around it, and 5 bytes of a response may have a record of their own, too, such as a
//! chunk's length in HTTP/1.1. So the size of the response covers both. Keys last for millions of
//! records (RFC 8446, section 5.5): a response has at most one, and a second small record shows that
//! the server writes such records itself.

use super::lengths::KEY_UPDATE;
use crate::connection::tcp::ledger::Ledger;
use crate::wire::tls::RecordHeader;

/// Bytes of the message: header and one byte (RFC 8446, section 4.6.3).
const MESSAGE: u64 = 4 + 1;

/// The state of a response, by its number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum KeyUpdate {
    #[default]
    Unseen,
    /// A record as small as a KeyUpdate came last: the response may end with it.
    Last(u32),
    /// The response went on after it.
    Amid(u32),
    /// Others followed: all are the response's.
    Several(u32),
}

impl KeyUpdate {
    /// Judges a visible record of a response that had begun.
    #[inline]
    pub(super) fn judge(&mut self, offset: u64, header: RecordHeader, ledger: &mut Ledger) {
        let may_be_one = header.length == KEY_UPDATE;
        if may_be_one || matches!(self, Self::Last(_)) {
            self.judge_at_length(offset, may_be_one, ledger);
        }
    }

    #[cold]
    fn judge_at_length(&mut self, offset: u64, may_be_one: bool, ledger: &mut Ledger) {
        let Some(exchange) = ledger.owner_mut(offset) else {
            return;
        };
        let number = exchange.number;
        if let Self::Last(last) = *self {
            *self = Self::Unseen;
            if last == number {
                exchange.doubt(MESSAGE, true);
                *self = Self::Amid(number);
            }
        }
        *self = match *self {
            Self::Amid(amid) if may_be_one && amid == number => {
                exchange.doubt(MESSAGE, false);
                Self::Several(number)
            }
            Self::Several(several) if several == number => *self,
            _ if may_be_one => Self::Last(number),
            _ => *self,
        };
    }
}
