//! End to end.

mod annotate;
mod bounds;
mod c_abi;
mod cli;
mod docs;
mod examples;
mod features;
mod plugin;
mod purity;
mod report;
