//! The C ABI over [`nflx_core`]: the contract is `include/nflx.h`, which is generated from this
//! crate's comments.
//!
//! One module per noun. `guard` is the only way from C into the core: it checks handles and
//! pointers, contains panics and keeps the message of the last failure. `crossing` holds the rules
//! for structs that cross. Everything else copies core's facts into plain structs; nothing is
//! borrowed or shared.

// The duties of a C caller are stated once, at the top of the header; a function's comment states
// any further ones.
#![allow(clippy::missing_safety_doc)]
// Types have their C names, so that one search finds both sides.
#![allow(non_camel_case_types)]

mod address;
mod annotation;
mod answers;
mod config;
mod crossing;
mod engine;
mod frame_log;
mod guard;
mod losses;
mod names;
mod news;
mod note;
mod packet;
mod panic;
mod playback;
mod quality;
mod segment;
mod server;
mod session;
mod setting;
mod stats;
mod status;
mod text;

pub use address::*;
pub use annotation::*;
pub use answers::*;
pub use config::*;
pub use engine::*;
pub use frame_log::FrameLog;
pub use losses::*;
pub use names::*;
pub use news::*;
pub use note::*;
pub use packet::*;
pub use playback::*;
pub use quality::*;
pub use segment::*;
pub use server::*;
pub use session::*;
pub use setting::*;
pub use stats::*;
pub use status::*;

/// Version of this ABI. Changes only if programs built with an older header would break. Within a
/// version, structs grow by fields at their end, which `struct_size` tells apart. Version 2 made
/// `nflx_engine` const where a function only reads.
pub const NFLX_ABI_VERSION: u32 = 2;

/// Returns the `NFLX_ABI_VERSION` that the library was built with. Compare it with the header's
/// before any other call.
#[unsafe(no_mangle)]
pub extern "C" fn nflx_abi_version() -> u32 {
    NFLX_ABI_VERSION
}
