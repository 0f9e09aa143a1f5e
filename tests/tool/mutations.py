#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Feed the command-line tool with damaged frames and objects.

usage: mutations.py VMSG [SEED [ROUNDS]]

Whatever comes in, each input gets one answer and the tool ends with status 0 or 1. What decode accepts encodes to the
same bytes, apart from the bits of the type that nobody looks at; what encode accepts decodes to the same fields.
"""
import json
import pathlib
import random
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from cases import PING, PING_RFC, PING_WORDS, SET_VQUEUE, SET_VQUEUE_JSON, registers

REVISIONS = ("rfc2025", "oasis_v1", "oasis_v2")
SEEDS = [bytes.fromhex(text) for text in (
    PING, PING_RFC, SET_VQUEUE, "0007010002000800", "0041020000001000" "01000000" "05000080",
    "0004010001001800" "00000000" "02000000" "ffffffff" "01000000", "0302000001000f00" "0000" "0000" "0800" "ff",
    "004001000700" "1c00" "05000000" "01000000" "00000000" "04000000" "01020304",
    "010501001500" "07000000" "00000000" "03000000" "00ff10", "0280000001001400" "00000100" "01000000" "02000100")]
ODD_TEXT = ("-1", "1.5", "1e999", "18446744073709551616", "null", "true", '"', "{", "}", "[", "]", ",", ":", "\\u0000",
            "\\ud800", "\x7f", "é", '"token":1,', '"x":[[1]],', " ", "0x10", "00", "-0", "1" * 400)


class Checker:
    def __init__(self, tool, rng):
        self.tool, self.rng, self.failed = tool, rng, 0

    def expect(self, good, what):
        if not good:
            self.failed += 1
            if self.failed <= 20:
                print(what)

    def run(self, args, lines):
        """One line of standard output per input."""
        text = "".join(line + "\n" for line in lines).encode("utf-8", "surrogatepass")
        done = subprocess.run([self.tool, *args], input=text, capture_output=True, timeout=600)
        self.expect(done.returncode in (0, 1), f"{args}: exit status {done.returncode}: {done.stderr[-2000:]!r}")
        out = done.stdout.decode("utf-8", "replace").split("\n")[:-1]
        self.expect(len(out) == len(lines), f"{args}: {len(lines)} inputs, {len(out)} answers")
        return out, done.stderr.decode("utf-8", "replace").splitlines()

    def damaged_bytes(self):
        frame = bytearray(self.rng.choice(SEEDS))
        for _ in range(self.rng.randrange(4)):
            at = self.rng.randrange(len(frame) + 1)
            choice = self.rng.randrange(4)
            if choice == 0:
                frame[at:at] = self.rng.randbytes(self.rng.randrange(1, 9))
            elif choice == 1:
                del frame[at:at + self.rng.randrange(1, 9)]
            elif at < len(frame):
                frame[at] = self.rng.choice((0, 1, 0x7f, 0x80, 0xff, self.rng.randrange(256)))
        return bytes(frame)

    def damaged_text(self, text):
        for _ in range(self.rng.randrange(1, 4)):
            at, end = sorted(self.rng.randrange(len(text) + 1) for _ in range(2))
            text = text[:at] + self.rng.choice(("", text[at:end], *ODD_TEXT)) + text[min(end, at + 6):]
        return re.sub(r"[\r\n]", "", text) or "{"

    def frames(self, rounds):
        frames = [self.damaged_bytes().hex() or "00" for _ in range(rounds)]
        for rev in REVISIONS:
            out, err = self.run(["decode", "--json", "--rev", rev], frames)
            self.expect(not err, f"decode --json wrote {err[:3]} to standard error")
            objects = [json.loads(line) for line in out]
            good = [(frame, line) for frame, line, o in zip(frames, out, objects)
                    if o["ok"] and o["header"]["type"] < 4]
            self.expect(len(good) > rounds // 100, f"only {len(good)} frames of {rounds} accepted in {rev}")
            back, err = self.run(["encode", "--rev", rev], [line for _, line in good])
            self.expect(not err, f"encode refused what decode prints: {err[:3]}")
            for (frame, line), again in zip(good, back):
                self.expect(frame == again, f"{frame} became {again} by way of {line}")
        for args in (["decode", "--json", "--rev", "auto"], ["identify", "--json"]):
            for line in self.run(args, frames)[0]:
                json.loads(line)

    def carriers(self, rounds):
        lines = []
        for _ in range(rounds):
            words = list(PING_WORDS)
            words[self.rng.randrange(len(words))] ^= 1 << self.rng.randrange(64)
            lines.append(self.damaged_text(registers(words)) if self.rng.randrange(2) else registers(words))
        lines = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
        for line in self.run(["decode", "--json", "--as", "direct"], lines)[0]:
            json.loads(line)
        images = []
        for _ in range(rounds):
            image = bytearray(bytes(8) + b"\x14\0\0\0\x03\x80\x01\0\x0c\0\0\0" + bytes.fromhex(PING) + bytes(30))
            image[self.rng.randrange(len(image))] = self.rng.choice((0, 1, 20, 24, 40, 50, 62, 0x80, 0xff))
            images.append(image[:self.rng.randrange(1, len(image) + 1)].hex())
        for line in self.run(["decode", "--json", "--as", "send2"], images)[0]:
            json.loads(line)

    def objects(self, rounds):
        texts = [self.damaged_text(SET_VQUEUE_JSON) for _ in range(rounds)]
        texts = [text for text in texts if text.strip() and not text.lstrip().startswith("#")]
        out, err = self.run(["encode"], texts)
        self.expect(len(err) == sum(not line for line in out), "an error line for each empty line expected")
        for line in err:
            self.expect(re.fullmatch(r"error: \d+: [a-z_]+: [\x20-\x7e]+", line), f"error line {line!r}")
        good = [(text, line) for text, line in zip(texts, out) if line]
        for (text, _), line in zip(good, self.run(["decode", "--json", "--rev", "auto"], [o for _, o in good])[0]):
            wanted = json.loads(text)
            self.expect(wanted["fields"].items() <= json.loads(line)["fields"].items(), f"{text} became {line}")


def main():
    if len(sys.argv) < 2:
        print(__doc__)
        return 2
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 2000
    checker = Checker(sys.argv[1], random.Random(seed))
    checker.frames(rounds)
    checker.carriers(rounds)
    checker.objects(rounds)
    print(f"seed {seed}, {rounds} rounds, {checker.failed} failed")
    return 1 if checker.failed else 0


if __name__ == "__main__":
    sys.exit(main())
