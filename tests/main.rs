//! End to end.

mod annotate;
mod bounds;
mod building;
mod c_abi;
mod cli;
mod docs;
mod examples;
mod features;
mod honest;
mod plugin;
mod purity;
mod report;
mod watched;
