//! Lengths of records: the overhead of encryption, and messages that are recognisable by size.

use crate::wire::tls::RECORD_HEADER;

pub(super) const TLS12: u16 = 0x0303;
pub(super) const TLS13: u16 = 0x0304;

/// Ciphertext less plaintext in TLS 1.3: content type and tag (RFC 8446, section 5.2).
pub(super) const OVERHEAD_TLS13: u32 = 1 + 16;
/// The same in TLS 1.2 with GCM or CCM: explicit nonce and tag (RFC 5288, section 3).
pub(super) const OVERHEAD_TLS12_GCM: u32 = 8 + 16;
/// The same in TLS 1.2 with ChaCha20-Poly1305: tag (RFC 7905, section 2).
pub(super) const OVERHEAD_TLS12_POLY1305: u32 = 16;
/// Block of AES in CBC mode, also the size of its IV; a record is padded by 1 to 16 bytes.
pub(super) const CBC_BLOCK: u32 = 16;
/// IV of AES in CBC mode, and half a block of padding on average (RFC 5246, section 6.2.3.2).
pub(super) const OVERHEAD_CBC_IV_AND_PADDING: u32 = 16 + 8;

/// Record length of a Finished message: 4 bytes of header, the hash (RFC 8446, section 4.4.4), type
/// and tag.
pub(super) const FINISHED_SHA256: u32 = 4 + 32 + OVERHEAD_TLS13;
pub(super) const FINISHED_SHA384: u32 = 4 + 48 + OVERHEAD_TLS13;
/// A client's second flight in TLS 1.2 (RFC 5246, section 7.3): key exchange with a P-256 share,
/// the largest in common use, ChangeCipherSpec, and Finished with an explicit nonce.
pub(super) const FLIGHT_TLS12: u32 =
    (RECORD_HEADER + 4 + 1 + 65) + (RECORD_HEADER + 1) + (RECORD_HEADER + 40);
/// Most bytes of a server's last flight in TLS 1.2 that are in a packet of their own: ChangeCipherSpec
/// and Finished, with a ticket of 160 to 240 bytes (OpenSSL, measured) and as much again for names
/// and protocols in it. A larger packet is full, and a response may have begun in it.
pub(super) const HIDDEN_FLIGHT: u32 = 600;
/// A client's CertificateVerify and Finished in TLS 1.3, each with the largest signature and hash in
/// common use: RSA with 4,096 bits, SHA-384 (RFC 8446, section 4.4.3).
pub(super) const SIGNED_FLIGHT: u32 =
    (RECORD_HEADER + 8 + 512 + OVERHEAD_TLS13) + (RECORD_HEADER + FINISHED_SHA384);
/// Record length of EndOfEarlyData (RFC 8446, section 4.5).
pub(super) const END_OF_EARLY_DATA: u32 = 4 + OVERHEAD_TLS13;
/// Record length of a KeyUpdate (RFC 8446, section 4.6.3).
pub(super) const KEY_UPDATE: u32 = 4 + 1 + OVERHEAD_TLS13;
/// Record length of an alert (RFC 8446, section 6).
pub(super) const ALERT: u32 = 2 + OVERHEAD_TLS13;
/// Largest record of a TLS 1.2 Finished: IV, message, MAC and padding with AES-256-CBC and SHA-384
/// (RFC 5246, section 6.2.3.2). Larger ones after a client's ChangeCipherSpec are its second hello
/// (RFC 8446, appendix D.4).
pub(super) const MAX_FINISHED_TLS12: u32 = 16 + 16 + 48 + 16;
/// Cipher suites of TLS 1.3 by hash (RFC 8446, appendix B.4).
pub(super) const TLS_AES_256_GCM_SHA384: u16 = 0x1302;

pub(super) fn cipher_overhead(cipher: u16) -> u32 {
    if let Some(mac) = cbc_mac(cipher) {
        return OVERHEAD_CBC_IV_AND_PADDING + mac;
    }
    let suite = tls_parser::TlsCipherSuite::from_id(cipher);
    match suite.map(|suite| &suite.enc) {
        Some(tls_parser::TlsCipherEnc::Chacha20_Poly1305) => OVERHEAD_TLS12_POLY1305,
        _ => OVERHEAD_TLS12_GCM,
    }
}

/// Returns the MAC length of a cipher suite in CBC mode; `None` for other modes.
pub(super) fn cbc_mac(cipher: u16) -> Option<u32> {
    let suite = tls_parser::TlsCipherSuite::from_id(cipher)?;
    let is_cbc = matches!(suite.enc_mode, tls_parser::TlsCipherEncMode::Cbc);
    is_cbc.then(|| u32::from(suite.mac_size) / 8)
}
