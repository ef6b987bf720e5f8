#!/usr/bin/env bash
# How well stalls are found: plants 210 stalls of 5 to 500 ms per configuration, by programs that write
# down what they do, holds a recording of each against it, and prints the figures of docs/causes.md.
#
#   tests/bench/stalls.sh                  every configuration, in about eleven minutes
#   tests/bench/stalls.sh on_3_14 …        some: asyncio unless `_uvloop`, the kernel's stream unless
#                                          `_sampled`
#   tests/bench/stalls.sh --healthy        programs without stalls instead, for ten minutes each, eighty in all
#                                          (LOOPTRACE_TEST_SECONDS=120: two), or some: busy_on_3_08 …
#
#   --detach      goes on in the background; says where its log is
#   --log DIR     keeps everything that was printed there (target/stalls)
#   --docs        puts the figures into the tables of docs/causes.md
#   --no-realtime does without the real-time priority that the program and the recorder have else:
#                 they go before whatever else the machine does, and that needs root
#
# Ends with 1 if a configuration failed or gave no figures.
set -euo pipefail
cd "$(dirname "$0")/../.."
arguments=("$@")
names=()
log=target/stalls
healthy=false detach=false docs=false
export LOOPTRACE_TEST_REALTIME=1
while [ $# -gt 0 ]; do
    case $1 in
        --healthy) healthy=true ;;
        --detach) detach=true ;;
        --docs) docs=true ;;
        --no-realtime) unset LOOPTRACE_TEST_REALTIME ;;
        --log) log=${2:?--log needs a directory}; shift ;;
        -h | --help) sed -n '2,/^set/s/^# \{0,1\}//p' "$0"; exit 0 ;;
        -*) echo "tests/bench/stalls.sh: unknown argument $1" >&2; exit 2 ;;
        *) names+=("$1") ;;
    esac
    shift
done
mkdir -p "$log"
if $detach; then
    again=()
    for argument in "${arguments[@]}"; do [ "$argument" = --detach ] || again+=("$argument"); done
    setsid nohup tests/bench/stalls.sh "${again[@]}" </dev/null >"$log/run.log" 2>&1 &
    echo "process $!, figures in $log/run.log"
    exit 0
fi

. tests/support/setup.sh
export LOOPTRACE_INTERPRETERS=${LOOPTRACE_INTERPRETERS:-$cache/interpreters.json}
export LOOPTRACE_TEST_FULL=1
provide_toolchain
[ -e "$LOOPTRACE_INTERPRETERS" ] || tests/run --setup
# Programs in there look at their own clocks in /proc.
if is_root && [ -e "$sid/.complete" ]; then provide_sid; fi
cargo test --release --test live --no-run

group=planted
if $healthy; then group=healthy; fi
if [ ${#names[@]} -eq 0 ]; then
    if $healthy; then
        names=(idle_on_3_08 idle_on_3_13 idle_on_3_13_uvloop idle_on_3_15)
        names+=(busy_on_3_08 busy_on_3_13 busy_on_3_13_uvloop busy_on_3_15)
    else
        for version in 08 11 13 14 15; do
            for rest in "" _sampled _uvloop _uvloop_sampled; do names+=("on_3_$version$rest"); done
        done
    fi
fi

# The figures that a test printed, as a row of its table in docs/causes.md.
row() {
    local figures
    figures=$(sed -nE '/Python .*: found [0-9]+\/[0-9]+ /{s/^.*(Python [0-9]+\.[0-9]+t? )/\1/;p;q}' "$1")
    if ! $healthy; then
        sed -nE 's/^([^:]*): found ([0-9]+\/[0-9]+) .*unconfirmed ([0-9]+), beyond [0-9]+, length wrong ([0-9]+), .* cause ([0-9.]+ %), location ([0-9.]+ %).*/| \1 | \2 | \3 | \4 | \5 | \6 |/p' <<<"$figures"
        return
    fi
    # Everything that it reports is beyond what was planted: nothing was.
    sed -nE 's/^(Python [^ ]+) (idle|busy)([^:]*): .*unconfirmed ([0-9]+), beyond ([0-9]+),.*/\1 \2 \4 \5 \3/p' <<<"$figures" |
        while read -r python version what unconfirmed confirmed rest; do
            [ "$what" = idle ] || what='90 % busy'
            echo "| $what, $python $version${rest:+ $rest} | $((unconfirmed + confirmed)) | $unconfirmed |"
        done
}

failed=()
: >"$log/rows.md"
begun=$SECONDS
if $healthy; then
    printf '| program | reported | unconfirmed |\n|---|---|---|\n'
else
    printf '| configuration | found | unconfirmed | wrong length | cause | location |\n|---|---|---|---|---|---|\n'
fi
for name in "${names[@]}"; do
    # A test that fails has printed its figures all the same.
    passed=true
    cargo test --release --quiet --test live -- --exact "stalls::$group::$name" --nocapture --test-threads 1 \
        >"$log/$name.log" 2>&1 || passed=false
    row=$(row "$log/$name.log")
    if [ -n "$row" ]; then echo "$row" | tee -a "$log/rows.md"; fi
    if ! $passed || [ -z "$row" ]; then
        failed+=("$name")
        what='no figures'
        if [ -n "$row" ]; then what='not as it should be'; fi
        echo "!! $name: $what; see $log/$name.log" >&2
    fi
done
echo "${#names[@]} in $(((SECONDS - begun) / 60)) min $(((SECONDS - begun) % 60)) s, everything in $log" >&2
if $docs; then
    # By the number of cells and what the first one says.
    awk -F'|' 'NR == FNR { row[NF $2] = $0; next } NF $2 in row { $0 = row[NF $2] } { print }' \
        "$log/rows.md" docs/causes.md >"$log/causes.md"
    cp "$log/causes.md" docs/causes.md
fi
if [ ${#failed[@]} -gt 0 ]; then
    echo "!! not as they should be: ${failed[*]}" >&2
    exit 1
fi
