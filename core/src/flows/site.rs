//! Expectations of a server from its evidence.

use crate::facts::server::{EvidenceKind, Server};

/// Keyword in names of media servers.
const MEDIA_NAME: &str = "nflxvideo";
/// Keywords in names of hosts for artwork, scripts and other files.
const FILE_NAMES: [&str; 3] = ["nflxso", "nflximg", "nflxext"];
/// Starts of the first label of such hosts under other names.
const FILE_LABELS: [&str; 4] = ["art-", "assets", "cdn", "occ-"];
/// Keywords in names of everything else: API, licences, telemetry, search.
const CONTROL_NAMES: [&str; 2] = ["netflix", "nflxsearch"];
/// Part of the keywords for media and files, looked for first: a DNS answer can give one long name to many addresses.
const SHORT: &str = "nflx";
/// The expectation of a server before any of its traffic is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Site {
    /// The name is a media server's.
    Media,
    /// No telling name, but the address is in a range that Netflix announces.
    Range,
    /// Nothing.
    Unknown,
    /// The name is that of a host for files.
    Files,
    /// The name is another Netflix name.
    Control,
}

impl Site {
    /// Returns the expectation that evidence gives. One name of a media server is enough; of other
    /// names, the strongest counts.
    pub(crate) fn of(server: &Server) -> Self {
        let names = || {
            server
                .evidence
                .iter()
                .filter(|e| !is_range(e.kind))
                .map(|e| &*e.source)
        };
        if names().any(|name| name.contains(SHORT) && name.contains(MEDIA_NAME)) {
            return Self::Media;
        }
        names().find_map(Self::of_name).unwrap_or_else(|| {
            let announced = server
                .evidence
                .iter()
                .any(|e| e.kind == EvidenceKind::Prefix);
            if announced {
                Self::Range
            } else {
                Self::Unknown
            }
        })
    }

    fn of_name(name: &str) -> Option<Self> {
        if name.contains(SHORT) && FILE_NAMES.iter().any(|word| name.contains(word)) {
            return Some(Self::Files);
        }
        let is_netflix = CONTROL_NAMES.iter().any(|word| name.contains(word));
        is_netflix.then(|| {
            let is_file_label = FILE_LABELS.iter().any(|label| name.starts_with(label));
            if is_file_label {
                Self::Files
            } else {
                Self::Control
            }
        })
    }
}

const fn is_range(kind: EvidenceKind) -> bool {
    matches!(kind, EvidenceKind::Prefix | EvidenceKind::Config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_part_that_is_looked_for_first_is_in_every_keyword_behind_it() {
        assert!(MEDIA_NAME.contains(SHORT));
        assert!(FILE_NAMES.iter().all(|word| word.contains(SHORT)));
        for (name, site) in [
            ("occ-0-769-768.1.nflxso.net", Site::Files),
            ("assets.netflix.com", Site::Files),
            ("www.netflix.com", Site::Control),
        ] {
            assert_eq!(Site::of_name(name), Some(site), "{name}");
        }
        assert_eq!(Site::of_name("www.example.org"), None);
    }
}
