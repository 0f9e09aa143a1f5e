// SPDX-License-Identifier: BSD-2-Clause
#include "carriage.hpp"

#include "hex.hpp"
#include "rejected.hpp"

#include <vmsg/ffa/direct.hpp>
#include <vmsg/ffa/explain.hpp>
#include <vmsg/ffa/indirect.hpp>
#include <vmsg/frame.hpp>
#include <vmsg/text.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace tool {

namespace {

delivery unpack_direct(std::string_view text) {
    const vmsg::ffa::call_frame frame = parse_registers(text);
    const auto direct = vmsg::ffa::decode_direct(frame);
    if (!direct) {
        char words[160];
        vmsg::text_writer out{words};
        vmsg::ffa::explain_direct(out, frame, direct.error());
        throw rejected{direct.error(), out.view()};
    }
    delivery d{std::vector<std::uint8_t>(vmsg::word_image::size_bytes), vmsg::word_image::size_bytes, true};
    vmsg::to_bytes(direct->payload, d.bytes.data());
    return d;
}

delivery unpack_indirect(std::string_view text) {
    std::vector<std::uint8_t> buffer = parse_hex(text);
    const auto indirect = vmsg::ffa::decode_indirect(buffer);
    if (!indirect) {
        char words[160];
        vmsg::text_writer out{words};
        vmsg::ffa::explain_indirect(out, buffer, indirect.error());
        throw rejected{indirect.error(), out.view()};
    }
    const std::size_t size = indirect->payload.size();
    buffer.erase(buffer.begin(), buffer.begin() + (indirect->payload.data() - buffer.data()));
    return {std::move(buffer), size, true};
}

std::string pack_direct(const address& to, vmsg::msg_kind kind, const std::vector<std::uint8_t>& frame) {
    if (frame.size() > vmsg::word_image::size_bytes)
        throw rejected{vmsg::errc::oversize, fmt::format("the message has {} bytes, a direct message carries {}",
                                                         frame.size(), vmsg::word_image::size_bytes)};
    const vmsg::word_image image = vmsg::from_bytes(frame);
    if (kind == vmsg::msg_kind::response) return to_text(vmsg::ffa::encode_direct_response(to.src, to.dst, image));
    return to_text(vmsg::ffa::encode_direct_request(to.src, to.dst, to.service, image));
}

std::string pack_indirect(vmsg::ffa::version version, const address& to, const std::vector<std::uint8_t>& frame) {
    std::vector<std::uint8_t> buffer(vmsg::ffa::indirect_header_size(version) + frame.size());
    const auto place = vmsg::ffa::encode_indirect(buffer, version, to.src, to.dst, to.service, frame.size());
    VMSG_ASSERT(place.has_value());
    std::copy(frame.begin(), frame.end(), place->begin());
    return to_hex(buffer);
}

} // namespace

delivery unpack(carriage how, std::string_view text) {
    switch (how) {
    case carriage::message: break;
    case carriage::direct: return unpack_direct(text);
    default: return unpack_indirect(text);
    }
    std::vector<std::uint8_t> bytes = parse_hex(text);
    const std::size_t size = bytes.size();
    return {std::move(bytes), size, false};
}

std::string pack(carriage how, const address& to, vmsg::msg_kind kind, const std::vector<std::uint8_t>& frame) {
    switch (how) {
    case carriage::message: return to_hex(frame);
    case carriage::direct: return pack_direct(to, kind, frame);
    case carriage::send2_1_1: return pack_indirect(vmsg::ffa::version::v1_1, to, frame);
    default: return pack_indirect(vmsg::ffa::version::v1_2, to, frame);
    }
}

} // namespace tool
