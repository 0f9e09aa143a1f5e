// SPDX-License-Identifier: BSD-2-Clause
// Uses of what carries messages over FF-A, and of the words for what is wrong with them.
#include <vmsg/explain.hpp>
#include <vmsg/ffa/direct.hpp>
#include <vmsg/ffa/explain.hpp>
#include <vmsg/ffa/indirect.hpp>

using namespace vmsg;

ffa::call_frame use_direct(const ffa::call_frame& frame) {
    const auto m = ffa::decode_direct(frame);
    if (!m) return {};
    if (m->kind == ffa::direct_kind::request) return ffa::encode_direct_response(m->dst, m->src, m->payload);
    return ffa::encode_direct_request(m->dst, m->src, m->service, m->payload);
}

bool use_indirect(byte_view buffer, byte_span out) {
    const auto m = ffa::decode_indirect(buffer);
    return m && ffa::encode_indirect(out, ffa::version::v1_2, m->dst, m->src, m->service, m->payload.size());
}

void use_words(text_writer& out, byte_view frame, const ffa::call_frame& registers, errc why) {
    explain<revision::rfc2025>(out, frame, why);
    explain<revision::oasis_v1>(out, frame, why);
    explain<revision::oasis_v2>(out, frame, why);
    explain<revision::oasis_v2>(out, get_device_info_response{}, why);
    ffa::explain_direct(out, registers, why);
    ffa::explain_indirect(out, frame, why);
}
