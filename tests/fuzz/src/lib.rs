//! One module per fuzz target. Each has `run`, which takes any bytes and panics where the code
//! under test breaks a promise; a panic of that code's own counts as well.

pub mod abi;
pub mod client_hello;
pub mod config;
pub mod decode;
pub mod dns;
pub mod engine;
pub mod features;
pub mod http;
pub mod model;
pub mod quic;
pub mod reading;
pub mod sessions;
pub mod stream;
pub mod tls;
mod traffic;
pub mod writing;

mod memory;

#[global_allocator]
static MEMORY: memory::Counting = memory::Counting;

/// Runs a target and holds it to its memory: 256 MB are promised for the defaults of an engine, and
/// parsers, which get some kilobytes, take no more than some times of that.
pub fn hold(memory: Memory, run: fn(&[u8]), data: &[u8]) {
    let most = match memory {
        Memory::Parser => PARSER_BYTES + PARSER_SHARE * data.len(),
        Memory::Program => PROMISED,
    };
    let used = memory::most_in_use(|| run(data));
    assert!(used <= most, "{used} bytes of memory, of {most}");
}

/// Most memory of a target.
#[derive(Clone, Copy, Debug)]
pub enum Memory {
    /// In proportion to its input.
    Parser,
    /// The promise of a whole program.
    Program,
}

const PARSER_BYTES: usize = 1 << 18;
const PARSER_SHARE: usize = 64;
const PROMISED: usize = 256_000_000;

// The command's reader and writer of captures are no library's: their sources are compiled in, with
// what they use of the command.
#[allow(dead_code, unused_imports)]
#[path = "../../../cli/src/capture/mod.rs"]
mod capture;
#[allow(dead_code)]
#[path = "../../../cli/src/progress.rs"]
mod progress;

#[allow(dead_code)]
#[path = "../../../cli/src/escape.rs"]
mod escape;
#[allow(dead_code)]
#[path = "../../../cli/src/identity.rs"]
mod identity;
#[allow(dead_code)]
#[path = "../../../cli/src/messages.rs"]
mod messages;
#[allow(dead_code)]
#[path = "../../../cli/src/signals.rs"]
mod signals;

/// Reads numbers and bytes off an input; zeros once it is used up.
pub(crate) struct Input<'a>(arbitrary::Unstructured<'a>);

impl<'a> Input<'a> {
    pub(crate) fn new(data: &'a [u8]) -> Self {
        Self(arbitrary::Unstructured::new(data))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn u8(&mut self) -> u8 {
        self.0.arbitrary().unwrap_or_default()
    }

    pub(crate) fn u16(&mut self) -> u16 {
        self.0.arbitrary().unwrap_or_default()
    }

    pub(crate) fn u32(&mut self) -> u32 {
        self.0.arbitrary().unwrap_or_default()
    }

    pub(crate) fn u64(&mut self) -> u64 {
        self.0.arbitrary().unwrap_or_default()
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::from(self.u8()) % end
    }

    /// The next bytes, as many of `count` as there are.
    pub(crate) fn bytes(&mut self, count: usize) -> &'a [u8] {
        let count = count.min(self.0.len());
        self.0.bytes(count).unwrap_or_default()
    }

    /// All that is left.
    pub(crate) fn rest(&mut self) -> &'a [u8] {
        self.bytes(usize::MAX)
    }
}
