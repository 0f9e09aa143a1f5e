// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// Frames of device sides with quirks, brought into the shape that their revision defines before a driver side looks at
// them. Source: the quirks of GET_DEVICES and of null messages (quirk.hpp).

#include <cstddef>
#include <cstdint>

#include <vmsg/bytes.hpp>
#include <vmsg/codec.hpp>
#include <vmsg/message/bus.hpp>
#include <vmsg/message/ffa_bus.hpp>
#include <vmsg/message/header.hpp>
#include <vmsg/message/transfer_method.hpp>
#include <vmsg/quirk.hpp>
#include <vmsg/revision.hpp>

namespace vmsg::proto::detail {

/// How many bits of a pair a driver wants with these quirks.
template <revision R, quirk_set Q>
inline constexpr pair_rule pairs_for = R != revision::rfc2025&& Q.has(quirk::features_rx_only) ? pair_rule::direct_rx
                                                                                               : usual_pair_rule<R>;

/// Puts frames into shape.
template <revision R, quirk_set Q> class mender {
    static constexpr std::size_t size_at = header_size<R> - 2; // of `msg_size`
    static constexpr bool counts_devices =
        Q.has(quirk::get_devices_popcount) || Q.has(quirk::get_devices_bitmap_by_request);
    static constexpr bool pads_devices = Q.has(quirk::get_devices_size_by_slots);
    static constexpr bool short_nulls = Q.has(quirk::null_msg_size_6);

public:
    static constexpr bool needed = counts_devices || pads_devices || short_nulls;

    /// The frame, or its mended copy in `room`, which is as long as the longest message.
    static constexpr byte_view mend(byte_view frame, byte_span room) {
        if constexpr (needed) {
            if (frame.size() < header_size<R> || frame.size() > room.size()) return frame;
            copy_bytes(room.data(), frame.data(), frame.size());
            const byte_span copy = room.first(frame.size());
            if (short_nulls) mend_null(copy);
            if (counts_devices || pads_devices) mend_devices(copy);
            return copy;
        } else {
            static_cast<void>(room);
            return frame;
        }
    }

private:
    /// {0x01 or 0x03, id 0, device 0, size 6}, in front of whatever the carrier has padded it with.
    static constexpr void mend_null(byte_span f) {
        const bool answer = f[0] == type_response || f[0] == (type_bus | type_response);
        if (!answer || f[1] != 0 || load_le<std::uint16_t>(f.data() + 2) != 0) return;
        if (load_le<std::uint16_t>(f.data() + size_at) != 6) return;
        f[0] = type_bus | type_response;
        store_le(f.data() + size_at, static_cast<std::uint16_t>(header_size<R>));
    }

    static constexpr void mend_devices(byte_span f) {
        constexpr std::size_t fixed = fixed_msg_size<get_devices_response, R>;
        if (f[0] != row_of<get_devices_response>.type() || f[1] != row_of<get_devices_response>.id) return;
        const std::size_t size = load_le<std::uint16_t>(f.data() + size_at);
        if (size < fixed || f.size() < fixed) return;
        std::uint8_t* const count = f.data() + header_size<R> + (R == revision::oasis_v2 ? 4 : 2);
        if (counts_devices) {
            if (size <= f.size() && size - fixed < 8192)
                store_le(count, static_cast<std::uint16_t>(8 * (size - fixed)));
        } else {
            const std::size_t whole = fixed + (load_le<std::uint16_t>(count) + std::size_t{7}) / 8;
            if (size > whole && whole <= f.size()) store_le(f.data() + size_at, static_cast<std::uint16_t>(whole));
        }
    }
};

/// VERSION of oasis_v1 with 18 bytes of payload: behind the two numbers come transport features, carriers and the
/// number of areas. `frame` holds the usual one; gives its new size.
constexpr std::size_t lengthen_version(byte_span frame, bus_feature own, std::uint16_t max_areas) {
    constexpr std::size_t usual = fixed_msg_size<version_request, revision::oasis_v1>;
    VMSG_ASSERT(frame.size() >= usual + 10);
    store_le(frame.data() + usual, std::uint32_t{0});
    store_le(frame.data() + usual + 4, static_cast<std::uint32_t>(own));
    store_le(frame.data() + usual + 8, max_areas);
    store_le(frame.data() + 6, static_cast<std::uint16_t>(usual + 10));
    return usual + 10;
}

} // namespace vmsg::proto::detail
