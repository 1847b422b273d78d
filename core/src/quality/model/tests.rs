//! Models give the same results as onnxruntime, and other files are refused by name.

mod cards;
mod files;
mod golden;
mod refused;
