//! DNS messages: bounded, lower case, and of a cut message what stands before the cut.

use nflx_core::wire::dns::Response;

/// Reads a message, and its beginning.
pub fn run(data: &[u8]) {
    let Some((&cut, message)) = data.split_first() else {
        return;
    };
    let Some(whole) = Response::parse(message) else {
        return;
    };
    assert!(whole.addresses.len() <= 256);
    for name in whole
        .question
        .iter()
        .chain(whole.addresses.iter().map(|(owner, _)| owner))
    {
        assert!(
            !name.bytes().any(|byte| byte.is_ascii_uppercase()),
            "{name}"
        );
        assert!(whole.chain(name).count() <= 16);
    }
    let at = message.len() * usize::from(cut) / 256;
    if let Some(part) = Response::parse(&message[..at]) {
        assert!(part.question.is_none() || part.question == whole.question);
        assert!(
            whole.addresses.starts_with(&part.addresses),
            "{part:?} of {whole:?}"
        );
    }
}
