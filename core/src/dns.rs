//! DNS answers (RFC 1035, RFC 3596): which addresses a name led to, and by which names on the way.
//!
//! Records are read one by one, so that of a message cut by the snapshot length those before the cut count. Not read:
//! multicast DNS, encrypted DNS, record types other than A, AAAA and CNAME.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use hickory_proto::op::{Header, MessageType, OpCode, Query};
use hickory_proto::rr::{Name, RecordType};
use hickory_proto::serialize::binary::{BinDecodable, BinDecoder, DecodeError};

/// Port of name servers (RFC 1035, section 4.2).
pub const PORT: u16 = 53;
/// Largest message: its length over TCP is a 16-bit number (RFC 1035, section 4.2.2).
pub const MAX_MESSAGE: usize = 65_535;
/// Answer records looked at in one message. Real answers have some tens; a crafted one of 65,535 bytes has thousands.
const MAX_RECORDS: usize = 256;
/// CNAME steps followed; resolvers stop at 8 to 16.
const MAX_CHAIN: usize = 16;

/// A response, as far as it could be read. Names are lower case without the final dot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    /// The name asked.
    pub question: Option<String>,
    /// Address records: owner and address.
    pub addresses: Vec<(String, IpAddr)>,
    /// CNAME records: owner and target.
    aliases: Vec<(String, String)>,
}

impl Response {
    /// Reads a message; `None` if it is not a successful response to a standard query.
    #[must_use]
    pub fn parse(message: &[u8]) -> Option<Self> {
        let mut decoder = BinDecoder::new(message);
        let header = Header::read(&mut decoder).ok()?;
        let successful = u16::from(header.metadata.response_code) == 0;
        if header.metadata.message_type != MessageType::Response
            || header.metadata.op_code != OpCode::Query
            || !successful
        {
            return None;
        }
        let mut response = Self::default();
        // Stops at the first record that is damaged or cut.
        let _ = response.read(&mut decoder, usize::from(header.counts.queries), usize::from(header.counts.answers));
        Some(response)
    }

    fn read(&mut self, decoder: &mut BinDecoder<'_>, queries: usize, answers: usize) -> Result<(), DecodeError> {
        for _ in 0..queries.min(MAX_RECORDS) {
            let query = Query::read(decoder)?;
            self.question.get_or_insert_with(|| text(query.name()));
        }
        for _ in 0..answers.min(MAX_RECORDS) {
            self.read_record(decoder)?;
        }
        Ok(())
    }

    fn read_record(&mut self, decoder: &mut BinDecoder<'_>) -> Result<(), DecodeError> {
        let owner = Name::read(decoder)?;
        let record_type = RecordType::read(decoder)?;
        let _class_and_ttl = decoder.read_slice(6)?;
        let length = usize::from(decoder.read_u16()?.unverified());
        let start = decoder.index();
        match (record_type, length) {
            (RecordType::A, 4) => {
                let bytes = decoder.read_slice(4)?.unverified();
                if let Some(octets) = bytes.first_chunk::<4>() {
                    self.addresses.push((text(&owner), Ipv4Addr::from(*octets).into()));
                }
            }
            (RecordType::AAAA, 16) => {
                let bytes = decoder.read_slice(16)?.unverified();
                if let Some(octets) = bytes.first_chunk::<16>() {
                    self.addresses.push((text(&owner), Ipv6Addr::from(*octets).into()));
                }
            }
            (RecordType::CNAME, _) => {
                let target = Name::read(decoder)?;
                self.aliases.push((text(&owner), text(&target)));
            }
            _ => {}
        }
        let read = decoder.index() - start;
        if read < length {
            let _rest = decoder.read_slice(length - read)?;
        }
        Ok(())
    }

    /// The names by which the chain led to `owner`, from it backwards.
    pub fn chain<'a>(&'a self, owner: &'a str) -> impl Iterator<Item = &'a str> {
        let mut next = Some(owner);
        let mut steps = 0;
        std::iter::from_fn(move || {
            let name = next?;
            steps += 1;
            next = self
                .aliases
                .iter()
                .find(|(_, target)| target == name)
                .map(|(owner, _)| owner.as_str())
                .filter(|_| steps < MAX_CHAIN);
            Some(name)
        })
    }
}

/// A name in lower case, without the dot behind it.
fn text(name: &Name) -> String {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if !name.is_root() && name.iter().all(|label| label.iter().all(is_plain)) {
        let mut text = Vec::with_capacity(name.len());
        for label in name.iter() {
            text.extend_from_slice(label);
            text.push(b'.');
        }
        text.pop();
        text.make_ascii_lowercase();
        return String::from_utf8(text).unwrap_or_default();
    }
    let mut text = name.to_ascii().to_ascii_lowercase();
    if text.ends_with('.') {
        text.pop();
    }
    text
}

#[cfg(test)]
mod tests;
