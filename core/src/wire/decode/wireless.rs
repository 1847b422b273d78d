//! Unencrypted IEEE 802.11, and the headers that captures put before it.

use super::layer::{Candidates, Inner, NextHeader, Rest, Walk};
use super::opaque::Opaque;

const SNAP: [u8; 3] = [0xaa, 0xaa, 0x03];
/// Version of the AVS header, which drivers of Prism cards write as well.
const AVS_VERSION: core::ops::RangeInclusive<u32> = 0x8021_1001..=0x8021_1002;

/// Reads radiotap (radiotap.org): version 0, length, words that state which fields follow. Only the
/// flags matter here.
pub(super) fn radiotap(rest: Rest<'_>) -> Inner<'_> {
    const HAS_TIME: u32 = 1 << 0;
    const HAS_FLAGS: u32 = 1 << 1;
    const ANOTHER_WORD: u32 = 1 << 31;
    const PADDED: u8 = 0x20;
    const DAMAGED: u8 = 0x40;
    /// Largest number of words; there is one per antenna in practice.
    const MOST_WORDS: usize = 16;
    let length = usize::from(rest.u16_le(2)?);
    (rest.u8(0)? == 0 && length >= 8).then_some(())?;
    let present = rest.u32_le(4)?;
    let mut fields = 8;
    while rest.u32_le(fields - 4)? & ANOTHER_WORD != 0 {
        fields += 4;
        (fields <= 4 * MOST_WORDS).then_some(())?;
    }
    if present & HAS_TIME != 0 {
        // Fields are aligned to their size, from the start of the header.
        fields = fields.next_multiple_of(8) + 8;
    }
    let flags = if present & HAS_FLAGS != 0 {
        rest.u8(fields)?
    } else {
        0
    };
    // A frame with a wrong check sequence will be sent again.
    (flags & DAMAGED == 0).then_some(())?;
    let padded = flags & PADDED != 0;
    Some((NextHeader::Wireless { padded }, rest.skip(length)?))
}

/// Reads the header of Prism cards: 144 bytes, or an AVS header.
pub(super) fn prism(rest: Rest<'_>) -> Inner<'_> {
    const LENGTH: usize = 144;
    if AVS_VERSION.contains(&rest.u32(0)?) {
        return avs(rest);
    }
    Some((NextHeader::Wireless { padded: false }, rest.skip(LENGTH)?))
}

/// Reads the AVS header: version, length.
pub(super) fn avs(rest: Rest<'_>) -> Inner<'_> {
    AVS_VERSION.contains(&rest.u32(0)?).then_some(())?;
    let rest = rest.skip(rest.u32(4)?.try_into().ok()?)?;
    Some((NextHeader::Wireless { padded: false }, rest))
}

/// Reads a data frame's header (IEEE 802.11-2020, clause 9.3.2), and the LLC or aggregated frames
/// after it.
pub(super) fn frame<'a>(
    walk: &mut Walk<'_>,
    rest: Rest<'a>,
    padded: bool,
    swapped: bool,
) -> Inner<'a> {
    const DATA: u8 = 2;
    const TO_SYSTEM: u8 = 0x01;
    const FROM_SYSTEM: u8 = 0x02;
    const PROTECTED: u8 = 0x40;
    const HAS_HT_CONTROL: u8 = 0x80;
    const WITHOUT_DATA: u8 = 0x4;
    const WITH_QUALITY: u8 = 0x8;
    const AGGREGATED: u8 = 0x80;
    let [mut control, mut flags]: [u8; 2] = *rest.data.first_chunk()?;
    if swapped {
        (control, flags) = (flags, control);
    }
    let subtype = control >> 4;
    let is_data = control & 0x03 == 0 && control >> 2 & 0x03 == DATA;
    let is_first_fragment = rest.u8(22)? & 0x0f == 0;
    (is_data && is_first_fragment && subtype & WITHOUT_DATA == 0).then_some(())?;
    let mut length = 24;
    if flags & TO_SYSTEM != 0 && flags & FROM_SYSTEM != 0 {
        length += 6;
    }
    let mut aggregated = false;
    if subtype & WITH_QUALITY != 0 {
        aggregated = rest.u8(length)? & AGGREGATED != 0;
        length += 2;
        if flags & HAS_HT_CONTROL != 0 {
            length += 4;
        }
    }
    if padded {
        length = length.next_multiple_of(4);
    }
    let mut body = rest.skip(length)?;
    if flags & PROTECTED != 0 {
        body = decrypted(body).or_else(|| {
            walk.layers.opaque = Some(Opaque::EncryptedWireless);
            None
        })?;
        aggregated &= body.data.get(..SNAP.len())? != SNAP;
    }
    let layer = if aggregated {
        NextHeader::Subframe
    } else {
        NextHeader::Llc
    };
    Some((layer, body))
}

/// Returns the payload of a frame that its driver decrypted but left marked, with or without the
/// initialisation vector before it.
fn decrypted(body: Rest<'_>) -> Option<Rest<'_>> {
    const VECTOR: usize = 8;
    let begins = |rest: &Rest<'_>| rest.data.get(..SNAP.len()) == Some(&SNAP[..]);
    [Some(body), body.skip(VECTOR)]
        .into_iter()
        .flatten()
        .find(begins)
}

/// Reads one subframe of an A-MSDU (clause 9.3.2.2.2): addresses, length, LLC; the next begins at a
/// multiple of four bytes.
pub(super) fn subframe<'a>(walk: &mut Walk<'_>, rest: Rest<'a>) -> Inner<'a> {
    const HEADER: usize = 14;
    let length = HEADER + usize::from(rest.u16(12)?);
    let next = length.next_multiple_of(4);
    if let Some(behind) = rest.skip(next).filter(|rest| rest.data.len() > HEADER) {
        walk.layers.behind = Some(walk.offset(behind));
    }
    Some((NextHeader::Llc, rest.first(length).skip(HEADER)?))
}

/// Returns both orders of frame control: access points of some vendors send its two bytes swapped
/// inside CAPWAP.
pub(super) fn either_order(rest: Rest<'_>) -> Candidates<'_> {
    [
        Some((NextHeader::Wireless { padded: false }, rest)),
        Some((NextHeader::WirelessSwapped, rest)),
        None,
        None,
    ]
}
