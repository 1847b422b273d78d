//! Builds what must run before Rust's runtime does: see `src/closed_output.c`.

fn main() {
    println!("cargo::rerun-if-changed=src/closed_output.c");
    if std::env::var_os("CARGO_CFG_UNIX").is_some() {
        cc::Build::new()
            .file("src/closed_output.c")
            .warnings_into_errors(true)
            // Nothing refers to what the system calls by itself.
            .link_lib_modifier("+whole-archive")
            .compile("nflx_closed_output");
    }
}
