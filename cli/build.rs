//! Builds code that must run before the program's runtime starts: see `src/closed_output.c`.

fn main() {
    println!("cargo::rerun-if-changed=src/closed_output.c");
    if std::env::var_os("CARGO_CFG_UNIX").is_some() {
        let objects = cc::Build::new()
            .file("src/closed_output.c")
            .warnings_into_errors(true)
            .compile_intermediates();
        // Linked as an object, and into the program only: nothing refers to code that the system
        // calls by itself, and a library must not change what standard output is.
        for object in objects {
            println!("cargo::rustc-link-arg-bins={}", object.display());
        }
    }
}
