//! Tables and lists with limits. They depend on nothing else in the crate.

pub(crate) mod by_weight;
pub(crate) mod clock_table;
pub(crate) mod numbering;
pub(crate) mod size;
pub(crate) mod work;
