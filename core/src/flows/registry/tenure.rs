//! Why a server stays where others need room.

use crate::facts::annotation::ServerId;

/// What a server is worth keeping for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tenure {
    pub(super) id: ServerId,
    pub(super) has_segments: bool,
    /// Packets that it had when it was last looked at.
    pub(super) seen: u64,
}
