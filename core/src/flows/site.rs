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
/// The letter that every keyword begins with. A DNS answer can give many addresses a name, so all
/// keywords are looked for at once.
const FIRST: u8 = b'n';
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
        let names = server.evidence.iter().filter(|e| !is_range(e.kind));
        let mut of_names = None;
        for name in names.map(|e| &*e.source) {
            match Self::of_name(name) {
                Some(Self::Media) => return Self::Media,
                site => of_names = of_names.or(site),
            }
        }
        of_names.unwrap_or_else(|| {
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
        let name = name.as_bytes();
        let mut site = None;
        for at in memchr::memchr_iter(FIRST, name) {
            let begins = |word: &&str| name[at..].starts_with(word.as_bytes());
            if begins(&MEDIA_NAME) {
                return Some(Self::Media);
            }
            if FILE_NAMES.iter().any(begins) {
                site = Some(Self::Files);
            } else if site.is_none() && CONTROL_NAMES.iter().any(begins) {
                site = Some(Self::Control);
            }
        }
        let has_file_label = || {
            FILE_LABELS
                .iter()
                .any(|label| name.starts_with(label.as_bytes()))
        };
        match site {
            Some(Self::Control) if has_file_label() => Some(Self::Files),
            _ => site,
        }
    }
}

const fn is_range(kind: EvidenceKind) -> bool {
    matches!(kind, EvidenceKind::Prefix | EvidenceKind::Config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_keyword_begins_with_the_letter_that_is_looked_for() {
        let words = [MEDIA_NAME]
            .into_iter()
            .chain(FILE_NAMES)
            .chain(CONTROL_NAMES);
        for word in words {
            assert_eq!(word.as_bytes()[0], FIRST);
        }
        for (name, site) in [
            ("ipv4-c001-zrh001-ix.1.oca.nflxvideo.net", Site::Media),
            ("netflix.nflxso.example.nflxvideo.net", Site::Media),
            ("occ-0-769-768.1.nflxso.net", Site::Files),
            ("netflix.nflxso.net", Site::Files),
            ("assets.netflix.com", Site::Files),
            ("www.netflix.com", Site::Control),
            ("nflxsearch.example.org", Site::Control),
            ("nnetflix", Site::Control),
        ] {
            assert_eq!(Site::of_name(name), Some(site), "{name}");
        }
        for name in ["www.example.org", "nflx.example.org", "n", ""] {
            assert_eq!(Site::of_name(name), None, "{name}");
        }
    }
}
