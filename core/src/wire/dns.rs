//! DNS answers (RFC 1035, RFC 3596): the addresses that a name led to, and the names on the way.
//!
//! Reads records one by one, so in a message cut by the snapshot length, those before the cut
//! count. Skips records with names that are not valid host names. Not read: multicast DNS,
//! encrypted DNS, record types other than A, AAAA, CNAME, and the address hints of HTTPS and SVCB
//! (RFC 9460).
//!
//! Of the additional records, only those count that go with a service binding in the answer (RFC
//! 9460, section 4.1): others are addresses of name servers.
//!
//! Work is bounded by the length of the message: names take at most `STEPS_PER_BYTE` labels and
//! pointers per byte of it, and each different name is kept, compared and judged once.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use smallvec::SmallVec;

use crate::bounded::work;

use super::host_name::NameBuffer;
use super::reader::Reader;

/// Port of name servers (RFC 1035, section 4.2).
pub const PORT: u16 = 53;
/// Largest message: its length over TCP is a 16-bit number (RFC 1035, section 4.2.2).
pub const MAX_MESSAGE: usize = 65_535;
/// Records read in one message. Real answers have some tens; a crafted one of 65,535 bytes
/// has thousands.
const MAX_RECORDS: usize = 256;
/// Different names in one message. The longest chain that resolvers follow has 17, and its
/// addresses have one owner.
const MAX_NAMES: usize = 64;
/// Hosts of one message that services are bound to. Some are alternatives to each other (RFC 9460,
/// section 2.4.1); real answers have one or two.
const MAX_TARGETS: usize = 8;
/// CNAME steps followed; resolvers stop at 8 to 16.
const MAX_CHAIN: usize = 16;
/// Labels and pointers read per byte of a message. In a real answer, each record has about six in
/// more than twice as many bytes.
const STEPS_PER_BYTE: usize = 1;

/// Length of a header: identifier, flags, four counts (RFC 1035, section 4.1.1).
const HEADER: usize = 12;
/// Flags of a header: QR, OPCODE and RCODE. In a successful response to a standard query, only the
/// first of them is set.
const RESPONSE: u16 = 0x8000;
const OPCODE_AND_RCODE: u16 = 0x780f;
/// Two bits that distinguish a pointer to a label from a label's length (RFC 1035, section 4.1.4).
const POINTER: u8 = 0xc0;

/// Record types (RFC 1035, section 3.2.2; RFC 3596, section 2.1).
mod record_type {
    pub(super) const A: u16 = 1;
    pub(super) const CNAME: u16 = 5;
    pub(super) const AAAA: u16 = 28;
    /// RFC 9460, section 14.1.
    pub(super) const SVCB: u16 = 64;
    pub(super) const HTTPS: u16 = 65;
}

/// Index of a name in [`Response::names`].
type NameId = u8;

/// A response, as far as it could be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    /// Each different name once: lower case, without the final dot.
    names: Vec<Name>,
    question: Option<NameId>,
    addresses: Vec<AddressRecord>,
    /// Other hosts that services are bound to, with the time to live.
    targets: Vec<(NameId, u32)>,
    /// The last name that CNAME records led to, with the time to live.
    end: Option<(NameId, u32)>,
}

/// An address in a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct AddressRecord {
    owner: NameId,
    address: IpAddr,
    time_to_live: u32,
    is_hint: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Name {
    text: Box<str>,
    /// The owner of the first CNAME record that leads to it.
    alias: Option<NameId>,
}

/// An address in a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DnsAnswer<'a> {
    /// The owner of the address record.
    pub owner: &'a str,
    /// The address.
    pub address: IpAddr,
    /// Time to live of the answer, in seconds.
    pub time_to_live: u32,
    /// True if an HTTPS or SVCB record gives it, by a hint (RFC 9460, section 7.3) or by what goes
    /// with its target, and no address record of the answer.
    pub is_hint: bool,
    /// The first wanted name on the way back from the owner to the name asked, if there is one.
    pub found: Option<&'a str>,
}

/// A host that a service is bound to (RFC 9460, section 2.4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DnsTarget<'a> {
    /// Its name, whose addresses may be asked for later.
    pub name: &'a str,
    /// The wanted name that leads to it.
    pub found: &'a str,
    /// Time to live of the binding, in seconds.
    pub time_to_live: u32,
}

impl Response {
    /// Reads a message; `None` if it is not a successful response to a standard query.
    #[must_use]
    pub fn parse(message: &[u8]) -> Option<Self> {
        let mut header = Reader::new(message.get(..HEADER)?);
        let _identifier = header.u16()?;
        let flags = header.u16()?;
        if flags & (RESPONSE | OPCODE_AND_RCODE) != RESPONSE {
            return None;
        }
        let counts = [header.u16()?, header.u16()?, header.u16()?, header.u16()?];
        let counts = counts.map(usize::from);
        let mut parser = Parser::new(message);
        // Stops at the first record that is damaged or cut.
        let _ = parser.read(counts);
        Some(parser.response)
    }

    /// Returns the name asked.
    #[must_use]
    pub fn question(&self) -> Option<&str> {
        self.question.map(|id| self.text(id))
    }

    /// Returns true if the response gives no address, and leads to no other host.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.addresses.is_empty() && self.targets.is_empty() && self.end.is_none()
    }

    /// Returns the host at which a chain of CNAME records ends without an address, and its time to
    /// live. Its addresses are asked for later, by a resolver that follows chains itself (RFC 1034,
    /// section 5.3.3).
    #[must_use]
    pub fn unresolved(&self) -> Option<(&str, u32)> {
        let (end, time_to_live) = self.end.filter(|_| self.addresses.is_empty())?;
        Some((self.text(end), time_to_live))
    }

    /// Returns the hosts that services of names that `is_wanted` accepts are bound to.
    pub fn targets(&self, is_wanted: impl Fn(&str) -> bool) -> impl Iterator<Item = DnsTarget<'_>> {
        work::count(self.targets.len() * MAX_CHAIN);
        self.targets
            .iter()
            .filter_map(move |&(name, time_to_live)| {
                let found = self
                    .chain(name)
                    .skip(1)
                    .find(|&id| is_wanted(self.text(id)))?;
                Some(DnsTarget {
                    name: self.text(name),
                    found: self.text(found),
                    time_to_live,
                })
            })
    }

    /// Returns the addresses, each with the name on the way to it that `is_wanted` accepts. Judges
    /// each name once.
    pub fn answers(&self, is_wanted: impl Fn(&str) -> bool) -> impl Iterator<Item = DnsAnswer<'_>> {
        work::count(self.names.len() * MAX_CHAIN);
        let wanted: SmallVec<[bool; MAX_NAMES]> = self
            .names
            .iter()
            .map(|name| is_wanted(&name.text))
            .collect();
        self.addresses.iter().map(move |record| DnsAnswer {
            owner: self.text(record.owner),
            address: record.address,
            time_to_live: record.time_to_live,
            is_hint: record.is_hint,
            found: self
                .chain(record.owner)
                .find(|&id| wanted[usize::from(id)])
                .map(|id| self.text(id)),
        })
    }

    /// Iterates over the names by which the chain led to `owner`, from it backwards.
    fn chain(&self, owner: NameId) -> impl Iterator<Item = NameId> {
        std::iter::successors(Some(owner), |&id| self.names[usize::from(id)].alias).take(MAX_CHAIN)
    }

    fn text(&self, id: NameId) -> &str {
        &self.names[usize::from(id)].text
    }
}

/// A message while it is being read.
struct Parser<'m> {
    message: &'m [u8],
    reader: Reader<'m>,
    response: Response,
    /// Names by position; `None` for one that is not a valid host name. Most records point to one
    /// of these.
    places: SmallVec<[(u16, Option<NameId>); MAX_NAMES]>,
    /// Names in order of their text.
    order: SmallVec<[NameId; MAX_NAMES]>,
    /// Number of labels and pointers that may still be read.
    steps: usize,
    /// Owners and targets of service bindings in the answer, by name.
    served: u64,
    section: Section,
}

/// The section of a message that a record is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Section {
    Answer,
    Authority,
    Additional,
}

// A bit for each name.
const _: () = assert!(MAX_NAMES <= u64::BITS as usize);

impl<'m> Parser<'m> {
    fn new(message: &'m [u8]) -> Self {
        Self {
            message,
            reader: Reader::new(&message[HEADER..]),
            response: Response::default(),
            places: SmallVec::new(),
            order: SmallVec::new(),
            steps: message.len() * STEPS_PER_BYTE,
            served: 0,
            section: Section::Answer,
        }
    }

    /// Reads questions and records; `None` at the first one that is damaged or cut.
    fn read(&mut self, [queries, answers, authority, additional]: [usize; 4]) -> Option<()> {
        for _ in 0..queries.min(MAX_RECORDS) {
            let name = self.name()?;
            let _type_and_class = self.reader.u32()?;
            self.response.question = self.response.question.or(name);
        }
        let sections = [
            (Section::Answer, answers),
            (Section::Authority, authority),
            (Section::Additional, additional),
        ];
        let mut left = MAX_RECORDS;
        for (section, count) in sections {
            if section != Section::Answer && self.served == 0 {
                break;
            }
            self.section = section;
            let count = count.min(left);
            left -= count;
            for _ in 0..count {
                self.record()?;
            }
        }
        Some(())
    }

    fn record(&mut self) -> Option<()> {
        let owner = self.name()?;
        let kind = self.reader.u16()?;
        let _class = self.reader.u16()?;
        let time_to_live = self.reader.u32()?;
        let length = usize::from(self.reader.u16()?);
        let behind = self.reader.remaining().checked_sub(length);
        let address = match (kind, length) {
            (record_type::A, 4) => Some(Ipv4Addr::from(self.reader.u32()?).into()),
            (record_type::AAAA, 16) => Some(Ipv6Addr::from(self.reader.u128()?).into()),
            (record_type::CNAME, _) if self.counts(owner) => {
                let target = self.name()?;
                if let (Some(owner), Some(target)) = (owner, target) {
                    self.response.names[usize::from(target)]
                        .alias
                        .get_or_insert(owner);
                    if self.section == Section::Additional {
                        self.served |= 1 << target;
                    }
                    self.response.end = Some((target, time_to_live));
                }
                None
            }
            (record_type::SVCB | record_type::HTTPS, _) if self.section == Section::Answer => {
                self.service(owner, time_to_live, behind?)?;
                None
            }
            _ => None,
        };
        if let (Some(owner), Some(address)) = (owner, address)
            && self.counts(Some(owner))
        {
            self.keep_address(AddressRecord {
                owner,
                address,
                time_to_live,
                is_hint: self.section != Section::Answer,
            });
        }
        // Skips the unread part of its data.
        self.reader
            .take(self.reader.remaining().saturating_sub(behind?))?;
        Some(())
    }

    /// Returns true if a record with this owner says where the name asked leads to.
    fn counts(&self, owner: Option<NameId>) -> bool {
        match self.section {
            Section::Answer => true,
            Section::Authority => false,
            Section::Additional => owner.is_some_and(|owner| self.served & 1 << owner != 0),
        }
    }

    /// Reads the data of a service binding (RFC 9460, section 2.2) that ends `behind` bytes before
    /// the message.
    fn service(&mut self, owner: Option<NameId>, time_to_live: u32, behind: usize) -> Option<()> {
        const IPV4_HINT: u16 = 4;
        const IPV6_HINT: u16 = 6;
        let _priority = self.reader.u16()?;
        let target = self.name()?;
        for name in [owner, target].into_iter().flatten() {
            self.served |= 1 << name;
        }
        if let (Some(owner), Some(target)) = (owner, target)
            && owner != target
        {
            self.response.names[usize::from(target)]
                .alias
                .get_or_insert(owner);
            if self.response.targets.len() < MAX_TARGETS {
                self.response.targets.push((target, time_to_live));
            }
        }
        while self.reader.remaining() > behind {
            let key = self.reader.u16()?;
            let length = self.reader.u16()?;
            let mut value = Reader::new(self.reader.take(length.into())?);
            loop {
                let address: Option<IpAddr> = match key {
                    IPV4_HINT => value.u32().map(|bits| Ipv4Addr::from(bits).into()),
                    IPV6_HINT => value.u128().map(|bits| Ipv6Addr::from(bits).into()),
                    _ => None,
                };
                let Some(address) = address else {
                    break;
                };
                if let Some(owner) = owner {
                    self.keep_address(AddressRecord {
                        owner,
                        address,
                        time_to_live,
                        is_hint: true,
                    });
                }
            }
        }
        Some(())
    }

    /// Keeps an address, unless there are as many as a message may have records, because one record
    /// may hint at many.
    fn keep_address(&mut self, record: AddressRecord) {
        if self.response.addresses.len() < MAX_RECORDS {
            self.response.addresses.push(record);
        }
    }

    /// Reads the next name. `Some(None)` if it is not a valid host name; `None` if it is damaged or
    /// cut.
    fn name(&mut self) -> Option<Option<NameId>> {
        let at = self.position();
        let target = self.message.get(at..)?.first_chunk().and_then(pointed_to);
        if let Some(target) = target
            && let Some(name) = self.known_at(target)
        {
            self.reader.u16()?;
            return Some(name);
        }
        let mut text = NameBuffer::new();
        self.labels(&mut text)?;
        let name = match text.name() {
            Some(text) => Some(self.keep(text)?),
            None => None,
        };
        if self.places.len() < MAX_NAMES
            && let Ok(place) = u16::try_from(target.unwrap_or(at))
        {
            self.places.push((place, name));
        }
        Some(name)
    }

    /// Returns the name at a position, if it was read.
    fn known_at(&self, place: usize) -> Option<Option<NameId>> {
        let found = self
            .places
            .iter()
            .find(|known| usize::from(known.0) == place)?;
        Some(found.1)
    }

    /// Reads labels up to the root.
    fn labels(&mut self, text: &mut NameBuffer) -> Option<()> {
        let mut reader = self.reader;
        // A pointer must lead to an earlier position (RFC 1035, section 4.1.4); otherwise it could
        // loop.
        let mut earliest = self.position();
        let mut behind = None;
        loop {
            work::count(1);
            self.steps = self.steps.checked_sub(1)?;
            let length = reader.u8()?;
            match length & POINTER {
                0 if length == 0 => break,
                0 => text.push(reader.take(length.into())?),
                POINTER => {
                    let target = pointed_to(&[length, reader.u8()?])?;
                    if target >= earliest {
                        return None;
                    }
                    earliest = target;
                    behind.get_or_insert(reader);
                    reader = Reader::new(self.message.get(target..)?);
                }
                _ => return None,
            }
        }
        self.reader = behind.unwrap_or(reader);
        Some(())
    }

    /// Keeps a name, unless it is already there. `None` if there are too many, which ends the
    /// message.
    fn keep(&mut self, text: &str) -> Option<NameId> {
        let names = &mut self.response.names;
        let found = self
            .order
            .binary_search_by(|&id| (*names[usize::from(id)].text).cmp(text));
        match found {
            Ok(at) => Some(self.order[at]),
            Err(_) if names.len() >= MAX_NAMES => None,
            Err(at) => {
                let id = names.len() as NameId;
                names.push(Name {
                    text: text.into(),
                    alias: None,
                });
                self.order.insert(at, id);
                Some(id)
            }
        }
    }

    /// Returns the position of the next byte in the message.
    fn position(&self) -> usize {
        self.message.len() - self.reader.remaining()
    }
}

/// Returns the position that two bytes point to, if they are a pointer.
fn pointed_to(bytes: &[u8; 2]) -> Option<usize> {
    (bytes[0] & POINTER == POINTER)
        .then(|| usize::from(u16::from_be_bytes([bytes[0] & !POINTER, bytes[1]])))
}

#[cfg(test)]
mod tests;
