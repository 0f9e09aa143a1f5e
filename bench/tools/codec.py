#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Measures the codec, prints the figures and checks them. Called by bench/run, which has built what is run here."""
import argparse
import collections
import concurrent.futures
import json
import pathlib
import re
import resource
import statistics
import subprocess
import sys

import callgrind_costs
import ending

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCES = ROOT / "bench" / "codec"
EXPECTED = ROOT / "bench" / "expected.json"

REVISIONS = ["rfc2025", "oasis_v1", "oasis_v2"]  # numbered from 1 for YARDSTICK_ONLY
OPERATIONS = ["encode", "decode"]
CODECS = {"memcpy": "memcpy", "c": "C", "cool": "C o.o.l.", "vmsg": "vmsg"}  # prefix of the functions: heading
MESSAGES = ["device_info", "set_vqueue", "features", "set_config", "event_avail", "devices", "version", "area_share"]
GATE = "O2"
OTHER_LEVELS = ["Og", "O0"]

CROSS = "aarch64-linux-gnu-"
TEXT_OPTIONS = {  # heading: options of both, options of the library alone
    "-Os": (["-Os"], []),
    "-Os -mgeneral-regs-only": (["-Os", "-mgeneral-regs-only"], []),
    "-Os -mstrict-align": (["-Os", "-mstrict-align"], ["-DVMSG_STRICT_ALIGN=1"]),
}
FREESTANDING_SYMBOLS = {"memcpy", "memmove", "memset", "memcmp"}

# What the C reference may need: a slower one would not be worth a comparison.
C_LIMITS = {"encode": 300, "decode": 445}
C_LIMIT_REVISION = "oasis_v1"

REPETITIONS = 15


class BenchError(Exception):
    """A measurement could not be made."""


def run(command):
    """Standard output of a program that has to succeed."""
    words = [str(word) for word in command]
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False)
    except OSError as error:
        raise BenchError(f"{' '.join(words)}: expected a program that can be started: {error}") from error
    if done.returncode != 0:
        raise BenchError(f"{' '.join(words)}: expected exit status 0, got {done.returncode}\n{done.stderr}")
    return done.stdout


def cached(build, variable):
    """A variable of the build directory's CMake cache."""
    cache = build / "CMakeCache.txt"
    match = re.search(rf"^{variable}:\w+=(.*)$", cache.read_text(), re.MULTILINE)
    if not match:
        raise BenchError(f"{cache}: expected the variable {variable}")
    return match[1]


def version_of(program):
    return run([program, "--version"]).splitlines()[0]


def total(per_message):
    return sum(per_message.values())


def costs_at(build, level):
    """{function: Ir} in the second pass of codec_count at one level of optimisation."""
    out = build / f"callgrind.{level}"
    for old in build.glob(f"{out.name}*"):
        old.unlink()
    run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", build / "bench" / f"codec_count_{level}"])
    try:
        return callgrind_costs.inclusive_costs(f"{out}.1")
    except (OSError, callgrind_costs.DumpError) as error:
        raise BenchError(str(error)) from error


def count_instructions(build, level):
    """{revision: {operation: {codec: {message: Ir}}}} and the names of the memcpy that the C library chose."""
    costs = costs_at(build, level)
    counts = {}
    for revision in REVISIONS:
        counts[revision] = {operation: {codec: {} for codec in CODECS} for operation in OPERATIONS}
        for operation, by_codec in counts[revision].items():
            for codec, by_message in by_codec.items():
                for message in MESSAGES:
                    function = f"{codec}_{operation}_{message}_{revision}"
                    if not costs[function]:
                        raise BenchError(f"codec_count_{level} under callgrind: expected a cost of {function}")
                    by_message[message] = costs[function]
    return counts, {name for name in costs if re.match(r"__mem(cpy|move)|mem(cpy|move)@", name)}


def compile_and_measure(compiler, options, source, out):
    """Bytes of .text and undefined symbols of one file."""
    run([compiler, *options, "-c", source, "-o", out])
    sections = re.findall(r"^\.text\S*\s+(\d+)", run([CROSS + "size", "-A", out]), re.MULTILINE)
    undefined = re.findall(r"^\s*U (\S+)", run([CROSS + "nm", "-u", out]), re.MULTILINE)
    return sum(map(int, sections)), undefined


def measure_text(build):
    """{options: {revision: {codec: bytes}}} and {options: {codec: undefined symbols}}."""
    directory = build / "text"
    directory.mkdir(exist_ok=True)
    languages = {
        "c": (CROSS + "gcc", [], SOURCES / "c_reference.c"),
        "vmsg": (CROSS + "g++", ["-std=c++20", "-fno-exceptions", "-fno-rtti", f"-I{ROOT / 'include'}"],
                 SOURCES / "vmsg_codec.cpp"),
    }
    jobs = {}
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        for heading, (common, library_only) in TEXT_OPTIONS.items():
            for number, revision in enumerate(REVISIONS, 1):
                for codec, (compiler, language, source) in languages.items():
                    options = [*language, *common, f"-DYARDSTICK_ONLY={number}"]
                    if codec == "vmsg":
                        options += library_only
                    out = directory / f"{codec}_{revision}{''.join(common)}.o"
                    jobs[heading, revision, codec] = pool.submit(compile_and_measure, compiler, options, source, out)
    text = {heading: {r: {codec: jobs[heading, r, codec].result()[0] for codec in languages} for r in REVISIONS}
            for heading in TEXT_OPTIONS}
    undefined = {heading: {codec: sorted({s for r in REVISIONS for s in jobs[heading, r, codec].result()[1]})
                           for codec in languages} for heading in TEXT_OPTIONS}
    return text, undefined


def measure_compile_time(build):
    """{what: seconds of processor time}, the least of several."""
    directory = build / "compile_time"
    directory.mkdir(exist_ok=True)
    includes = {
        "an empty file": [],
        "codec.hpp and message/all.hpp": ["vmsg/codec.hpp", "vmsg/message/all.hpp"],
        "vmsg.hpp": ["vmsg/vmsg.hpp"],
    }
    files = {}
    for number, (what, names) in enumerate(includes.items()):
        files[what] = directory / f"{number}.cpp"
        files[what].write_text("".join(f"#include <{name}>\n" for name in names))
    files["the eight messages, oasis_v2"] = SOURCES / "vmsg_codec.cpp"
    compiler = cached(build, "CMAKE_CXX_COMPILER")
    seconds = {}
    for what, source in files.items():
        times = []
        for _ in range(5):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            run([compiler, "-std=c++20", "-O2", f"-I{ROOT / 'include'}", "-DYARDSTICK_ONLY=3", "-c", source,
                 "-o", directory / "out.o"])
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        seconds[what] = round(min(times), 3)
    return seconds


def measure_wall_clock(build):
    """{benchmark: nanoseconds per message}, the median of its repetitions."""
    out = build / "codec_wall.json"
    run([build / "bench" / "codec_wall", f"--benchmark_repetitions={REPETITIONS}", "--benchmark_min_time=0.02",
         "--benchmark_enable_random_interleaving=true", f"--benchmark_out={out}", "--benchmark_out_format=json"])
    times = collections.defaultdict(list)
    for entry in json.loads(out.read_text())["benchmarks"]:
        if entry["run_type"] == "iteration":
            times[entry["run_name"]].append(1e9 / entry["items_per_second"])
    for name, values in times.items():
        if len(values) != REPETITIONS:
            raise BenchError(f"{out}: expected {REPETITIONS} repetitions of {name}, found {len(values)}")
    return {name: round(statistics.median(values), 3) for name, values in times.items()}


def flattened(tree, path=()):
    """{"a/b/c": leaf}"""
    if not isinstance(tree, dict):
        return {"/".join(path): tree}
    flat = {}
    for key, value in tree.items():
        flat.update(flattened(value, (*path, key)))
    return flat


def read_expected(may_be_missing):
    if not EXPECTED.exists():
        if may_be_missing:
            return {"toolchain": {}, "figures": {}}
        raise BenchError(f"{EXPECTED}: expected the table of figures; ./bench/run codec --update writes it")
    try:
        recorded = json.loads(EXPECTED.read_text())
        return {"toolchain": recorded["toolchain"], "figures": recorded["figures"]}
    except (ValueError, KeyError) as error:
        raise BenchError(f"{EXPECTED}: expected a JSON object with 'toolchain' and 'figures': {error!r}") from error


def compare(expected, figures, toolchain):
    old, new = flattened(expected["figures"]), flattened(figures)
    return {
        "recorded_toolchain": expected["toolchain"],
        "same_toolchain": expected["toolchain"] == toolchain,
        "differences": [{"figure": name, "old": old.get(name), "new": new.get(name)}
                        for name in {**old, **new} if old.get(name) != new.get(name)],
    }


def check(report):
    """[{"check": text, "value": n, "limit": n, "pass": bool}]"""
    checks = []

    def at_most(what, value, limit):
        checks.append({"check": what, "value": value, "limit": limit, "pass": value <= limit})

    gate = report["instructions"][GATE]
    for operation, limit in C_LIMITS.items():
        at_most(f"instructions of C, {operation}, {C_LIMIT_REVISION}, -{GATE}",
                total(gate[C_LIMIT_REVISION][operation]["c"]), limit)
    for revision in REVISIONS:
        at_most(f"instructions of vmsg, decode + validate, {revision}, -{GATE}; the limit is C's",
                total(gate[revision]["decode"]["vmsg"]), total(gate[revision]["decode"]["c"]))
    for options, by_codec in report["undefined_symbols"].items():
        foreign = [symbol for symbol in by_codec["vmsg"] if symbol not in FREESTANDING_SYMBOLS]
        at_most(f"undefined symbols of vmsg, aarch64 {options}, other than mem* ({' '.join(foreign) or 'none'})",
                len(foreign), 0)
    expected = report["expected"]
    if expected["same_toolchain"] and not report["updated"]:
        at_most("figures that differ from bench/expected.json (--update rewrites it)", len(expected["differences"]), 0)
    return checks


def ratio(value, base):
    return f"{value / base:.2f}"


def print_instruction_line(name, counts, cost):
    """One line for both operations; `cost` makes a number of {message: Ir}."""
    halves = []
    for operation in OPERATIONS:
        costs = {codec: cost(counts[operation][codec]) for codec in CODECS}
        halves.append("".join(f"{value:10}" for value in costs.values()) + f"{ratio(costs['vmsg'], costs['c']):>9}")
    print(f"{name:15}" + " |".join(halves))


def print_instructions(counts):
    headings = "".join(f"{heading:>10}" for heading in CODECS.values()) + f"{'vmsg/C':>9}"
    print(f"\nInstructions, -{GATE} (the gate): encode | decode + validate")
    for revision in REVISIONS:
        print(f"{revision:15}{headings} |{headings}")
        for message in MESSAGES:
            print_instruction_line(f"  {message}", counts[GATE][revision], lambda costs, m=message: costs[m])
        print_instruction_line("  sum", counts[GATE][revision], total)
    for level in OTHER_LEVELS:
        print(f"\nInstructions, sums, -{level} (for information): encode | decode + validate")
        print(f"{'':15}{headings} |{headings}")
        for revision in REVISIONS:
            print_instruction_line(revision, counts[level][revision], total)


def print_text(text, undefined):
    print("\n.text of the eight messages, aarch64, bytes")
    print(f"{'':28}" + "".join(f"{revision:>28}" for revision in REVISIONS))
    print(f"{'':28}" + f"{'C':>10}{'vmsg':>10}{'vmsg/C':>8}" * len(REVISIONS))
    for options, by_revision in text.items():
        print(f"{options:28}" + "".join(f"{sizes['c']:10}{sizes['vmsg']:10}{ratio(sizes['vmsg'], sizes['c']):>8}"
                                        for sizes in by_revision.values()))
    print("undefined symbols")
    for options, by_codec in undefined.items():
        print(f"{options:28}" + "; ".join(f"{CODECS[codec]}: {' '.join(symbols) or 'none'}"
                                          for codec, symbols in by_codec.items()))


def print_compile_time(seconds):
    print("\nCompile time, -O2, seconds of processor time (for information)")
    for what, value in seconds.items():
        print(f"  {what:32}{value:8.3f}")


def print_wall_clock(times):
    print(f"\nWall clock, ns per message, medians of {REPETITIONS} interleaved repetitions (FOR INFORMATION ONLY: the "
          "gate is\nthe number of instructions; C/C is the same code twice, so its distance from 1 is noise)")
    names = ["memcpy", "c", "c_out_of_line", "vmsg"]
    print(f"{'':32}" + "".join(f"{name:>15}" for name in names) + f"{'vmsg/C':>9}{'C/C':>7}")
    for revision in REVISIONS:
        for operation in OPERATIONS:
            for buffers in ("hot", "streaming"):
                of = {name: times[f"codec/{revision}/{operation}/{buffers}/{name}"] for name in [*names, "c_again"]}
                print(f"{revision:12}{operation:10}{buffers:10}" + "".join(f"{of[name]:15.2f}" for name in names)
                      + f"{ratio(of['vmsg'], of['c']):>9}{ratio(of['c_again'], of['c']):>7}")
    print("\nFields to 14 live registers, up to an instruction that waits for them, ns per message, the five messages\n"
          "without a tail (FOR INFORMATION ONLY)")
    ways = {"loads": "14 loads", "words": "words", "bytes": "bytes + loads", "c": "C"}
    print(f"{'':12}" + "".join(f"{heading:>15}" for heading in ways.values()) + f"{'words/C':>9}")
    for revision in REVISIONS:
        of = {way: times[f"image/{revision}/{way}"] for way in ways}
        print(f"{revision:12}" + "".join(f"{value:15.2f}" for value in of.values())
              + f"{ratio(of['words'], of['c']):>9}")


def print_expected(report):
    expected = report["expected"]
    if not expected["recorded_toolchain"]:
        print("\nbench/expected.json is new.")
        return
    if not expected["same_toolchain"]:
        print("\nbench/expected.json was recorded with other tools, so a difference is no error:")
        for tool, version in expected["recorded_toolchain"].items():
            print(f"  {tool}: {version}")
    if expected["differences"]:
        print("\nFigures that differ from bench/expected.json, old -> new"
              + (" (now written to it)" if report["updated"] else ""))
        for d in expected["differences"]:
            print(f"  {d['figure']}: {d['old']} -> {d['new']}")
    else:
        print("\nAll figures are those of bench/expected.json.")


def measure(args):
    expected = read_expected(may_be_missing=args.update)
    counts, memcpy = {}, set()
    for level in [GATE, *OTHER_LEVELS]:
        counts[level], chosen = count_instructions(args.build, level)
        memcpy |= chosen
    text, undefined = measure_text(args.build)
    toolchain = {
        "g++": version_of(cached(args.build, "CMAKE_CXX_COMPILER")),
        "gcc": version_of(cached(args.build, "CMAKE_C_COMPILER")),
        "aarch64 g++": version_of(CROSS + "g++"),
        "C library": run(["getconf", "GNU_LIBC_VERSION"]).strip(),
        "its memcpy": " ".join(sorted(memcpy)),
    }
    sums = {level: {revision: {operation: {codec: total(costs) for codec, costs in by_codec.items()}
                               for operation, by_codec in by_operation.items()}
                    for revision, by_operation in counts[level].items()} for level in OTHER_LEVELS}
    figures = {"instructions": {GATE: counts[GATE], **sums}, "text": text}
    report = {"toolchain": toolchain, "instructions": counts, "text": text, "undefined_symbols": undefined,
              "expected": compare(expected, figures, toolchain), "updated": args.update}
    if args.update:
        EXPECTED.write_text(json.dumps({"toolchain": toolchain, "figures": figures}, indent=2) + "\n")
    if not args.short:
        report["compile_seconds"] = measure_compile_time(args.build)
        report["wall_clock_ns"] = measure_wall_clock(args.build)
    report["checks"] = check(report)
    return report


def print_report(report):
    for tool, version in report["toolchain"].items():
        print(f"{tool}: {version}")
    print_instructions(report["instructions"])
    print_text(report["text"], report["undefined_symbols"])
    if "compile_seconds" in report:
        print_compile_time(report["compile_seconds"])
        print_wall_clock(report["wall_clock_ns"])
    print_expected(report)
    print()
    for c in report["checks"]:
        print(f"{'PASS' if c['pass'] else 'FAIL'}  {c['check']}: {c['value']}, at most {c['limit']}")


def main():
    parser = argparse.ArgumentParser(prog="bench/run codec", description="Measures the codec.")
    parser.add_argument("--build", type=pathlib.Path, required=True, help="the build directory of the preset bench")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    parser.add_argument("--short", action="store_true", help="without wall clock and compile time")
    parser.add_argument("--update", action="store_true", help="rewrite bench/expected.json")
    args = parser.parse_args()
    report = measure(args)
    if args.json:
        print(json.dumps(report, indent=2))
    else:
        print_report(report)
    return 0 if all(c["pass"] for c in report["checks"]) else 1


if __name__ == "__main__":
    ending.end("bench/run codec", main, BenchError)
