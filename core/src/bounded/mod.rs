//! Tables and lists with limits: ground that knows nobody.

pub(crate) mod by_weight;
pub(crate) mod clock_table;
pub(crate) mod numbering;
pub(crate) mod size;
pub(crate) mod work;
