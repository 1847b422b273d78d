#!/usr/bin/env bash
# Builds the plugin for each Wireshark that a Debian suite has, runs the end to end tests with it there, and prints a
# table. Root; a Rust toolchain that is a folder of its own, as rustup's are.
# usage: run.sh [--readme] [SUITE...]     (bookworm trixie forky)
#
#   --readme   put the table into docs/compatibility.md, between <!-- matrix --> and <!-- /matrix -->; only when all suites passed
#
# What is built and each suite's log stay in target/matrix, the systems where tests/chroot.sh says. Exit status: 0 if every
# suite passed.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
target=$(realpath -m "${CARGO_TARGET_DIR:-$root/target}")/matrix

fail() {
    echo "matrix: $*" >&2
    exit 1
}

readme='' suites=()
for argument in "$@"; do
    case $argument in
    --readme) readme=yes ;;
    -*) fail "usage: run.sh [--readme] [SUITE...]" ;;
    *) suites+=("$argument") ;;
    esac
done
# The oldest first: what is built there runs on the newer ones too.
[ ${#suites[@]} -gt 0 ] || suites=(bookworm trixie forky)

mkdir -p "$target"
# shellcheck source=tests/rust_in_chroot.sh
. "$root/tests/rust_in_chroot.sh"

# Each suite in a system of its own, which keeps what building and testing needs.
build() { # build SUITE NAME=VALUE... COMMAND...
    local suite=$1
    shift
    within "$suite-build" --write "$target" -- "$@"
}
# What does not depend on Wireshark is built once, in the oldest of the suites; the plugin's build script sees that
# another Wireshark is there.
common=$target/${suites[0]}
plugin() { # plugin SUITE: where its plugin is kept
    echo "$target/libnflx_plugin-$1.so"
}

declare -A state version compiler seconds
say() { echo "matrix: $*" >&2; }

# Builds first, all of them: each suite then also gets the plugins of the others, which it must refuse.
for suite in "${suites[@]}"; do
    started=$SECONDS
    log=$target/$suite.log
    : >"$log"
    say "$suite: building; the log is $log"
    state[$suite]=built
    rm -f "$(plugin "$suite")"
    # A warning of the C compiler is an error here: what a later Wireshark calls deprecated is to be replaced.
    if ! "$chroot" make "$suite-build" >>"$log" 2>&1 ||
        ! within "$suite-build" --keep -- plugin/wireshark/prerequisites.sh test >>"$log" 2>&1; then
        state[$suite]='no system to build in'
    elif ! build "$suite" CFLAGS=-Werror CARGO_TARGET_DIR="$common" \
        cargo build --locked --release -p nflx-plugin >>"$log" 2>&1; then
        state[$suite]='does not build'
    else
        cp "$common/release/libnflx_plugin.so" "$(plugin "$suite")"
    fi
    version[$suite]=$(build "$suite" tshark --version 2>>"$log" | sed -nE '1s/^[^0-9]*([0-9][0-9.]*[0-9]).*/\1/p') || true
    compiler[$suite]=$(build "$suite" gcc --version 2>>"$log" | sed -nE '1s/.* ([0-9.]+)$/gcc \1/p') || true
    seconds[$suite]=$((SECONDS - started))
    [ "${state[$suite]}" = built ] || say "$suite: ${state[$suite]}: $(tail -n 3 "$log")"
done

for suite in "${suites[@]}"; do
    [ "${state[$suite]}" = built ] || continue
    started=$SECONDS
    log=$target/$suite.log
    foreign=''
    for other in "${suites[@]}"; do
        if [ "$other" != "$suite" ] && [ -e "$(plugin "$other")" ]; then
            foreign+=${foreign:+:}$(plugin "$other")
        fi
    done
    say "$suite: testing with Wireshark ${version[$suite]}"
    result=$target/$suite.tests
    : >"$result"
    status=0
    build "$suite" CARGO_TARGET_DIR="$common" cargo build --locked --release -p nflx-cli >>"$log" 2>&1 &&
        build "$suite" CARGO_TARGET_DIR="$common" NFLX_BIN="$common/release/nflx" NFLX_PLUGIN="$(plugin "$suite")" \
            NFLX_FOREIGN_PLUGINS="$foreign" \
            cargo test --locked -p nflx-tests --test e2e -- --show-output plugin:: annotate:: c_abi:: \
            >"$result" 2>>"$log" || status=$?
    cat "$result" >>"$log"
    passed=$(sed -nE 's/^test result: .* ([0-9]+) passed; .*/\1/p' "$result" | tail -n 1)
    failed=$(sed -nE 's/^test result: .* ([0-9]+) failed; .*/\1/p' "$result" | tail -n 1)
    if [ "$status" -eq 0 ] && [ "${passed:-0}" -gt 0 ] && ! grep -q 'skipped: .* is not installed' "$result"; then
        state[$suite]="$passed passed"
    elif [ -n "$passed" ]; then
        state[$suite]="$passed passed, $failed failed or without the programs they need"
        sed -nE 's/^(test .* FAILED|skipped: .* is not installed)$/\1/p' "$result" >&2
    else
        state[$suite]='tests do not build'
        tail -n 20 "$log" >&2
    fi
    [ "$status" -ne 0 ] || grep -h '^skipped: ' "$result" | sort | uniq -c >&2 || true
    seconds[$suite]=$((seconds[$suite] + SECONDS - started))
    say "$suite: ${state[$suite]}; built and tested in ${seconds[$suite]} s"
done

good=yes
table='| Wireshark | system | compiler | end to end tests |
|---|---|---|---|'
for suite in "${suites[@]}"; do
    [[ ${state[$suite]} =~ ^[0-9]+\ passed$ ]] || good=''
    table+=$'\n'"| ${version[$suite]:-unknown} | Debian $suite | ${compiler[$suite]:-unknown} | ${state[$suite]} |"
done
echo "$table"
if [ -n "$readme" ] && [ -n "$good" ]; then
    TABLE=$table perl -0pi -e 's/(<!-- matrix -->\n).*?(?=<!-- \/matrix -->)/$1$ENV{TABLE}\n/s' "$root/docs/compatibility.md"
    say "the table is in docs/compatibility.md"
fi
[ -n "$good" ] || fail "not every suite passed; logs are in $target"
