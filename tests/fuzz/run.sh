#!/bin/bash
# Runs the fuzz targets: tests/fuzz/run.sh [SECONDS] [TARGET ...]     (60 seconds of each processor, divided among all targets)
#
# Needs: the stable Rust toolchain, a C++ compiler (libFuzzer is built from source), python3. What is found stays in
# the folder fuzz of the target directory: corpus/TARGET grows from run to run, artifacts/TARGET holds inputs that fail.
# What failed once is in the folder corpus beside this script and runs first. One such input again: fuzz/HOST/release/TARGET FILE
# NFLX_FUZZ_SEED: the seed of what libFuzzer tries; without it each run has another.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
seconds=${1:-60}
shift || true
targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then
    for file in "$here"/src/bin/*.rs; do targets+=("$(basename "$file" .rs)"); done
fi

if ! command -v c++ >/dev/null; then
    echo "a C++ compiler is missing; on Debian and Ubuntu: sudo apt-get install g++" >&2
    exit 1
fi

folder=${CARGO_TARGET_DIR:-$here/../../target}/fuzz
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
host=$(rustc -vV | sed -n 's/^host: //p')
# Coverage as libFuzzer reads it. With a target named, build scripts and procedural macros go without.
coverage=(-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table
    -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing)
RUSTFLAGS="${coverage[*]}" cargo build --locked --release --manifest-path "$here/Cargo.toml" --target "$host" \
    --target-dir "$folder" --bins
programs=$folder/$host/release
python3 "$here/seeds.py" "$folder/seeds"

jobs=$(nproc)
[ "$jobs" -le "${#targets[@]}" ] || jobs=${#targets[@]}
each=$((seconds * jobs / ${#targets[@]}))
[ "$each" -gt 0 ] || each=1

run() { # run TARGET: its line, and what failed
    local target=$1 log=$folder/$1.log status=0
    mkdir -p "$folder/corpus/$target" "$folder/artifacts/$target" "$folder/seeds/$target"
    local inputs=("$folder/corpus/$target" "$folder/seeds/$target")
    [ ! -d "$here/corpus/$target" ] || inputs+=("$here/corpus/$target")
    "$programs/$target" "${inputs[@]}" \
        -artifact_prefix="$folder/artifacts/$target/" -max_total_time="$each" -max_len=8192 -timeout=10 \
        -seed="${NFLX_FUZZ_SEED:-0}" \
        -rss_limit_mb=1024 -print_final_stats=1 >"$log" 2>&1 || status=$?
    local count speed line
    count=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    speed=$(sed -n 's/^stat::average_exec_per_sec: *//p' "$log")
    line=$(printf '%-13s %12s executions %9s/s' "$target" "${count:-?}" "${speed:-?}")
    if [ "$status" -eq 0 ]; then
        echo "$line"
    else
        echo "$line   FAILED"
        grep -aE "panicked at|^thread|assertion|left:|right:|ERROR: libFuzzer|Test unit written" "$log" | head -8 >&2 || true
        return 1
    fi
}
export here folder programs each
export -f run

printf '%s\n' "${targets[@]}" | xargs -P "$jobs" -I{} bash -uc 'run {}'
