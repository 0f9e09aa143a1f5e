// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// Memory of the driver that is shared with the partition, once and for all rings and buffers.

#include "board/endpoint.hpp"

#include <vmsg/ffa/memory_sender.hpp>

#include <cstdint>

namespace driver {

using namespace vmsg;

inline constexpr std::uint32_t pool_pages = 32;

struct pool_memory {
    alignas(ffa::page_size) std::uint8_t bytes[pool_pages * ffa::page_size];
};

/// FFA_MEM_SHARE of all of it with `receiver`.
template <ffa::conduit Conduit>
result<ffa::memory_handle> share(board::endpoint<Conduit>& self, ffa::endpoint_id receiver, pool_memory& pool) {
    const ffa::memory_region regions[] = {{reinterpret_cast<std::uint64_t>(pool.bytes), pool_pages}};
    const ffa::memory_access receivers[] = {{receiver, ffa::memory_permissions::read_write, 0, 0, {}}};
    const ffa::memory_transaction transaction{self.id(), ffa::normal_memory, {}, {}, 0};
    ffa::memory_sender sender{self.version().use, ffa::memory_operation::share, transaction, receivers, regions};
    const auto tx = self.buffers().tx();
    auto more = tx ? sender.begin(*tx) : tx.error();
    while (more && *more) {
        ffa::call_frame frame = sender.call();
        self.call()(frame);
        more = sender.next(frame, *tx);
    }
    if (!more) return more.error();
    return sender.handle();
}

} // namespace driver
