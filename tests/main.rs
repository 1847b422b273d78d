//! End to end.

mod c_abi;
mod cli;
mod plugin;
