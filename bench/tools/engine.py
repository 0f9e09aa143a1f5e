#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Measures the engines, prints the figures and checks that they are flat. Called by bench/run, which has built them."""
import argparse
import pathlib
import subprocess
import sys

import callgrind_costs
import ending
from codec import BenchError, run

ROUND = 64  # requests in a dump
LIMIT = 1.5  # largest by smallest
DEVICES = ["1", "256", "65,536"]
OPEN = ["64", "1,024", "4,096"]
AREAS = ["1", "256", "65,535"]
# What each dump of `engine count` is about, in its order: function, table, size.
DUMPS = [dump for n in DEVICES for dump in (("dispatch", "device: dispatch by devices", n),
                                            ("match", "driver: match by devices", n))]
DUMPS += [("match", "driver: match by open requests", "1")]
DUMPS += [dump for n in OPEN for dump in (("match", "driver: match by open requests", n),
                                          ("told", "driver: poll_event by open requests", n),
                                          ("wait", "driver: poll_timeout, handle_timeout by open requests", n))]
DUMPS += [("resolve", "device: pin, resolve, unpin by areas", n) for n in AREAS]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--short", action="store_true")
    options = parser.parse_args()
    program = options.build / "bench" / "engine"
    out = options.build / "callgrind.engine"
    for old in options.build.glob(f"{out.name}*"):
        old.unlink()
    run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", program, "count"])
    tables = {}
    for number, (function, table, size) in enumerate(DUMPS, 1):
        cost = callgrind_costs.inclusive_costs(f"{out}.{number}")[function]
        if cost == 0:
            raise BenchError(f"{out}.{number}: expected a cost of {function}")
        tables.setdefault(table, {})[size] = cost / ROUND
    good = True
    for table, by_size in tables.items():
        flat = max(by_size.values()) <= LIMIT * min(by_size.values())
        good = good and flat
        print(f"{table}: " + ", ".join(f"{size}: {cost:.0f} Ir" for size, cost in by_size.items()) +
              (" - flat" if flat else f" - NOT FLAT: the largest is more than {LIMIT} times the smallest"))
    if not options.short:
        print(run([program]).strip())
    return 0 if good else 1


if __name__ == "__main__":
    ending.end("bench/run engine", main, BenchError, callgrind_costs.DumpError, subprocess.SubprocessError)
