#!/usr/bin/env bash
# How well stalls are found: plants 210 stalls of 5 to 500 ms per configuration, by programs that write
# down what they do, holds a recording of each against it, and prints the figures of docs/causes.md.
#
#   tests/bench/stalls.sh                  every configuration, in about a quarter of an hour
#   tests/bench/stalls.sh on_3_14 …        some: asyncio unless `_uvloop`, the kernel's stream unless
#                                          `_sampled`
#
# The program and the recorder go before whatever else the machine does; that needs root.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/support/setup.sh
export LOOPTRACE_INTERPRETERS=${LOOPTRACE_INTERPRETERS:-$cache/interpreters.json}
export LOOPTRACE_TEST_FULL=1 LOOPTRACE_TEST_REALTIME=1
names=("$@")
if [ ${#names[@]} -eq 0 ]; then
    for version in 08 11 13 14 15; do
        for rest in "" _sampled _uvloop _uvloop_sampled; do names+=("on_3_$version$rest"); done
    done
fi
echo '| configuration | found | unconfirmed | wrong length | cause | location |'
echo '|---|---|---|---|---|---|'
for name in "${names[@]}"; do
    # A test that fails has printed its figures all the same.
    cargo test --release --quiet --test live -- --exact "stalls::planted::$name" --nocapture --test-threads 1 2>&1 |
        sed -nE 's/.*(Python [^:]*): found ([0-9]+\/[0-9]+) .*unconfirmed ([0-9]+), beyond [0-9]+, length wrong ([0-9]+), .* cause ([0-9.]+ %), location ([0-9.]+ %).*/| \1 | \2 | \3 | \4 | \5 | \6 |/p' || true
done
