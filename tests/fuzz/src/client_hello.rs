//! ClientHellos: names are whole and stand in the message; what follows a whole message changes
//! nothing.

use nflx_core::fuzzing::client_hello::ClientHello;

/// Reads a message, its beginning, and more than it.
pub fn run(data: &[u8]) {
    let Some((&cut, message)) = data.split_first() else {
        return;
    };
    check(message);
    let part = &message[..message.len() * usize::from(cut) / 256];
    let Some(hello) = check(part) else { return };
    if !hello.truncated {
        assert_eq!(check(message), Some(hello));
    }
}

fn check(message: &[u8]) -> Option<ClientHello<'_>> {
    let hello = ClientHello::parse(message)?;
    if let Some(name) = hello.server_name {
        assert!(
            (1..=253).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic())
        );
        assert!(
            message
                .windows(name.len())
                .any(|part| part == name.as_bytes())
        );
    }
    assert!(hello.alpn.clone().map(|name| name.len() + 1).sum::<usize>() <= message.len());
    Some(hello)
}
