//! Models that others trained give what onnxruntime gives, and what is no such model is refused by name.

mod cards;
mod files;
mod golden;
mod refused;
