//! End to end.

mod annotate;
mod c_abi;
mod cli;
mod features;
mod plugin;
