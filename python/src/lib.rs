//! The engine for Python, in process: packets in, facts out.
//!
//! Uses PyO3 rather than the C library through cffi: a call takes a fraction of a microsecond
//! instead of several, facts are typed objects, and one wheel (`abi3`) serves every Python from 3.9
//! on without a compiler on the user's machine.
#![forbid(unsafe_code)]

mod engine;
mod facts;
mod model;
mod settings;
mod tables;

use pyo3::prelude::*;

/// The contents of `nflx._nflx`; `nflx` itself gives users these names.
#[pymodule]
fn _nflx(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<engine::Engine>()?;
    module.add_class::<facts::Packet>()?;
    module.add_class::<facts::Segment>()?;
    module.add_class::<facts::Server>()?;
    module.add_class::<facts::Window>()?;
    module.add_class::<tables::Table>()?;
    module.add_function(wrap_pyfunction!(tables::read_table, module)?)
}
