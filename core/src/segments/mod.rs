//! All segments of a capture, and facts derived from several of them.

pub mod buffering;
pub(crate) mod settling;
pub(crate) mod steps;
pub(crate) mod table;
