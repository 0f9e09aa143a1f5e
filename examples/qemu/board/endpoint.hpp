// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// What both programs do first with FF-A: the version, their id, their RX and TX buffers. Errors end the machine.

#include "console.hpp"

#include <vmsg/ffa/conduit.hpp>
#include <vmsg/ffa/error.hpp>
#include <vmsg/ffa/memory.hpp>
#include <vmsg/ffa/negotiate.hpp>
#include <vmsg/ffa/rxtx.hpp>
#include <vmsg/ffa/setup.hpp>

#include <cstdint>

namespace board {

/// The value of `outcome`. An error ends the machine.
template <class T> T need(const vmsg::result<T>& outcome, const char* what) {
    if (!outcome) fail(what, ": ", outcome.error());
    return *outcome;
}
inline void need(const vmsg::result<void>& outcome, const char* what) {
    if (!outcome) fail(what, ": ", outcome.error());
}

/// Two pages for RX and TX.
struct mailbox_pages {
    alignas(vmsg::ffa::page_size) std::uint8_t tx[vmsg::ffa::page_size];
    alignas(vmsg::ffa::page_size) std::uint8_t rx[vmsg::ffa::page_size];

    vmsg::ffa::rxtx_memory memory() {
        return {tx, rx, reinterpret_cast<std::uint64_t>(tx), reinterpret_cast<std::uint64_t>(rx)};
    }
};

/// An endpoint of FF-A.
template <vmsg::ffa::conduit Conduit> class endpoint {
public:
    /// The conduit and the pages outlive it. FF-A 1.2, or 1.1.
    endpoint(Conduit& call, mailbox_pages& pages)
        : version_(need(vmsg::ffa::negotiate(call, {vmsg::ffa::version::v1_1, vmsg::ffa::version::v1_2}), no_ffa)),
          id_(own_id(call)),
          buffers_(call, pages.memory()),
          rx_(pages.rx) {
        need(buffers_.map(), "FFA_RXTX_MAP");
    }

    const vmsg::ffa::negotiated& version() const { return version_; }
    vmsg::ffa::endpoint_id id() const { return id_; }
    vmsg::ffa::rxtx<Conduit>& buffers() { return buffers_; }
    Conduit& call() { return buffers_.call(); }
    /// Makes a call that is answered with success or an error.
    template <class Call> vmsg::result<void> make(const Call& call) {
        vmsg::ffa::call_frame frame = encode(call);
        buffers_.call()(frame);
        return vmsg::ffa::outcome_of(frame);
    }
    /// RX as it is, for those who know that an answer has filled it.
    vmsg::byte_view received() const { return rx_; }

private:
    static constexpr const char* no_ffa = "FFA_VERSION: there is no FF-A that could be used";

    static vmsg::ffa::endpoint_id own_id(Conduit& call) {
        vmsg::ffa::call_frame frame = vmsg::ffa::encode(vmsg::ffa::id_get_call{});
        call(frame);
        return need(vmsg::ffa::decode_id_answer(frame), "FFA_ID_GET").id;
    }

    vmsg::ffa::negotiated version_;
    vmsg::ffa::endpoint_id id_;
    vmsg::ffa::rxtx<Conduit> buffers_;
    vmsg::byte_view rx_;
};

} // namespace board
