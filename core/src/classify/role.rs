//! The role of a server: by the kinds of its segments, its names, its address and its traffic, in
//! this order.

use crate::config::Config;
use crate::facts::counters::Counters;
use crate::facts::segment::{Kind, KindReason};
use crate::facts::server::{Role, RoleReason};
use crate::flows::site::Site;

/// Number of segments from which the traffic of a server without a telling name is judged.
const ENOUGH: u32 = 3;

/// Counts of a server's segments by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    video: u32,
    audio: u32,
    bulk: u32,
    /// Neither media nor bulk, and not small.
    files: u32,
    /// Starts of media files.
    headers: u32,
    small: u32,
    /// True if one was larger than a probe.
    pub(crate) above_probe: bool,
}

impl Tally {
    /// Counts a segment.
    pub(crate) fn add(&mut self, kind: Kind, reason: KindReason) {
        if let Some(count) = self.count(kind, reason) {
            *count = count.saturating_add(1);
        }
    }

    /// Removes a counted segment.
    pub(crate) fn remove(&mut self, kind: Kind, reason: KindReason) {
        if let Some(count) = self.count(kind, reason) {
            *count = count.saturating_sub(1);
        }
    }

    const fn count(&mut self, kind: Kind, reason: KindReason) -> Option<&mut u32> {
        Some(match (kind, reason) {
            (Kind::Video, _) => &mut self.video,
            (Kind::Audio, _) => &mut self.audio,
            (Kind::Pending, _) => return None,
            (Kind::Other, KindReason::TooSmall) => &mut self.small,
            (Kind::Other, KindReason::Bulk) => &mut self.bulk,
            (Kind::Other, KindReason::Headers) => &mut self.headers,
            (Kind::Other, _) => &mut self.files,
        })
    }
}

/// Returns the role of a server, and the rule that decided it.
pub(crate) fn decide(
    site: Site,
    tally: &Tally,
    counters: &Counters,
    config: &Config,
) -> (Role, RoleReason) {
    match (tally.video > 0, tally.audio > 0) {
        (true, true) => return (Role::AudioVideo, RoleReason::Segments),
        (true, false) => return (Role::Video, RoleReason::Segments),
        (false, true) => return (Role::Audio, RoleReason::Segments),
        (false, false) => {}
    }
    let appliance = tally.headers > 0 || tally.above_probe;
    match site {
        Site::Files => return (Role::Static, RoleReason::Name),
        Site::Control => return (Role::Control, RoleReason::Name),
        _ if tally.bulk > 0 => return (Role::Static, RoleReason::Bulk),
        Site::Media if appliance => return (Role::Video, RoleReason::Name),
        Site::Range if appliance && tally.files == 0 && tally.small < ENOUGH + tally.headers => {
            return (Role::Video, RoleReason::Prefix);
        }
        _ => {}
    }
    if tally.small + tally.files < ENOUGH {
        return (Role::Unknown, RoleReason::None);
    }
    let talks = counters.out_bytes.saturating_mul(100)
        >= counters.in_bytes.saturating_mul(config.control_upload());
    let role = if talks || tally.files == 0 {
        Role::Control
    } else {
        Role::Static
    };
    (role, RoleReason::Traffic)
}

#[cfg(test)]
mod tests;
