// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// Memory through a partition manager: FFA_MEM_SHARE and RECLAIM for the driver side, RETRIEVE_REQ and RELINQUISH for
// the device side, one operation after the other.

#include "carrier.hpp"

#include <vmsg/session/memory_borrower.hpp>
#include <vmsg/session/memory_owner.hpp>
#include <vmsg/sim/spmc.hpp>

#include <map>
#include <set>

namespace disk {

using manager_type = vmsg::sim::spmc<>;
using buffers_type = vmsg::ffa::rxtx<vmsg::sim::spmc_conduit>;

/// Goes on until the operation is over. Its pauses cost nothing: time stands for everybody else.
template <class Operation> vmsg::result<void> finish(Operation& operation) {
    for (vmsg::instant now = 0;; now = operation.due())
        if (const auto done = operation.step(now); done.error() != vmsg::errc::would_block) return done;
}

class ffa_lender : public lender {
public:
    ffa_lender(manager_type& manager, buffers_type& buffers, vmsg::ffa::version version, vmsg::ffa::endpoint_id self,
               vmsg::ffa::endpoint_id peer)
        : manager_(manager), self_(self), peer_(peer), owner_(buffers, version, {}) {}

    /// On a board the manager knows whose memory it is.
    void own(vmsg::byte_span memory) override { static_cast<void>(manager_.add_memory(self_, memory)); }

    vmsg::result<std::uint64_t> share(vmsg::byte_span pages) override {
        using namespace vmsg::ffa;
        const memory_region region{manager_type::address_of(pages),
                                   static_cast<std::uint32_t>(pages.size() / vmsg::ffa::page_size)};
        memory_transaction t;
        t.sender = self_;
        t.attributes = normal_memory;
        owner_.share(memory_operation::share, t, {.receiver = peer_, .permissions = memory_permissions::read_write},
                     {&region, 1});
        if (const auto done = finish(owner_); !done) return done.error();
        const auto handle = static_cast<std::uint64_t>(owner_.handle());
        shared_.insert(handle);
        return handle;
    }
    vmsg::result<void> reclaim(std::uint64_t handle) override {
        owner_.reclaim(vmsg::ffa::memory_handle{handle});
        const auto done = finish(owner_);
        if (done) shared_.erase(handle);
        return done;
    }
    std::size_t shared_regions() const override { return shared_.size(); }

private:
    manager_type& manager_;
    vmsg::ffa::endpoint_id self_;
    vmsg::ffa::endpoint_id peer_;
    vmsg::memory_owner<vmsg::sim::spmc_conduit> owner_;
    std::set<std::uint64_t> shared_;
};

class ffa_borrower : public borrower {
public:
    ffa_borrower(manager_type& manager, buffers_type& buffers, vmsg::ffa::version version, vmsg::ffa::endpoint_id self,
                 vmsg::ffa::endpoint_id owner)
        : manager_(manager), self_(self), owner_(owner), borrower_(buffers, version, self, {}) {}

    vmsg::result<vmsg::byte_span> map(std::uint64_t handle, std::uint32_t page_count) override {
        using namespace vmsg::ffa;
        memory_transaction wanted;
        wanted.sender = owner_;
        wanted.handle = memory_handle{handle};
        wanted.flags = type_of(memory_operation::share);
        borrower_.retrieve(wanted, memory_permissions::read_write);
        const auto done = finish(borrower_);
        const auto pages = done ? in_one_piece(page_count) : done.error();
        if (!pages && borrower_.granted()) unmap(handle);
        return pages;
    }
    void unmap(std::uint64_t handle) override {
        borrower_.relinquish(vmsg::ffa::memory_handle{handle});
        static_cast<void>(finish(borrower_)); // what stays with the manager is counted as a leak
    }

private:
    /// On a board this is where page tables change.
    vmsg::result<vmsg::byte_span> in_one_piece(std::uint32_t page_count) const {
        const auto regions = borrower_.regions();
        if (regions.size() != 1 || regions[0].page_count < page_count) return vmsg::errc::invalid_argument;
        return manager_.memory(self_, regions[0].address, page_count * vmsg::ffa::page_size);
    }

    manager_type& manager_;
    vmsg::ffa::endpoint_id self_;
    vmsg::ffa::endpoint_id owner_;
    vmsg::memory_borrower<vmsg::sim::spmc_conduit, 4> borrower_;
};

} // namespace disk
