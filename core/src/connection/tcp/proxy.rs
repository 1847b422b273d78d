//! Messages between a client and a proxy before the tunnel opens. The bytes after them are a
//! connection of their own.

use super::stream::Run;
use crate::facts::segment::Via;
use crate::packet::Stamp;
use crate::wire::http1::{self, HEAD_END};
use crate::wire::proxy::{self, ClientMessage, Destination, FirstBytes};

/// Longest proxy message to wait for, in bytes. Of longer heads, as with a ticket of Kerberos in
/// them, the first line is read.
const MAX_MESSAGE: usize = 8 * 1024;

/// The progress of a client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Up {
    /// Nothing came except, perhaps, the PROXY protocol's header.
    #[default]
    First,
    /// The client offered authentication methods, in SOCKS 5.
    Greeted,
    /// Asked for a tunnel, in a head that goes on.
    Asking,
    /// Asked for a tunnel.
    Asked,
    /// There is no proxy, or none that is understood.
    Direct,
}

/// The next message of a proxy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Down {
    /// Nothing: the proxy was not spoken to.
    #[default]
    Silent,
    Connect,
    Socks4,
    Socks5Method,
    Socks5Password,
    Socks5,
    /// Refused; the client may ask again.
    Refused,
    /// The server's own message.
    Open,
}

/// Bytes that were taken for a proxy's but are not.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) bytes: Vec<u8>,
    /// The packet that brought the first of them.
    pub(crate) stamp: Stamp,
}

/// A client's exchange with a proxy.
#[derive(Debug, Default)]
pub(crate) struct Proxy {
    up: Up,
    down: Down,
    via: Option<Via>,
    target: Option<Destination>,
    /// The bytes so far of an incomplete message, and the packet with its first byte.
    asked: Vec<u8>,
    since: Stamp,
    answered: Vec<u8>,
    /// Number of further answers to CONNECT still to come, if one was asked before the other was
    /// answered.
    further: u8,
    /// Bytes of a refusal's body before the next of them.
    body: u64,
    /// True if the client spoke with what is behind the proxy.
    entered: bool,
    /// True if the server behind it was heard.
    heard: bool,
}

impl Proxy {
    /// The most memory that one holds, in bytes: a list grows to twice its contents.
    pub(crate) const BOUND: usize = 2 * 2 * MAX_MESSAGE + 256;

    /// Returns its heap memory, in bytes.
    pub(crate) fn heap(&self) -> usize {
        let name = self.target.as_ref().and_then(|target| target.host.as_ref());
        self.asked.capacity() + self.answered.capacity() + name.map_or(0, String::capacity)
    }

    /// Returns the proxy that was asked for a tunnel.
    pub(crate) const fn via(&self) -> Option<Via> {
        self.via
    }

    /// Returns true if there is nothing more to read of it.
    pub(crate) fn is_passed(&self) -> bool {
        let is_direct = self.up == Up::Direct && self.asked.is_empty();
        is_direct || self.up == Up::Asked && self.entered && self.down == Down::Open
    }

    /// Returns true if the server behind it said something.
    pub(crate) const fn is_heard(&self) -> bool {
        self.heard
    }

    /// Returns, once, the client's destination.
    pub(crate) const fn take_target(&mut self) -> Option<Destination> {
        self.target.take()
    }

    /// Reads a client's bytes. Returns how many of them are for the proxy, and earlier bytes that
    /// were held back as the proxy's but are not.
    pub(crate) fn read_up(&mut self, run: &Run<'_>, from_start: bool) -> (u64, Option<Held>) {
        if self.up == Up::Asked && !self.asks_again(run.bytes) {
            self.entered = true;
            return (0, None);
        }
        let is_new = self.up == Up::First && self.asked.is_empty();
        // Words are recognised anywhere, numbers at the beginning only.
        let text = http1::behind_empty_lines(run.bytes);
        let is_word = text.len() > 2 && text[0].is_ascii_uppercase();
        let is_telling = from_start || is_word || self.via.is_some();
        let is_none = is_new && !(is_telling && proxy::may_be_for_proxy(run.bytes));
        if is_none || self.up == Up::Direct {
            self.give_up();
            return (0, self.hand_back(0));
        }
        if self.asked.is_empty() {
            self.since = run.stamp;
        }
        let held = self.asked.len();
        self.asked.extend_from_slice(run.bytes);
        let used = self.ask_all();
        let own = used.saturating_sub(held) as u64;
        let is_cut = (run.bytes.len() as u64) < run.length;
        match self.up {
            Up::First | Up::Greeted | Up::Asking if is_cut => {
                self.give_up();
                self.asked = Vec::new();
                (run.length, None)
            }
            Up::Asked | Up::Direct => {
                self.asked.truncate(held);
                self.entered |= own < run.length;
                (own, self.hand_back(used))
            }
            Up::First | Up::Greeted | Up::Asking => {
                self.asked.drain(..used);
                self.asked.shrink_to(2 * MAX_MESSAGE);
                (run.length, None)
            }
        }
    }

    /// Returns true if a client that asked for a tunnel speaks to a proxy once more: because it was
    /// refused, or within the tunnel, or before it was answered.
    fn asks_again(&mut self, bytes: &[u8]) -> bool {
        let is_open = self.down == Down::Open;
        let asks = match self.down {
            Down::Refused => true,
            Down::Open => !self.entered && proxy::may_be_for_proxy(bytes),
            Down::Connect => !self.entered && proxy::may_be_connect(bytes),
            _ => false,
        };
        if asks {
            (self.up, self.entered) = (Up::First, false);
            if is_open {
                self.down = Down::Silent;
            }
        }
        asks
    }

    /// Reads the messages in the client's bytes so far, and returns their length.
    fn ask_all(&mut self) -> usize {
        let asked = std::mem::take(&mut self.asked);
        let mut used = 0;
        while used < asked.len() && matches!(self.up, Up::First | Up::Greeted | Up::Asking) {
            let rest = &asked[used..];
            match self.ask(rest) {
                FirstBytes::Message((), length) => used += length,
                FirstBytes::Part if rest.len() < MAX_MESSAGE => break,
                // Credentials may be longer than that: their end alone is waited for.
                FirstBytes::Part if self.asks_at_length(rest) => {
                    used = asked.len() - HEAD_END;
                    break;
                }
                FirstBytes::Part | FirstBytes::Other => self.give_up(),
            }
            if self.up == Up::Asked {
                let rest = &asked[used..];
                if !rest.is_empty() && self.down == Down::Connect && proxy::may_be_connect(rest) {
                    self.up = Up::First;
                }
            }
        }
        self.asked = asked;
        used
    }

    /// Applies a request for a tunnel whose head goes on. Returns false if it is none.
    fn asks_at_length(&mut self, bytes: &[u8]) -> bool {
        if self.up == Up::First
            && let Some(target) = proxy::connect_target(bytes)
        {
            self.go_to(target, Via::Connect, Down::Connect);
            self.up = Up::Asking;
        }
        self.up == Up::Asking
    }

    /// Returns the held bytes that are not the proxy's, after this many that are.
    fn hand_back(&mut self, used: usize) -> Option<Held> {
        let mut bytes = std::mem::take(&mut self.asked);
        bytes.drain(..used.min(bytes.len()));
        let stamp = self.since;
        (!bytes.is_empty()).then_some(Held { bytes, stamp })
    }

    /// Reads a client's next message.
    fn ask(&mut self, bytes: &[u8]) -> FirstBytes<()> {
        let step = match self.up {
            Up::Greeted => proxy::socks5(bytes),
            Up::Asking => return self.ends_asking(bytes),
            _ if !proxy::may_be_for_proxy(bytes) => FirstBytes::Other,
            _ if bytes[0] == 5 => proxy::greeting(bytes),
            _ => proxy::request(bytes),
        };
        let (message, length) = match step {
            FirstBytes::Message(message, length) => (message, length),
            FirstBytes::Part => return FirstBytes::Part,
            FirstBytes::Other => return FirstBytes::Other,
        };
        match message {
            ClientMessage::Header | ClientMessage::Password => {}
            ClientMessage::Greeting => (self.up, self.down) = (Up::Greeted, Down::Socks5Method),
            ClientMessage::Connect(target) => {
                let is_further = self.down == Down::Connect;
                self.further = self.further.saturating_add(is_further.into());
                self.go_to(target, Via::Connect, Down::Connect);
            }
            ClientMessage::Socks4(target) => self.go_to(target, Via::Socks, Down::Socks4),
            ClientMessage::Socks5(target) => self.go_to(target, Via::Socks, self.down),
        }
        FirstBytes::Message((), length)
    }

    /// Looks for the end of a head.
    fn ends_asking(&mut self, bytes: &[u8]) -> FirstBytes<()> {
        let Some(length) = http1::head_length(bytes) else {
            return FirstBytes::Part;
        };
        self.up = Up::Asked;
        FirstBytes::Message((), length)
    }

    fn go_to(&mut self, target: Destination, via: Via, answer: Down) {
        self.target = Some(target);
        self.via = Some(via);
        (self.up, self.down) = (Up::Asked, answer);
    }

    /// Treats further bytes as the client's and the server's own. Bytes held for the client are
    /// returned with its next ones.
    fn give_up(&mut self) {
        self.up = Up::Direct;
        // An answer to CONNECT may still be on its way.
        if self.down != Down::Connect {
            self.down = Down::Open;
            self.answered = Vec::new();
        }
    }

    /// Reads bytes that come back. Returns how many of them are the proxy's.
    pub(crate) fn read_down(&mut self, run: &Run<'_>) -> u64 {
        match self.down {
            Down::Open => {
                self.heard = true;
                return 0;
            }
            // Servers do not speak before a proxy was asked to connect to them.
            Down::Silent => {
                self.give_up();
                return 0;
            }
            Down::Refused => return run.length,
            _ => {}
        }
        let held = self.answered.len();
        let mut bytes = std::mem::take(&mut self.answered);
        bytes.extend_from_slice(run.bytes);
        let mut used = 0;
        while !matches!(self.down, Down::Open | Down::Refused) && used < bytes.len() {
            let body = (bytes.len() - used).min(usize::try_from(self.body).unwrap_or(usize::MAX));
            self.body -= body as u64;
            used += body;
            match self.answer(&bytes[used..]) {
                FirstBytes::Message(next, length) => {
                    self.down = next;
                    used += length;
                }
                FirstBytes::Part if bytes.len() - used < MAX_MESSAGE => break,
                FirstBytes::Part | FirstBytes::Other => self.down = Down::Open,
            }
        }
        let is_cut = (run.bytes.len() as u64) < run.length;
        match self.down {
            Down::Open => {
                let own = used.saturating_sub(held) as u64;
                self.heard |= own < run.length;
                own
            }
            Down::Refused => run.length,
            _ if is_cut => {
                self.down = Down::Open;
                run.length
            }
            _ => {
                bytes.drain(..used);
                bytes.shrink_to(2 * MAX_MESSAGE);
                self.answered = bytes;
                run.length
            }
        }
    }

    /// Reads a proxy's next message. Returns the state after it.
    fn answer(&mut self, bytes: &[u8]) -> FirstBytes<Down> {
        let verdict = |opens| if opens { Down::Open } else { Down::Refused };
        match self.down {
            _ if bytes.is_empty() => FirstBytes::Part,
            Down::Connect => {
                let answer = proxy::connect_answer(bytes);
                map(answer, |(status, body)| self.answered_connect(status, body))
            }
            Down::Socks4 => map(proxy::socks4_answer(bytes), verdict),
            Down::Socks5Method => map(proxy::socks5_choice(bytes), |method| match method {
                0 => Down::Socks5,
                2 => Down::Socks5Password,
                _ => Down::Refused,
            }),
            Down::Socks5Password => map(proxy::socks5_choice(bytes), |code| match code {
                0 => Down::Socks5,
                _ => Down::Refused,
            }),
            Down::Socks5 => map(proxy::socks5_answer(bytes), verdict),
            Down::Silent | Down::Refused | Down::Open => FirstBytes::Other,
        }
    }

    /// Processes an answer to CONNECT. If there were several requests, the last answer decides.
    fn answered_connect(&mut self, status: u16, body: u64) -> Down {
        let opens = (200..300).contains(&status);
        match status {
            100..200 => Down::Connect,
            _ if self.further > 0 => {
                self.further -= 1;
                self.body = if opens { 0 } else { body };
                Down::Connect
            }
            _ if opens => Down::Open,
            _ => Down::Refused,
        }
    }
}

fn map<T, U>(step: FirstBytes<T>, change: impl FnOnce(T) -> U) -> FirstBytes<U> {
    match step {
        FirstBytes::Message(message, length) => FirstBytes::Message(change(message), length),
        FirstBytes::Part => FirstBytes::Part,
        FirstBytes::Other => FirstBytes::Other,
    }
}
