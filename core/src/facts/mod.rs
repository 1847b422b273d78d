//! Plain results: what a host reads.

pub mod annotation;
pub mod counters;
pub mod segment;
pub mod server;
pub mod stats;
pub mod unfollowed;
