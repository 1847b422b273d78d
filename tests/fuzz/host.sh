#!/bin/bash
# Runs damaged captures through tshark with the plugin: tests/fuzz/host.sh [SECONDS]     (120, divided)
#
# Two thirds of the time with every check that needs nothing of the host: the plugin's C sources built with
# UndefinedBehaviorSanitizer, which ends the program, the core as a debug build. Then a few captures under valgrind, which
# sees into the host. (AddressSanitizer does not: loaded into a tshark that was built without it, it waits for itself.)
# At last, however long that takes, captures cut at every length, through sharkd and the command.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
seconds=${1:-120}
folder=${CARGO_TARGET_DIR:-$here/../../target}
host=$(rustc -vV | sed -n 's/^host: //p')

CFLAGS="-fsanitize=undefined -fsanitize-undefined-trap-on-error -g" \
    cargo build --locked -p nflx-plugin --manifest-path "$here/../../Cargo.toml" --target "$host" \
    --target-dir "$folder/sanitized"
cargo build --locked --release -p nflx-plugin -p nflx-cli --manifest-path "$here/../../Cargo.toml"
python3 "$here/host.py" --plugin "$folder/sanitized/$host/debug/libnflx_plugin.so" --seconds "$((seconds * 2 / 3))"
python3 "$here/host.py" --plugin "$folder/release/libnflx_plugin.so" --seconds "$((seconds / 3))" --valgrind
python3 "$here/lengths.py" --plugin "$folder/sanitized/$host/debug/libnflx_plugin.so" --nflx "$folder/release/nflx"
