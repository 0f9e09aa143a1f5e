#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Measures how large a driver side with direct messages is, prints the figures and checks them. Called by bench/run."""
import argparse
import itertools
import json
import pathlib
import re
import tempfile

import ending
from codec import CROSS, FREESTANDING_SYMBOLS, ROOT, BenchError, compile_and_measure, run, version_of

SOURCES = ROOT / "tests" / "freestanding"
EXPECTED = ROOT / "bench" / "expected_size.json"
OPTIONS = ["-std=c++20", "-ffreestanding", "-fno-exceptions", "-fno-rtti", "-fno-pic", f"-I{ROOT / 'include'}",
           "-mgeneral-regs-only"]
LEVELS = {"-Os": ["-Os"], "-O2": ["-O2"], "-Os -mstrict-align": ["-Os", "-mstrict-align", "-DVMSG_STRICT_ALIGN=1"]}
COUNTING = "direct_counting"  # direct.cpp with counters
PROGRAMS = {"direct": "partition, device and pool given", COUNTING: "the same with its counters",
            "direct_session": "the same with `direct_session`", "direct_discovery": "with discovery and FFA_MEM_SHARE"}
DIRECT_ONLY = ("direct", COUNTING, "direct_session")
TEXT_GOAL = 4096
RAM_GOAL = 512

# What a driver side with direct messages calls and understands: low half of the function ids, without the width.
REQUEST, RUN = 0x8D, 0x6D
OWN_IDS = {0x60: "ERROR", 0x61: "SUCCESS", 0x62: "INTERRUPT", 0x6C: "YIELD", RUN: "RUN", REQUEST: "MSG_SEND_DIRECT_REQ2",
           0x8E: "MSG_SEND_DIRECT_RESP2"}
OTHER_METHODS = re.compile(r"msg_send2|notification|fifo|indirect|rxtx|mem_share|partition_info", re.IGNORECASE)

MOVE = re.compile(r"\b(mov|movk|movz|add|sub)\s+[wx](\d+), (?:[wx](\d+), )?#(0x[0-9a-f]+|\d+)(?:, lsl #(\d+))?")
COPY = re.compile(r"\tmov\s+[wx](\d+), [wx](\d+)$")
OTHER = re.compile(r"\t([a-z]+)[a-z0-9.]*\s+[wx](\d+)(?:, [wx](\d+))?")
READS_ONLY = re.compile(r"st|cmp|cmn|tst|ccm|cb|tb|b")
CALL_CLOBBERS = {str(number) for number in range(19)}


def function_ids(disassembly):
    """The FF-A function ids that the instructions make, without the bit for the width."""
    found, registers = set(), {}  # what is known of registers, by their numbers
    for line in disassembly.splitlines():
        if line.endswith(">:"):
            registers = {}
        move, copy, other = MOVE.search(line), COPY.search(line), OTHER.search(line)
        if "\tbl" in line:
            registers = {name: value for name, value in registers.items() if name not in CALL_CLOBBERS}
        elif move:
            name, to, source, number, shift = move.groups()
            value, before = int(number, 0) << int(shift or 0), registers.get(source or to)
            if name == "movk" and before is not None:
                value |= before & ~(0xFFFF << int(shift or 0))
            elif name in ("add", "sub") and before is not None:
                value = before + value if name == "add" else before - value
            elif name not in ("mov", "movz"):
                registers.pop(to, None)
                continue
            registers[to] = value
            made = value & 0xFFFFFFFF
            if made >> 24 in (0x84, 0xC4) and made & 0xFFFF00 == 0:
                found.add(made & 0xFF)
        elif copy and copy[2] in registers:
            registers[copy[1]] = registers[copy[2]]
        elif other and not READS_ONLY.match(other[1]):
            registers.pop(other[2], None)
            if other[1] == "ldp":
                registers.pop(other[3], None)
    return found


def measure_program(name, options, directory):
    """Bytes of .text and of the endpoint (None: not told), foreign symbols, traces of other methods, function ids."""
    out = directory / f"{name}.o"
    source = "direct" if name == COUNTING else name
    flags = [*OPTIONS, *options, *(["-DDIRECT_COUNTS=true"] if name == COUNTING else [])]
    text, undefined = compile_and_measure(CROSS + "g++", flags, SOURCES / f"{source}.cpp", out)
    symbols = re.sub(r"message_list\S*", "", run([CROSS + "nm", "-C", "-S", out]))  # names all messages in a type
    ram = re.search(r"^\S+ ([0-9a-f]+) \w endpoint_ram$", symbols, re.MULTILINE)
    return {"text": text, "ram": int(ram[1], 16) if ram else None,
            "foreign": sorted(set(undefined) - FREESTANDING_SYMBOLS),
            "traces": sorted(set(OTHER_METHODS.findall(symbols))),
            "ids": sorted(function_ids(run([CROSS + "objdump", "-d", "--no-show-raw-insn", out])))}


def measure():
    with tempfile.TemporaryDirectory() as directory:
        return {name: {level: measure_program(name, options, pathlib.Path(directory))
                       for level, options in LEVELS.items()} for name in PROGRAMS}


def strangers(program):
    """What there is of other methods in an object, in words; empty if it is right."""
    wrong = [f"function id 0x{number:02x}" for number in program["ids"] if number not in OWN_IDS]
    wrong += [f"no function id 0x{number:02x}" for number in (REQUEST, RUN) if number not in program["ids"]]
    return wrong + program["traces"] + program["foreign"]


def main():
    parser = argparse.ArgumentParser(prog="bench/run size", description="Measures a driver side with direct messages.")
    parser.add_argument("--update", action="store_true", help=f"rewrite {EXPECTED.relative_to(ROOT)}")
    parser.add_argument("--pure", action="store_true", help="only check that nothing of other methods is there")
    args = parser.parse_args()
    found = measure()
    direct = found["direct"]
    good = True
    for name, level in itertools.product(DIRECT_ONLY, LEVELS):
        wrong = strangers(found[name][level])
        good = good and not wrong
        print(f"{'FAIL' if wrong else 'PASS'}  {name}.cpp, aarch64 g++ {level}: no MSG_SEND2, notification, FIFO or "
              f"other method{': there is ' + ', '.join(wrong) if wrong else ''}")
    if args.pure:
        return 0 if good else 1
    report = {"toolchain": version_of(CROSS + "g++"), "ram": direct["-Os"]["ram"],
              "text": {name: {level: found[name][level]["text"] for level in LEVELS} for name in PROGRAMS}}
    if args.update:
        EXPECTED.write_text(json.dumps(report, indent=2) + "\n")
    print("\n.text of a driver side from nothing to a kick and an event, aarch64 g++, oasis_v2, SMC conduit, bytes")
    for name, what in PROGRAMS.items():
        print(f"  {what:36}" + "  ".join(f"{level} {size}" for level, size in report["text"][name].items()))
    text, ram = report["text"]["direct"]["-Os"], report["ram"]
    print(f"  goal for the first at -Os: {TEXT_GOAL}, {'reached' if text <= TEXT_GOAL else 'missed'}")
    print(f"RAM of the endpoint, one exchange: {ram} bytes; goal {RAM_GOAL}, {'reached' if ram <= RAM_GOAL else 'missed'}")
    expected = json.loads(EXPECTED.read_text())
    if expected["toolchain"] != report["toolchain"]:
        print(f"another compiler than that of {EXPECTED.name}: its figures are not compared")
    elif expected != report:
        print(f"FAIL  {EXPECTED.name} says {json.dumps(expected)}")
        good = False
    else:
        print(f"PASS  as {EXPECTED.name} says")
    return 0 if good else 1


if __name__ == "__main__":
    ending.end("bench/run size", main, BenchError)
