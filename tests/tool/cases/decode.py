# SPDX-License-Identifier: BSD-2-Clause
"""`vmsg decode`: text, JSON, carriages, and every reason to reject a frame."""
import re

from cases import (Case, PING, PING_JSON, PING_RFC, PING_RFC_JSON, PING_WORDS, SET_VQUEUE, SET_VQUEUE_JSON,
                   SET_VQUEUE_TEXT, UUID, error, lines, registers, rejected)


def accept(name, frame, start, *options):
    """A frame that is accepted; the line that --json prints begins like this."""
    return Case(name, ["decode", "--json", *options, frame], out=re.compile(r"\A" + re.escape(start) + r".*\n\Z"))


def reject(name, frame, code, detail, *options):
    """A frame that is rejected, without and with --json."""
    return [Case(name, ["decode", *options, frame], err=[error(1, code, detail)], status=1),
            Case(name + ", JSON", ["decode", "--json", *options, frame], out=lines(rejected(code, detail)), status=1)]


def send2(offset, size, rest):
    """The buffer of an indirect message from 1 to 0x8003 whose header has 20 bytes; `rest` is what follows them."""
    return (bytes(8) + offset.to_bytes(4, "little") + b"\x03\x80\x01\x00" + size.to_bytes(4, "little")).hex() + rest


LONG = "00000000" + UUID.replace("-", "")  # the end of a header with 40 bytes
DIRTY_TAIL = [*PING_WORDS[:5], 0x0100_0000_2a]
EVENT_CONFIG = "004001000700{:02x}00" "05000000" "01000000" "00000000" "{:08x}" "{}"

CASES = [
    # What is printed.
    Case("text", ["decode", SET_VQUEUE], out=SET_VQUEUE_TEXT),
    Case("text of two frames", ["decode", SET_VQUEUE, SET_VQUEUE], out=SET_VQUEUE_TEXT * 2),
    Case("JSON", ["decode", "--json", SET_VQUEUE], out=lines(SET_VQUEUE_JSON)),
    Case("oasis_v2 by name", ["decode", "--json", "--rev", "oasis_v2", SET_VQUEUE], out=lines(SET_VQUEUE_JSON)),
    Case("oasis_v1", ["decode", "--json", "--rev", "oasis_v1", PING],
         out=lines(PING_JSON.replace("oasis_v2", "oasis_v1"))),
    Case("rfc2025 has dev_id and no token", ["decode", "--json", "--rev", "rfc2025", PING_RFC],
         out=lines(PING_RFC_JSON)),
    Case("64-bit integers and FF-A names",
         ["decode", "--json", "0281000001002200" "0100" "ffffffffffffffff" "0000000000000080" "40000000" "f4060000"],
         out=lines('{"ok":true,"rev":"oasis_v2","message":"FFA_AREA_SHARE","class":"ffa-bus","kind":"request","header":'
                   '{"type":2,"msg_id":129,"dev_num":0,"token":1,"msg_size":34},"fields":{"area_id":1,'
                   '"mem_handle":18446744073709551615,"mem_tag":9223372036854775808,"page_count":64,'
                   '"sharing_attrs":1780}}')),
    Case("a UUID is 32 digits",
         ["decode", "--json", "0102ffffffff3400" "01000000" "02000000" + UUID.replace("-", "") +
          "02000000" "ffffffff" "01000000" "00000000" "00000000"],
         out=lines('{"ok":true,"rev":"oasis_v2","message":"GET_DEVICE_INFO","class":"transport","kind":"response",'
                   '"header":{"type":1,"msg_id":2,"dev_num":65535,"token":65535,"msg_size":52},"fields":{"device_id":1,'
                   '"vendor_id":2,"device_uuid":"c66028b524984aa19de777da6122abf0","num_feature_blocks":2,'
                   '"config_size":4294967295,"max_virtqueues":1,"admin_vq_start":0,"admin_vq_count":0}}')),
    Case("feature blocks are an array of words",
         ["decode", "--json", "0004010001001800" "00000000" "02000000" "ffffffff" "01000000"],
         out=lines('{"ok":true,"rev":"oasis_v2","message":"SET_DRIVER_FEATURES","class":"transport","kind":"request",'
                   '"header":{"type":0,"msg_id":4,"dev_num":1,"token":1,"msg_size":24},"fields":{"block_index":0,'
                   '"num_blocks":2,"features":[4294967295,1]}}')),
    Case("configuration is an array of bytes, names are those of the revision",
         ["decode", "--json", "--rev", "rfc2025", "010501001500" "07000000" "00000000" "03000000" "00ff10"],
         out=lines('{"ok":true,"rev":"rfc2025","message":"GET_CONFIG","class":"transport","kind":"response","header":'
                   '{"type":1,"msg_id":5,"dev_id":1,"msg_size":21},"fields":{"generation":7,"offset":0,"size":3,'
                   '"config":[0,255,16]}}')),
    Case("a message without fields", ["decode", "--json", "0007010002000800"],
         out=lines('{"ok":true,"rev":"oasis_v2","message":"GET_DEVICE_STATUS","class":"transport","kind":"request",'
                   '"header":{"type":0,"msg_id":7,"dev_num":1,"token":2,"msg_size":8},"fields":{}}')),
    Case("an event", ["decode", "--json", "0041020000001000" "01000000" "05000080"],
         out=lines('{"ok":true,"rev":"oasis_v2","message":"EVENT_AVAIL","class":"transport","kind":"event","header":'
                   '{"type":0,"msg_id":65,"dev_num":2,"token":0,"msg_size":16},"fields":{"vq_index":1,'
                   '"next_offset":2147483653}}')),
    Case("rejected and accepted inputs without --json", ["decode", "00", SET_VQUEUE, "0g"], out=SET_VQUEUE_TEXT,
         err=[error(1, "truncated", "a header has 8 bytes, 1 given"),
              error(3, "invalid_argument", "'g' at position 2 is no hexadecimal digit")], status=1),

    # Structure.
    *reject("no byte", "", "truncated", "a header has 8 bytes, 0 given"),
    *reject("no whole header", "0002010007000c", "truncated", "a header has 8 bytes, 7 given"),
    *reject("no whole header in rfc2025", "0002010007", "truncated", "a header has 6 bytes, 5 given", "--rev",
            "rfc2025"),
    *reject("msg_size below the header", "0002010007000700", "bad_length", "header says 7 bytes, 8 is the least"),
    *reject("msg_size zero", "0002010007000000", "bad_length", "header says 0 bytes, 8 is the least"),
    *reject("bytes are missing", SET_VQUEUE[:24], "truncated", "header says 48 bytes, 12 given"),
    *reject("one byte is missing", SET_VQUEUE[:-2], "truncated", "header says 48 bytes, 47 given"),
    *reject("one byte too many", SET_VQUEUE + "00", "oversize", "header says 48 bytes, 49 given"),
    *reject("a frame without carrier has no padding", PING + "00" * 100, "oversize", "header says 12 bytes, 112 given"),
    *reject("unknown id", "0399000007000800", "unknown_id", "no message with type 0x03 and id 0x99 in oasis_v2"),
    *reject("unknown id before wrong size", "0399000007000800ff", "unknown_id",
            "no message with type 0x03 and id 0x99 in oasis_v2"),
    *reject("an event id with the response bit", "0140010000000800", "unknown_id",
            "no message with type 0x01 and id 0x40 in oasis_v2"),
    *reject("bit 1 of the type chooses the message", "0240000000000800", "bad_length",
            "EVENT_DEVICE event has 12 bytes, header says 8"),
    *reject("a message that the revision does not have", "0387000001000a000500", "unknown_id",
            "no message with type 0x03 and id 0x87 in oasis_v1", "--rev", "oasis_v1"),
    accept("which the next one has", "0387000001000a000500",
           '{"ok":true,"rev":"oasis_v2","message":"FFA_ERROR","class":"ffa-bus","kind":"response"'),
    *reject("no whole fixed part", "0008010001000a000000", "bad_length",
            "SET_DEVICE_STATUS request has 12 bytes, header says 10"),
    *reject("something left over", "0008010001000e00000000000000", "bad_length",
            "SET_DEVICE_STATUS request has 12 bytes, header says 14"),
    *reject("GET_VQUEUE is not that long", "0109010001003200" + "00" * 42, "bad_length",
            "GET_VQUEUE response has 48 bytes, header says 50"),
    *reject("no whole fixed part before a tail", "010501000100120000000000000000000000", "bad_length",
            "GET_CONFIG response has at least 20 bytes, header says 18"),
    *reject("fewer blocks than counted", "0103010001001800" "00000000" "03000000" "0100000002000000", "bad_length",
            "num_blocks 3 needs 12 bytes of features, 8 given"),
    *reject("more blocks than counted", "0103010001001800" "00000000" "01000000" "0100000002000000", "bad_length",
            "num_blocks 1 needs 4 bytes of features, 8 given"),
    *reject("half a block", "0103010001001200" "00000000" "01000000" "0100", "bad_length",
            "num_blocks 1 needs 4 bytes of features, 2 given"),
    *reject("a count that overflows 32 bits", "0103010001001000" "00000000" "00000040", "bad_length",
            "num_blocks 1073741824 needs 4294967296 bytes of features, 0 given"),
    *reject("fewer bits than counted", "0302000001000f00" "0000" "0000" "0900" "ff", "bad_length",
            "count 9 needs 2 bytes of bitmap, 1 given"),
    *reject("the order of GET_DEVICES changed", "0302000001000f00" "0000" "0000" "0800" "ff", "bad_length",
            "num 0 needs 0 bytes of devices, 1 given", "--rev", "oasis_v1"),
    accept("EVENT_CONFIG with data", EVENT_CONFIG.format(28, 0x04000000, "01020304"), '{"ok":true,'),
    accept("EVENT_CONFIG without data", EVENT_CONFIG.format(24, 0x04000000, ""), '{"ok":true,'),
    *reject("EVENT_CONFIG with a part of the data", EVENT_CONFIG.format(26, 0x04000000, "0102"), "bad_length",
            "length 4 needs 4 bytes of data or none, 2 given"),
    accept("SET_CONFIG response without data", "0106010001001400" "00000000" "00000000" "04000000", '{"ok":true,'),
    *reject("SET_CONFIG request without data", "0006010001001400" "00000000" "00000000" "04000000", "bad_length",
            "length 4 needs 4 bytes of config, 0 given"),

    # Values are not judged.
    accept("reserved bits of the type", "fe03000009000c002a000000",
           '{"ok":true,"rev":"oasis_v2","message":"PING","class":"bus","kind":"request","header":{"type":254,'),
    accept("a bus message with a device number", "0203ffff09000c002a000000",
           '{"ok":true,"rev":"oasis_v2","message":"PING","class":"bus","kind":"request","header":{"type":2,"msg_id":3,'
           '"dev_num":65535,'),
    accept("an enumeration", "0240000000000c00" "0100" "ff7f", '{"ok":true,"rev":"oasis_v2","message":"EVENT_DEVICE",'),
    accept("flags and reserved fields", SET_VQUEUE.replace("01000000" "00010000" "00000000",
                                                           "ffffffff" "00010000" "ffffffff"), '{"ok":true,'),

    # Direct messages.
    Case("direct", ["decode", "--json", "--as", "direct", registers(PING_WORDS)], out=lines(PING_JSON)),
    Case("direct, text", ["decode", "--as", "direct", registers(PING_WORDS)],
         out=re.compile(r"\APING request \(oasis_v2, bus, either way\)\n")),
    Case("direct response", ["decode", "--json", "--as", "direct",
                             registers([0xc400008e, 0x80030001, 0, 0, 0x0008000500000a01])],
         out=re.compile(r'\A{"ok":true,"rev":"oasis_v2","message":"SET_VQUEUE","class":"transport","kind":"response"')),
    Case("direct, commas, upper case, leading zeros left out",
         ["decode", "--json", "--as", "direct",
          ", ".join(f"{w:X}" for w in PING_WORDS) + ",0" * 12 + ","], out=lines(PING_JSON)),
    Case("direct, lines", ["decode", "--json", "--as", "direct"],
         stdin=(registers(PING_WORDS) + "\r\n# x\n" + registers(PING_WORDS).replace(" ", "\t") + "\n").encode(),
         out=lines(PING_JSON, PING_JSON)),
    Case("the SVE hint is ignored",
         ["decode", "--json", "--as", "direct", registers([0xc401008d, *PING_WORDS[1:]])], out=lines(PING_JSON)),
    *reject("another call", registers([0x84000061]), "bad_type",
            "x0 is 0x84000061, direct messages have 0xc400008d (REQ2) or 0xc400008e (RESP2)", "--as", "direct"),
    *reject("17 registers", registers(PING_WORDS, 17), "invalid_argument",
            "17 registers in one input, x0 to x17 are 18", "--as", "direct"),
    *reject("19 registers", registers(PING_WORDS, 19), "invalid_argument",
            "19 registers in one input, x0 to x17 are 18", "--as", "direct"),
    *reject("a register too wide", "0x1" + registers([0xc400008d])[2:], "invalid_argument",
            "17 digits at position 1 (x0), a register has 1 to 16", "--as", "direct"),
    *reject("a register without digits", "0x " + registers(PING_WORDS), "invalid_argument",
            "0 digits at position 1 (x0), a register has 1 to 16", "--as", "direct"),
    *reject("no digit in a register", registers(PING_WORDS)[:-1] + "h", "invalid_argument",
            "'h' at position 341 (x17) is no hexadecimal digit", "--as", "direct"),
    *reject("no message in the registers", registers([0xc400008e]), "bad_length",
            "header says 0 bytes, 8 is the least", "--as", "direct"),
    *reject("a message that registers cannot hold", registers([*PING_WORDS[:4], 0x0071000900000302]), "truncated",
            "header says 113 bytes, 112 given", "--as", "direct"),
    *reject("padding that is not zero", registers(DIRTY_TAIL), "oversize",
            "header says 12 bytes, byte 12 is 0x01 where only zero padding may be", "--as", "direct"),
    *reject("the last byte of the padding is not zero", registers([*PING_WORDS, *[0] * 11, 0xff << 56]), "oversize",
            "header says 12 bytes, byte 111 is 0xff where only zero padding may be", "--as", "direct"),
    *reject("unknown id before padding", registers([*PING_WORDS[:4], 0x0008000900009902, 1]), "unknown_id",
            "no message with type 0x02 and id 0x99 in oasis_v2", "--as", "direct"),

    # Indirect messages.
    Case("FF-A 1.1", ["decode", "--json", "--as", "send2", send2(20, 12, PING)], out=lines(PING_JSON)),
    Case("FF-A 1.2", ["decode", "--json", "--as", "send2", send2(40, 12, LONG + PING)], out=lines(PING_JSON)),
    Case("offset 24", ["decode", "--json", "--as", "send2", send2(24, 12, "a5a5a5a5" + PING)], out=lines(PING_JSON)),
    Case("offset 36", ["decode", "--json", "--as", "send2", send2(36, 12, "a5" * 16 + PING)], out=lines(PING_JSON)),
    Case("offset 64", ["decode", "--json", "--as", "send2", send2(64, 12, LONG + "a5" * 24 + PING)],
         out=lines(PING_JSON)),
    Case("zero padding inside the payload", ["decode", "--json", "--as", "send2", send2(20, 104, PING + "00" * 92)],
         out=lines(PING_JSON)),
    Case("a whole buffer", ["decode", "--json", "--as", "send2", send2(20, 12, PING + "00" * 4064)],
         out=lines(PING_JSON)),
    *reject("padding inside the payload that is not zero", send2(20, 16, PING + "00000001"), "oversize",
            "header says 12 bytes, byte 15 is 0x01 where only zero padding may be", "--as", "send2"),
    *reject("bytes behind the payload that are not zero", send2(20, 12, PING + "0000ff"), "oversize",
            "header says 12 bytes, byte 14 is 0xff where only zero padding may be", "--as", "send2"),
    *reject("a message longer than the payload", send2(20, 11, PING), "truncated", "header says 12 bytes, 11 given",
            "--as", "send2"),
    *reject("no whole partition message header", send2(20, 12, "")[:-2], "truncated",
            "a partition message header has 20 bytes, 19 given", "--as", "send2"),
    *reject("an offset inside the header", send2(16, 12, PING), "bad_length",
            "partition message header says offset 16, 20 is the least", "--as", "send2"),
    *reject("an empty payload", send2(20, 0, PING), "bad_length",
            "partition message header says 0 bytes at offset 20", "--as", "send2"),
    *reject("a payload outside the buffer", send2(20, 13, PING), "truncated",
            "partition message header says 13 bytes at offset 20, the buffer has 32", "--as", "send2"),
    *reject("an offset outside the buffer", send2(0xfffffff0, 0x20, PING), "truncated",
            "partition message header says 32 bytes at offset 4294967280, the buffer has 32", "--as", "send2"),

    # The newest revision that accepts the frame.
    Case("auto, oasis_v2", ["decode", "--json", "--rev", "auto", SET_VQUEUE], out=lines(SET_VQUEUE_JSON)),
    accept("auto, oasis_v1", "0280000001001000" "00000100" "01000000",
           '{"ok":true,"rev":"oasis_v1","message":"FFA_VERSION",', "--rev", "auto"),
    Case("auto, rfc2025", ["decode", "--json", "--rev", "auto", PING_RFC], out=lines(PING_RFC_JSON)),
    Case("auto, text", ["decode", "--rev", "auto", PING_RFC], out=re.compile(r"\APING request \(rfc2025, bus,")),
    Case("auto, each input by itself", ["decode", "--json", "--rev", "auto", PING_RFC, PING],
         out=lines(PING_RFC_JSON, PING_JSON)),
    Case("auto, direct", ["decode", "--json", "--rev", "auto", "--as", "direct",
                          registers([*PING_WORDS[:4], 0x002a_000a_0000_0302])], out=lines(PING_RFC_JSON)),
    *reject("auto, none: the error of oasis_v2", "0399000007000800", "unknown_id",
            "no message with type 0x03 and id 0x99 in oasis_v2", "--rev", "auto"),
]
