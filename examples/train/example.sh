#!/usr/bin/env bash
# Trains example.onnx on simulated sessions, the same each time: example.sh [MODEL]     (example.onnx beside this script)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
model=${1:-$here/example.onnx}
sessions=$(mktemp -d)
trap 'rm -rf "$sessions"' EXIT
"${PYTHON:-python3}" "$here/simulate.py" "$sessions" --sessions 30
"${PYTHON:-python3}" "$here/train.py" "$sessions" "$model" --kind boosted --trees 160 --name "example on simulated sessions"
