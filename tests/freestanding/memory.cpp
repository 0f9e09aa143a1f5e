// SPDX-License-Identifier: BSD-2-Clause
// Uses of what handles bytes: views, snapshots, register images, UUIDs, bus addresses, ring headers.
#include <vmsg/bytes.hpp>
#include <vmsg/frame.hpp>
#include <vmsg/message/bus_address.hpp>
#include <vmsg/message/fifo.hpp>
#include <vmsg/snapshot.hpp>
#include <vmsg/uuid.hpp>

using namespace vmsg;

bool use_snapshot(byte_view shared, std::uint8_t& first) {
    snapshot<104> copy;
    if (!copy.take(shared) || copy.view().empty()) return false;
    first = copy.view()[0];
    return copy.view() == shared;
}

void use_copy(byte_span to, byte_view from) { copy_bytes(to.data(), from.data(), from.size()); }

bool use_words(byte_view in, byte_span out) {
    const word_image image = from_bytes(in);
    to_bytes(image, out.data());
    return image.zero_from(in.size()) && image == word_image{};
}

bool use_uuid(const char* text, std::size_t size) {
    const auto id = parse_uuid(text, size);
    return id && !id->is_nil() && *id == device_role_uuid;
}

std::uint64_t use_address(std::uint16_t area, std::uint64_t offset) {
    const auto old = make_bus_address<revision::rfc2025>(area, offset);
    const auto made = make_bus_address<revision::oasis_v2>(area, offset);
    return old && made ? area_of<revision::rfc2025>(*old) + offset_of<revision::oasis_v2>(*made) : 0;
}

bool use_ring(byte_view in, byte_span out) {
    const auto ring = decode_fifo_header(in);
    return ring && encode_fifo_header(out, *ring).has_value();
}
