//! What a client and a proxy tell each other before the tunnel opens. Behind it, the bytes are a connection of its own.

use super::stream::Run;
use crate::facts::segment::Via;
use crate::wire::proxy::{self, Request, Step, Target};

/// Longest message to or from a proxy that is waited for, in bytes. Heads with credentials have some kilobytes.
const MAX_MESSAGE: usize = 8 * 1024;

/// The progress of a client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Up {
    /// Nothing came but, perhaps, the PROXY protocol's header.
    #[default]
    First,
    /// Its methods of authentication were offered, by SOCKS 5.
    Greeted,
    /// Asked for a tunnel.
    Asked,
    /// There is no proxy, or none that is understood.
    Direct,
}

/// The next message of a proxy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Down {
    /// Nothing: it was not spoken to.
    #[default]
    Silent,
    Connect,
    Socks4,
    Socks5Method,
    Socks5Password,
    Socks5,
    /// Refused; the client may ask again.
    Refused,
    /// The server's message.
    Open,
}

/// A client's talk with a proxy.
#[derive(Debug, Default)]
pub(crate) struct Proxy {
    up: Up,
    down: Down,
    via: Option<Via>,
    target: Option<Target>,
    /// Of a message that is not whole, what came.
    asked: Vec<u8>,
    answered: Vec<u8>,
    /// The server behind it was heard.
    heard: bool,
}

impl Proxy {
    /// The most memory that one holds, in bytes: a list grows to twice of what was in it.
    pub(crate) const BOUND: usize = 2 * 2 * MAX_MESSAGE + 256;

    /// Memory behind it, in bytes.
    pub(crate) fn heap(&self) -> usize {
        let name = self.target.as_ref().and_then(|target| target.name.as_ref());
        self.asked.capacity() + self.answered.capacity() + name.map_or(0, String::capacity)
    }

    /// The proxy that was asked for a tunnel.
    pub(crate) const fn via(&self) -> Option<Via> {
        self.via
    }

    /// Returns true if no more is to be read of it.
    pub(crate) fn is_passed(&self) -> bool {
        self.up == Up::Direct || self.up == Up::Asked && self.down == Down::Open
    }

    /// Returns true if the server behind it said something.
    pub(crate) const fn is_heard(&self) -> bool {
        self.heard
    }

    /// Hands out, once, where the client wants to go.
    pub(crate) const fn take_target(&mut self) -> Option<Target> {
        self.target.take()
    }

    /// Reads a client's bytes; returns how many of them are for the proxy.
    pub(crate) fn read_up(&mut self, run: &Run<'_>, from_start: bool) -> u64 {
        if self.up == Up::Asked && self.down == Down::Refused {
            self.up = Up::First;
        }
        if self.is_passed() || self.up == Up::Asked {
            return 0;
        }
        let is_new = self.up == Up::First && self.asked.is_empty();
        // Words are telling wherever they stand, numbers at the beginning only.
        let is_telling = from_start || run.bytes.first().is_some_and(u8::is_ascii_uppercase);
        if is_new && !(is_telling && proxy::may_be_for_proxy(run.bytes)) {
            self.give_up();
            return 0;
        }
        let held = self.asked.len();
        let mut bytes = std::mem::take(&mut self.asked);
        bytes.extend_from_slice(&run.bytes[..run.bytes.len().min(2 * MAX_MESSAGE - held)]);
        let mut used = 0;
        while self.up != Up::Asked && self.up != Up::Direct && used < bytes.len() {
            match self.ask(&bytes[used..]) {
                Step::Message((), length) => used += length,
                Step::Part if bytes.len() - used < MAX_MESSAGE => break,
                Step::Part | Step::Other => self.give_up(),
            }
        }
        let is_cut = (run.bytes.len() as u64) < run.length;
        if self.up == Up::Asked || self.up == Up::Direct {
            return (used.saturating_sub(held)) as u64;
        }
        if is_cut {
            self.give_up();
        } else {
            bytes.drain(..used);
            self.asked = bytes;
        }
        run.length
    }

    /// Reads a client's next message.
    fn ask(&mut self, bytes: &[u8]) -> Step<()> {
        let step = match self.up {
            Up::Greeted => proxy::socks5(bytes),
            _ if bytes[0] == 5 => proxy::greeting(bytes),
            _ if self.via.is_none() && !proxy::may_be_for_proxy(bytes) => Step::Other,
            _ => proxy::request(bytes),
        };
        let (message, length) = match step {
            Step::Message(message, length) => (message, length),
            Step::Part => return Step::Part,
            Step::Other => return Step::Other,
        };
        match message {
            Request::Header | Request::Password => {}
            Request::Greeting => (self.up, self.down) = (Up::Greeted, Down::Socks5Method),
            Request::Connect(target) => self.go_to(target, Via::Connect, Down::Connect),
            Request::Socks4(target) => self.go_to(target, Via::Socks, Down::Socks4),
            Request::Socks5(target) => self.go_to(target, Via::Socks, self.down),
        }
        Step::Message((), length)
    }

    fn go_to(&mut self, target: Target, via: Via, answer: Down) {
        self.target = Some(target);
        self.via = Some(via);
        (self.up, self.down) = (Up::Asked, answer);
    }

    fn give_up(&mut self) {
        (self.up, self.down) = (Up::Direct, Down::Open);
        (self.asked, self.answered) = (Vec::new(), Vec::new());
    }

    /// Reads bytes that come back; returns how many of them are the proxy's.
    pub(crate) fn read_down(&mut self, run: &Run<'_>) -> u64 {
        match self.down {
            Down::Open => {
                self.heard = true;
                return 0;
            }
            // Servers do not speak before a proxy was asked for them.
            Down::Silent => {
                self.give_up();
                return 0;
            }
            Down::Refused => return run.length,
            _ => {}
        }
        let held = self.answered.len();
        let mut bytes = std::mem::take(&mut self.answered);
        bytes.extend_from_slice(&run.bytes[..run.bytes.len().min(2 * MAX_MESSAGE - held)]);
        let mut used = 0;
        while !matches!(self.down, Down::Open | Down::Refused) && used < bytes.len() {
            match self.answer(&bytes[used..]) {
                Step::Message(next, length) => {
                    self.down = next;
                    used += length;
                }
                Step::Part if bytes.len() - used < MAX_MESSAGE => break,
                Step::Part | Step::Other => self.down = Down::Open,
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
                self.answered = bytes;
                run.length
            }
        }
    }

    /// Reads a proxy's next message: what it says after it.
    fn answer(&self, bytes: &[u8]) -> Step<Down> {
        let verdict = |opens| if opens { Down::Open } else { Down::Refused };
        match self.down {
            Down::Connect => map(proxy::connect_answer(bytes), |status| match status {
                100..200 => Down::Connect,
                status => verdict((200..300).contains(&status)),
            }),
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
            Down::Silent | Down::Refused | Down::Open => Step::Other,
        }
    }
}

fn map<T, U>(step: Step<T>, change: impl FnOnce(T) -> U) -> Step<U> {
    match step {
        Step::Message(message, length) => Step::Message(change(message), length),
        Step::Part => Step::Part,
        Step::Other => Step::Other,
    }
}
