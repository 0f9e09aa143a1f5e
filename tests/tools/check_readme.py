#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Checks that README.md says what the sources say.

usage: check_readme.py ROOT MESSAGES FIRST

ROOT is the folder of the project, MESSAGES the program that prints the table of messages, FIRST the compiled example.
The example in the README has to be examples/first/first.cpp and its output what FIRST prints; the table of messages has
to be what MESSAGES prints; every file and folder that the README names has to be there.
"""
import pathlib
import re
import subprocess
import sys


def main():
    if len(sys.argv) != 4:
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
    links = set(re.findall(r"\]\(([^)#]+)\)", readme))
    for link in sorted(links):
        if "://" not in link and not (root / link).exists():
            bad.append(f"{link} is named and not there")
    for text in bad:
        print("README.md: " + text)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
