// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// The device's side of a split virtqueue: takes requests out of it and gives them back.
// Source: virtio 1.4, "Split Virtqueues". What the driver writes is never trusted: each index, slot and descriptor is
// read once into private memory and judged there.

#include <cstddef>
#include <cstdint>

#include <vmsg/config.hpp>
#include <vmsg/result.hpp>
#include <vmsg/virtio/bitmap.hpp>
#include <vmsg/virtio/chain.hpp>
#include <vmsg/virtio/feature.hpp>
#include <vmsg/virtio/notifications.hpp>
#include <vmsg/virtio/queue_fault.hpp>
#include <vmsg/virtio/resolver.hpp>
#include <vmsg/virtio/shared_memory.hpp>
#include <vmsg/virtio/split_layout.hpp>

namespace vmsg::virtio {

/// How long a chain with an indirect table may be.
enum class long_chains : std::uint8_t {
    reject, ///< as the specification says: no longer than the queue
    accept, ///< up to `MaxChain` elements, for drivers that take the queue's size for a limit of the ring only
};

struct device_queue_options {
    std::uint16_t position = 0; ///< where the indices start; not 0 only to carry on from a queue that was idle there
    long_chains tables = long_chains::reject;
    feature_set negotiated{}; ///< with the driver: the queue uses INDIRECT_DESC and EVENT_IDX if they are in it
};

/// The device's side of a split virtqueue with at most `MaxSize` entries and `MaxChain` elements per request. It waits
/// for nothing: `pop` takes a request out, `push` gives it back, and the caller sends the notification that
/// `interrupt_needed` asks for. Once `pop` has given `would_block`, the driver notifies the next request, unless
/// `suppress_kicks` was called. A driver that violates the protocol breaks this queue and nothing else; the device then
/// sets DEVICE_NEEDS_RESET.
template <std::uint32_t MaxChain, std::uint32_t MaxSize = 256> class device_queue {
    static_assert(MaxChain != 0);
    static_assert(legal_queue_size(MaxSize), "a split virtqueue has a power of two of entries, at most 32768");

public:
    using chain_type = chain<MaxChain>;

    constexpr device_queue() = default;
    device_queue(const device_queue&) = delete; // two objects for one ring would return its chains twice
    device_queue& operator=(const device_queue&) = delete;

    /// Starts to use a queue of `size` entries, at most `maximum`, whose areas lie at `addresses` in `memory`. All of
    /// it is checked and copied: later messages change nothing. Errors: `bad_value` (a size that is 0, no power of two
    /// or above a maximum; an area that is not aligned, not inside one live area of shared memory, or that meets
    /// another one), `bad_state` (enabled already), `invalid_argument` (`memory` maps an aligned address to one that is
    /// not), `not_supported` (a queue of another kind was negotiated).
    template <resolver R>
    constexpr result<void> enable(R& memory, const queue_addresses& addresses, std::uint32_t size,
                                  std::uint32_t maximum, const device_queue_options& options = {}) {
        if (state_ != queue_state::disabled) return errc::bad_state;
        if (!(options.negotiated & not_split_queue_features).empty()) return errc::not_supported;
        if (!legal_queue_size(size) || size > maximum || size > MaxSize) return errc::bad_value;
        const std::uint32_t descriptor_size = descriptor_area_size(size);
        const std::uint32_t driver_size = driver_area_size(size);
        const std::uint32_t device_size = device_area_size(size);
        if (meet(addresses.descriptor, descriptor_size, addresses.driver, driver_size) ||
            meet(addresses.descriptor, descriptor_size, addresses.device, device_size) ||
            meet(addresses.driver, driver_size, addresses.device, device_size))
            return errc::bad_value;
        const auto descriptors = area(memory, addresses.descriptor, descriptor_size, descriptor_area_alignment);
        if (!descriptors) return descriptors.error();
        const auto driver = area(memory, addresses.driver, driver_size, driver_area_alignment);
        if (!driver) return driver.error();
        const auto device = area(memory, addresses.device, device_size, device_area_alignment);
        if (!device) return device.error();
        areas_ = {*descriptors, *driver, *device};
        size_ = size;
        available_ = used_ = options.position;
        tables_ = options.tables;
        indirect_ = options.negotiated.has(feature::indirect_desc);
        notifications_.start(options.negotiated.has(feature::event_idx));
        ++life_;
        fault_ = queue_fault::none;
        state_ = queue_state::enabled;
        return {};
    }

    /// Takes the next request into `out`, its elements resolved in `memory`. After an error `out` has no defined value.
    /// Errors: `would_block` (none; try again after a notification), `bad_value` (the driver broke the queue: see
    /// `fault`), `bad_state` (not enabled, or broken before).
    template <resolver R> constexpr result<void> pop(R& memory, chain_type& out) {
        if (state_ != queue_state::enabled) return errc::bad_state;
        auto index = shared::load_acquire<std::uint16_t>(areas_.driver, ring::idx);
        if (index == available_ && notifications_.renew(own_wish(), available_))
            index = shared::load_acquire<std::uint16_t>(areas_.driver, ring::idx);
        const auto fresh = static_cast<std::uint16_t>(index - available_);
        if (fresh == 0) return errc::would_block;
        if (fresh > size_) return fail(queue_fault::available_index);
        const auto head = shared::load<std::uint16_t>(areas_.driver, ring::available_entry(available_ & (size_ - 1)));
        if (head >= size_) return fail(queue_fault::head_range);
        if (in_flight_.test(head)) return fail(queue_fault::head_in_flight);
        if (const queue_fault fault = walk(memory, head, out); fault != queue_fault::none) return fail(fault);
        out.ticket_.life = life_;
        out.ticket_.head = head;
        in_flight_.set(head);
        ++available_;
        return {};
    }

    /// Gives a request back, of whose writable part the first `written` bytes are filled. Errors: `bad_state` (the
    /// queue is disabled, broken, or was reset after the request had been taken: its buffers must not be touched any
    /// more), `invalid_argument` (given back before, or more bytes than it has room for). After an error nothing was
    /// written.
    constexpr result<void> push(const chain_ticket& request, std::uint32_t written) {
        if (state_ != queue_state::enabled || request.life != life_) return errc::bad_state;
        if (!holds(request) || written > request.capacity) return errc::invalid_argument;
        in_flight_.clear(request.head);
        shared::write(areas_.device, ring::used_entry(used_ & (size_ - 1)),
                      used_element{.id = request.head, .len = written});
        ++used_;
        notifications_.note_shown(1);
        shared::store_release(areas_.device, ring::idx, used_);
        return {};
    }
    constexpr result<void> push(const chain_type& request, std::uint32_t written) {
        return push(request.ticket(), written);
    }

    /// Whether a request still has to be given back: a back end asks before it writes to the buffers of one that it has
    /// kept over other calls.
    [[nodiscard]] constexpr bool holds(const chain_ticket& request) const {
        return state_ == queue_state::enabled && request.life == life_ && in_flight_.test(request.head);
    }

    /// Whether the driver wants a notification for what was given back since the last call. The answer is given once:
    /// when it is yes, the notification has to be sent.
    [[nodiscard]] constexpr bool interrupt_needed() {
        return state_ == queue_state::enabled && notifications_.is_due({areas_.driver, ring::used_event(size_)}, used_);
    }

    /// Asks the driver not to notify requests. It may do so all the same.
    constexpr void suppress_kicks() {
        if (state_ == queue_state::enabled) notifications_.suppress(own_wish(), available_);
    }

    /// Asks the driver to notify requests again. True: one arrived in the meantime; pop before waiting.
    [[nodiscard]] constexpr bool enable_kicks() {
        if (state_ != queue_state::enabled) return false;
        notifications_.ask(own_wish(), available_);
        shared::fence(); // the wish is visible before the index is read
        return shared::load<std::uint16_t>(areas_.driver, ring::idx) != available_;
    }

    /// Breaks the queue for what a device model found in a request.
    constexpr void break_queue(queue_fault why) {
        if (state_ == queue_state::enabled) static_cast<void>(fail(why));
    }

    /// Ends this life of the queue, in any state: the memory is not touched any more and the tickets of its requests
    /// name nothing. The caller has stopped what still worked on them before it reports the reset as complete.
    constexpr void reset() {
        state_ = queue_state::disabled;
        areas_ = {};
        in_flight_.clear();
    }

    [[nodiscard]] constexpr queue_state state() const { return state_; }
    [[nodiscard]] constexpr queue_fault fault() const { return fault_; } ///< why the queue is or was last broken
    [[nodiscard]] constexpr const fault_counters& faults() const { return faults_; }
    [[nodiscard]] constexpr std::uint32_t size() const { return size_; } ///< entries

private:
    // Whether two areas have a byte in common. Sums are avoided: an address may be near the end of the space.
    static constexpr bool meet(bus_address a, std::uint32_t a_size, bus_address b, std::uint32_t b_size) {
        const auto first = static_cast<std::uint64_t>(a);
        const auto second = static_cast<std::uint64_t>(b);
        return first <= second ? second - first < a_size : first - second < b_size;
    }

    static constexpr bool wraps(bus_address address, std::uint32_t length) {
        return length - 1 > ~static_cast<std::uint64_t>(address);
    }

    template <resolver R>
    static constexpr result<byte_span> area(R& memory, bus_address address, std::uint32_t size,
                                            std::uint32_t alignment) {
        if ((static_cast<std::uint64_t>(address) & (alignment - 1)) != 0 || wraps(address, size))
            return errc::bad_value;
        const result<byte_span> found = memory.resolve(address, size);
        if (!found) return errc::bad_value;
        VMSG_ASSERT(found->size() == size);
        if (!shared::is_aligned(found->data(), alignment)) return errc::invalid_argument;
        return found;
    }

    // What is known of a chain while it is read.
    struct tally {
        std::uint32_t readable_size = 0; // bytes
        std::uint32_t writable_size = 0; // bytes
        std::uint32_t readable_count = 0;
        std::uint32_t count = 0;
    };

    // Reads the chain that starts at `head`, each descriptor once.
    template <resolver R> constexpr queue_fault walk(R& memory, std::uint16_t head, chain_type& out) {
        const std::uint32_t limit = size_ < MaxChain ? size_ : MaxChain;
        tally so_far;
        std::uint32_t index = head;
        for (bool more = true; more;) {
            if (so_far.count == limit) return queue_fault::chain_length;
            if (index >= size_) return queue_fault::next_range;
            const auto d = shared::read<descriptor>(areas_.descriptor, ring::descriptor_entry(index));
            const bool in_table = has(d.flags, descriptor_flags::indirect);
            const queue_fault fault = in_table ? walk_table(memory, d, out, so_far) : append(memory, d, out, so_far);
            if (fault != queue_fault::none) return fault;
            index = d.next;
            more = has(d.flags, descriptor_flags::next);
        }
        out.ticket_.capacity = so_far.writable_size;
        out.readable_size_ = so_far.readable_size;
        out.readable_count_ = so_far.readable_count;
        out.writable_count_ = so_far.count - so_far.readable_count;
        return queue_fault::none;
    }

    // Reads the rest of a chain, in the table that `referring` names. Whether that one is writable means nothing.
    template <resolver R>
    constexpr queue_fault walk_table(R& memory, const descriptor& referring, chain_type& out, tally& so_far) {
        if (!indirect_ || has(referring.flags, descriptor_flags::next)) return queue_fault::indirect;
        const std::uint32_t limit = size_ < MaxChain && tables_ == long_chains::reject ? size_ : MaxChain;
        const std::uint32_t entries = referring.len / 16;
        if (entries == 0 || referring.len % 16 != 0 || entries > limit) return queue_fault::table_length;
        if (wraps(referring.addr, referring.len)) return queue_fault::address;
        const result<byte_span> table = memory.resolve(referring.addr, referring.len);
        if (!table) return queue_fault::address;
        VMSG_ASSERT(table->size() == referring.len);
        std::uint32_t index = 0;
        for (std::uint32_t steps = 0; steps != entries && so_far.count != limit; ++steps) {
            if (index >= entries) return queue_fault::next_range;
            const auto d = shared::read_unaligned<descriptor>(*table, ring::descriptor_entry(index));
            if (has(d.flags, descriptor_flags::indirect)) return queue_fault::indirect;
            if (const queue_fault fault = append(memory, d, out, so_far); fault != queue_fault::none) return fault;
            if (!has(d.flags, descriptor_flags::next)) return queue_fault::none;
            index = d.next;
        }
        return queue_fault::chain_length;
    }

    // Judges an element, and puts it at the end of the chain, which has room.
    template <resolver R>
    static constexpr queue_fault append(R& memory, const descriptor& d, chain_type& out, tally& so_far) {
        if (d.len == 0) return queue_fault::empty_element;
        if (d.len > 0xffff'ffff - so_far.readable_size - so_far.writable_size) return queue_fault::total_length;
        if (has(d.flags, descriptor_flags::write)) {
            so_far.writable_size += d.len;
        } else {
            if (so_far.writable_size != 0) return queue_fault::direction;
            so_far.readable_size += d.len;
            ++so_far.readable_count;
        }
        if (wraps(d.addr, d.len)) return queue_fault::address;
        const result<byte_span> found = memory.resolve(d.addr, d.len);
        if (!found) return queue_fault::address;
        VMSG_ASSERT(found->size() == d.len);
        out.elements_[so_far.count++] = *found;
        return queue_fault::none;
    }

    constexpr vmsg::detail::wish_place own_wish() const { return {areas_.device, ring::avail_event(size_)}; }

    constexpr errc fail(queue_fault why) {
        faults_.count(why);
        fault_ = why;
        state_ = queue_state::broken;
        return errc::bad_value;
    }

    queue_memory areas_{};
    std::uint32_t size_ = 0;
    vmsg::detail::notifications notifications_{};
    std::uint32_t life_ = 0;      // counts from 1: a ticket that was never filled has 0
    std::uint16_t available_ = 0; // available index up to which requests were taken
    std::uint16_t used_ = 0;      // used index
    queue_state state_ = queue_state::disabled;
    queue_fault fault_ = queue_fault::none;
    long_chains tables_ = long_chains::reject;
    bool indirect_ = false;
    fault_counters faults_{};
    vmsg::detail::bitmap<MaxSize> in_flight_{}; // heads taken and not given back
};

} // namespace vmsg::virtio
