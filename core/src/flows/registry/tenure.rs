//! Reasons to keep a server when others need room.

use crate::facts::annotation::ServerId;

/// The reasons to keep a server.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tenure {
    pub(super) id: ServerId,
    pub(super) has_segments: bool,
    /// Packets that it had when it was last examined.
    pub(super) seen: u64,
}
