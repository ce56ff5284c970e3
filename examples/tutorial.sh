#!/usr/bin/env bash
# Learn from a correct program what always holds, then find out why another one does not train.
# Each command is shown before it runs. Everything is written into demo-output/.
set -euo pipefail
cd "$(dirname "$0")/.."
out=demo-output

run() {
    printf '\n$ %s\n' "$*"
    "$@"
}

rm -rf "$out"
mkdir "$out"
run tc-engine collect -o "$out/digits" -- python examples/digits.py
run tc-engine infer -f "$out/digits" -o "$out/invariants.json"
run tc-engine collect -o "$out/forum_84911" -- python examples/forum_84911.py

status=0
run tc-engine check -f "$out/forum_84911" -i "$out/invariants.json" -o "$out/results" || status=$?
if [ "$status" -ne 1 ]; then
    echo "The check should have found violations (exit code 1), but ended with $status." >&2
    exit 1
fi
printf '\nThe check ended with 1: it found what is wrong. The details are in %s/results.\n' "$out"
