#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Checks that README.md says what the sources say.

usage: check_readme.py ROOT MESSAGES FIRST [TOOL]

ROOT is the folder of the project, MESSAGES the program that prints the table of messages, FIRST the compiled example,
TOOL the command-line tool. The example in the README has to be examples/first/first.cpp and its output what FIRST
prints; the table of messages has to be what MESSAGES prints; behind every line `$ vmsg ...` has to stand what TOOL
prints; the figures have to be those of bench/expected*.json; every file that is linked or named with its folder has to
be there.
"""
import json
import pathlib
import re
import shlex
import subprocess
import sys


def main():
    if len(sys.argv) not in (4, 5):
        print(__doc__)
        return 2
    root = pathlib.Path(sys.argv[1])
    readme = (root / "README.md").read_text()
    bad = []

    source = (root / "examples/first/first.cpp").read_text().split("\n", 1)[1]
    if f"```cpp\n{source}```" not in readme:
        bad.append("the example is not examples/first/first.cpp")
    if source.count("\n") != 15:
        bad.append(f"the example has {source.count(chr(10))} lines, 15 are wanted")
    printed = subprocess.run([sys.argv[3]], capture_output=True, text=True, check=True).stdout
    if f"```\n{printed}```" not in readme:
        bad.append("the output of the example is another one:\n" + printed)
    table = subprocess.run([sys.argv[2]], capture_output=True, text=True, check=True).stdout
    if table not in readme:
        bad.append("the table of messages has to be:\n" + table)
    if len(sys.argv) == 5:
        for command, shown in re.findall(r"^\$ vmsg (.*)\n((?:(?!\$ |```).*\n)*)", readme, re.MULTILINE):
            said = subprocess.run([sys.argv[4], *shlex.split(command)], capture_output=True, text=True)
            if said.returncode != 0 or said.stdout != shown:
                bad.append(f"vmsg {command} prints:\n{said.stdout}{said.stderr}")
    figures = json.loads((root / "bench/expected.json").read_text())["figures"]
    for revision, of in figures["instructions"]["O2"].items():
        sums = [sum(of[way][who].values()) for way in ("encode", "decode") for who in ("c", "vmsg")]
        text = figures["text"]["-Os"][revision]
        row = "| " + " | ".join(str(n) for n in [revision, *sums, text["c"], text["vmsg"]]) + " |\n"
        if row not in readme:
            bad.append("the figures have to be: " + row)
    counts = json.loads((root / "bench/expected_smc.json").read_text())["figures"]["instructions"]
    sizes = json.loads((root / "bench/expected_size.json").read_text())
    rows = [[f"`{name}`", *(counts[compiler][f"counted_{of}{what}"] for compiler in ("g++", "clang")
                            for what in ("kick", "request"))]
            for name, of in (("direct_client", "client_"), ("direct_session", "direct_"), ("driver_session", ""))]
    rows += [[what, *(sizes["text"][name][level] for level in ("-Os", "-O2", "-Os -mstrict-align"))]
             for name, what in (("direct", "partition, device and pool given"),
                                ("direct_counting", "the same with its counters"),
                                ("direct_session", "the same with `direct_session`"),
                                ("direct_discovery", "with discovery and FFA_MEM_SHARE"))]
    for row in ("| " + " | ".join(map(str, cells)) + " |\n" for cells in rows):
        if row not in readme:
            bad.append("the figures have to be: " + row)
    if f"it needs {sizes['ram']} bytes of RAM" not in readme:
        bad.append(f"{sizes['ram']} bytes of RAM are needed")
    links = set(re.findall(r"\]\(([^)#]+)\)", readme))
    named = set(re.findall(r"`\.?/?((?:include|tests|examples|bench|cmake)/[\w./-]*)", readme))
    for name in sorted(links | named):
        if "://" not in name and not (root / name).exists():
            bad.append(f"{name} is named and not there")
    for text in bad:
        print("README.md: " + text)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
