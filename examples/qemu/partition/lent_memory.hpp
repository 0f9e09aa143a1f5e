// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// The memory that a driver shares with the partition: retrieved by its handle, and mapped until the driver takes it
// back.

#include "board/endpoint.hpp"
#include "board/page_tables.hpp"
#include "log.hpp"

#include <vmsg/ffa/memory_relinquish.hpp>
#include <vmsg/ffa/memory_retriever.hpp>
#include <vmsg/text.hpp>

#include <cstdint>

namespace partition {

using namespace vmsg;

template <ffa::conduit Conduit> class lent_memory {
public:
    lent_memory(board::endpoint<Conduit>& self, board::page_tables& tables) : self_(self), tables_(tables) {}

    /// The bytes behind `handle`, which has to be one region of `pages` pages that `owner` shares.
    result<byte_span> map(ffa::endpoint_id owner, std::uint64_t handle, std::uint32_t pages) {
        if (mapped_) return errc::full;
        handle_ = ffa::memory_handle{handle};
        const auto region = retrieve(owner, handle_);
        if (!region) {
            static_cast<void>(relinquish()); // access can have been granted, to more regions than one
            return region.error();
        }
        if (region->page_count != pages || !map_pages(*region)) {
            static_cast<void>(relinquish());
            return errc::bad_value;
        }
        region_ = *region;
        mapped_ = true;
        return byte_span{reinterpret_cast<std::uint8_t*>(region->address), std::size_t{pages} * ffa::page_size};
    }
    /// What was mapped last.
    result<void> unmap() {
        if (!mapped_) return errc::bad_state;
#ifndef BOARD_WITHOUT_MMU
        tables_.unmap_pages(region_.address, region_.page_count);
#endif
        mapped_ = false;
        return relinquish();
    }

private:
    result<ffa::memory_region> retrieve(ffa::endpoint_id owner, ffa::memory_handle handle) {
        const ffa::memory_access receivers[] = {{self_.id(), ffa::memory_permissions::read_write, 0, 0, {}}};
        const ffa::memory_transaction request{owner, ffa::normal_memory, ffa::memory_flags::type_share, handle, 0};
        ffa::memory_region regions[1];
        ffa::memory_retriever retriever{self_.version().use, self_.id(), request, receivers, {regions, 1}};
        const auto tx = self_.buffers().tx();
        auto more = tx ? retriever.begin(*tx) : tx.error();
        while (more && *more) {
            ffa::call_frame frame = retriever.call();
            self_.call()(frame);
            more = retriever.next(frame, self_.received(), copy_);
        }
        if (!more) return more.error();
        // Memory of the other world that both sides have in their caches in the same way: so it is mapped.
        const ffa::memory_attributes got = retriever.transaction().attributes;
        if (got != (ffa::normal_memory | ffa::memory_attributes::non_secure)) {
            note_refused(got);
            return errc::bad_value;
        }
        return regions[0];
    }
    void note_refused(ffa::memory_attributes attributes) {
        char room[64];
        text_writer line{room};
        line.put("partition: refused memory with attributes 0x");
        line.put_hex(static_cast<std::uint16_t>(attributes), 2);
        line.put('\n');
        partition::log(self_.call(), self_.version().use, line);
    }
    bool map_pages([[maybe_unused]] const ffa::memory_region& region) {
#ifdef BOARD_WITHOUT_MMU
        return true;
#else
        return tables_.map_pages(region.address, region.page_count);
#endif
    }
    result<void> relinquish() {
        const auto tx = self_.buffers().tx();
        if (!tx) return tx.error();
        if (const auto written = ffa::encode_memory_relinquish(*tx, {handle_, {}, self_.id()}); !written)
            return written;
        return self_.make(ffa::mem_relinquish_call{});
    }

    board::endpoint<Conduit>& self_;
    board::page_tables& tables_;
    snapshot<ffa::page_size> copy_{};
    ffa::memory_handle handle_{};
    ffa::memory_region region_{};
    bool mapped_ = false;
};

} // namespace partition
