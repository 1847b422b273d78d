#!/usr/bin/env bash
# A user's steps (tests/plugin/gui.sh) in the window of the Wireshark that another Debian suite has, in a system of its own.
# Root; a Rust toolchain that is a folder of its own, as rustup's are.
# usage: window.sh [SUITE [FOLDER_FOR_SCREENSHOTS]]     (forky target/gui-forky)
#
# What is built stays in target/matrix/SUITE-window, the system where tests/chroot.sh says.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
target=$(realpath -m "${CARGO_TARGET_DIR:-$root/target}")
suite=${1:-forky}
built=$target/matrix/$suite-window
out=$(realpath -m "${2:-$target/gui-$suite}")

mkdir -p "$built" "$out"
# shellcheck source=tests/rust_in_chroot.sh
. "$root/tests/rust_in_chroot.sh"
system=$suite-window
"$chroot" make "$system"
within "$system" --keep -- plugin/wireshark/prerequisites.sh gui
within "$system" --write "$built" -- CARGO_TARGET_DIR="$built" \
    cargo build --locked --quiet --release -p nflx-plugin -p nflx-cli
within "$system" --write "$built" --write "$out" -- tests/plugin/gui.sh "$built/release" "$out"
