//! A captured frame, as a host passes it in.

use core::slice;

use nflx_core::{LinkType, Packet, Time};

use crate::crossing::Crossing;
use crate::guard::Failure;
use crate::status::{NFLX_STATUS_BAD_VALUE, NFLX_STATUS_NULL};

/// One captured frame.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct nflx_packet {
    /// Set to `sizeof(nflx_packet)`.
    pub struct_size: u32,
    /// Link type, as numbered by the tcpdump group's registry: the LINKTYPE_ values of
    /// <https://www.tcpdump.org/linktypes.html>, 0 to 65535.
    pub link_type: u32,
    /// Frame number in the capture, from 1.
    pub frame: u64,
    /// Time of capture: seconds since 1970-01-01T00:00:00Z.
    pub seconds: i64,
    /// Nanoseconds to add to `seconds`.
    pub nanoseconds: u32,
    /// Length on the wire, in bytes; `captured_length` is smaller if a snapshot length cut the
    /// frame.
    pub original_length: u32,
    /// Number of bytes at `data`.
    pub captured_length: u64,
    /// The captured bytes, from the link-layer header on. Only read during the call. NULL if there
    /// are none.
    pub data: *const u8,
}

// SAFETY: repr(C), struct_size first, integers and a raw pointer.
unsafe impl Crossing for nflx_packet {
    const NAME: &'static str = "nflx_packet";
    const FIRST_SIZE: usize = 48;
}

impl nflx_packet {
    /// Returns core's view of the packet.
    ///
    /// # Safety
    /// `data` is NULL or valid for reading `captured_length` bytes as long as the view is used.
    #[inline]
    pub(crate) unsafe fn view<'a>(&self) -> Result<Packet<'a>, Failure> {
        let link_type = u16::try_from(self.link_type).map_err(|_| {
            Failure::new(
                NFLX_STATUS_BAD_VALUE,
                format!(
                    "The link type {} is not in the registry's range, 0 to 65535.",
                    self.link_type
                ),
            )
        })?;
        let length = usize::try_from(self.captured_length)
            .ok()
            .filter(|l| isize::try_from(*l).is_ok());
        let Some(length) = length else {
            return Err(Failure::new(
                NFLX_STATUS_BAD_VALUE,
                format!(
                    "A captured_length of {} bytes is more than memory holds.",
                    self.captured_length
                ),
            ));
        };
        let data = match (self.data.is_null(), length) {
            (_, 0) => &[][..],
            (true, _) => {
                return Err(Failure::new(
                    NFLX_STATUS_NULL,
                    format!("The packet's data is NULL, but its captured_length is {length}."),
                ));
            }
            // SAFETY: not NULL, a length that a slice may have, valid by the contract above.
            (false, _) => unsafe { slice::from_raw_parts(self.data, length) },
        };
        Ok(Packet {
            frame: self.frame,
            time: Time::new(self.seconds, self.nanoseconds),
            link_type: LinkType(link_type),
            original_length: self.original_length,
            data,
        })
    }
}

#[cfg(target_pointer_width = "64")]
const _: () = {
    use core::mem::offset_of;
    assert!(size_of::<nflx_packet>() == 48 && align_of::<nflx_packet>() == 8);
    assert!(offset_of!(nflx_packet, struct_size) == 0);
    assert!(offset_of!(nflx_packet, frame) == 8);
    assert!(offset_of!(nflx_packet, seconds) == 16);
    assert!(offset_of!(nflx_packet, nanoseconds) == 24);
    assert!(offset_of!(nflx_packet, captured_length) == 32);
    assert!(offset_of!(nflx_packet, data) == 40);
};
