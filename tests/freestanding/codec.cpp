// SPDX-License-Identifier: BSD-2-Clause
// Uses of every message in every revision: encode, decode, validate, accept, in bytes and in words, and decode_any.
#include <vmsg/codec.hpp>
#include <vmsg/message/all.hpp>
#include <vmsg/message/inbound.hpp>
#include <vmsg/message/info.hpp>

using namespace vmsg;

namespace {

// In words; in bytes together with the header.
template <class M, revision R> std::size_t use_message(byte_view in, word_image& image) {
    std::size_t good = 0;
    if constexpr (present_in<M, R>) {
        framed<M> got;
        if (accept<R>(in, got)) good += encode<R>(image, got.head, got.body).value_or(0);
        if constexpr (!layout_of<M, R>::has_tail) good += decode<M, R>(image).has_value() ? 1 : 0;
    }
    return good;
}

// In bytes.
template <revision R> struct encoder {
    byte_span out;
    std::size_t size = 0;
    template <class M> void operator()(const header& h, const M& m) {
        if (validate<R>(h, m)) size = encode<R>(out, h, m).value_or(0);
    }
};

template <revision R, class... M>
std::size_t use_all(message_list<M...>, byte_view in, byte_span out, word_image& image) {
    encoder<R> visitor{out};
    std::size_t good = (std::size_t{0} + ... + use_message<M, R>(in, image));
    good += decode_any<R>(in, visitor).has_value() ? visitor.size : 0;
    if (const auto h = validate_inbound<R>(in, constants_of<R>.ffa_max_msg_size))
        good += static_cast<std::size_t>(classify(*h));
    return good;
}

} // namespace

std::size_t use_rfc2025(byte_view in, byte_span out, word_image& image) {
    return use_all<revision::rfc2025>(all_messages{}, in, out, image);
}
std::size_t use_oasis_v1(byte_view in, byte_span out, word_image& image) {
    return use_all<revision::oasis_v1>(all_messages{}, in, out, image);
}
std::size_t use_oasis_v2(byte_view in, byte_span out, word_image& image) {
    return use_all<revision::oasis_v2>(all_messages{}, in, out, image);
}

const message_info* use_table(revision r, std::uint8_t type, std::uint8_t id) { return find_message(r, type, id); }
