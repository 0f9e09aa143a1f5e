// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// `negotiate`: the version of FF-A that a caller and its manager both have. Source: FF-A, FFA_VERSION; what managers
// answer to a version that is too high differs: a refusal (Hafnium), their own version without taking note of the
// request (TF-A) or with (OP-TEE, Xen). Therefore a lower version is always asked for again.

#include <cstdint>

#include <vmsg/ffa/call_frame.hpp>
#include <vmsg/ffa/conduit.hpp>
#include <vmsg/ffa/setup.hpp>
#include <vmsg/ffa/version.hpp>
#include <vmsg/result.hpp>

namespace vmsg::ffa {

/// What a caller can live with.
struct version_range {
    version lowest = version::v1_1;
    version highest = version::v1_3;
};

struct negotiated {
    version use{};         ///< decides about every layout from now on
    version callee{};      ///< what the manager said last; may be higher
    std::uint32_t calls{}; ///< of FFA_VERSION that it took
    friend bool operator==(const negotiated&, const negotiated&) = default;
};

/// Asks for `accept.highest` and goes down from there: one minor version after a refusal, to the callee's version after
/// a lower answer. A version that somebody has fixed before is found in this way, if it is in the range. At most one
/// call for each minor version in the range. No other FF-A call may be made before it: it fixes the version.
/// Errors: `not_supported` (nothing but refusals: there is no FF-A, or the version is fixed outside the range),
/// `unsupported_revision` (a manager with another major version or below the range), `peer_error` (no version at all),
/// `invalid_argument` (the range is empty or of two majors).
template <conduit Conduit> constexpr result<negotiated> negotiate(Conduit& call, version_range accept = {}) {
    const bool sound = is_valid(accept.highest) && accept.lowest <= accept.highest &&
                       major_of(accept.lowest) == major_of(accept.highest);
    if (!sound) return errc::invalid_argument;
    negotiated n;
    errc why = errc::not_supported;
    auto ask = static_cast<std::uint32_t>(accept.highest);
    while (ask >= static_cast<std::uint32_t>(accept.lowest)) {
        const auto wanted = static_cast<version>(ask);
        call_frame frame = encode(version_call{wanted, version_query::negotiate});
        call(frame);
        ++n.calls;
        const auto answer = decode_version_answer(frame);
        if (!answer) {
            if (answer.error() != errc::not_supported) return answer.error();
            if (wanted == accept.lowest) break;
            --ask;
            continue;
        }
        n.callee = answer->callee;
        if (major_of(n.callee) != major_of(wanted)) return errc::unsupported_revision;
        if (n.callee >= wanted) {
            n.use = wanted;
            return n;
        }
        why = errc::unsupported_revision;
        ask = static_cast<std::uint32_t>(n.callee);
    }
    return why;
}

/// The version that was agreed on before, for example by a boot loader. Only for managers that are known to have FF-A
/// 1.3: older ones take it for a request for `own`. Errors: of `decode_version_answer`.
template <conduit Conduit> constexpr result<version> negotiated_version(Conduit& call, version own) {
    call_frame frame = encode(version_call{own, version_query::negotiated});
    call(frame);
    const auto answer = decode_version_answer(frame);
    if (!answer) return answer.error();
    return answer->callee;
}

} // namespace vmsg::ffa
