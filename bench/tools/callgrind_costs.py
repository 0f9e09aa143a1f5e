#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Inclusive cost per function in a callgrind dump.

As a program: callgrind_costs.py DUMP [REGEX], prints the functions whose name matches, most expensive first.
"""
import collections
import re
import sys

NAME = re.compile(r"(c?fn)=\((\d+)\)(?: (.*))?$")
COST = re.compile(r"[+\-*\d]\S* (\d+)$")


class DumpError(Exception):
    """The file is not a callgrind dump that can be read here."""


def inclusive_costs(path):
    """Instructions executed in each function and in what it calls: {name without parameters: Ir}.

    A line of numbers after `fn=` is cost of the function itself, the one after `calls=` is what the call cost; so the
    sum of both is the inclusive cost, as long as nothing is recursive.
    """
    names = {}
    costs = collections.Counter()
    function = None
    events = None
    with open(path, encoding="utf-8") as dump:
        for line in dump:
            line = line.rstrip("\n")
            if line.startswith("events:"):
                events = line.split(":", 1)[1].split()
            elif match := NAME.match(line):
                key, number, name = match.groups()
                if name is not None:
                    names[number] = name
                if key == "fn":
                    function = number
            elif function is not None and (match := COST.match(line)):
                costs[function] += int(match[1])
    if events != ["Ir"]:
        raise DumpError(f"{path}: expected a callgrind dump of the event Ir, found events {events}")
    named = collections.Counter()
    for number, cost in costs.items():
        named[names[number].split("(")[0].split("::")[-1]] += cost
    return named


def main():
    if len(sys.argv) not in (2, 3):
        print(__doc__.strip(), file=sys.stderr)
        return 2
    try:
        costs = inclusive_costs(sys.argv[1])
    except (OSError, UnicodeDecodeError, DumpError) as error:
        print(f"callgrind_costs: {error}", file=sys.stderr)
        return 1
    wanted = re.compile(sys.argv[2] if len(sys.argv) == 3 else "")
    for name, cost in sorted(costs.items(), key=lambda item: (-item[1], item[0])):
        if wanted.search(name):
            print(f"{cost:10} {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
