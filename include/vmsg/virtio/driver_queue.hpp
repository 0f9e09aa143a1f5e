// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// The driver's side of a split virtqueue: puts requests into it and takes completions out.
// Source: virtio 1.4, "Split Virtqueues". What the device writes is never trusted: all that is needed when a request
// completes is kept in private memory.

#include <cstddef>
#include <cstdint>

#include <vmsg/config.hpp>
#include <vmsg/result.hpp>
#include <vmsg/virtio/bitmap.hpp>
#include <vmsg/virtio/buffer.hpp>
#include <vmsg/virtio/feature.hpp>
#include <vmsg/virtio/notifications.hpp>
#include <vmsg/virtio/queue_fault.hpp>
#include <vmsg/virtio/shared_memory.hpp>
#include <vmsg/virtio/split_layout.hpp>

namespace vmsg::virtio {

/// What to do with a used length above the capacity of the chain, which some devices report in good faith.
enum class overlong_use : std::uint8_t {
    reject, ///< the completion has status `bad_length`
    clamp,  ///< it counts as the capacity
};

struct driver_queue_options {
    std::uint16_t position = 0; ///< where all indices start; not 0 only to carry on from a queue that was idle there
    overlong_use overlong = overlong_use::reject;
    feature_set negotiated{}; ///< with the device: the queue uses INDIRECT_DESC and EVENT_IDX if they are in it
};

/// The driver's side of a split virtqueue with at most `MaxSize` entries. It has no address of its own in shared memory
/// and waits for nothing: `add` and `publish` put requests in, `poll_used` takes completions out, and the caller sends
/// the notification that `kick_needed` asks for. Once `poll_used` has given `would_block`, the device notifies the next
/// completion, unless `suppress_interrupts` was called.
template <std::uint32_t MaxSize> class driver_queue {
    static_assert(legal_queue_size(MaxSize), "a split virtqueue has a power of two of entries, at most 32768");

public:
    constexpr driver_queue() = default;
    driver_queue(const driver_queue&) = delete; // two objects for one ring would hand out its descriptors twice
    driver_queue& operator=(const driver_queue&) = delete;

    /// Takes the three areas of a queue of `size` entries, which may be larger than needed, and clears them. The device
    /// must not have been told of them yet. Errors: `invalid_argument` (an illegal size, one above `MaxSize`, an area
    /// that is too small or not aligned), `bad_state` (attached, or requests of its last life were not yet taken back),
    /// `not_supported` (a queue of another kind was negotiated).
    constexpr result<void> attach(const queue_memory& areas, std::uint32_t size,
                                  const driver_queue_options& options = {}) {
        if (state_ != queue_state::disabled || free_ != size_) return errc::bad_state;
        if (!(options.negotiated & not_split_queue_features).empty()) return errc::not_supported;
        if (!legal_queue_size(size) || size > MaxSize) return errc::invalid_argument;
        if (areas.descriptor.size() < descriptor_area_size(size) || areas.driver.size() < driver_area_size(size) ||
            areas.device.size() < device_area_size(size))
            return errc::invalid_argument;
        if (!shared::is_aligned(areas.descriptor.data(), descriptor_area_alignment) ||
            !shared::is_aligned(areas.driver.data(), driver_area_alignment) ||
            !shared::is_aligned(areas.device.data(), device_area_alignment))
            return errc::invalid_argument;
        areas_ = {areas.descriptor.first(descriptor_area_size(size)), areas.driver.first(driver_area_size(size)),
                  areas.device.first(device_area_size(size))};
        shared::zero(areas_.descriptor);
        shared::zero(areas_.driver);
        shared::zero(areas_.device);
        shared::store(areas_.driver, ring::idx, options.position);
        shared::store(areas_.device, ring::idx, options.position);
        for (std::uint32_t i = 0; i < size; ++i) records_[i] = {.next = static_cast<std::uint16_t>(i + 1)};
        size_ = size;
        free_ = size;
        first_free_ = 0;
        outstanding_ = 0;
        filled_ = published_ = used_ = options.position;
        overlong_ = options.overlong;
        indirect_ = options.negotiated.has(feature::indirect_desc);
        notifications_.start(options.negotiated.has(feature::event_idx));
        if (notifications_.event_idx()) {
            shared::store(areas_.device, ring::avail_event(size), options.position);
            notifications_.ask(own_wish(), options.position);
        }
        fault_ = queue_fault::none;
        state_ = queue_state::enabled;
        return {};
    }

    /// Puts a request into the ring and gives its head, which names it until it completes. The device sees it after the
    /// next `publish`. Nothing is written unless all of it has room. With VIRTIO_F_INDIRECT_DESC a request of several
    /// elements goes into `table`, if there is one, and takes a single descriptor of the ring; the table has room for
    /// `indirect_table_size` bytes, may have any address, and is the request's own until it completes. Errors: `full`
    /// (try again after a completion), `invalid_argument` (no element, an element of 0 bytes, more elements than the
    /// queue has entries, 4 GiB or more, a table that is too small), `bad_state` (not attached, or broken).
    constexpr result<std::uint16_t> add(buffer_list readable, buffer_list writable, const dma_buffer& table = {}) {
        if (state_ != queue_state::enabled) return errc::bad_state;
        if (readable.size() > size_ || writable.size() > size_ - readable.size()) return errc::invalid_argument;
        const auto count = static_cast<std::uint32_t>(readable.size() + writable.size());
        std::uint64_t capacity = 0;
        std::uint64_t total = 0;
        if (count == 0 || !measure(writable, capacity) || !measure(readable, total) || total + capacity > 0xffff'ffff)
            return errc::invalid_argument;
        const bool in_table = indirect_ && count > 1 && !table.memory.empty();
        if (in_table && table.memory.size() < indirect_table_size(count)) return errc::invalid_argument;
        const std::uint32_t needed = in_table ? 1 : count;
        if (needed > free_) return errc::full;

        const std::uint16_t head = first_free_;
        if (in_table) {
            write_table(table.memory, count, readable, writable);
            first_free_ =
                write_descriptor(head, table.part(0, indirect_table_size(count)), descriptor_flags::indirect, false);
        } else {
            std::uint16_t index = head;
            std::uint32_t left = count;
            for (const buffer& b : readable) index = write_descriptor(index, b, descriptor_flags::none, --left != 0);
            for (const buffer& b : writable) index = write_descriptor(index, b, descriptor_flags::write, --left != 0);
            first_free_ = index;
        }
        records_[head].capacity = static_cast<std::uint32_t>(capacity);
        records_[head].count = static_cast<std::uint16_t>(needed);
        free_ -= needed;

        const std::uint32_t slot = filled_ & (size_ - 1);
        order_[slot] = head;
        shared::store(areas_.driver, ring::available_entry(slot), head);
        ++filled_;
        return head;
    }

    /// Shows the device all requests added since the last call, and gives their number.
    constexpr std::uint32_t publish() {
        if (state_ != queue_state::enabled) return 0;
        const std::uint32_t count = static_cast<std::uint16_t>(filled_ - published_);
        if (count == 0) return 0;
        for (; published_ != filled_; ++published_) exposed_.set(order_[published_ & (size_ - 1)]);
        outstanding_ += count;
        notifications_.note_shown(count);
        shared::store_release(areas_.driver, ring::idx, published_);
        return count;
    }

    /// Whether the device wants a notification for what was published since the last call. The answer is given once:
    /// when it is yes, the notification has to be sent, after DRIVER_OK.
    [[nodiscard]] constexpr bool kick_needed() {
        return state_ == queue_state::enabled &&
               notifications_.is_due({areas_.device, ring::avail_event(size_)}, published_);
    }

    /// The `next_offset` of EVENT_AVAIL if VIRTIO_F_NOTIFICATION_DATA was negotiated; without it that field is 0.
    [[nodiscard]] constexpr std::uint32_t next_offset() const { return next_offset_of(published_); }

    /// The next completion. Errors: `would_block` (none; poll again after a notification), `bad_value` (the device
    /// broke the queue: see `fault`), `bad_state` (not attached, or broken before). After `detach` it gives every
    /// request that had not completed, with status `aborted`, and then `bad_state`.
    constexpr result<completion> poll_used() {
        if (state_ != queue_state::enabled) return state_ == queue_state::disabled ? take_back() : errc::bad_state;
        auto index = shared::load_acquire<std::uint16_t>(areas_.device, ring::idx);
        if (index == used_ && notifications_.renew(own_wish(), used_))
            index = shared::load_acquire<std::uint16_t>(areas_.device, ring::idx);
        const auto fresh = static_cast<std::uint16_t>(index - used_);
        if (fresh == 0) return errc::would_block;
        if (fresh > outstanding_) return fail(queue_fault::used_index);
        const auto element = shared::read<used_element>(areas_.device, ring::used_entry(used_ & (size_ - 1)));
        if (element.id >= size_ || !exposed_.test(element.id)) return fail(queue_fault::used_id);
        ++used_;
        --outstanding_;
        const auto head = static_cast<std::uint16_t>(element.id);
        completion done{.head = head, .written = element.len, .capacity = records_[head].capacity};
        if (done.written > done.capacity) {
            faults_.count(queue_fault::used_length);
            done.written = overlong_ == overlong_use::clamp ? done.capacity : 0;
            done.status = overlong_ == overlong_use::clamp ? errc::none : errc::bad_length;
        }
        release(head);
        return done;
    }

    /// Asks the device not to notify completions. It may do so all the same.
    constexpr void suppress_interrupts() {
        if (state_ == queue_state::enabled) notifications_.suppress(own_wish(), used_);
    }

    /// Asks the device to notify completions again. True: one arrived in the meantime; poll before waiting.
    [[nodiscard]] constexpr bool enable_interrupts() {
        if (state_ != queue_state::enabled) return false;
        notifications_.ask(own_wish(), used_);
        shared::fence(); // the wish is visible before the index is read
        return shared::load<std::uint16_t>(areas_.device, ring::idx) != used_;
    }

    /// Ends this life of the queue, in any state. Only after the device has confirmed a reset of the queue or of
    /// itself: before that it may still write to the buffers. What had not completed comes out of `poll_used`.
    constexpr void detach() {
        state_ = queue_state::disabled;
        areas_ = {};
        first_taken_back_ = 0;
    }

    [[nodiscard]] constexpr queue_state state() const { return state_; }
    [[nodiscard]] constexpr queue_fault fault() const { return fault_; } ///< why the queue is or was last broken
    [[nodiscard]] constexpr const fault_counters& faults() const { return faults_; }
    [[nodiscard]] constexpr std::uint32_t size() const { return size_; }               ///< entries
    [[nodiscard]] constexpr std::uint32_t free_descriptors() const { return free_; }   ///< elements with room in `add`
    [[nodiscard]] constexpr std::uint32_t outstanding() const { return outstanding_; } ///< requests that the device has

private:
    struct record {
        std::uint32_t capacity = 0; // of a head: writable bytes
        std::uint16_t next = 0;     // next descriptor, of the free list or of the chain
        std::uint16_t count = 0;    // of a head: descriptors of its chain; elsewhere 0
    };

    // Adds up the lengths; false if one of them is 0.
    static constexpr bool measure(buffer_list list, std::uint64_t& total) {
        for (const buffer& b : list) {
            if (b.length == 0) return false;
            total += b.length;
        }
        return true;
    }

    constexpr std::uint16_t write_descriptor(std::uint16_t index, const buffer& b, descriptor_flags flags, bool more) {
        const std::uint16_t next = records_[index].next;
        shared::write(areas_.descriptor, ring::descriptor_entry(index),
                      descriptor{.addr = b.address,
                                 .len = b.length,
                                 .flags = more ? flags | descriptor_flags::next : flags,
                                 .next = more ? next : std::uint16_t{0}});
        return next;
    }

    // Each entry but the last has the next one behind it.
    static constexpr void write_table(byte_span table, std::uint32_t count, buffer_list readable,
                                      buffer_list writable) {
        std::uint32_t i = 0;
        for (const buffer& b : readable) write_entry(table, i++, count, b, descriptor_flags::none);
        for (const buffer& b : writable) write_entry(table, i++, count, b, descriptor_flags::write);
    }
    static constexpr void write_entry(byte_span table, std::uint32_t i, std::uint32_t count, const buffer& b,
                                      descriptor_flags flags) {
        const bool more = i + 1 != count;
        shared::write_unaligned(table, ring::descriptor_entry(i),
                                descriptor{.addr = b.address,
                                           .len = b.length,
                                           .flags = more ? flags | descriptor_flags::next : flags,
                                           .next = static_cast<std::uint16_t>(more ? i + 1 : 0)});
    }

    constexpr vmsg::detail::wish_place own_wish() const { return {areas_.driver, ring::used_event(size_)}; }

    // Gives the descriptors of a chain back to the free list.
    constexpr void release(std::uint16_t head) {
        std::uint16_t last = head;
        for (std::uint32_t i = 1; i < records_[head].count; ++i) last = records_[last].next;
        records_[last].next = first_free_;
        first_free_ = head;
        free_ += records_[head].count;
        records_[head].count = 0;
        exposed_.clear(head);
    }

    constexpr result<completion> take_back() {
        for (; first_taken_back_ < size_; ++first_taken_back_) {
            const auto head = static_cast<std::uint16_t>(first_taken_back_);
            if (records_[head].count == 0) continue;
            if (exposed_.test(head)) --outstanding_;
            const completion done{.head = head, .capacity = records_[head].capacity, .status = errc::aborted};
            release(head);
            return done;
        }
        return errc::bad_state;
    }

    constexpr errc fail(queue_fault why) {
        faults_.count(why);
        fault_ = why;
        state_ = queue_state::broken;
        return errc::bad_value;
    }

    queue_memory areas_{};
    std::uint32_t size_ = 0;
    std::uint32_t free_ = 0;
    std::uint32_t outstanding_ = 0;
    std::uint32_t first_taken_back_ = 0;
    std::uint16_t first_free_ = 0;
    std::uint16_t filled_ = 0;    // available index with the requests that are not published yet
    std::uint16_t published_ = 0; // available index
    std::uint16_t used_ = 0;      // used index up to which completions were taken
    queue_state state_ = queue_state::disabled;
    queue_fault fault_ = queue_fault::none;
    overlong_use overlong_ = overlong_use::reject;
    bool indirect_ = false;
    vmsg::detail::notifications notifications_{};
    fault_counters faults_{};
    vmsg::detail::bitmap<MaxSize> exposed_{}; // heads that the device may return
    record records_[MaxSize]{};
    std::uint16_t order_[MaxSize]{}; // private copy of the available ring
};

} // namespace vmsg::virtio
