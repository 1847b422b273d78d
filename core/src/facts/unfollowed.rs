//! Counts of packets that could not be decoded to the end, by the header that stopped it.

use crate::packet::LinkType;
use crate::wire::decode::Opaque;

/// Link types with a counter of their own; packets of further ones are counted together.
const MOST_LINK_TYPES: usize = 16;

/// Counts packets in which a known header hides the rest, and packets of unknown link types.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unfollowed {
    opaque: [u64; Opaque::ALL.len()],
    first_frames: [u64; Opaque::ALL.len()],
    link_types: Vec<(LinkType, u64)>,
}

impl Unfollowed {
    pub(crate) const fn count(&mut self, opaque: Opaque, frame: u64) {
        let count = &mut self.opaque[opaque as usize];
        if *count == 0 {
            self.first_frames[opaque as usize] = frame;
        }
        *count += 1;
    }

    pub(crate) fn count_link_type(&mut self, link_type: LinkType) {
        let known = self
            .link_types
            .iter_mut()
            .find(|(known, _)| *known == link_type);
        if let Some((_, count)) = known {
            *count += 1;
        } else if self.link_types.len() < MOST_LINK_TYPES {
            self.link_types.push((link_type, 1));
        }
    }

    /// Returns the headers that packets ended in, most frequent first, with the number of packets.
    #[must_use]
    pub fn headers(&self) -> Vec<(Opaque, u64)> {
        let mut counts: Vec<_> = Opaque::ALL
            .iter()
            .map(|&opaque| (opaque, self.opaque[opaque as usize]))
            .filter(|(_, count)| *count > 0)
            .collect();
        counts.sort_by_key(|(_, count)| core::cmp::Reverse(*count));
        counts
    }

    /// Returns the number of packets that ended in this header.
    #[must_use]
    pub const fn packets(&self, opaque: Opaque) -> u64 {
        self.opaque[opaque as usize]
    }

    /// Returns the first frame that ended in this header; 0 if none did.
    #[must_use]
    pub const fn first_frame(&self, opaque: Opaque) -> u64 {
        self.first_frames[opaque as usize]
    }

    /// Returns the number of different headers that packets ended in.
    #[must_use]
    pub fn header_count(&self) -> usize {
        self.opaque.iter().filter(|count| **count > 0).count()
    }

    /// Returns the first sixteen unknown link types, in order of appearance, with their numbers of
    /// packets.
    #[must_use]
    pub fn link_types(&self) -> &[(LinkType, u64)] {
        &self.link_types
    }
}
