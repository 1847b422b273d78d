//! Distinguishes TLS 1.3 session tickets from responses: both are records of application data (RFC
//! 8446, section 4.6.1).
//!
//! Servers send one to four tickets of one length, or none, right after the client's Finished. The
//! acknowledgement number shows whether the server had a request when it sent a record. If it had,
//! the lengths decide, at the latest when the next response begins as this server's responses do.

use super::early::{AnswerPart, saturated};
use super::ledger::{Exchange, Ledger, Retracted, Returned};
use super::stream::Run;
use crate::packet::Stamp;
use crate::wire::tls::{MAX_PLAINTEXT, RECORD_HEADER};

/// Largest number of tickets that servers send at once (BoringSSL and OpenSSL 2, GnuTLS 2, rustls 2
/// to 4).
const MOST_TICKETS: u8 = 4;
/// Largest difference in length between the heads of two responses of a server: the digits of a few
/// fields.
const SIMILAR_HEADS: u32 = 64;

/// The contents of a run of server bytes.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Bytes that belong to no response.
    pub(crate) control: u64,
    /// A record counted earlier that did not belong to a response.
    pub(crate) retract: Option<Retracted>,
    /// Records that belonged to a response after all.
    pub(crate) returned: Option<Returned>,
}

/// A record after the handshake.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record {
    pub(crate) offset: u64,
    pub(crate) length: u32,
    /// Bytes of it that are not plaintext.
    pub(crate) framing: u64,
    pub(crate) is_http2: bool,
    pub(crate) place: AnswerPart,
}

/// The state of session tickets: whether more may come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum TicketState {
    /// Nothing came from the server since the client's Finished.
    #[default]
    Expected,
    /// This many tickets of this length came.
    Seen { length: u32, count: u8 },
    /// A record that may be the first of several tickets or a response's first; it was counted as
    /// the latter.
    Undecided {
        length: u32,
        number: u32,
        stamp: Stamp,
    },
    /// The first response came.
    Over,
}

/// A small record before the rest of the first response: a ticket or that response's head. Later
/// responses decide, because they begin as this server's responses do.
#[derive(Clone, Copy, Debug)]
struct Doubtful {
    length: u32,
    number: u32,
    /// Bytes of it that were never captured.
    missing: u32,
    /// Length of the next record.
    second: u32,
    /// Bytes that may not belong to the response: of both records, if the next may be a ticket too.
    doubt: u64,
}

impl Doubtful {
    /// Returns its bytes, to be taken back.
    fn retracted(self) -> Retracted {
        Retracted {
            number: self.number,
            bytes: u64::from(RECORD_HEADER + self.length),
            missing_bytes: self.missing,
        }
    }
}

/// Records of one length that were taken for tickets although the server had the request.
#[derive(Clone, Copy, Debug)]
struct Swallowed {
    length: u32,
    count: u8,
    returned: Returned,
}

/// How much of a record was never captured: its length may have been supposed inside a hole.
#[derive(Clone, Copy, Debug, Default)]
struct Uncaptured {
    /// Offset at which the record ends.
    end: u64,
    bytes: u32,
    /// Length of the latest range that was never captured.
    hole_length: u32,
    hole_start: u64,
}

impl Uncaptured {
    /// Starts with a record, of which the bytes before `read` were read earlier.
    fn begin(&mut self, record: Record, read: u64) {
        let hole_end = self.hole_start + u64::from(self.hole_length);
        let before = hole_end
            .min(read)
            .saturating_sub(self.hole_start.max(record.offset));
        self.bytes = saturated(before);
        self.end = record.offset + u64::from(RECORD_HEADER + record.length);
    }

    /// Adds a range that was never captured.
    fn add(&mut self, offset: u64, length: u64) {
        (self.hole_start, self.hole_length) = (offset, saturated(length));
        let within = length.min(self.end.saturating_sub(offset));
        self.bytes = self.bytes.saturating_add(saturated(within));
    }

    /// Ends the record. Returns how many of its bytes were never captured.
    fn end(&mut self) -> u32 {
        self.end = 0;
        std::mem::take(&mut self.bytes)
    }
}

/// Tells tickets from responses.
#[derive(Debug, Default)]
pub(crate) struct Tickets {
    state: TicketState,
    /// Of the record judged last, if it may be counted otherwise later.
    uncaptured: Uncaptured,
    doubtful: Option<Doubtful>,
    swallowed: Option<Swallowed>,
}

impl Tickets {
    /// Creates a state in which no ticket is expected any more.
    pub(crate) fn over() -> Self {
        Self {
            state: TicketState::Over,
            ..Self::default()
        }
    }

    /// Returns true if the first response came, or would have.
    pub(crate) fn is_over(&self) -> bool {
        self.state == TicketState::Over
    }

    /// Records that the server's bytes from an offset on were never captured.
    pub(crate) fn miss(&mut self, offset: u64, length: u64) {
        self.uncaptured.add(offset, length);
    }

    /// Returns true if a record of application data does not belong to a response. `largest` is the
    /// largest record of a ticket.
    pub(crate) fn is_ticket(
        &mut self,
        record: Record,
        run: &Run<'_>,
        largest: u64,
        ledger: &mut Ledger,
        found: &mut Found,
    ) -> bool {
        let missing = self.uncaptured.end();
        if let Some(swallowed) = &mut self.swallowed {
            swallowed.returned.miss(missing);
        }
        if self.state == TicketState::Over {
            self.resolve(record, ledger, found);
            return false;
        }
        let Some(exchange) = ledger.owner(record.offset).copied() else {
            // No request yet: tickets, or HTTP/2 settings.
            self.see(record.length);
            return true;
        };
        let is_small = u64::from(record.length) <= largest;
        if exchange.responded
            && record.place != AnswerPart::Other
            && let Some(is_ticket) =
                self.amid_answer(record, &exchange, is_small, missing, ledger, found)
        {
            return is_ticket;
        }
        if is_small {
            // Sent before the server had the request, by its own acknowledgement.
            if run.peer <= exchange.up_start {
                self.see(record.length);
                return true;
            }
            if let Some(is_ticket) =
                self.is_small_ticket(record, exchange.number, missing, run, ledger, found)
            {
                return is_ticket;
            }
        } else if exchange.responded && self.state == TicketState::Expected {
            // An answer to early data continues: the tickets are still to come.
            return false;
        }
        if let TicketState::Undecided { length, number, .. } = self.state
            && number == exchange.number
            && !record.is_http2
        {
            let second = if is_small { record.length } else { 0 };
            let doubt = u64::from(length) + u64::from(second);
            self.doubtful = Some(Doubtful {
                length,
                number,
                missing,
                second: record.length,
                doubt,
            });
            // It may have been a ticket, until a later response decides.
            if let Some(exchange) = ledger.find_mut(number) {
                exchange.doubt(doubt, true);
            }
        }
        self.state = TicketState::Over;
        false
    }

    /// Judges a record after the client's Finished, while the answer to early data continues or is
    /// over.
    fn amid_answer(
        &mut self,
        record: Record,
        exchange: &Exchange,
        is_small: bool,
        missing: u32,
        ledger: &mut Ledger,
        found: &mut Found,
    ) -> Option<bool> {
        match (self.state, record.place) {
            (TicketState::Expected, AnswerPart::Amid) => Some(false),
            (TicketState::Expected, AnswerPart::AfterShort) if is_small => {
                self.see(record.length);
                Some(true)
            }
            // The answer ended with the record before.
            (TicketState::Undecided { length, .. }, AnswerPart::AfterShort)
                if is_small && length != record.length =>
            {
                self.see(record.length);
                Some(true)
            }
            // The answer goes on, so the small record was a ticket.
            (TicketState::Undecided { length, number, .. }, _)
                if !is_small && number == exchange.number =>
            {
                found.retract = Some(Retracted {
                    number,
                    bytes: u64::from(RECORD_HEADER + length),
                    missing_bytes: missing,
                });
                if let Some(exchange) = ledger.find_mut(number) {
                    exchange.unframe(record.framing);
                }
                self.state = TicketState::Over;
                Some(false)
            }
            _ => None,
        }
    }

    /// Counts a ticket.
    pub(crate) fn see(&mut self, length: u32) {
        self.state = match self.state {
            TicketState::Seen {
                length: seen,
                count,
            } if seen == length => TicketState::Seen {
                length,
                count: count.saturating_add(1),
            },
            _ => TicketState::Seen { length, count: 1 },
        };
    }

    /// Judges by its length a record no larger than a ticket that was sent when the server had the
    /// request; `missing` bytes of the record before it were never captured.
    fn is_small_ticket(
        &mut self,
        record: Record,
        number: u32,
        missing: u32,
        run: &Run<'_>,
        ledger: &mut Ledger,
        found: &mut Found,
    ) -> Option<bool> {
        match self.state {
            TicketState::Seen { length, count } if length == record.length => {
                if count >= MOST_TICKETS {
                    // More than a server sends tickets: they were equal records of the response.
                    found.returned = self.swallowed.take().map(|swallowed| swallowed.returned);
                    self.state = TicketState::Over;
                    return Some(false);
                }
                self.see(length);
                self.swallow(record, number, run.stamp, run.offset);
                Some(true)
            }
            TicketState::Expected => {
                self.state = TicketState::Undecided {
                    length: record.length,
                    number,
                    stamp: run.stamp,
                };
                self.uncaptured.begin(record, run.offset);
                Some(false)
            }
            TicketState::Undecided {
                length,
                number: first,
                stamp,
            } if length == record.length && first == number => {
                found.retract = Some(Retracted {
                    number,
                    bytes: u64::from(RECORD_HEADER + length),
                    missing_bytes: missing,
                });
                self.state = TicketState::Seen { length, count: 2 };
                if let Some(exchange) = ledger.owner_mut(record.offset) {
                    exchange.unrespond(record.framing);
                }
                self.swallow(record, number, stamp, run.offset);
                if let Some(swallowed) = &mut self.swallowed {
                    swallowed.returned.miss(missing);
                }
                self.swallow(record, number, run.stamp, run.offset);
                Some(true)
            }
            _ => None,
        }
    }

    /// Records that a record, read up to the offset `read`, is taken for a ticket for now.
    fn swallow(&mut self, record: Record, number: u32, stamp: Stamp, read: u64) {
        let swallowed = self.swallowed.get_or_insert(Swallowed {
            length: record.length,
            count: 0,
            returned: Returned::none(number, stamp),
        });
        if swallowed.length == record.length && swallowed.returned.number == number {
            swallowed.count += 1;
            let whole = u64::from(RECORD_HEADER + record.length);
            swallowed.returned.add(whole, record.framing, stamp);
            self.uncaptured.begin(record, read);
        }
    }

    /// Decides about small records before the first response by how a later response begins.
    fn resolve(&mut self, record: Record, ledger: &mut Ledger, found: &mut Found) {
        if self.doubtful.is_none() && self.swallowed.is_none() {
            return;
        }
        let begins = |number: u32| {
            ledger
                .owner(record.offset)
                .is_some_and(|exchange| exchange.number != number && !exchange.responded)
        };
        if let Some(swallowed) = self.swallowed
            && begins(swallowed.returned.number)
        {
            // This response begins with a record of the same length: so did the first.
            self.swallowed = None;
            if swallowed.length == record.length {
                found.returned = Some(swallowed.returned);
            }
        }
        let Some(doubtful) = self.doubtful.filter(|doubtful| begins(doubtful.number)) else {
            return;
        };
        let (first, second, number) = (doubtful.length, doubtful.second, doubtful.number);
        let is_similar = |other: u32| record.length.abs_diff(other) <= SIMILAR_HEADS;
        if is_similar(first) {
            self.doubtful = None;
            if let Some(exchange) = ledger.find_mut(number) {
                exchange.doubt(doubtful.doubt, false);
            }
        } else if record.length >= MAX_PLAINTEXT && second >= MAX_PLAINTEXT
            || second < MAX_PLAINTEXT && is_similar(second)
        {
            // Responses begin with the record that followed.
            self.doubtful = None;
            found.retract = Some(doubtful.retracted());
            if let Some(exchange) = ledger.find_mut(number) {
                exchange.unframe(record.framing);
                exchange.doubt(doubtful.doubt, false);
            }
        }
    }
}
