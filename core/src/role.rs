//! What a server does: by the kinds of its segments, its names, its address and its traffic, in this order.

use crate::config::Config;
use crate::counters::Counters;
use crate::segment::{Kind, KindReason};
use crate::service::{EvidenceKind, Role, Server};

/// Names of media appliances.
const MEDIA_NAME: &str = "nflxvideo";
/// Names of hosts for artwork, scripts and other files.
const FILE_NAMES: [&str; 3] = ["nflxso", "nflximg", "nflxext"];
/// How the first label of such hosts begins under other names.
const FILE_LABELS: [&str; 4] = ["art-", "assets", "cdn", "occ-"];
/// Names of everything else: API, licences, telemetry, search.
const CONTROL_NAMES: [&str; 2] = ["netflix", "nflxsearch"];
/// Segments of a server without a telling name from which its traffic is judged.
const ENOUGH: u32 = 3;

/// What decided a server's role.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum RoleReason {
    /// Nothing yet.
    #[default]
    None = 0,
    /// The kinds of its segments.
    Segments = 1,
    /// Its name.
    Name = 2,
    /// Its address, which is in a range of Netflix's own: these hold media appliances.
    Prefix = 3,
    /// Bulk downloads, as speed tests make them, and no media.
    Bulk = 4,
    /// Sizes of its responses, and how much goes up for what comes down.
    Traffic = 5,
}

impl RoleReason {
    /// The word users see.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Segments => "segments",
            Self::Name => "name",
            Self::Prefix => "prefix",
            Self::Bulk => "bulk",
            Self::Traffic => "traffic",
        }
    }
}

/// What is to be expected of a server before anything is seen of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Site {
    /// Its name is a media appliance's.
    Media,
    /// It has no telling name, and its address is in a range that Netflix announces.
    Range,
    /// Nothing.
    Unknown,
    /// Its name is that of a host for files.
    Files,
    /// Its name is another one of Netflix's.
    Control,
}

impl Site {
    /// What evidence says. One name of a media appliance is enough; of others, the strongest counts.
    pub(crate) fn of(server: &Server) -> Self {
        let names = || server.evidence.iter().filter(|e| !is_range(e.kind)).map(|e| &*e.source);
        if names().any(|name| name.contains(MEDIA_NAME)) {
            return Self::Media;
        }
        names().find_map(Self::of_name).unwrap_or_else(|| {
            let announced = server.evidence.iter().any(|e| e.kind == EvidenceKind::Prefix);
            if announced { Self::Range } else { Self::Unknown }
        })
    }

    fn of_name(name: &str) -> Option<Self> {
        if FILE_NAMES.iter().any(|word| name.contains(word)) {
            return Some(Self::Files);
        }
        let is_netflix = CONTROL_NAMES.iter().any(|word| name.contains(word));
        is_netflix.then(|| {
            let is_file_label = FILE_LABELS.iter().any(|label| name.starts_with(label));
            if is_file_label { Self::Files } else { Self::Control }
        })
    }
}

const fn is_range(kind: EvidenceKind) -> bool {
    matches!(kind, EvidenceKind::Prefix | EvidenceKind::Config)
}

/// How many segments of which kind a server sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    video: u32,
    audio: u32,
    bulk: u32,
    /// Neither media nor bulk, yet no small ones.
    files: u32,
    /// Beginnings of media files.
    headers: u32,
    small: u32,
    /// One was larger than a probe.
    pub(crate) above_probe: bool,
}

impl Tally {
    /// Counts a segment.
    pub(crate) fn add(&mut self, kind: Kind, reason: KindReason) {
        if let Some(count) = self.count(kind, reason) {
            *count = count.saturating_add(1);
        }
    }

    /// Takes a counted segment out.
    pub(crate) fn remove(&mut self, kind: Kind, reason: KindReason) {
        if let Some(count) = self.count(kind, reason) {
            *count = count.saturating_sub(1);
        }
    }

    const fn count(&mut self, kind: Kind, reason: KindReason) -> Option<&mut u32> {
        Some(match (kind, reason) {
            (Kind::Video, _) => &mut self.video,
            (Kind::Audio, _) => &mut self.audio,
            (Kind::Other, KindReason::Pending) => return None,
            (Kind::Other, KindReason::TooSmall) => &mut self.small,
            (Kind::Other, KindReason::Bulk) => &mut self.bulk,
            (Kind::Other, KindReason::Headers) => &mut self.headers,
            (Kind::Other, _) => &mut self.files,
        })
    }
}

/// The role of a server, and what decided it.
pub(crate) fn decide(site: Site, tally: &Tally, counters: &Counters, config: &Config) -> (Role, RoleReason) {
    if tally.audio > 0 {
        return (Role::AudioVideo, RoleReason::Segments);
    }
    if tally.video > 0 {
        return (Role::Video, RoleReason::Segments);
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
    let talks = counters.out_bytes.saturating_mul(100) >= counters.in_bytes.saturating_mul(config.control_upload());
    let role = if talks || tally.files == 0 { Role::Control } else { Role::Static };
    (role, RoleReason::Traffic)
}

#[cfg(test)]
mod tests;
