# SPDX-License-Identifier: BSD-2-Clause
"""The rules of tests/rules.txt, and the tests that name them."""
import pathlib
import re
import sys

TESTS = pathlib.Path(__file__).resolve().parent.parent
FAMILIES = "H|S|K|E|I|F|C|T|Q|G|V|B|N|SQ"


def rules():
    """Rule -> None, or the word that says why it has no test."""
    listed = {}
    for number, line in enumerate((TESTS / "rules.txt").read_text().splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        m = re.fullmatch(rf"((?:{FAMILIES})\d+)(?: (later|none): .+)?", line)
        if not m or m[1] in listed:
            sys.exit(f"tests/rules.txt:{number}: cannot be read, or is there twice: {line}")
        listed[m[1]] = m[2]
    return listed


def tags():
    """Rule -> the places (file, line) of the tests that have it in front of their name."""
    named = {}
    for path in sorted(TESTS.rglob("*.[ch]pp")):
        text = path.read_text()
        for m in re.finditer(r'\bTEST_CASE(?:_TEMPLATE)?(?:_DEFINE)?\(\s*"([^":]+):', text):
            line = text.count("\n", 0, m.start()) + 1
            for tag in m[1].split(", "):
                if re.fullmatch(rf"(?:{FAMILIES})\d+", tag):
                    named.setdefault(tag, []).append((path.relative_to(TESTS), line))
    return named
