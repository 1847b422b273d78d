//! All segments of a capture, and what follows from them together.

pub mod buffering;
pub(crate) mod settling;
pub(crate) mod steps;
pub(crate) mod table;
