// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// What partitions there are: FFA_PARTITION_INFO_GET and FFA_PARTITION_INFO_GET_REGS as data. Source: FF-A, "Partition
// discovery": descriptors of 8 bytes (1.0), 24 (1.1, 1.2) and 48 (1.3), little-endian in memory, native in registers.
// Managers answer with the size they like: an array is walked by the size that the answer says. The whole
// conversation: `discovery.hpp`.

#include <cstddef>
#include <cstdint>

#include <vmsg/bytes.hpp>
#include <vmsg/ffa/call_frame.hpp>
#include <vmsg/ffa/endpoint_id.hpp>
#include <vmsg/ffa/error.hpp>
#include <vmsg/ffa/function_id.hpp>
#include <vmsg/ffa/registers.hpp>
#include <vmsg/ffa/uuid_registers.hpp>
#include <vmsg/ffa/version.hpp>
#include <vmsg/result.hpp>
#include <vmsg/uuid.hpp>

namespace vmsg::ffa {

/// What a partition can do, as seen by the caller. Bits 5:4 are the kind of its id: `kind_of`.
enum class partition_properties : std::uint32_t {
    receives_direct = 1 << 0, ///< FFA_MSG_SEND_DIRECT_REQ
    sends_direct = 1 << 1,
    indirect = 1 << 2,      ///< FFA_MSG_SEND2, both ways
    notifications = 1 << 3, ///< receives them
    wants_vm_created = 1 << 6,
    wants_vm_destroyed = 1 << 7,
    aarch64 = 1 << 8,
    receives_direct2 = 1 << 9, ///< FFA_MSG_SEND_DIRECT_REQ2
    sends_direct2 = 1 << 10,
    live_activation = 1 << 11,  ///< 1.3
    cpu_rendezvous = 1 << 12,   ///< 1.3
    smc64_scheduling = 1 << 13, ///< 1.3: FFA_RUN and its kin in 64-bit form
};
constexpr partition_properties operator|(partition_properties a, partition_properties b) {
    return static_cast<partition_properties>(static_cast<std::uint32_t>(a) | static_cast<std::uint32_t>(b));
}

/// Bits 5:4.
enum class partition_kind : std::uint8_t {
    endpoint = 0,          ///< an execution environment: only then the message properties mean something
    sepid_independent = 1, ///< a stream endpoint that nobody answers for
    sepid_dependent = 2,   ///< a stream endpoint; `contexts` is the id of its proxy
    auxiliary = 3,
};
constexpr partition_kind kind_of(partition_properties p) {
    return static_cast<partition_kind>(static_cast<std::uint32_t>(p) >> 4 & 3);
}

/// Whether all of `wanted` are there and mean something.
constexpr bool has(partition_properties all, partition_properties wanted) {
    constexpr std::uint32_t of_endpoints = 0x60f;
    const auto bits = static_cast<std::uint32_t>(all);
    const auto need = static_cast<std::uint32_t>(wanted);
    if ((need & of_endpoints) != 0 && kind_of(all) != partition_kind::endpoint) return false;
    return (bits & need) == need;
}

/// One partition, or one service of a partition: from FF-A 1.2 on a partition is listed once per service.
struct partition_info {
    endpoint_id id{};
    std::uint16_t contexts{}; ///< execution contexts, or the id of a proxy (`partition_kind`)
    partition_properties properties{};
    uuid protocol{};  ///< of the service; nil where the caller asked for one
    uuid image{};     ///< 1.3, else nil
    version speaks{}; ///< 1.3: the partition's FF-A version, else 0
    friend bool operator==(const partition_info&, const partition_info&) = default;
};

/// Bytes of the descriptor that version `v` defines.
constexpr std::size_t partition_descriptor_size(version v) {
    return v >= version::v1_3 ? 48 : v >= version::v1_1 ? 24 : 8;
}

/// Writes a descriptor that fills `out`: 8, 24 or 48 bytes of it mean something, the rest is zero. `invalid_argument`
/// for less than 8 bytes.
constexpr result<void> encode_partition_descriptor(byte_span out, const partition_info& info) {
    if (out.size() < 8) return errc::invalid_argument;
    for (std::uint8_t& byte : out) byte = 0;
    store_le(out.data(), static_cast<std::uint16_t>(info.id));
    store_le(out.data() + 2, info.contexts);
    store_le(out.data() + 4, static_cast<std::uint32_t>(info.properties));
    if (out.size() < 24) return {};
    copy_bytes(out.data() + 8, info.protocol.bytes, 16);
    if (out.size() < 48) return {};
    copy_bytes(out.data() + 24, info.image.bytes, 16);
    store_le(out.data() + 40, static_cast<std::uint32_t>(info.speaks));
    return {};
}

/// The descriptor in `bytes`, which has the size that the answer says. What a longer one has more is ignored.
/// `truncated` for less than 8 bytes.
constexpr result<partition_info> decode_partition_descriptor(byte_view bytes) {
    if (bytes.size() < 8) return errc::truncated;
    partition_info info;
    info.id = static_cast<endpoint_id>(load_le<std::uint16_t>(bytes.data()));
    info.contexts = load_le<std::uint16_t>(bytes.data() + 2);
    info.properties = static_cast<partition_properties>(load_le<std::uint32_t>(bytes.data() + 4));
    if (bytes.size() < 24) return info;
    copy_bytes(info.protocol.bytes, bytes.data() + 8, 16);
    if (bytes.size() < 48) return info;
    copy_bytes(info.image.bytes, bytes.data() + 24, 16);
    info.speaks = static_cast<version>(load_le<std::uint32_t>(bytes.data() + 40));
    return info;
}

/// FFA_PARTITION_INFO_GET.
struct partition_info_get_call {
    uuid service{};    ///< nil: all partitions
    bool count_only{}; ///< w5 bit 0, from FF-A 1.1 on: RX stays untouched
    friend bool operator==(const partition_info_get_call&, const partition_info_get_call&) = default;
};
constexpr call_frame encode(const partition_info_get_call& c) {
    call_frame frame = detail::frame_of(function_id::partition_info_get);
    detail::put_uuid_words(frame, c.service);
    frame.x[5] = c.count_only ? 1 : 0;
    return frame;
}
constexpr result<partition_info_get_call> decode_partition_info_get(const call_frame& frame) {
    if (!detail::is_call(frame, function_id::partition_info_get)) return errc::bad_type;
    return partition_info_get_call{detail::uuid_words_in(frame), (frame.x[5] & 1) != 0};
}

/// `count` descriptors are in RX, or would be.
struct partition_info_get_answer {
    std::uint32_t count{};
    std::uint32_t descriptor_size{}; ///< bytes; 0 in an answer to a count and before FF-A 1.1
    friend bool operator==(const partition_info_get_answer&, const partition_info_get_answer&) = default;
};
constexpr call_frame encode(const partition_info_get_answer& a) {
    call_frame frame = encode_success();
    frame.x[2] = a.count;
    frame.x[3] = a.descriptor_size;
    return frame;
}
/// The numbers as they are; whether they fit the buffer: `partition_stride`.
constexpr result<partition_info_get_answer> decode_partition_info_get_answer(const call_frame& frame) {
    const auto done = outcome_of(frame);
    if (!done) return done.error();
    return partition_info_get_answer{word_in(frame, 2), word_in(frame, 3)};
}

/// Bytes from one descriptor in RX to the next: the size that the answer says, whatever was negotiated; before FF-A
/// 1.1 there is none and it is 8. Errors: `bad_length` (shorter than the descriptor of 1.1, or of no whole words),
/// `truncated` (the descriptors do not fit `rx_size` bytes).
constexpr result<std::size_t> partition_stride(const partition_info_get_answer& a, std::size_t rx_size,
                                               version negotiated) {
    const std::uint32_t stride = negotiated >= version::v1_1 ? a.descriptor_size : 8;
    const bool sound = negotiated >= version::v1_1 ? stride >= 24 && stride % 8 == 0 : true;
    if (!sound) return errc::bad_length;
    if (std::uint64_t{a.count} * stride > rx_size) return errc::truncated;
    return std::size_t{stride};
}

/// FFA_PARTITION_INFO_GET_REGS, from FF-A 1.2 on: from index `start` on.
struct partition_info_get_regs_call {
    uuid service{}; ///< nil: all partitions
    std::uint16_t start{};
    std::uint16_t tag{}; ///< of the answer before; 0 with `start` 0
    friend bool operator==(const partition_info_get_regs_call&, const partition_info_get_regs_call&) = default;
};
constexpr call_frame encode(const partition_info_get_regs_call& c) {
    call_frame frame = detail::frame_of(function_id::partition_info_get_regs);
    frame.x[1] = c.service.low();
    frame.x[2] = c.service.high();
    frame.x[3] = std::uint64_t{c.tag} << 16 | c.start;
    return frame;
}
constexpr result<partition_info_get_regs_call> decode_partition_info_get_regs(const call_frame& frame) {
    if (!detail::is_call(frame, function_id::partition_info_get_regs)) return errc::bad_type;
    return partition_info_get_regs_call{uuid_of(frame.x[1], frame.x[2]),
                                        static_cast<std::uint16_t>(frame.x[3] & 0xffff),
                                        static_cast<std::uint16_t>(frame.x[3] >> 16 & 0xffff)};
}

/// A window of the list, in x3 to x17: 5 descriptors of 24 bytes or 2 of 48.
struct partition_info_get_regs_answer {
    static constexpr std::size_t capacity = 5;

    std::uint16_t last_index{};    ///< of the whole list
    std::uint16_t current_index{}; ///< of the last entry here
    std::uint16_t tag{};           ///< to be sent with the next call
    std::uint16_t descriptor_size{24};
    std::uint8_t count{};
    partition_info entries[capacity]{};
    friend bool operator==(const partition_info_get_regs_answer&, const partition_info_get_regs_answer&) = default;
};

/// Descriptors of `size` bytes that fit one answer.
constexpr std::size_t partitions_per_answer(std::size_t size) { return size < 24 ? 0 : 15 * 8 / size; }

constexpr call_frame encode(const partition_info_get_regs_answer& a) {
    VMSG_ASSERT(a.descriptor_size % 8 == 0 && a.count <= partitions_per_answer(a.descriptor_size));
    call_frame frame = encode_success(form::smc64);
    frame.x[2] = std::uint64_t{a.last_index} | std::uint64_t{a.current_index} << 16 | std::uint64_t{a.tag} << 32 |
                 std::uint64_t{a.descriptor_size} << 48;
    const std::size_t stride = a.descriptor_size / 8u;
    for (std::size_t i = 0; i < a.count; ++i) {
        const partition_info& p = a.entries[i];
        std::uint64_t* const x = frame.x + 3 + i * stride;
        x[0] = std::uint64_t{static_cast<std::uint16_t>(p.id)} | std::uint64_t{p.contexts} << 16 |
               std::uint64_t{static_cast<std::uint32_t>(p.properties)} << 32;
        x[1] = p.protocol.low();
        x[2] = p.protocol.high();
        if (stride < 6) continue;
        x[3] = p.image.low();
        x[4] = p.image.high();
        x[5] = static_cast<std::uint32_t>(p.speaks);
    }
    return frame;
}

/// The answer to a call that began at `start`. Errors: `bad_length` (a descriptor is shorter than 24 bytes or has no
/// whole words, the indices run backwards or past the end, or there are more entries than registers).
constexpr result<partition_info_get_regs_answer> decode_partition_info_get_regs_answer(const call_frame& frame,
                                                                                       std::uint16_t start) {
    const auto done = outcome_of(frame);
    if (!done) return done.error();
    partition_info_get_regs_answer a;
    a.last_index = static_cast<std::uint16_t>(frame.x[2] & 0xffff);
    a.current_index = static_cast<std::uint16_t>(frame.x[2] >> 16 & 0xffff);
    a.tag = static_cast<std::uint16_t>(frame.x[2] >> 32 & 0xffff);
    a.descriptor_size = static_cast<std::uint16_t>(frame.x[2] >> 48);
    if (a.descriptor_size < 24 || a.descriptor_size % 8 != 0) return errc::bad_length;
    if (a.current_index < start || a.current_index > a.last_index) return errc::bad_length;
    const std::size_t count = a.current_index - start + std::size_t{1};
    if (count > partitions_per_answer(a.descriptor_size)) return errc::bad_length;
    a.count = static_cast<std::uint8_t>(count);
    const std::size_t stride = a.descriptor_size / 8u;
    for (std::size_t i = 0; i < count; ++i) {
        const std::uint64_t* const x = frame.x + 3 + i * stride;
        partition_info& p = a.entries[i];
        p.id = static_cast<endpoint_id>(x[0] & 0xffff);
        p.contexts = static_cast<std::uint16_t>(x[0] >> 16 & 0xffff);
        p.properties = static_cast<partition_properties>(x[0] >> 32);
        p.protocol = uuid_of(x[1], x[2]);
        if (stride < 6) continue;
        p.image = uuid_of(x[3], x[4]);
        p.speaks = static_cast<version>(x[5] & 0xffff'ffff);
    }
    return a;
}

} // namespace vmsg::ffa
