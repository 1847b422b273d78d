//! The response to a datagram that may have begun several requests.

use crate::connection::context::Context;
use crate::connection::quic::requests::{Requests, Unanswered};
use crate::connection::sharing::Sharing;

/// The segment of such a datagram.
#[derive(Debug, Default)]
pub(super) struct Crowded(Option<u32>);

impl Crowded {
    /// Records the segment of a request.
    pub(super) const fn begin(&mut self, asked: &Unanswered, number: Option<u32>) {
        if asked.may_be_several {
            self.0 = number;
        }
    }

    /// Forgets the doubt once a later request shows that the client's are as long.
    pub(super) const fn settle(&mut self, requests: &Requests) {
        if !requests.may_have_begun_with_several() {
            self.0 = None;
        }
    }

    /// Returns the segment if it is among those of the period that ends.
    pub(super) fn among(&self, sharing: &Sharing) -> Option<u32> {
        let number = self.0?;
        let mut requests = sharing.requests().iter();
        requests
            .any(|request| request.number == number)
            .then_some(number)
    }
}

/// Marks a segment whose bytes may be those of several responses.
pub(super) fn doubt(number: u32, ctx: &mut Context<'_>) {
    ctx.resize(number, |segment| {
        segment.estimated = true;
        segment.size_error = segment.size_error.max(segment.app_bytes);
    });
}
