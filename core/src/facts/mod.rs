//! Plain results that hosts read.

pub(crate) mod annotation;
pub(crate) mod counters;
pub(crate) mod segment;
pub(crate) mod server;
pub(crate) mod stats;
pub(crate) mod unfollowed;
