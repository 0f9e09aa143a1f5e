// SPDX-License-Identifier: BSD-2-Clause
// Uses of what carries messages over FF-A, and of the words for what is wrong with them.
#include <vmsg/explain.hpp>
#include <vmsg/ffa/console.hpp>
#include <vmsg/ffa/direct.hpp>
#include <vmsg/ffa/discovery.hpp>
#include <vmsg/ffa/explain.hpp>
#include <vmsg/ffa/function_table.hpp>
#include <vmsg/ffa/indirect.hpp>
#include <vmsg/ffa/negotiate.hpp>
#include <vmsg/ffa/notification.hpp>
#include <vmsg/ffa/notification_info.hpp>
#include <vmsg/ffa/plain_direct.hpp>
#include <vmsg/ffa/setup.hpp>

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

// A conduit that the compiler knows nothing about.
struct some_conduit {
    void (*make)(ffa::call_frame&);
    void operator()(ffa::call_frame& frame) const { make(frame); }
};

errc use_setup(some_conduit& call, const ffa::rxtx_memory& memory, ffa::partition_list& found) {
    const auto agreed = ffa::negotiate(call);
    if (!agreed) return agreed.error();
    ffa::rxtx<some_conduit> pair(call, memory);
    if (const result<void> done = pair.map(); !done) return done.error();
    (void)pair.wait();
    const result<void> done = ffa::find_partitions(pair, device_role_uuid, agreed->use, found);
    if (!done) return done.error();
    return pair.unmap().error();
}

// What a manager does with a call: it reads it, is strict about what is reserved, and answers.
ffa::call_frame use_calls(const ffa::call_frame& frame, ffa::version v) {
    if (!exists_in(function_of(frame), v)) return ffa::encode_unknown_function();
    if (const auto c = ffa::decode_run(frame)) return reserved_zero(frame, encode(*c)) ? encode(*c) : frame;
    if (const auto c = ffa::decode_features(frame)) return encode(ffa::features_answer{c->subject, c->properties});
    if (const auto c = ffa::decode_plain_direct(frame, v)) return encode(*c, v);
    if (const auto c = ffa::decode_notification_bind(frame)) return encode(*c);
    if (const auto c = ffa::decode_notification_set(frame)) return encode(*c);
    if (const auto c = ffa::decode_notification_get(frame)) return encode(ffa::notification_get_answer{1, 2, 3, 4});
    if (const auto c = ffa::decode_console_log(frame, v)) return encode(*c);
    if (const auto a = ffa::decode_notification_info_get_answer(frame)) return encode(*a);
    if (const auto a = ffa::decode_partition_info_get_regs_answer(frame, 0)) return encode(*a);
    return ffa::encode_error(ffa::error::not_supported);
}
