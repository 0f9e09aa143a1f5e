// SPDX-License-Identifier: BSD-2-Clause
// Driver and device on rings of every size, with every combination of features. Each side works only after a
// notification of the other one: a single lost one stops everything.

#include <vmsg/virtio/device_queue.hpp>
#include <vmsg/virtio/driver_queue.hpp>

#include "support/check.hpp"
#include "virtio/rig.hpp"

#include <memory>
#include <random>
#include <vector>

using namespace vmsg;
using namespace vmsg::virtio;

namespace {

// What a queue needs grows with its entries, and with nothing else.
static_assert(sizeof(driver_queue<1>) <= 256 && sizeof(device_queue<1, 1>) <= 256);
static_assert(sizeof(driver_queue<32768>) <= sizeof(driver_queue<1>) + 32768 * 10 + 32768 / 8);
static_assert(sizeof(device_queue<1, 32768>) <= sizeof(device_queue<1, 1>) + 32768 / 8);
static_assert(sizeof(device_queue<1024, 1>) == sizeof(device_queue<1, 1>)); // chains lie with the caller

/// How both sides use notifications.
enum class habit {
    reckless, ///< never speaks about them
    careful,  ///< does without them while it works
};

class pair {
    static constexpr std::size_t slot_size = 64; // bytes: a request, its answer, its table

public:
    pair(std::uint32_t size, std::uint16_t position, feature_set negotiated, habit both, unsigned seed)
        : size_(size), both_(both), random_(seed), number_of_(size), free_(size, true) {
        bytes_.resize(payload_ + slot_size * size + 15);
        std::uint8_t* start = bytes_.data();
        while (!shared::is_aligned(start, 16)) ++start;
        all_ = {start, bytes_.size() - 15};
        region_ = {bus_address{rig::base}, all_};
        REQUIRE(driver_.attach(block_.areas(all_), size, {.position = position, .negotiated = negotiated}));
        REQUIRE(device_.enable(region_, block_.addresses(bus_address{rig::base}), size, size,
                               {.position = position, .negotiated = negotiated}));
    }

    /// False if a notification or anything else was lost on the way.
    bool run(std::uint32_t total) {
        total_ = total;
        bool to_driver = true;
        while (good_ && received_ != total_) {
            if (to_driver) {
                to_driver = false;
                driver_works();
            } else if (to_device_) {
                to_device_ = false;
                to_driver = device_works();
            } else if (!taken_.empty()) {
                to_driver = give_back(taken_.size());
            } else {
                return false;
            }
        }
        if (!good_) return false;
        REQUIRE(driver_.poll_used().error() == errc::would_block);
        REQUIRE(device_.pop(region_, chain_).error() == errc::would_block);
        REQUIRE(driver_.free_descriptors() == size_);
        REQUIRE(driver_.faults().total() + device_.faults().total() == 0);
        return good_;
    }

    std::uint32_t kicks() const { return kicks_; }
    std::uint32_t interrupts() const { return interrupts_; }

private:
    dma_buffer part(std::uint32_t number, std::size_t offset, std::size_t length) {
        const std::size_t at = payload_ + number % size_ * slot_size + offset;
        return {bus_address{rig::base + at}, all_.drop(at).first(length)};
    }

    void expect(bool holds) { good_ = good_ && holds; } // a doctest assertion for each request would take longer

    void driver_works() {
        if (both_ == habit::careful) driver_.suppress_interrupts();
        do {
            while (const auto done = driver_.poll_used()) judge(*done);
            submit();
        } while (both_ == habit::careful && driver_.enable_interrupts());
    }

    void judge(const completion& done) {
        const std::uint32_t number = number_of_[done.head];
        expect(done.written == done.capacity);
        if (done.written != 0) {
            std::uint8_t answer[4];
            shared::copy(answer, part(number, 4, 4).memory);
            expect(load_le<std::uint32_t>(answer) == ~number);
        }
        free_[number % size_] = true;
        ++received_;
    }

    void submit() {
        for (auto batch = 1 + random_() % size_; batch != 0 && sent_ != total_ && free_[sent_ % size_]; --batch) {
            std::uint8_t number[4];
            store_le(number, sent_);
            const dma_buffer in = part(sent_, 0, 4);
            shared::copy(in.memory, number);
            const bool answered = size_ != 1 && random_() % 4 != 0;
            const auto head =
                answered ? driver_.add(in.whole(), part(sent_, 4, 4).whole(), part(sent_, 17, 32)) // a crooked table
                         : driver_.add(in.whole(), {});
            if (!head) {
                expect(head.error() == errc::full);
                break;
            }
            free_[sent_ % size_] = false;
            number_of_[*head] = sent_++;
        }
        driver_.publish();
        if (!driver_.kick_needed()) return;
        // The position that goes with it is the index that the device finds.
        std::uint8_t index[2];
        shared::copy(index, block_.areas(all_).driver.drop(ring::idx).first(2));
        expect(available_index_of(driver_.next_offset()) == load_le<std::uint16_t>(index));
        to_device_ = true;
        ++kicks_;
    }

    bool device_works() {
        if (both_ == habit::careful) device_.suppress_kicks();
        do {
            while (device_.pop(region_, chain_)) {
                std::uint8_t number[4];
                expect(chain_.reader().read(number) == 4);
                expect(load_le<std::uint32_t>(number) == served_++); // in the order of publishing
                store_le(number, ~load_le<std::uint32_t>(number));
                chain_.writer().write(number);
                taken_.push_back(chain_.ticket());
            }
        } while (both_ == habit::careful && device_.enable_kicks());
        return give_back(random_() % (taken_.size() + 1));
    }

    /// Some of what was taken, in any order, asking now and then whether it is worth a notification.
    bool give_back(std::size_t count) {
        bool interrupt = false;
        for (; count != 0; --count) {
            const std::size_t i = random_() % taken_.size();
            expect(device_.push(taken_[i], taken_[i].capacity).has_value());
            taken_[i] = taken_.back();
            taken_.pop_back();
            if (random_() % 8 == 0) interrupt = device_.interrupt_needed() || interrupt;
        }
        interrupt = device_.interrupt_needed() || interrupt;
        if (interrupt) ++interrupts_;
        return interrupt;
    }

    std::uint32_t size_;
    habit both_;
    std::mt19937 random_;
    queue_block block_{size_};
    std::size_t payload_ = (block_.size + 63) / 64 * 64;
    std::vector<std::uint8_t> bytes_{};
    byte_span all_{};
    flat_region region_{};
    driver_queue<32768> driver_{};
    device_queue<2, 32768> device_{};
    chain<2> chain_{};
    std::vector<std::uint32_t> number_of_; ///< by head
    std::vector<bool> free_;               ///< slots of the payload
    std::vector<chain_ticket> taken_{};
    std::uint32_t total_ = 0;
    std::uint32_t sent_ = 0;
    std::uint32_t served_ = 0;
    std::uint32_t received_ = 0;
    std::uint32_t kicks_ = 0;
    std::uint32_t interrupts_ = 0;
    bool to_device_ = false;
    bool good_ = true;
};

void exchange(feature_set negotiated, habit both) {
    for (std::uint32_t size = 1; size <= 32768; size *= 2) {
        CAPTURE(size);
        // Around 65536 in the middle of it.
        const std::uint32_t total = size < 100 ? 400 : 3 * size;
        const auto ends = std::make_unique<pair>(size, static_cast<std::uint16_t>(65536 - total / 2), negotiated, both,
                                                 size + (both == habit::careful ? 1 : 0));
        CHECK(ends->run(total));
        CHECK(ends->kicks() != 0);
        CHECK(ends->interrupts() != 0);
    }
}

constexpr feature tables = feature::indirect_desc;
constexpr feature events = feature::event_idx;

} // namespace

TEST_CASE("trap 22, trap 23, trap 32: all sizes, no features") {
    exchange({}, habit::reckless);
    exchange({}, habit::careful);
}
TEST_CASE("SQ27, trap 22, trap 32: all sizes, INDIRECT_DESC") {
    exchange(feature_set{tables}, habit::reckless);
    exchange(feature_set{tables}, habit::careful);
}
TEST_CASE("SQ52, SQ55, SQ60, trap 24, trap 26: all sizes, EVENT_IDX") {
    exchange(feature_set{events}, habit::reckless);
    exchange(feature_set{events}, habit::careful);
}
TEST_CASE("SQ61, trap 22: all sizes, all features of the queues") {
    exchange(split_queue_features, habit::reckless);
    exchange(split_queue_features, habit::careful);
}

TEST_CASE("trap 22: each size goes all the way around, one request after the other") {
    for (const std::uint32_t size : {1u, 2u, 8u}) {
        CAPTURE(size);
        const auto ends = std::make_unique<pair>(size, 0, split_queue_features, habit::reckless, size);
        CHECK(ends->run(65536 + 3 * size));
    }
}
