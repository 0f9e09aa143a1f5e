// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// `number_map`: records found by a 16-bit number (device numbers, area ids) in constant time, with a fixed capacity.

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace vmsg::proto {

/// Up to `Capacity` records of type `T`, each under its own number. A record does not move while it is there. Open
/// addressing over an index with twice as many places, so that a search looks at a few places, or at most at `Capacity`
/// of them if somebody has chosen numbers that collide.
template <class T, std::size_t Capacity> class number_map {
    static_assert(Capacity >= 1 && Capacity <= 65536);

    static constexpr std::size_t place_count() {
        std::size_t n = 2;
        while (n < 2 * Capacity) n *= 2;
        return n;
    }
    static constexpr std::size_t places = place_count();
    using link = std::conditional_t<(Capacity < 65535), std::uint16_t, std::uint32_t>;

    struct entry {
        std::uint16_t number{};
        bool used{};
        link next_free{}; // index + 1 of the next free entry
        T value{};
    };

public:
    static constexpr std::size_t capacity = Capacity;

    constexpr std::size_t size() const { return size_; }

    /// The record under `number`, or nullptr.
    constexpr T* find(std::uint16_t number) {
        const link found = index_[place_of(number)];
        return found != 0 ? &entries_[found - 1].value : nullptr;
    }
    constexpr const T* find(std::uint16_t number) const {
        const link found = index_[place_of(number)];
        return found != 0 ? &entries_[found - 1].value : nullptr;
    }

    /// The record under `number`, a new default one if there is none; nullptr if all records are taken.
    constexpr T* insert(std::uint16_t number) {
        link& found = index_[place_of(number)];
        if (found == 0) {
            if (first_free_ != 0) {
                found = first_free_;
                first_free_ = entries_[found - 1].next_free;
            } else if (ever_used_ < Capacity) {
                found = static_cast<link>(++ever_used_);
            } else {
                return nullptr;
            }
            entries_[found - 1] = entry{.number = number, .used = true};
            ++size_;
        }
        return &entries_[found - 1].value;
    }

    /// Forgets the record under `number`, if there is one.
    constexpr void erase(std::uint16_t number) {
        std::size_t hole = place_of(number);
        const link found = index_[hole];
        if (found == 0) return;
        entries_[found - 1] = entry{.next_free = first_free_};
        first_free_ = found;
        --size_;
        // Links that had to give way to this one move back, so that a search may stop at the first free place.
        index_[hole] = 0;
        for (std::size_t i = next(hole); index_[i] != 0; i = next(i)) {
            const std::size_t home = home_of(entries_[index_[i] - 1].number);
            const bool reachable = hole <= i ? hole < home && home <= i : hole < home || home <= i;
            if (reachable) continue;
            index_[hole] = index_[i];
            index_[i] = 0;
            hole = i;
        }
    }

    constexpr void clear() {
        if (ever_used_ == 0) return;
        for (link& l : index_) l = 0;
        for (std::size_t i = 0; i < ever_used_; ++i) entries_[i] = entry{};
        size_ = 0;
        ever_used_ = 0;
        first_free_ = 0;
    }

    /// For loops over all records: places 0 to `slots() - 1`, nullptr in those that are free.
    constexpr std::size_t slots() const { return ever_used_; }
    constexpr T* at_slot(std::size_t i) { return entries_[i].used ? &entries_[i].value : nullptr; }
    constexpr const T* at_slot(std::size_t i) const { return entries_[i].used ? &entries_[i].value : nullptr; }
    /// The number of the record in a place that is taken.
    constexpr std::uint16_t number_at(std::size_t i) const { return entries_[i].number; }

private:
    static constexpr std::size_t next(std::size_t i) { return (i + 1) & (places - 1); }
    // Consecutive numbers get places of their own; folding the upper bits in keeps numbers with a large stride apart.
    static constexpr std::size_t home_of(std::uint16_t number) {
        return (number + (std::size_t{number} >> 7) * 29) & (places - 1);
    }
    constexpr std::size_t place_of(std::uint16_t number) const {
        std::size_t i = home_of(number);
        while (index_[i] != 0 && entries_[index_[i] - 1].number != number) i = next(i);
        return i;
    }

    link index_[places]{}; // index + 1 of an entry, 0: free
    entry entries_[Capacity]{};
    std::size_t size_ = 0;
    std::size_t ever_used_ = 0;
    link first_free_ = 0;
};

} // namespace vmsg::proto
