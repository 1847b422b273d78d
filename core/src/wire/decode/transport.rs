//! TCP and UDP headers.

use super::datagram::{Tcp, TcpFlags, Udp};
use super::layer::Rest;

/// Smallest TCP header (RFC 9293, section 3.1).
const TCP_MIN_HEADER: usize = 20;
/// UDP header (RFC 768).
pub(super) const UDP_HEADER: usize = 8;

/// Reads a TCP header whose options may have been cut.
#[inline(always)]
pub(super) fn tcp(rest: Rest<'_>) -> Option<Tcp<'_>> {
    let fixed: &[u8; TCP_MIN_HEADER] = rest.data.first_chunk()?;
    let header_length = usize::from(fixed[12] >> 4) * 4;
    if header_length < TCP_MIN_HEADER || header_length > rest.wire {
        return None;
    }
    let payload_length = rest.wire - header_length;
    let captured = rest.data.get(header_length..).unwrap_or_default();
    Some(Tcp {
        source_port: u16::from_be_bytes([fixed[0], fixed[1]]),
        destination_port: u16::from_be_bytes([fixed[2], fixed[3]]),
        sequence: u32::from_be_bytes([fixed[4], fixed[5], fixed[6], fixed[7]]),
        acknowledgement: u32::from_be_bytes([fixed[8], fixed[9], fixed[10], fixed[11]]),
        flags: TcpFlags(fixed[13]),
        window: u16::from_be_bytes([fixed[14], fixed[15]]),
        options: &rest.data[TCP_MIN_HEADER..header_length.min(rest.data.len())],
        payload_length: u32::try_from(payload_length).unwrap_or(u32::MAX),
        payload: &captured[..captured.len().min(payload_length)],
        header_truncated: rest.data.len() < header_length,
    })
}

#[inline(always)]
pub(super) fn udp(rest: Rest<'_>) -> Option<Udp<'_>> {
    let header: &[u8; UDP_HEADER] = rest.data.first_chunk()?;
    let stated = usize::from(u16::from_be_bytes([header[4], header[5]]));
    // The IP length wins if the two disagree: 0 means offload (or a jumbogram), and a first
    // fragment's UDP length is that of the whole datagram.
    let available = rest.wire.checked_sub(UDP_HEADER)?;
    let payload_length = if stated < UDP_HEADER {
        available
    } else {
        available.min(stated - UDP_HEADER)
    };
    let captured = &rest.data[UDP_HEADER..];
    Some(Udp {
        source_port: u16::from_be_bytes([header[0], header[1]]),
        destination_port: u16::from_be_bytes([header[2], header[3]]),
        payload_length: u32::try_from(payload_length).unwrap_or(u32::MAX),
        payload: &captured[..captured.len().min(payload_length)],
    })
}
