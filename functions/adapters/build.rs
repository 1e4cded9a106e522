//! Links the unwinder into every function. Rust asks the linker for `libgcc_s.so`, which the loader then opens and
//! relocates at each start (docs/performance.md). The linker finds a script of that name first, which names the same code as
//! static libraries. cargo-lambda's linker does this by itself.

use std::path::PathBuf;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    println!("cargo:rerun-if-changed=build.rs");
    let is_gnu = env::var("CARGO_CFG_TARGET_ENV").is_ok_and(|libc| libc == "gnu");
    if is_gnu && let Some(folder) = env::var_os("OUT_DIR") {
        let folder = PathBuf::from(folder);
        fs::write(folder.join("libgcc_s.so"), "GROUP ( libgcc_eh.a libgcc.a )\n")?;
        println!("cargo:rustc-link-search=native={}", folder.display());
    }
    Ok(())
}
