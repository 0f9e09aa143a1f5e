// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// The part of a memory manager between the two sides: what FF-A memory sharing does on a board. The driver side gives
// it pages and gets a handle; the device side reaches them by that handle only.

#include "carrier.hpp"

#include <vmsg/bytes.hpp>
#include <vmsg/result.hpp>

#include <cstdint>
#include <map>

namespace disk {

class shared_memory : public lender, public borrower {
    static constexpr std::size_t page_size = 4096; // bytes

public:
    /// Driver side: lends whole pages and gets their handle. `invalid_argument` for anything but whole pages.
    vmsg::result<std::uint64_t> share(vmsg::byte_span pages) override {
        if (pages.empty() || pages.size() % page_size != 0) return vmsg::errc::invalid_argument;
        regions_[++last_handle_] = {pages, false};
        return last_handle_;
    }

    /// Driver side: takes them back. `busy` while the device side still has them mapped.
    vmsg::result<void> reclaim(std::uint64_t handle) override {
        const auto found = regions_.find(handle);
        if (found == regions_.end()) return vmsg::errc::invalid_argument;
        if (found->second.mapped) return vmsg::errc::busy;
        regions_.erase(found);
        return {};
    }

    /// Device side: the memory behind a handle, if it has at least that many pages.
    vmsg::result<vmsg::byte_span> map(std::uint64_t handle, std::uint32_t page_count) override {
        const auto found = regions_.find(handle);
        if (found == regions_.end() || found->second.mapped) return vmsg::errc::denied;
        if (found->second.pages.size() / page_size < page_count) return vmsg::errc::invalid_argument;
        found->second.mapped = true;
        return found->second.pages;
    }

    /// Device side: lets go.
    void unmap(std::uint64_t handle) override {
        if (const auto found = regions_.find(handle); found != regions_.end()) found->second.mapped = false;
    }

    /// The device side is gone, and with it everything that it had mapped.
    void unmap_all() {
        for (auto& entry : regions_) entry.second.mapped = false;
    }

    std::size_t shared_regions() const override { return regions_.size(); }

private:
    struct region {
        vmsg::byte_span pages;
        bool mapped = false;
    };
    std::map<std::uint64_t, region> regions_;
    std::uint64_t last_handle_ = 0x1000;
};

} // namespace disk
