#!/usr/bin/env bash
# Compiles the plugin against headers that headers.sh made and the static library of nflx.
# usage: build.sh HEADERS LIBRARY OUTPUT     target/suricata/headers target/release/libnflx_ffi.a target/suricata/nflx.so
#
#   CC, CFLAGS, LDFLAGS   as everywhere
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
[ $# -eq 3 ] || {
    echo "usage: build.sh HEADERS LIBRARY OUTPUT" >&2
    exit 1
}
headers=$1 library=$2 output=$3
version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$here/../../Cargo.toml" | head -n 1)
mapfile -t flags < <(tr ' ' '\n' <"$headers/flags")

# Suricata's headers are not ours to warn about. Nothing of Rust may meet Suricata's own: only the entry is visible.
"${CC:-cc}" -std=gnu11 -O2 -g -fPIC -shared -fvisibility=hidden -Wall -Wextra -Werror=implicit-function-declaration \
    -DHAVE_CONFIG_H '-D__SCFILENAME__="nflx"' "-DNFLX_VERSION=\"$version\"" \
    -isystem "$headers/include" "-I$here/../../include" "${flags[@]}" ${CFLAGS:-} \
    "$here"/src/*.c "$library" -o "$output" \
    -Wl,--exclude-libs,ALL -Wl,--gc-sections -Wl,-z,relro,-z,now -lpthread -lm -ldl ${LDFLAGS:-}
