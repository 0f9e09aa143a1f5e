#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Run the cases of one group, or of all, against the command-line tool.

usage: run.py VMSG [GROUP ...]

A group is a module in cases/ with a list CASES. Standard output has to be equal to the byte; standard error is a list
of regular expressions, one per line, each matching the whole line.
"""
import importlib
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
GROUPS = ("common", "decode", "encode", "identify")


def run(tool, case):
    """What is wrong with the case, or None."""
    with open("/dev/full" if case.out is None else "/dev/null", "wb") as nowhere:
        done = subprocess.run([tool, *case.args], input=case.stdin, timeout=60, stderr=subprocess.PIPE,
                              stdout=nowhere if case.out is None else subprocess.PIPE)
    out = None if case.out is None else done.stdout.decode("utf-8", "surrogateescape")
    err = done.stderr.decode("utf-8", "surrogateescape")
    if done.returncode != case.status:
        return f"exit status {done.returncode}, expected {case.status}; standard error: {err}"
    if isinstance(case.out, re.Pattern):
        if not case.out.search(out):
            return f"standard output does not match {case.out.pattern!r}:\n{out}"
    elif out != case.out:
        return f"standard output:\n{out!r}\nexpected:\n{case.out!r}"
    if case.err is None:
        return None
    lines = err.splitlines()
    if len(lines) != len(case.err):
        return f"{len(lines)} lines on standard error, expected {len(case.err)}:\n{err}"
    for line, pattern in zip(lines, case.err):
        if not re.fullmatch(pattern, line):
            return f"on standard error:\n{line!r}\nexpected:\n{pattern!r}"
    return None


def main():
    if len(sys.argv) < 2:
        print(__doc__)
        return 2
    sys.path.insert(0, str(HERE))
    failed = total = 0
    for group in sys.argv[2:] or GROUPS:
        for case in importlib.import_module(f"cases.{group}").CASES:
            total += 1
            wrong = run(sys.argv[1], case)
            if wrong:
                failed += 1
                print(f"{group}: {case.name}: {wrong}")
    print(f"{total - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
