//! DNS messages: bounded, names that hosts could have, and of a cut message what stands before the
//! cut.

use nflx_core::fuzzing::dns::Response;
use nflx_core::fuzzing::host_name::is_host_name;

/// Reads a message, and its beginning.
pub fn run(data: &[u8]) {
    let Some((&cut, message)) = data.split_first() else {
        return;
    };
    let Some(whole) = Response::parse(message) else {
        return;
    };
    let answers: Vec<_> = whole.answers(|name| name.contains("netflix")).collect();
    assert!(answers.len() <= 256);
    let owners = answers.iter().map(|answer| answer.owner);
    let found = answers.iter().filter_map(|answer| answer.found);
    for name in whole.question().into_iter().chain(owners).chain(found) {
        assert!(is_host_name(name.as_bytes()), "{name:?}");
        assert!(
            !name.bytes().any(|byte| byte.is_ascii_uppercase()),
            "{name}"
        );
    }
    let at = message.len() * usize::from(cut) / 256;
    if let Some(part) = Response::parse(&message[..at]) {
        assert!(part.question().is_none() || part.question() == whole.question());
        let addresses = |response: &Response| {
            let answers = response.answers(|_| false);
            answers
                .map(|answer| (answer.owner.to_owned(), answer.address))
                .collect::<Vec<_>>()
        };
        assert!(
            addresses(&whole).starts_with(&addresses(&part)),
            "{part:?} of {whole:?}"
        );
    }
}
