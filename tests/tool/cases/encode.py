# SPDX-License-Identifier: BSD-2-Clause
"""`vmsg encode`: objects in, frames out, and one clear line for every way to get an object wrong."""
import json

from cases import (Case, PING, PING_JSON, PING_RFC, PING_RFC_JSON, PING_WORDS, SET_VQUEUE, SET_VQUEUE_JSON, UUID,
                   error, lines, registers)

PING_OBJECT = json.loads(PING_JSON)
SET_VQUEUE_OBJECT = json.loads(SET_VQUEUE_JSON)
MESSAGE_KEYS = "ok, rev, message, class, kind, header, fields"
HEADER_KEYS = "type, msg_id, dev_num, token, msg_size"
SET_VQUEUE_KEYS = "index, flags, size, reserved, descriptor_addr, driver_addr, device_addr"


def edited(base, *drop, header=(), fields=(), **top):
    """A copy of an object without the keys `drop` (`header.x` for inner ones) and with others set."""
    made = json.loads(json.dumps(base))
    for key in drop:
        inner, _, name = key.rpartition(".")
        del (made[inner] if inner else made)[name]
    made.update(top)
    made["header"].update(header)
    made["fields"].update(fields)
    return json.dumps(made)


def message(name, kind, cls, fields, rev="oasis_v2"):
    header = {"dev_id": 1} if rev == "rfc2025" else {"dev_num": 1, "token": 7}
    return json.dumps({"rev": rev, "message": name, "class": cls, "kind": kind, "header": header, "fields": fields})


def accept(name, text, out, *options):
    return Case(name, ["encode", *options, text], out=lines(out))


def reject(name, text, code, detail, *options):
    return Case(name, ["encode", *options, text], out="\n", err=[error(1, code, detail)], status=1)


def reject_like(name, text, code, pattern):
    return Case(name, ["encode", text], out="\n", err=[f"error: 1: {code}: {pattern}"], status=1)


def info(**fields):
    return {"device_id": 1, "vendor_id": 2, "num_feature_bits": 64, "config_size": 0, "max_vq_count": 1,
            "admin_vq_start": 0, "admin_vq_count": 0, **fields}


DEVICE_INFO = {"device_id": 1, "vendor_id": 2, "device_uuid": UUID, "num_feature_blocks": 2, "config_size": 0,
               "max_virtqueues": 1, "admin_vq_start": 0, "admin_vq_count": 0}
DEVICE_INFO_HEX = ("0102010007003400" "01000000" "02000000" + UUID.replace("-", "") +
                   "02000000" "00000000" "01000000" "00000000" "00000000")
AREA_SHARE = {"area_id": 1, "mem_handle": 2**64 - 1, "mem_tag": 0, "page_count": 1, "sharing_attrs": 0}
CONFIG = {"generation": 0, "offset": 0, "length": 93, "config": list(range(93))}
LONG_CONFIG = message("GET_CONFIG", "response", "transport", CONFIG)
LARGEST_CONFIG = {"generation": 0, "offset": 0, "length": 65515, "config": [7] * 65515}

CASES = [
    # What decode prints goes back.
    accept("an object of decode", SET_VQUEUE_JSON, SET_VQUEUE),
    accept("with --rev", SET_VQUEUE_JSON, SET_VQUEUE, "--rev", "oasis_v2"),
    accept("the object names the revision", PING_RFC_JSON, PING_RFC),
    accept("the option does, too", edited(json.loads(PING_RFC_JSON), "rev"), PING_RFC, "--rev", "rfc2025"),
    accept("oasis_v2 otherwise", edited(PING_OBJECT, "rev"), PING),
    accept("rev and ok are optional", edited(PING_OBJECT, "ok", "rev"), PING),
    accept("type, msg_id and msg_size are optional",
           edited(PING_OBJECT, "header.type", "header.msg_id", "header.msg_size"), PING),
    accept("reserved is zero by default", edited(SET_VQUEUE_OBJECT, "fields.reserved"), SET_VQUEUE),
    accept("reserved is kept", edited(SET_VQUEUE_OBJECT, fields={"reserved": 0xa5}),
           SET_VQUEUE[:40] + "a5000000" + SET_VQUEUE[48:]),
    accept("unused is zero by default",
           message("SET_VQUEUE", "request", "transport", {"index": 1, "size": 2, "descriptor_addr": 3, "driver_addr": 4,
                                                          "device_addr": 5}, "rfc2025"),
           "000a01002a00" "01000000" "00000000" "02000000" "0300000000000000" "0400000000000000" "0500000000000000"),
    accept("any order of keys", json.dumps(dict(reversed(PING_OBJECT.items()))), PING),
    accept("white space", json.dumps(PING_OBJECT, indent=2).replace("\n", "\r\n"), PING),
    accept("2^64-1", message("FFA_AREA_SHARE", "request", "ffa-bus", AREA_SHARE),
           "0281010007002200" "0100" "ffffffffffffffff" "0000000000000000" "01000000" "00000000"),
    accept("a UUID with dashes", message("GET_DEVICE_INFO", "response", "transport", DEVICE_INFO), DEVICE_INFO_HEX),
    accept("a UUID without dashes, in capitals",
           message("GET_DEVICE_INFO", "response", "transport",
                   {**DEVICE_INFO, "device_uuid": UUID.replace("-", "").upper()}), DEVICE_INFO_HEX),
    accept("feature blocks",
           message("SET_DRIVER_FEATURES", "request", "transport",
                   {"block_index": 0, "num_blocks": 2, "features": [2**32 - 1, 1]}),
           "0004010007001800" "00000000" "02000000" "ffffffff" "01000000"),
    accept("a bitmap",
           message("GET_DEVICES", "response", "bus", {"offset": 0, "next_offset": 0, "count": 9, "bitmap": [255, 1]}),
           "0302010007001000" "0000" "0000" "0900" "ff01"),
    accept("a range without data",
           message("EVENT_CONFIG", "event", "transport",
                   {"device_status": 5, "generation": 1, "offset": 0, "length": 4, "data": []}),
           "0040010007001800" "05000000" "01000000" "00000000" "04000000"),
    accept("no fields", message("GET_DEVICE_STATUS", "request", "transport", {}), "0007010007000800"),
    accept("values are not judged", edited(PING_OBJECT, header={"dev_num": 65535}), "0203ffff09000c002a000000"),
    Case("the longest message", ["encode"],
         stdin=message("GET_CONFIG", "response", "transport", LARGEST_CONFIG).encode(),
         out=lines("010501000700ffff" "00000000" "00000000" "ebff0000" + "07" * 65515)),
    Case("several arguments", ["encode", PING_JSON, SET_VQUEUE_JSON], out=lines(PING, SET_VQUEUE)),
    Case("lines", ["encode"], stdin=f"# two\r\n{PING_JSON}\r\n\r\n  {SET_VQUEUE_JSON}\r\n".encode(),
         out=lines(PING, SET_VQUEUE)),
    Case("a failed input leaves an empty line", ["encode", PING_JSON, "{", SET_VQUEUE_JSON, "[]"],
         out=lines(PING, "", SET_VQUEUE, ""),
         err=[r"error: 2: invalid_argument: no JSON at position 2: .*",
              error(4, "invalid_argument", "an object expected, got an array")], status=1),

    # Carriages.
    accept("direct request", PING_JSON, registers(PING_WORDS), "--as", "direct", "--src", "1", "--dst", "0x8003",
           "--uuid", UUID),
    accept("direct, UUID without dashes", PING_JSON, registers(PING_WORDS), "--as", "direct", "--src", "0x0001",
           "--dst", "32771", "--uuid", UUID.replace("-", "")),
    accept("direct without ids and UUID", PING_JSON, registers([0xc400008d, 0, 0, 0, *PING_WORDS[4:]]), "--as",
           "direct"),
    accept("an event travels as a request", message("EVENT_USED", "event", "transport", {"vq_index": 3}),
           registers([0xc400008d, 0x8003_0001, 0, 0, 0x000c000700014200, 3]), "--as", "direct", "--src", "0x8003",
           "--dst", "1"),
    accept("a response carries no UUID", message("SET_VQUEUE", "response", "transport", {}),
           registers([0xc400008e, 0x8003_0001, 0, 0, 0x0008000700010a01]), "--as", "direct", "--src", "0x8003",
           "--dst", "1", "--uuid", UUID),
    accept("direct carries 112 bytes",
           message("GET_CONFIG", "response", "transport", {**CONFIG, "length": 92, "config": [255] * 92}),
           registers([0xc400008d + 1, 0, 0, 0, 0x0070000700010501, 0, 0xffffffff0000005c] + [2**64 - 1] * 11), "--as",
           "direct"),
    reject("direct does not carry 113", LONG_CONFIG, "oversize",
           "the message has 113 bytes, a direct message carries 112", "--as", "direct"),
    accept("FF-A 1.1", PING_JSON, "00" * 8 + "14000000" "0380" "0100" "0c000000" + PING, "--as", "send2-1.1", "--src",
           "1", "--dst", "0x8003", "--uuid", UUID),
    accept("FF-A 1.2", PING_JSON,
           "00" * 8 + "28000000" "0380" "0100" "0c000000" "00000000" + UUID.replace("-", "") + PING, "--as",
           "send2-1.2", "--src", "1", "--dst", "0x8003", "--uuid", UUID),
    accept("FF-A 1.2 without UUID", PING_JSON,
           "00" * 8 + "28000000" "0000" "0000" "0c000000" "00000000" + "00" * 16 + PING, "--as", "send2-1.2"),
    Case("a message alone has no use for ids", ["encode", "--src", "1", "--dst", "2", PING_JSON], out=lines(PING)),

    # Not JSON, or not an object.
    reject_like("no JSON", "vmsg", "invalid_argument", "no JSON at position 1: .*invalid literal.*"),
    reject_like("nothing", "", "invalid_argument", "no JSON at position 1: .*unexpected end of input.*"),
    reject_like("cut off", PING_JSON[:-1], "invalid_argument",
                f"no JSON at position {len(PING_JSON)}: .*unexpected end of input.*"),
    reject_like("two on one line", PING_JSON + PING_JSON, "invalid_argument",
                f"no JSON at position {len(PING_JSON) + 1}: .*expected end of input.*"),
    reject_like("a comma too many", '{"message":"PING",}', "invalid_argument", "no JSON at position 19: .*"),
    reject_like("a line end inside a string", '{"message":"PI\nNG"}', "invalid_argument",
                "no JSON at position 15: .*control character.*"),
    Case("bytes that are no text", ["encode"], stdin=b'{"\xff":1}\n', out="\n", status=1,
         err=[r"error: 1: invalid_argument: no JSON at position 3: .*UTF-8.*"]),
    Case("a zero byte", ["encode"], stdin=b'{"a":\x00}\n', out="\n", status=1,
         err=[r"error: 1: invalid_argument: no JSON at position 6: .*"]),
    reject("an array", "[1,2]", "invalid_argument", "an object expected, got an array"),
    reject("a number", "7", "invalid_argument", "an object expected, got 7"),
    reject("a string", '"PING"', "invalid_argument", 'an object expected, got "PING"'),
    reject("null", "null", "invalid_argument", "an object expected, got null"),
    reject("nested too deep", '{"fields":{"features":[1,[2]]}}', "invalid_argument",
           "fields.features[1]: nested deeper than any message"),
    reject("very deep", '{"a":' * 5000 + "1" + "}" * 5000, "invalid_argument", "a.a.a: nested deeper than any message"),
    reject("a key twice", PING_JSON.replace('"data":42', '"data":42,"data":42'), "invalid_argument",
           "fields.data: given twice"),
    reject("a top-level key twice", '{"ok":true,"ok":true}', "invalid_argument", "ok: given twice"),

    # Keys.
    reject("empty object", "{}", "invalid_argument", 'object: "message" is missing'),
    *[reject(f"without {key}", edited(PING_OBJECT, key) if key not in ("header", "fields") else
             json.dumps({k: v for k, v in PING_OBJECT.items() if k != key}),
             "invalid_argument", f'object: "{key}" is missing')
      for key in ("message", "class", "kind", "header", "fields")],
    reject("without dev_num", edited(PING_OBJECT, "header.dev_num"), "invalid_argument",
           'header: "dev_num" is missing'),
    reject("without token", edited(PING_OBJECT, "header.token"), "invalid_argument", 'header: "token" is missing'),
    reject("without a field", edited(SET_VQUEUE_OBJECT, "fields.size"), "invalid_argument",
           'fields: "size" is missing'),
    reject("without a tail", message("SET_DRIVER_FEATURES", "request", "transport",
                                     {"block_index": 0, "num_blocks": 0}), "invalid_argument",
           'fields: "features" is missing'),
    reject("unknown key", edited(PING_OBJECT, direction="up"), "invalid_argument",
           f'object: unknown key "direction", it has {MESSAGE_KEYS}'),
    reject("the object of a rejected frame", '{"ok":false,"error":"truncated","detail":"x"}', "invalid_argument",
           f'object: unknown key "error", it has {MESSAGE_KEYS}'),
    reject("unknown key in the header", edited(PING_OBJECT, header={"dev_id": 1}), "invalid_argument",
           f'header: unknown key "dev_id", it has {HEADER_KEYS}'),
    reject("no token in rfc2025", edited(json.loads(PING_RFC_JSON), header={"token": 1}), "invalid_argument",
           'header: unknown key "token", it has type, msg_id, dev_id, msg_size'),
    reject("unknown field", edited(SET_VQUEUE_OBJECT, fields={"indx": 1}), "invalid_argument",
           f'fields: unknown key "indx", SET_VQUEUE request has {SET_VQUEUE_KEYS}'),
    reject("a field of another revision", edited(SET_VQUEUE_OBJECT, fields={"unused": 0}), "invalid_argument",
           f'fields: unknown key "unused", SET_VQUEUE request has {SET_VQUEUE_KEYS}'),
    reject("a field where there is none", message("GET_DEVICE_STATUS", "request", "transport", {"status": 1}),
           "invalid_argument", 'fields: unknown key "status", GET_DEVICE_STATUS request has none'),
    reject("a key that is no text", edited(PING_OBJECT, **{"a\n\u00e9": 1}), "invalid_argument",
           f'object: unknown key "a\\n\\u00e9", it has {MESSAGE_KEYS}'),

    # Which message.
    reject("unknown message", edited(PING_OBJECT, message="PONG"), "unknown_id", 'message: no "PONG" in oasis_v2'),
    reject("names are in capitals", edited(PING_OBJECT, message="ping"), "unknown_id",
           'message: no "ping" in oasis_v2'),
    reject("a message that the revision does not have",
           message("FFA_ERROR", "response", "ffa-bus", {"original_msg_id": 1}, "oasis_v1"), "unknown_id",
           'message: no "FFA_ERROR" in oasis_v1'),
    reject("a kind that the message does not have", edited(PING_OBJECT, kind="event"), "unknown_id",
           'kind: "event" given, PING has request and response'),
    reject("no kind at all", edited(PING_OBJECT, kind="reqest"), "unknown_id",
           'kind: "reqest" given, PING has request and response'),
    reject("another class", edited(PING_OBJECT, **{"class": "transport"}), "bad_type",
           'class: "transport" given, PING is bus'),
    reject("another type", edited(PING_OBJECT, header={"type": 0}), "bad_type",
           "header.type: 0 given, PING request has 2"),
    reject("reserved bits of the type", edited(PING_OBJECT, header={"type": 6}), "bad_type",
           "header.type: 6 given, PING request has 2"),
    reject("another id", edited(PING_OBJECT, header={"msg_id": 2}), "bad_type",
           "header.msg_id: 2 given, PING request has 3"),
    reject("another size", edited(PING_OBJECT, header={"msg_size": 13}), "bad_length",
           "header.msg_size: 13 given, PING request has 12"),
    reject("size zero", edited(PING_OBJECT, header={"msg_size": 0}), "bad_length",
           "header.msg_size: 0 given, PING request has 12"),
    reject("unknown revision", edited(PING_OBJECT, rev="oasis_v3"), "invalid_argument",
           'rev: rfc2025, oasis_v1 or oasis_v2 expected, got "oasis_v3"'),
    reject("another revision than asked for", PING_RFC_JSON, "invalid_argument",
           "rev: rfc2025 in the object, oasis_v2 asked for", "--rev", "oasis_v2"),
    reject("ok is false", edited(PING_OBJECT, ok=False), "invalid_argument", "ok: true expected, got false"),
    reject("ok is no boolean", edited(PING_OBJECT, ok=1), "invalid_argument", "ok: true expected, got 1"),

    # Values.
    *[reject(f"{key} is no string", edited(PING_OBJECT, **{key: 1}), "invalid_argument",
             f"{key}: a string expected, got 1") for key in ("rev", "message", "class", "kind")],
    *[reject(f"{key} is no object", json.dumps({**PING_OBJECT, key: []}), "invalid_argument",
             f"{key}: an object expected, got an array") for key in ("header", "fields")],
    reject("a string for an integer", edited(PING_OBJECT, fields={"data": "42"}), "invalid_argument",
           'fields.data: an integer expected, got "42"'),
    reject("a boolean for an integer", edited(PING_OBJECT, fields={"data": True}), "invalid_argument",
           "fields.data: an integer expected, got true"),
    reject("null for an integer", edited(PING_OBJECT, fields={"data": None}), "invalid_argument",
           "fields.data: an integer expected, got null"),
    reject("an array for an integer", edited(PING_OBJECT, fields={"data": [42]}), "invalid_argument",
           "fields.data: an integer expected, got an array"),
    reject("a fraction", edited(PING_OBJECT, fields={"data": 42.5}), "invalid_argument",
           "fields.data: 42.5 is not an integer"),
    reject("a fraction that is none", edited(PING_OBJECT, fields={"data": 42.0}), "invalid_argument",
           "fields.data: 42.0 is not an integer"),
    reject("an exponent", PING_JSON.replace("42", "42e0"), "invalid_argument", "fields.data: 42e0 is not an integer"),
    reject("an endless exponent", PING_JSON.replace("42", "4e999"), "not_representable",
           "fields.data: does not fit in 64 bits"),
    reject_like("too many keys", "{" + ", ".join(f'"k{i}": 0' for i in range(6000)) + "}", "invalid_argument",
                "k32: more keys than any message has"),
    reject("a negative number", edited(PING_OBJECT, fields={"data": -1}), "not_representable",
           "fields.data: -1 is negative"),
    accept("minus zero is zero", PING_JSON.replace("42", "-0"), PING[:16] + "00000000"),
    reject("a very negative number", edited(PING_OBJECT, fields={"data": -2**70}), "not_representable",
           f"fields.data: {-2**70} is negative"),
    reject("2^32 in 32 bits", edited(PING_OBJECT, fields={"data": 2**32}), "not_representable",
           "fields.data: 4294967296 does not fit in 32 bits"),
    reject("2^64", edited(SET_VQUEUE_OBJECT, fields={"device_addr": 2**64}), "not_representable",
           "fields.device_addr: 18446744073709551616 does not fit in 64 bits"),
    reject("2^16 as a device number", edited(PING_OBJECT, header={"dev_num": 65536}), "not_representable",
           "header.dev_num: 65536 does not fit in 16 bits"),
    reject("2^8 as a type", edited(PING_OBJECT, header={"type": 256}), "not_representable",
           "header.type: 256 does not fit in 8 bits"),
    reject("2^16 in a field that the revision has narrower",
           message("GET_DEVICE_INFO", "response", "transport", info(admin_vq_count=65536), "oasis_v1"),
           "not_representable", "admin_vq_count 65536 does not fit in 16 bits"),
    reject("256 in a byte array", message("GET_CONFIG", "response", "transport",
                                          {"generation": 0, "offset": 0, "length": 2, "config": [255, 256]}),
           "not_representable", "fields.config[1]: 256 does not fit in 8 bits"),
    reject("a string in an array", message("GET_CONFIG", "response", "transport",
                                           {"generation": 0, "offset": 0, "length": 2, "config": [255, "ff"]}),
           "invalid_argument", 'fields.config[1]: an integer expected, got "ff"'),
    reject("a fraction in an array", message("SET_DRIVER_FEATURES", "request", "transport",
                                             {"block_index": 0, "num_blocks": 3, "features": [1, 2, 1.5]}),
           "invalid_argument", "fields.features[2]: 1.5 is not an integer"),
    reject("hexadecimal text for an array", message("GET_CONFIG", "response", "transport",
                                                    {"generation": 0, "offset": 0, "length": 2, "config": "00ff"}),
           "invalid_argument", 'fields.config: an array of integers expected, got "00ff"'),
    reject("a UUID too short", message("GET_DEVICE_INFO", "response", "transport",
                                       {**DEVICE_INFO, "device_uuid": UUID[:-1]}), "invalid_argument",
           "fields.device_uuid: a UUID of 32 hexadecimal digits expected, with or without dashes, got "
           f'"{UUID[:-1]}"'),
    reject("a UUID as a number", message("GET_DEVICE_INFO", "response", "transport",
                                         {**DEVICE_INFO, "device_uuid": 0}), "invalid_argument",
           "fields.device_uuid: a UUID of 32 hexadecimal digits expected, with or without dashes, got 0"),
    reject("a long string is cut off", edited(PING_OBJECT, fields={"data": "x" * 500}), "invalid_argument",
           f'fields.data: an integer expected, got "{"x" * 39}...'),

    # Counts.
    reject("fewer blocks than counted", message("SET_DRIVER_FEATURES", "request", "transport",
                                                {"block_index": 0, "num_blocks": 3, "features": [1, 2]}),
           "bad_length", "num_blocks 3 needs 12 bytes of features, 8 given"),
    reject("more bytes than counted", message("GET_CONFIG", "response", "transport", {**CONFIG, "length": 92}),
           "bad_length", "length 92 needs 92 bytes of config, 93 given"),
    reject("a part of the data", message("EVENT_CONFIG", "event", "transport",
                                         {"device_status": 5, "generation": 1, "offset": 0, "length": 4,
                                          "data": [1]}), "bad_length",
           "length 4 needs 4 bytes of data or none, 1 given"),
    reject("fewer bits than counted", message("GET_DEVICES", "response", "bus",
                                              {"offset": 0, "next_offset": 0, "count": 17, "bitmap": [255, 1]}),
           "bad_length", "count 17 needs 3 bytes of bitmap, 2 given"),
    Case("longer than any message", ["encode"], status=1, out="\n",
         stdin=message("GET_CONFIG", "response", "transport",
                       {"generation": 0, "offset": 0, "length": 65516, "config": [0] * 65516}).encode(),
         err=[error(1, "oversize", "GET_CONFIG response has 65536 bytes, header can say 65535")]),
]
