//! Results in words, for people.

pub mod comment;
pub mod summary;
