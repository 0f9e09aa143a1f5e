// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// The codecs that are compared, behind one interface: encode and decode one round of the eight messages.
// Their functions are in translation units of their own, so nothing about a message is known where it is coded.

#include <cstddef>
#include <cstdint>

#include <vmsg/codec.hpp>
#include <vmsg/message/all.hpp>

#include "c_reference.h"
#include "samples.hpp"
#include "yardstick.h"

namespace bench {

#define DECLARE(name, type, rev)                                                                                       \
    vmsg::result<std::size_t> vmsg_encode_##name##_##rev(std::uint8_t* out, std::size_t room, const vmsg::header& h,   \
                                                         const vmsg::type& m);                                         \
    vmsg::result<void> vmsg_decode_##name##_##rev(const std::uint8_t* in, std::size_t size,                            \
                                                  vmsg::framed<vmsg::type>& out);                                      \
    void memcpy_encode_##name##_##rev(std::uint8_t* to, const std::uint8_t* from, std::size_t size);                   \
    void memcpy_decode_##name##_##rev(std::uint8_t* to, const std::uint8_t* from, std::size_t size);
#define DECLARE_EIGHT(rev) YARDSTICK_MESSAGES(DECLARE, rev)
YARDSTICK_REVISIONS(DECLARE_EIGHT)
#undef DECLARE
#undef DECLARE_EIGHT

/// What a compiler may not look through: all memory is used and may have changed.
[[gnu::always_inline]] inline void barrier() { asm volatile("" : : : "memory"); }

template <vmsg::revision R> struct memcpy_codec;
template <vmsg::revision R> struct c_codec;
template <vmsg::revision R> struct c_out_of_line_codec;
template <vmsg::revision R> struct vmsg_codec;

#define FLOOR_ENCODE(name, type, rev)                                                                                  \
    memcpy_encode_##name##_##rev(to[kind::name], from[kind::name], sizes[kind::name]);                                 \
    barrier();
#define FLOOR_DECODE(name, type, rev)                                                                                  \
    memcpy_decode_##name##_##rev(to[kind::name], from[kind::name], sizes[kind::name]);                                 \
    barrier();
#define C_ENCODE(name, type, rev)                                                                                      \
    c_encode_##name##_##rev(to[kind::name], slot_size, &from.heads[kind::name], &from.name);                           \
    barrier();
#define C_DECODE(name, type, rev)                                                                                      \
    c_decode_##name##_##rev(from[kind::name], sizes[kind::name], &to.heads[kind::name], &to.name);                     \
    barrier();
#define COOL_ENCODE(name, type, rev)                                                                                   \
    cool_encode_##name##_##rev(to[kind::name], slot_size, &from.heads[kind::name], &from.name);                        \
    barrier();
#define COOL_DECODE(name, type, rev)                                                                                   \
    cool_decode_##name##_##rev(from[kind::name], sizes[kind::name], &to.heads[kind::name], &to.name);                  \
    barrier();
#define VMSG_ENCODE(name, type, rev)                                                                                   \
    static_cast<void>(vmsg_encode_##name##_##rev(to[kind::name], slot_size, from.heads[kind::name], from.name));       \
    barrier();
#define VMSG_DECODE(name, type, rev)                                                                                   \
    static_cast<void>(vmsg_decode_##name##_##rev(from[kind::name], sizes[kind::name], to.name));                       \
    barrier();

#define CODEC(codec, rev, source_member, target_form, ENCODE, DECODE)                                                  \
    template <> struct codec<vmsg::revision::rev> {                                                                    \
        using source = decltype(samples<vmsg::revision::rev>::source_member)::value_type;                              \
        using target = target_form;                                                                                    \
        static const source& source_of(const samples<vmsg::revision::rev>& given, std::size_t round) {                 \
            return given.source_member[round];                                                                         \
        }                                                                                                              \
        static void encode(const source& from, [[maybe_unused]] const wire_sizes& sizes, wire_round& to) {             \
            YARDSTICK_MESSAGES(ENCODE, rev)                                                                            \
        }                                                                                                              \
        static void decode(const wire_round& from, const wire_sizes& sizes, target& to) {                              \
            YARDSTICK_MESSAGES(DECODE, rev)                                                                            \
        }                                                                                                              \
    };
#define CODECS(rev)                                                                                                    \
    CODEC(memcpy_codec, rev, on_wire, wire_round, FLOOR_ENCODE, FLOOR_DECODE)                                          \
    CODEC(c_codec, rev, for_c, c_round, C_ENCODE, C_DECODE)                                                            \
    CODEC(c_out_of_line_codec, rev, for_c, c_round, COOL_ENCODE, COOL_DECODE)                                          \
    CODEC(vmsg_codec, rev, for_vmsg, vmsg_decoded, VMSG_ENCODE, VMSG_DECODE)
YARDSTICK_REVISIONS(CODECS)

} // namespace bench
