//! Quality of a viewer's video, inferred from what passes on the wire.

pub mod model;
