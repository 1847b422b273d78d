//! Initial packets: key derivation, header protection and decryption.
//!
//! Their keys derive from the destination connection ID of the client's first Initial, which anyone
//! on the path sees (RFC 9001, section 5.2). The encryption protects against accidents, not
//! observers.

use std::error::Error;
use std::fmt;
use std::sync::LazyLock;

use aes_gcm::Aes128Gcm;
use aes_gcm::aead::{AeadInOut, KeyInit};
use aes_gcm::aes::Aes128;
use aes_gcm::aes::cipher::BlockCipherEncrypt;
use hkdf::{Hkdf, HkdfExtract};
use sha2::Sha256;

use super::header::{Form, QuicPacket, TAG_LEN};
use super::version::Version;

const BLOCK_LEN: usize = 16;
const KEY_LEN: usize = 16;
const IV_LEN: usize = 12;
const SECRET_LEN: usize = 32;

/// Distance from the start of the packet number to the header protection sample (RFC 9001, section
/// 5.4.2).
const SAMPLE_OFFSET: usize = 4;

/// Protected bits of a long header's first byte (RFC 9001, section 5.4.1). They include the
/// reserved bits, which are zero underneath, and the packet number's length less one (RFC 9000,
/// section 17.2).
const PROTECTED_BITS: u8 = 0x0f;
const RESERVED_BITS: u8 = 0x0c;
const PN_LEN_BITS: u8 = 0x03;

/// The reasons why an Initial packet could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InitialError {
    /// Too little was captured to remove the header protection.
    Truncated,
    /// The packet is not an Initial.
    NotInitial,
    /// No salt is known for that version.
    UnknownVersion,
    /// Wrong keys or a damaged packet.
    Authentication,
}

impl fmt::Display for InitialError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Truncated => "too little of the packet was captured",
            Self::NotInitial => "not an Initial packet",
            Self::UnknownVersion => "unknown QUIC version",
            Self::Authentication => "wrong keys or damaged packet",
        })
    }
}

impl Error for InitialError {}

/// Facts about a decrypted Initial, besides its payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened {
    /// Packet number, as far as sent.
    pub packet_number: u64,
    /// True if the tag proves that keys and payload are right; false if the snapshot length cut off
    /// the tag.
    pub authenticated: bool,
}

/// The keys of one direction's Initial packets.
#[derive(Clone)]
pub struct InitialKeys {
    /// The inputs that they derive from.
    secret: Hkdf<Sha256>,
    version: Version,
    header_protection: Aes128,
    /// Computed for the first packet whose header agrees with the keys. Three in four packets that
    /// do not belong to them disagree, and keys are expensive.
    payload: Option<PayloadKeys>,
}

/// Keys of the part after the header.
#[derive(Clone)]
struct PayloadKeys {
    /// The payload's cipher by itself, for packets without a tag.
    block: Aes128,
    aead: Aes128Gcm,
    iv: [u8; IV_LEN],
}

/// The first step from the versions' salts to keys: half of the way to the first secret.
static SALTED: LazyLock<[HkdfExtract<Sha256>; Version::ALL.len()]> = LazyLock::new(|| {
    Version::ALL.map(|version| HkdfExtract::new(Some(&version.key_schedule().salt)))
});

impl fmt::Debug for InitialKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InitialKeys").finish_non_exhaustive()
    }
}

impl InitialKeys {
    /// Derives the keys of packets that the client sends.
    ///
    /// `client_dcid` is the destination connection ID of the client's first Initial, or of its
    /// first Initial after a Retry.
    ///
    /// # Errors
    ///
    /// [`InitialError::UnknownVersion`] if the wire's `version` is not one of [`Version`].
    pub fn client(version: u32, client_dcid: &[u8]) -> Result<Self, InitialError> {
        Self::derive(version, client_dcid, b"client in")
    }

    /// Derives the keys of packets that the server sends, from the same connection ID of the
    /// client.
    ///
    /// # Errors
    ///
    /// As for [`InitialKeys::client`].
    #[cfg(any(test, fuzzing))]
    pub fn server(version: u32, client_dcid: &[u8]) -> Result<Self, InitialError> {
        Self::derive(version, client_dcid, b"server in")
    }

    fn derive(version: u32, client_dcid: &[u8], side_label: &[u8]) -> Result<Self, InitialError> {
        let version = Version::from_wire(version).ok_or(InitialError::UnknownVersion)?;
        let mut extract = SALTED[version as usize].clone();
        extract.input_ikm(client_dcid);
        let (_, initial_secret) = extract.finalize();
        let side_secret: [u8; SECRET_LEN] = expand_label(&initial_secret, side_label);
        let secret =
            Hkdf::<Sha256>::from_prk(&side_secret).expect("the secret has the hash's length");
        let header_key: [u8; KEY_LEN] = expand_label(&secret, version.key_schedule().hp_label);
        Ok(Self {
            secret,
            version,
            header_protection: Aes128::new(&header_key.into()),
            payload: None,
        })
    }

    /// Returns the keys of the payload.
    fn payload_keys(&mut self) -> &PayloadKeys {
        let (secret, version) = (&self.secret, self.version);
        self.payload
            .get_or_insert_with(|| PayloadKeys::derive(secret, version))
    }

    /// Decrypts a packet's payload, its frames, into `payload`, which is cleared first.
    ///
    /// If the snapshot length cut the packet, the captured part is decrypted without proof; the
    /// reserved bits, which must be zero, are then the only check of the keys.
    ///
    /// # Errors
    ///
    /// [`InitialError::NotInitial`], [`InitialError::Truncated`], or
    /// [`InitialError::Authentication`]; `payload` is then empty.
    pub fn decrypt(
        &mut self,
        packet: &QuicPacket<'_>,
        payload: &mut Vec<u8>,
    ) -> Result<Opened, InitialError> {
        payload.clear();
        match self.open(packet, payload) {
            Ok((opened, header_len)) => {
                payload.drain(..header_len);
                Ok(opened)
            }
            Err(error) => {
                payload.clear();
                Err(error)
            }
        }
    }

    /// Writes the packet into `buffer` as it was before protection, without its tag. Returns the
    /// header's length.
    fn open(
        &mut self,
        packet: &QuicPacket<'_>,
        buffer: &mut Vec<u8>,
    ) -> Result<(Opened, usize), InitialError> {
        if packet.form != Form::Initial {
            return Err(InitialError::NotInitial);
        }
        let tag_at = packet
            .packet_len
            .checked_sub(TAG_LEN)
            .ok_or(InitialError::Truncated)?;
        let tag: Option<[u8; TAG_LEN]> = packet
            .bytes
            .get(tag_at..)
            .and_then(|tag| tag.first_chunk())
            .copied();
        buffer.extend_from_slice(packet.bytes.get(..tag_at).unwrap_or(packet.bytes));

        let pn_at = packet.header_len;
        let mask = self
            .mask(packet.bytes, pn_at)
            .ok_or(InitialError::Truncated)?;
        let (packet_number, header_len) =
            unprotect_header(buffer, pn_at, mask).ok_or(InitialError::Truncated)?;
        let (header, payload) = buffer
            .split_at_mut_checked(header_len)
            .ok_or(InitialError::Truncated)?;
        if header
            .first()
            .is_none_or(|first| first & RESERVED_BITS != 0)
        {
            return Err(InitialError::Authentication);
        }
        let keys = self.payload_keys();
        let nonce = keys.nonce(packet_number);
        if let Some(tag) = tag {
            keys.aead
                .decrypt_inout_detached(&nonce.into(), header, payload.into(), &tag.into())
                .map_err(|_| InitialError::Authentication)?;
        } else {
            keys.decrypt_unchecked(&nonce, payload);
        }
        Ok((
            Opened {
                packet_number,
                authenticated: tag.is_some(),
            },
            header_len,
        ))
    }

    /// Returns the mask that header protection XORs the first byte and the packet number with (RFC
    /// 9001, section 5.4.3).
    fn mask(&self, packet: &[u8], pn_at: usize) -> Option<[u8; BLOCK_LEN]> {
        let sample: &[u8; BLOCK_LEN] = packet
            .get(pn_at.checked_add(SAMPLE_OFFSET)?..)?
            .first_chunk()?;
        let mut mask = (*sample).into();
        self.header_protection.encrypt_block(&mut mask);
        Some(mask.into())
    }

    /// Encrypts like the sender: the reverse of [`InitialKeys::decrypt`].
    #[cfg(test)]
    pub(crate) fn seal(&mut self, header: &[u8], pn_len: usize, payload: &[u8]) -> Vec<u8> {
        let pn_at = header.len() - pn_len;
        let keys = self.payload_keys();
        let nonce = keys.nonce(big_endian(&header[pn_at..]));
        let mut sealed = payload.to_vec();
        let tag = keys
            .aead
            .encrypt_inout_detached(&nonce.into(), header, sealed.as_mut_slice().into())
            .expect("the payload is short");
        let mut packet = [header, &sealed, &tag].concat();
        let mask = self
            .mask(&packet, pn_at)
            .expect("the payload is long enough for a sample");
        packet[0] ^= mask[0] & PROTECTED_BITS;
        for (byte, mask) in packet[pn_at..header.len()].iter_mut().zip(&mask[1..]) {
            *byte ^= mask;
        }
        packet
    }
}

impl PayloadKeys {
    fn derive(secret: &Hkdf<Sha256>, version: Version) -> Self {
        let schedule = version.key_schedule();
        let key: [u8; KEY_LEN] = expand_label(secret, schedule.key_label);
        let block = Aes128::new(&key.into());
        Self {
            aead: Aes128Gcm::from(block.clone()),
            block,
            iv: expand_label(secret, schedule.iv_label),
        }
    }

    /// Returns the nonce (RFC 9001, section 5.3).
    fn nonce(&self, packet_number: u64) -> [u8; IV_LEN] {
        let mut nonce = self.iv;
        for (byte, number) in nonce[IV_LEN - 8..]
            .iter_mut()
            .zip(packet_number.to_be_bytes())
        {
            *byte ^= number;
        }
        nonce
    }

    /// Decrypts with the counter mode inside GCM: a 96-bit nonce, then a 32-bit block counter,
    /// whose 1 is used for the tag (NIST SP 800-38D, section 7.1).
    fn decrypt_unchecked(&self, nonce: &[u8; IV_LEN], payload: &mut [u8]) {
        for (counter, chunk) in (2u32..).zip(payload.chunks_mut(BLOCK_LEN)) {
            let mut key_stream = [0; BLOCK_LEN];
            key_stream[..IV_LEN].copy_from_slice(nonce);
            key_stream[IV_LEN..].copy_from_slice(&counter.to_be_bytes());
            let mut key_stream = key_stream.into();
            self.block.encrypt_block(&mut key_stream);
            for (byte, key) in chunk.iter_mut().zip(&key_stream) {
                *byte ^= key;
            }
        }
    }
}

/// Removes header protection in place (RFC 9001, section 5.4.1). Returns packet number and header
/// length.
///
/// The number is used as sent: without an earlier packet, RFC 9000, appendix A.3 gives the same.
fn unprotect_header(
    packet: &mut [u8],
    pn_at: usize,
    mask: [u8; BLOCK_LEN],
) -> Option<(u64, usize)> {
    let first_byte = packet.first_mut()?;
    *first_byte ^= mask[0] & PROTECTED_BITS;
    let header_len = pn_at + usize::from(*first_byte & PN_LEN_BITS) + 1;
    let number = packet.get_mut(pn_at..header_len)?;
    for (byte, mask) in number.iter_mut().zip(&mask[1..]) {
        *byte ^= mask;
    }
    Some((big_endian(number), header_len))
}

fn big_endian(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0, |number, &byte| number << 8 | u64::from(byte))
}

/// Expands a labelled secret: HKDF-Expand-Label with an empty context (RFC 8446, section 7.1).
fn expand_label<const N: usize>(secret: &Hkdf<Sha256>, label: &[u8]) -> [u8; N] {
    const PREFIX: &[u8] = b"tls13 ";
    let len = u16::try_from(N).expect("secrets and keys are short");
    let label_len = u8::try_from(PREFIX.len() + label.len()).expect("labels are short");
    let mut out = [0; N];
    secret
        .expand_multi_info(
            &[&len.to_be_bytes(), &[label_len], PREFIX, label, &[0]],
            &mut out,
        )
        .expect("secrets and keys are short");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// draft-ietf-quic-tls-29, appendix A.1.
    #[test]
    fn keys_of_draft_29() {
        let mut keys =
            InitialKeys::client(0xff00_001d, b"\x83\x94\xc8\xf0\x3e\x51\x57\x08").unwrap();
        assert_eq!(
            keys.payload_keys().iv,
            [
                0x6b, 0x26, 0x11, 0x4b, 0x9c, 0xba, 0x2b, 0x63, 0xa9, 0xe8, 0xdd, 0x4f
            ]
        );
    }
}
