#!/usr/bin/env python3
"""How often `looptrace check` is wrong: on identical code, and on code that is a third worse.

    cargo build --release
    tests/ci/prove.py record --out DIR [--load N] [--blocks 24]
    tests/ci/prove.py record --out DIR --prefix 'chrt -f 45 taskset -c 0' \\
        --python 'chrt -f 40 taskset -c 1 python3'
    tests/ci/prove.py judge --out DIR [--comparisons 200] [--against DIR]

`record` runs samples/regression.py in blocks: in each block every variant once (the unchanged one
twice), in random order, so that any two variants are interleaved. `judge` then draws blocks at random
and has `looptrace check` compare: the unchanged program with itself (every failure is a false alarm),
and with each of its worse versions; with --against, baselines come from another recording session,
as they do where they are kept. --load N keeps N other processes busy during the recording.
"""

import argparse
import collections
import concurrent.futures
import json
import math
import os
import pathlib
import random
import shlex
import signal
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "samples" / "regression.py"
VARIANTS = ["base", "again", "cpu", "block", "query", "leak"]

# What a team that follows docs/ci.md has; each regression is meant to break one of them.
BUDGETS = """
[run]
min_runs = 10
stall_threshold = "5ms"
[[budget]]
metric = "stall.cpu.p50"
max_increase = "10%"
[[budget]]
metric = "stall.cpu.per_task"
max_increase = "15%"
min_value = "500us"
[[budget]]
metric = "stall.blocked.per_task"
max_increase = "15%"
min_value = "500us"
[[budget]]
metric = "loop.cpu.per_callback"
max_increase = "15%"
[[budget]]
metric = "lag_corrected.p99"
max_increase = "25%"
[[budget]]
metric = "task.growth_per_minute"
max_increase = "50%"
min_value = 5
[[budget]]
metric = "coroutine.waiting.per_task"
coroutine = "handle"
max_increase = "10%"
"""


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("action", choices=["record", "judge"])
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--looptrace", default=str(ROOT / "target/release/looptrace"))
    parser.add_argument("--python", default=sys.executable, help="the interpreter, or how to start it")
    parser.add_argument("--prefix", default="", help="before every recorder: 'chrt -f 45 taskset -c 0'")
    parser.add_argument("--load", type=int, default=0, help="other busy processes")
    parser.add_argument("--blocks", type=int, default=24)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--runs", type=int, default=12, help="runs per side of a comparison")
    parser.add_argument("--comparisons", type=int, default=200)
    parser.add_argument("--against", type=pathlib.Path, help="judge: take the baselines from here")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def record(options):
    options.out.mkdir(parents=True, exist_ok=True)
    chance = random.Random(options.seed)
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(options.load)]
    try:
        for block in range(options.blocks):
            order = VARIANTS[:]
            chance.shuffle(order)
            for variant in order:
                worse = [] if variant in ("base", "again") else ["--worse", variant]
                command = shlex.split(options.prefix) + [
                    options.looptrace, "record", "--quiet", "--force", "--census-rate", "100",
                    "-o", str(options.out / f"{variant}-{block:02}.looptrace"), "--",
                    *shlex.split(options.python), str(SAMPLE), "--seconds", str(options.seconds), *worse,
                ]
                subprocess.run(command, check=True, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
            print(f"block {block + 1} of {options.blocks}", file=sys.stderr)
    finally:
        for process in busy:
            process.kill()
            process.wait()


def draw(options, chance, variant, blocks):
    """Files of both sides of one comparison."""
    chosen = chance.sample(blocks, options.runs)
    pair = ("base", "again") if variant == "again" else (chance.choice(["base", "again"]), variant)
    sides = [pair if variant != "again" or chance.random() < 0.5 else pair[::-1] for _ in chosen]
    name = lambda place, variant, block: str(place / f"{variant}-{block:02}.looptrace")
    before = options.against or options.out
    base = [name(before, side[0], block) for side, block in zip(sides, chosen)]
    head = [name(options.out, side[1], block) for side, block in zip(sides, chosen)]
    return base, head


def compare(options, config, base, head):
    command = [options.looptrace, "check", *head, "--baseline", *base, "--config", config,
               "--format", "json"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode not in (0, 1):
        raise SystemExit(f"exit {done.returncode}: {done.stderr}")
    return json.loads(done.stdout)


def interval(hits, of):
    """Wilson's 95 % interval for a share."""
    z, share = 1.959964, hits / of
    middle = (share + z * z / (2 * of)) / (1 + z * z / of)
    half = z / (1 + z * z / of) * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    return max(0.0, middle - half), min(1.0, middle + half)


def judge(options):
    chance = random.Random(options.seed)
    names = sorted(options.out.glob("base-*.looptrace"))
    blocks = [int(name.stem.split("-")[1]) for name in names]
    with tempfile.NamedTemporaryFile("w", suffix=".toml") as config:
        config.write(BUDGETS)
        config.flush()
        waits, blind = [], 0
        print(f"{options.comparisons} comparisons of {options.runs} runs per side each, drawn from "
              f"{len(blocks)} blocks\n")
        print("| version | fail | inconclusive | pass | budgets that failed |")
        print("|---|---|---|---|---|")
        for variant in VARIANTS[1:]:
            drawn = [draw(options, chance, variant, blocks) for _ in range(options.comparisons)]
            with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
                reports = list(pool.map(lambda sides: compare(options, config.name, *sides), drawn))
            verdicts = collections.Counter(report["verdict"] for report in reports)
            failed = collections.Counter(
                result["metric"] for report in reports for result in report["results"]
                if result["verdict"] == "fail")
            for report in reports:
                waits.append(report["head"]["runq_wait"])
                for result in report["results"]:
                    effect = result["effect"]
                    if result["verdict"] == "pass" and effect and effect["high"] is not None:
                        small = "min_value" in result["reason"]
                        blind += not small and effect["high"] > result["max_increase"]
            cells = []
            for verdict in ("fail", "inconclusive", "pass"):
                count = verdicts[verdict]
                low, high = interval(count, len(reports))
                cells.append(f"{count / len(reports):.1%} ({low:.1%} to {high:.1%})")
            label = "the same" if variant == "again" else f"--worse {variant}"
            why = ", ".join(f"{metric} {count}" for metric, count in failed.most_common(4)) or "–"
            print(f"| {label} | {' | '.join(cells)} | {why} |", flush=True)
    known = sorted(wait for wait in waits if wait is not None)
    middle = f"{known[len(known) // 2]:.1%}" if known else "unknown"
    print(f"\nwaiting for a CPU, middle comparison: {middle}; "
          f"passes whose interval holds the tolerance: {blind}")


if __name__ == "__main__":
    # So that the other busy processes end with this one.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))
    chosen = arguments()
    record(chosen) if chosen.action == "record" else judge(chosen)
