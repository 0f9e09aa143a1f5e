# SPDX-License-Identifier: BSD-2-Clause
"""`vmsg identify`: one frame in all revisions."""
from cases import Case, PING, PING_JSON, PING_RFC, PING_RFC_JSON, SET_VQUEUE, lines, rejected

NO_DIGIT = "'z' at position 1 is no hexadecimal digit"


def objects(oasis_v2, oasis_v1, rfc2025):
    return lines(f'{{"oasis_v2":{oasis_v2},"oasis_v1":{oasis_v1},"rfc2025":{rfc2025}}}')


PING_NOT_RFC = rejected("bad_length", "PING request has 10 bytes, header says 9")

CASES = [
    Case("two revisions", ["identify", PING],
         out=lines("oasis_v2: PING request", "oasis_v1: PING request",
                   "rfc2025: bad_length: PING request has 10 bytes, header says 9")),
    Case("one revision", ["identify", PING_RFC],
         out=lines("oasis_v2: truncated: header says 42 bytes, 10 given",
                   "oasis_v1: truncated: header says 42 bytes, 10 given", "rfc2025: PING request")),
    Case("no revision", ["identify", SET_VQUEUE[:24]], status=1,
         out=lines("oasis_v2: truncated: header says 48 bytes, 12 given",
                   "oasis_v1: truncated: header says 48 bytes, 12 given",
                   "rfc2025: bad_length: SET_VQUEUE request has 42 bytes, header says 7")),
    Case("JSON", ["identify", "--json", PING],
         out=objects(PING_JSON, PING_JSON.replace("oasis_v2", "oasis_v1"), PING_NOT_RFC)),
    Case("JSON, one revision", ["identify", "--json", PING_RFC],
         out=objects(*[rejected("truncated", "header says 42 bytes, 10 given")] * 2, PING_RFC_JSON)),
    Case("each input has to be good somewhere", ["identify", PING, ""], status=1,
         out=lines("oasis_v2: PING request", "oasis_v1: PING request",
                   "rfc2025: bad_length: PING request has 10 bytes, header says 9",
                   "oasis_v2: truncated: a header has 8 bytes, 0 given",
                   "oasis_v1: truncated: a header has 8 bytes, 0 given",
                   "rfc2025: truncated: a header has 6 bytes, 0 given")),
    Case("lines", ["identify"], stdin=f"# two\r\n{PING_RFC}\r\n\r\n{PING_RFC}\r\n".encode(),
         out=lines("oasis_v2: truncated: header says 42 bytes, 10 given",
                   "oasis_v1: truncated: header says 42 bytes, 10 given", "rfc2025: PING request") * 2),
    Case("not even bytes", ["identify", "zz"], status=1,
         out=lines(*[f"{rev}: invalid_argument: {NO_DIGIT}" for rev in ("oasis_v2", "oasis_v1", "rfc2025")])),
    Case("not even bytes, JSON", ["identify", "--json", "zz"], status=1,
         out=objects(*[rejected("invalid_argument", NO_DIGIT)] * 3)),
]
