//! The viewer's experience, from segments alone: sessions, the seconds of media in each segment,
//! and the player's buffer over time.
//!
//! - [`Sessions`] divides the segments of a client into plays of one title.
//! - `fit` finds the media seconds of a segment that explain the requests of a play; `cost` judges
//!   them.
//! - `clock` and `timeline` replay it: start, buffer, stalls, pauses, seeks.
//! - [`PlaybackColumns`] adds what it tells to rows of [`crate::features`].
//!
//! [`model`] runs models that others trained on [`crate::features`].

mod clock;
mod cost;
mod ends;
mod fit;
mod follow;
mod headers;
mod interpret;
pub mod model;
mod pause;
mod places;
mod plateaus;
mod play;
mod playback_columns;
mod request;
mod seconds;
mod seeks;
mod session;
mod sessions;
#[cfg(test)]
mod tests;
mod timeline;
mod together;
mod tracks;

pub use clock::State;
pub use playback_columns::PlaybackColumns;
pub use session::{Moment, Reason, Session};
pub use sessions::{SessionStats, Sessions};
