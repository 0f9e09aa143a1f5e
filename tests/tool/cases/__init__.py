# SPDX-License-Identifier: BSD-2-Clause
"""The cases of the command-line tool, and what they are made of."""
import dataclasses
import json
import re


@dataclasses.dataclass
class Case:
    name: str
    args: list
    out: object = ""  # the text, a compiled pattern that is found in it, or None: a full disk instead
    err: object = dataclasses.field(default_factory=list)  # a pattern per line; None: anything
    status: int = 0
    stdin: bytes = b""


def lines(*texts):
    return "".join(text + "\n" for text in texts)


def pattern(text):
    return re.compile(text, re.MULTILINE)


def error(number, code, detail):
    """The pattern of an error line; the detail is literal."""
    return re.escape(f"error: {number}: {code}: {detail}")


def rejected(code, detail):
    """What --json prints for a rejected input."""
    return json.dumps({"ok": False, "error": code, "detail": detail}, separators=(",", ":"))


# A SET_VQUEUE request of oasis_v2 and what decode --json prints for it.
SET_VQUEUE = ("000a010007003000" "00000000" "01000000" "00010000" "00000000"
              "0000000000000100" "0010000000000100" "0020000000000100")
SET_VQUEUE_JSON = ('{"ok":true,"rev":"oasis_v2","message":"SET_VQUEUE","class":"transport","kind":"request",'
                   '"header":{"type":0,"msg_id":10,"dev_num":1,"token":7,"msg_size":48},'
                   '"fields":{"index":0,"flags":1,"size":256,"reserved":0,"descriptor_addr":281474976710656,'
                   '"driver_addr":281474976714752,"device_addr":281474976718848}}')
SET_VQUEUE_TEXT = lines("SET_VQUEUE request (oasis_v2, transport, driver to device)",
                        "  type                  0",
                        "  msg_id                10 (0xa)",
                        "  dev_num               1",
                        "  token                 7",
                        "  msg_size              48 (0x30)",
                        "  index                 0",
                        "  flags                 ENABLE (1)",
                        "  size                  256 (0x100)",
                        "  reserved              0",
                        "  descriptor_addr       0x1000000000000 (281474976710656)",
                        "  driver_addr           0x1000000001000 (281474976714752)",
                        "  device_addr           0x1000000002000 (281474976718848)")

# A PING request in the two forms of its header.
PING = "0203000009000c002a000000"
PING_JSON = ('{"ok":true,"rev":"oasis_v2","message":"PING","class":"bus","kind":"request",'
             '"header":{"type":2,"msg_id":3,"dev_num":0,"token":9,"msg_size":12},"fields":{"data":42}}')
PING_RFC = "020300000a002a000000"
PING_RFC_JSON = ('{"ok":true,"rev":"rfc2025","message":"PING","class":"bus","kind":"request",'
                 '"header":{"type":2,"msg_id":3,"dev_id":0,"msg_size":10},"fields":{"data":42}}')

UUID = "c66028b5-2498-4aa1-9de7-77da6122abf0"


def registers(words, count=18):
    """18 registers as the tool prints them, the ones that are not given zero."""
    return " ".join(f"0x{w:016x}" for w in list(words) + [0] * (count - len(words)))


PING_WORDS = [0xc400008d, 0x00018003, 0xa14a9824b52860c6, 0xf0ab2261da77e79d, 0x000c000900000302, 0x2a]
