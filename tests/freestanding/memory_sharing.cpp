// SPDX-License-Identifier: BSD-2-Clause
// Uses of FF-A memory sharing: an owner, a receiver, and a manager between them.
#include <vmsg/ffa/memory_descriptor.hpp>
#include <vmsg/ffa/memory_permission_calls.hpp>
#include <vmsg/ffa/memory_relinquish.hpp>
#include <vmsg/ffa/memory_retriever.hpp>
#include <vmsg/ffa/memory_rules.hpp>
#include <vmsg/ffa/memory_sender.hpp>
#include <vmsg/ffa/rxtx_map_forward.hpp>

using namespace vmsg;

result<bool> use_sender(ffa::memory_sender& sender, byte_span tx, void (*conduit)(ffa::call_frame&)) {
    result<bool> more = sender.begin(tx);
    while (more && *more) {
        ffa::call_frame frame = sender.call();
        conduit(frame);
        more = sender.next(frame, tx);
    }
    return more;
}

result<bool> use_retriever(ffa::memory_retriever& retriever, byte_span tx, byte_view rx, snapshot<4096>& copy,
                           void (*conduit)(ffa::call_frame&)) {
    result<bool> more = retriever.begin(tx);
    while (more && *more) {
        ffa::call_frame frame = retriever.call();
        conduit(frame);
        more = retriever.next(frame, rx, copy);
    }
    return more;
}

ffa::call_frame use_manager(byte_view copy, const ffa::call_frame& frame, ffa::endpoint_id caller, ffa::version v,
                            byte_span out) {
    const auto call = ffa::decode_mem_send(frame);
    if (!call) return ffa::encode_error(ffa::error::not_supported);
    const auto d = ffa::decode_memory_descriptor(copy, call->total_length, v, ffa::reserved_bits::zero);
    if (!d) return ffa::encode_error(ffa::error_of(d.error()));
    const auto judged = ffa::validate_memory_send(*d, call->operation, caller, v, 4);
    if (!judged) return ffa::encode_error(ffa::error_of(judged.error()));
    ffa::memory_tally tally{*d};
    if (const auto counted = tally.add(d->regions); !counted) return ffa::encode_error(ffa::error_of(counted.error()));
    if (!ffa::convert_memory_descriptor(out, ffa::version::v1_1, *d)) return ffa::encode_error(ffa::error::no_memory);
    return encode(ffa::mem_send_answer{ffa::mem_send_answer::kind::done, ffa::memory_handle{1}, 0, {}});
}

bool use_small_ones(byte_view in, byte_span out, const ffa::call_frame& frame) {
    const auto relinquished = ffa::decode_memory_relinquish(in);
    const auto buffers = ffa::decode_rxtx_map_forward(in);
    const auto permissions = ffa::decode_mem_perm_get(frame, ffa::version::v1_3);
    return relinquished && ffa::encode_memory_relinquish(out, *relinquished) && buffers &&
           ffa::encode_rxtx_map_forward(out, *buffers) && permissions && encode(*permissions, ffa::version::v1_3);
}
