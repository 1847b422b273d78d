//! End to end.

mod annotate;
mod bounds;
mod c_abi;
mod cli;
mod features;
mod plugin;
