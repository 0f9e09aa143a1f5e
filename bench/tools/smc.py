#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Counts the instructions from a call of the API to the SMC instruction, and the code of whole images. By bench/run."""
import argparse
import json
import pathlib
import re
import subprocess

import ending

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXPECTED = ROOT / "bench" / "expected_smc.json"
GNU = ["aarch64-linux-gnu-g++"]
CLANG = ["clang++", "--target=aarch64-linux-gnu"]
COMMON = ["-std=c++20", "-fno-exceptions", "-fno-rtti", "-mgeneral-regs-only", "-I", str(ROOT / "include")]
FREESTANDING = ["-ffreestanding", "-fno-pic", "-fno-asynchronous-unwind-tables"]
# What may be counted at most, of either compiler at -O2: the goal and what would be better still.
LIMITS = {"counted_client_kick": (60, 40), "counted_client_request": (70, 45)}
NAMES = {"counted_client_kick": "direct_client: a kick", "counted_client_request": "direct_client: a request",
         "counted_direct_kick": "direct_session: a kick", "counted_direct_request": "direct_session: a request",
         "counted_kick": "driver_session: a kick", "counted_request": "driver_session: a request"}


class BenchError(Exception):
    pass


def run(words):
    done = subprocess.run([str(w) for w in words], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BenchError(f"{' '.join(map(str, words))}: expected exit status 0, got {done.returncode}\n{done.stderr}")
    return done.stdout


def counts(build, compiler, name):
    """Instructions from the entry of each function `counted_*` to its first SMC, inclusive; the last of its calls."""
    program, log = build / f"smc-{name}", build / f"smc-{name}.log"
    run(compiler + COMMON + ["-O2", "-I", ROOT / "tests", "-static", ROOT / "bench/smc/smc.cpp", "-o", program])
    run(["qemu-aarch64", "-singlestep", "-d", "exec,nochain", "-D", log, program])
    symbols = (line.split() for line in run(["aarch64-linux-gnu-nm", program]).splitlines())
    starts = {int(s[0], 16): s[2] for s in symbols if len(s) == 3 and s[2] in NAMES}
    if len(starts) != len(NAMES):
        raise BenchError(f"{program}: expected the functions {', '.join(NAMES)}")
    listing = run(["aarch64-linux-gnu-objdump", "-d", program])
    calls = {int(m[1], 16) for m in re.finditer(r"^ *([0-9a-f]+):\t.*\tsmc\t#0x0", listing, re.M)}
    found, counted, n = {}, None, 0
    with open(log, encoding="ascii") as lines:
        for line in lines:
            place = re.match(r"Trace \d+: 0x[0-9a-f]+ \[[0-9a-f]+/([0-9a-f]+)/", line)
            if not place:
                continue
            pc = int(place[1], 16)
            if pc in starts:
                counted, n = starts[pc], 0
            n += 1
            if counted and pc in calls:
                found[counted], counted = n, None
    log.unlink()
    if set(found) != set(NAMES):
        raise BenchError(f"{program}: expected that each of {', '.join(NAMES)} makes a call")
    return found


def text(file):
    return int(run(["aarch64-linux-gnu-size", file]).splitlines()[1].split()[0])


def sizes(build):
    """Bytes of code and constants: the images of examples/qemu as g++ builds them, the programs of examples/firmware."""
    images = ROOT / "build" / "qemu-g++"
    found = {f"examples/qemu {name}": text(images / name) for name in ("driver", "partition", "monitor")}
    for name in ("driver", "partition"):
        out = build / f"firmware-{name}.o"
        run(GNU + COMMON + FREESTANDING + ["-Os", "-c", ROOT / f"examples/firmware/{name}.cpp", "-o", out])
        found[f"examples/firmware {name}, -Os"] = text(out)
    return found


def versions():
    return {"g++": run(GNU + ["--version"]).splitlines()[0], "clang": run(CLANG + ["--version"]).splitlines()[0]}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--update", action="store_true")
    options = parser.parse_args()
    options.build.mkdir(parents=True, exist_ok=True)
    figures = {"instructions": {"g++": counts(options.build, GNU, "g++"), "clang": counts(options.build, CLANG, "clang")},
               "text": sizes(options.build)}
    print("instructions from the call to the SMC, inclusive; -O2 -mgeneral-regs-only")
    print(f"{'':28}{'g++':>8}{'clang':>8}{'at most':>10}{'better':>8}")
    good = True
    for key, name in NAMES.items():
        ours = [of[key] for of in figures["instructions"].values()]
        limit = LIMITS.get(key, ("", ""))
        good = good and (not limit[0] or max(ours) <= limit[0])
        print(f"{name:28}{ours[0]:8}{ours[1]:8}{limit[0]:>10}{limit[1]:>8}")
    print("\n.text with constants, bytes, g++")
    for name, size in figures["text"].items():
        print(f"{name:32}{size:8}")
    tools = versions()
    if options.update:
        EXPECTED.write_text(json.dumps({"toolchain": tools, "figures": figures}, indent=2) + "\n", encoding="ascii")
    if not EXPECTED.exists():
        raise BenchError(f"{EXPECTED}: expected the table of figures; ./bench/run smc --update writes it")
    expected = json.loads(EXPECTED.read_text(encoding="ascii"))
    if expected["toolchain"] != tools:
        print("\nbench/expected_smc.json was recorded with other tools, so a difference is no error.")
    elif expected["figures"] != figures:
        print("\nfigures differ from bench/expected_smc.json (--update rewrites it)")
        good = False
    if not good:
        print("FAILED")
    return 0 if good else 1


if __name__ == "__main__":
    ending.end("bench/run smc", main, BenchError)
