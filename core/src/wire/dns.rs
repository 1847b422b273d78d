//! DNS answers (RFC 1035, RFC 3596): which addresses a name led to, and by which names on the way.
//!
//! Records are read one by one, so that of a message cut by the snapshot length those before the cut count. Not read:
//! multicast DNS, encrypted DNS, record types other than A, AAAA and CNAME.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::rc::Rc;

use hickory_proto::op::{Header, MessageType, OpCode};
use hickory_proto::rr::{Name, RecordType};
use hickory_proto::serialize::binary::{BinDecodable, BinDecoder, DecodeError};
use smallvec::SmallVec;

/// Port of name servers (RFC 1035, section 4.2).
pub const PORT: u16 = 53;
/// Largest message: its length over TCP is a 16-bit number (RFC 1035, section 4.2.2).
pub const MAX_MESSAGE: usize = 65_535;
/// Answer records looked at in one message. Real answers have some tens; a crafted one of 65,535 bytes has thousands.
const MAX_RECORDS: usize = 256;
/// CNAME steps followed; resolvers stop at 8 to 16.
const MAX_CHAIN: usize = 16;
/// Names of a message that are known again where a record points to them; others are read again.
const KNOWN_NAMES: usize = 16;
/// A pointer to a name (RFC 1035, section 4.1.4): two bits, and an offset in the message.
const POINTER: u16 = 0xc000;

/// A response, as far as it could be read. Names are lower case without the final dot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    /// The name asked.
    pub question: Option<Rc<str>>,
    /// Address records: owner and address.
    pub addresses: Vec<(Rc<str>, IpAddr)>,
    /// CNAME records: owner and target.
    aliases: Vec<(Rc<str>, Rc<str>)>,
}

/// The names of a message, each read once: most records point to the name of one before.
struct Names<'m> {
    message: &'m [u8],
    /// The first of them, by where they stand.
    known: SmallVec<[(u16, Rc<str>); KNOWN_NAMES]>,
}

impl Names<'_> {
    /// Reads the name that comes next.
    fn read(&mut self, decoder: &mut BinDecoder<'_>) -> Result<Rc<str>, DecodeError> {
        let at = decoder.index();
        let first = self
            .message
            .get(at..)
            .and_then(|rest| rest.first_chunk().copied())
            .map_or(0, u16::from_be_bytes);
        let target = (first & POINTER == POINTER).then_some(first & !POINTER);
        if let Some((_, name)) = self
            .known
            .iter()
            .find(|(offset, _)| Some(*offset) == target)
        {
            decoder.read_slice(size_of_val(&first))?;
            return Ok(Rc::clone(name));
        }
        let name = text(&Name::read(decoder)?);
        if let Some(offset) = target.or(u16::try_from(at).ok())
            && self.known.len() < KNOWN_NAMES
        {
            self.known.push((offset, Rc::clone(&name)));
        }
        Ok(name)
    }
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
        let mut names = Names {
            message,
            known: SmallVec::new(),
        };
        let counts = [header.counts.queries, header.counts.answers].map(usize::from);
        let _ = response.read(&mut decoder, &mut names, counts);
        Some(response)
    }

    fn read(
        &mut self,
        decoder: &mut BinDecoder<'_>,
        names: &mut Names<'_>,
        [queries, answers]: [usize; 2],
    ) -> Result<(), DecodeError> {
        for _ in 0..queries.min(MAX_RECORDS) {
            let name = names.read(decoder)?;
            let _type_and_class = decoder.read_slice(4)?;
            self.question.get_or_insert(name);
        }
        for _ in 0..answers.min(MAX_RECORDS) {
            self.read_record(decoder, names)?;
        }
        Ok(())
    }

    fn read_record(
        &mut self,
        decoder: &mut BinDecoder<'_>,
        names: &mut Names<'_>,
    ) -> Result<(), DecodeError> {
        let owner = names.read(decoder)?;
        let record_type = RecordType::read(decoder)?;
        let _class_and_ttl = decoder.read_slice(6)?;
        let length = usize::from(decoder.read_u16()?.unverified());
        let start = decoder.index();
        match (record_type, length) {
            (RecordType::A, 4) => {
                let bytes = decoder.read_slice(4)?.unverified();
                if let Some(octets) = bytes.first_chunk::<4>() {
                    self.addresses.push((owner, Ipv4Addr::from(*octets).into()));
                }
            }
            (RecordType::AAAA, 16) => {
                let bytes = decoder.read_slice(16)?.unverified();
                if let Some(octets) = bytes.first_chunk::<16>() {
                    self.addresses.push((owner, Ipv6Addr::from(*octets).into()));
                }
            }
            (RecordType::CNAME, _) => {
                let target = names.read(decoder)?;
                self.aliases.push((owner, target));
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
                .find(|(_, target)| **target == *name)
                .map(|(owner, _)| &**owner)
                .filter(|_| steps < MAX_CHAIN);
            Some(name)
        })
    }
}

/// A name in lower case, without the dot behind it.
fn text(name: &Name) -> Rc<str> {
    plain_text(name).unwrap_or_else(|| {
        let text = name.to_ascii().to_ascii_lowercase();
        text.strip_suffix('.').unwrap_or(&text).into()
    })
}

/// The same of a name that holds nothing which is written with escapes, as those of hosts do not.
fn plain_text(name: &Name) -> Option<Rc<str>> {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let mut text = SmallVec::<[u8; 256]>::new();
    for label in name.iter() {
        if !label.iter().all(is_plain) {
            return None;
        }
        text.extend_from_slice(label);
        text.push(b'.');
    }
    text.pop()?;
    text.make_ascii_lowercase();
    str::from_utf8(&text).ok().map(Rc::from)
}

#[cfg(test)]
mod tests;
