#!/usr/bin/env bash
# Makes the virtual environment of the tests in Python, unless it is there as requirements.txt wants it, and prints the
# path of its interpreter. Several may ask at once.
# usage: venv.sh [FOLDER [REQUIREMENTS]]     (target/venv, requirements.txt beside this script)
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
folder=$(realpath -m "${1:-${CARGO_TARGET_DIR:-$root/target}/venv}")
requirements=$(realpath -m "${2:-$here/requirements.txt}")
made_of=$folder/requirements.txt

mkdir -p "$(dirname "$folder")"
exec 9>"$folder.lock"
flock 9
# The copy is made last: an interrupted environment is made again.
if ! cmp -s "$requirements" "$made_of" || ! "$folder/bin/python" -c "" 2>/dev/null; then
    echo "nflx: making $folder" >&2
    rm -rf "$folder"
    python3 -m venv "$folder"
    "$folder/bin/python" -m pip install --quiet --disable-pip-version-check -r "$requirements" >&2
    cp "$requirements" "$made_of"
fi
echo "$folder/bin/python"
