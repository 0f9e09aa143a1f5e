// SPDX-License-Identifier: BSD-2-Clause
// Driver and device on one ring: whole requests in a constant expression, random traffic against a reference model,
// hostile memory, and two threads.

#include <vmsg/virtio/block_device.hpp>
#include <vmsg/virtio/block_driver.hpp>
#include <vmsg/virtio/device_queue.hpp>
#include <vmsg/virtio/dma_pool.hpp>
#include <vmsg/virtio/driver_queue.hpp>
#include <vmsg/virtio/entropy.hpp>

#include "support/check.hpp"
#include "support/rounds.hpp"
#include "virtio/disk.hpp"
#include "virtio/rig.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <thread>
#include <vector>

using namespace vmsg;
using namespace vmsg::virtio;

namespace {

// A block device from its configuration to its last request.

constexpr bool block_device_from_end_to_end(feature_set wanted) {
    alignas(128) std::array<std::uint8_t, 8192> region_bytes{};
    region_bytes.fill(rig::stale);
    flat_region region{bus_address{rig::base}, region_bytes};
    rig::disk<8> disk;

    // Features and configuration.
    const feature_set offered = block_offer(disk) | split_queue_features;
    const feature_set accepted = choose(offered, wanted | feature_set{block_feature::flush, feature::access_platform});
    if (!acceptable(accepted, offered)) return false;
    std::array<std::uint8_t, block_config_size> config_bytes{};
    if (!encode_block_config(config_bytes, block_config_of(disk, 4))) return false;
    const auto config = decode_block_config(config_bytes, offered);
    if (!config) return false;
    const block_limits limits = limits_of(*config, offered, accepted);

    // The queue, in a block of the driver's pool.
    dma_pool<64> pool{bus_address{rig::base}, region_bytes, 128};
    constexpr queue_block block{4};
    const auto rings = pool.allocate(block.size, descriptor_area_alignment);
    driver_queue<4> driver;
    device_queue<4, 4> device;
    if (!rings || !driver.attach(block.areas(rings->memory), 4, {.negotiated = accepted})) return false;
    if (!device.enable(region, block.addresses(rings->address), 4, 4, {.negotiated = accepted})) return false;

    const auto frame = pool.allocate(block_request<2>::frame_size);
    const auto table = pool.allocate(block_request<2>::table_size);
    const auto data = pool.allocate(1024);
    if (!frame || !table || !data) return false;
    const std::uint32_t descriptors = accepted.has(feature::indirect_desc) ? 1 : 4; // of the longest request
    block_request<2> request;

    // Driver adds, device serves, driver judges.
    const auto exchange = [&]() -> result<std::uint32_t> {
        const auto head = driver.add(request.readable(), request.writable(), *table);
        if (!head || driver.publish() != 1 || !driver.kick_needed()) return errc::retry;
        if (driver.free_descriptors() < 4 - descriptors) return errc::retry;
        chain<4> taken;
        if (!device.pop(region, taken) || taken.head() != *head) return errc::retry;
        if (!device.push(taken, serve_block(disk, accepted, taken.reader(), taken.writer()))) return errc::retry;
        if (!device.interrupt_needed()) return errc::retry;
        if (device.pop(region, taken).error() != errc::would_block) return errc::retry; // waits for the next one
        const auto done = driver.poll_used();
        if (!done || done->head != *head) return errc::retry;
        if (driver.poll_used().error() != errc::would_block) return errc::retry;
        return request.finish(*done);
    };

    const buffer halves[]{data->part(0, 300), data->part(300, 724)};
    if (!request.read(limits, *frame, 1, halves) || exchange().value_or(0) != 1024) return false;
    for (std::size_t i = 0; i < 1024; ++i)
        if (data->memory[i] != disk.bytes[512 + i]) return false;

    for (std::size_t i = 0; i < 1024; ++i) data->memory[i] = static_cast<std::uint8_t>(i * 5);
    if (!request.write(limits, *frame, 6, halves) || exchange().value_or(0) != 1024) return false;
    for (std::size_t i = 0; i < 1024; ++i)
        if (disk.bytes[3072 + i] != static_cast<std::uint8_t>(i * 5)) return false;

    if (!request.flush(limits, *frame) || !exchange() || disk.flushes != 1) return false;
    if (!request.get_id(*frame, data->part(0, 20)) || exchange().value_or(0) != 20) return false;
    if (data->memory[0] != 'r' || data->memory[19] != 0) return false;

    // The device disagrees about the size of the disk: an error, and the queue goes on.
    if (!request.read({.capacity = 100, .max_segments = 2}, *frame, 50, halves)) return false;
    if (exchange().error() != errc::peer_error) return false;
    if (!request.read(limits, *frame, 0, data->part(0, 512)) || exchange().value_or(0) != 512) return false;

    driver.detach();
    device.reset();
    return pool.free(rings->address) && pool.free(frame->address) && pool.free(table->address) &&
           pool.free(data->address) && pool.in_use() == 0 && driver.faults().total() == 0 &&
           device.faults().total() == 0;
}

struct constant_source {
    constexpr result<void> fill(byte_span to) {
        for (std::uint8_t& byte : to) byte = 0x5a;
        return {};
    }
};

constexpr bool entropy_from_end_to_end() {
    rig::memory<2> shared;
    flat_region region = shared.region();
    driver_queue<2> driver;
    device_queue<2, 2> device;
    if (!driver.attach(shared.areas(), 2) || !device.enable(region, shared.addresses(), 2, 2)) return false;
    const dma_buffer memory = shared.payload(0, 32);
    if (!driver.add({}, lend_for_entropy(memory)) || driver.publish() != 1) return false;
    chain<2> taken;
    constant_source source;
    if (!device.pop(region, taken)) return false;
    const auto used = serve_entropy(source, taken.reader(), taken.writer());
    if (!used || !device.push(taken, *used)) return false;
    std::array<std::uint8_t, 32> random{};
    if (take_entropy(*driver.poll_used(), memory, random).value_or(0) != 32 || random[31] != 0x5a) return false;
    // A driver that lends readable memory breaks the queue.
    if (!driver.add(memory.whole(), {}) || driver.publish() != 1 || !device.pop(region, taken)) return false;
    if (serve_entropy(source, taken.reader(), taken.writer()).error() != errc::bad_value) return false;
    device.break_queue(queue_fault::direction);
    return device.push(taken, 0).error() == errc::bad_state && device.faults()[queue_fault::direction] == 1;
}

// Random traffic.

/// What the device answers to a request with these readable bytes: byte i of the answer.
struct checksum {
    std::uint32_t sum = 1;
    void add(std::uint8_t byte) { sum = sum * 31 + byte; }
    std::uint8_t answer(std::size_t i) const { return static_cast<std::uint8_t>(sum + i * 13); }
};

/// Both ends of one ring under random traffic, and the model of what has to come out of them.
template <std::uint32_t N> class traffic {
    static constexpr std::size_t granule = 16;
    static constexpr std::size_t arena = std::size_t{N} * 8 * granule;
    static constexpr std::uint32_t max_chain = N < 12 ? N : 12;

    struct open_request {
        std::optional<dma_buffer> table{};
        std::vector<dma_buffer> readable{};
        std::vector<dma_buffer> writable{};
        std::uint32_t capacity = 0;
        checksum sent{};
        std::optional<std::uint32_t> written{}; ///< once the device has given it back
    };

public:
    traffic(unsigned seed, std::uint16_t position, feature_set negotiated)
        : random_(seed), tables_(negotiated.has(feature::indirect_desc)) {
        REQUIRE(driver_.attach(shared_->areas(), N, {.position = position, .negotiated = negotiated}));
        REQUIRE(device_.enable(region_, shared_->addresses(), N, N, {.position = position, .negotiated = negotiated}));
    }

    void step() {
        switch (random_() % 8) {
        case 0:
        case 1: add(); break;
        case 2: publish(); break;
        case 3:
        case 4: take(); break;
        case 5: give_back(); break;
        case 6: complete(); break;
        default: sleep(); break;
        }
    }

    /// Everything that is still under way comes out.
    void drain() {
        publish();
        while (device_.state() == queue_state::enabled && take()) {}
        while (give_back()) {}
        while (complete()) {}
        CHECK(model_count_ == 0);
        CHECK(driver_.outstanding() == 0);
        CHECK(driver_.free_descriptors() == N);
        CHECK(pool_.in_use() == 0);
        CHECK(driver_.faults().total() == 0);
        CHECK(device_.faults().total() == 0);
    }

    std::size_t completed() const { return completed_; }

private:
    void add() {
        const std::size_t count = 1 + random_() % max_chain;
        const std::size_t readable_count = random_() % (count + 1);
        open_request open;
        std::vector<buffer> readable;
        std::vector<buffer> writable;
        bool room = true;
        for (std::size_t i = 0; i < count && room; ++i) {
            const auto memory = pool_.allocate(1 + random_() % 40);
            room = memory.has_value();
            if (!room) break;
            const bool is_readable = i < readable_count;
            for (std::uint8_t& byte : memory->memory) {
                byte = is_readable ? static_cast<std::uint8_t>(random_()) : rig::stale;
                if (is_readable) open.sent.add(byte);
            }
            (is_readable ? readable : writable).push_back(memory->whole());
            (is_readable ? open.readable : open.writable).push_back(*memory);
            if (!is_readable) open.capacity += static_cast<std::uint32_t>(memory->memory.size());
        }
        if (room && random_() % 2 == 0) {
            const auto table = pool_.allocate(indirect_table_size(count));
            room = table.has_value();
            if (room) open.table = *table;
        }
        const bool in_table = tables_ && open.table.has_value() && count > 1;
        const bool fits = (in_table ? 1 : count) <= driver_.free_descriptors();
        const auto head = room ? driver_.add(readable, writable, open.table.value_or(dma_buffer{}))
                               : result<std::uint16_t>{errc::full};
        if (room) REQUIRE(head.has_value() == fits);
        if (!head) {
            REQUIRE(head.error() == errc::full);
            return release(open);
        }
        REQUIRE(*head < N);
        REQUIRE(!model_[*head].has_value());
        model_[*head] = std::move(open);
        ++model_count_;
        added_.push_back(*head);
    }

    void publish() {
        REQUIRE(driver_.publish() == added_.size());
        const bool something = !added_.empty();
        for (const std::uint16_t head : added_) published_.push_back(head);
        added_.clear();
        const bool kick = driver_.kick_needed();
        if (something && device_asleep_) REQUIRE(kick); // never lost
        if (kick) device_asleep_ = false;
    }

    bool take() {
        const auto request = std::make_unique<chain<max_chain>>();
        const auto outcome = device_.pop(region_, *request);
        REQUIRE(outcome.has_value() == !published_.empty());
        if (!outcome) {
            REQUIRE(outcome.error() == errc::would_block);
            return false;
        }
        REQUIRE(request->head() == published_.front()); // in the order of publishing
        published_.erase(published_.begin());
        const open_request& open = *model_[request->head()];
        REQUIRE(request->writable_size() == open.capacity);
        checksum received;
        chain_reader reader = request->reader();
        std::array<std::uint8_t, 7> some{};
        while (reader.remaining() != 0) {
            const std::size_t n = reader.read(byte_span{some}.first(1 + random_() % some.size()));
            for (std::size_t i = 0; i < n; ++i) received.add(some[i]);
        }
        REQUIRE(received.sum == open.sent.sum);
        chain_writer writer = request->writer();
        const std::uint32_t amount = static_cast<std::uint32_t>(random_() % (open.capacity + 1));
        while (writer.written() < amount) {
            const std::uint8_t byte = received.answer(writer.written());
            REQUIRE(writer.write({&byte, 1}) == 1);
        }
        taken_.push_back({request->ticket(), amount});
        return true;
    }

    bool give_back() {
        if (taken_.empty()) return false;
        const std::size_t i = random_() % taken_.size(); // in any order
        const auto [ticket, amount] = taken_[i];
        REQUIRE(device_.push(ticket, amount));
        REQUIRE(device_.push(ticket, amount).error() == errc::invalid_argument);
        taken_[i] = taken_.back();
        taken_.pop_back();
        model_[ticket.head]->written = amount;
        returned_.push_back(ticket.head);
        const bool interrupt = device_.interrupt_needed();
        if (driver_asleep_) REQUIRE(interrupt); // never lost
        if (interrupt) driver_asleep_ = false;
        return true;
    }

    bool complete() {
        const auto done = driver_.poll_used();
        REQUIRE(done.has_value() == !returned_.empty());
        if (!done) {
            REQUIRE(done.error() == errc::would_block);
            return false;
        }
        REQUIRE(done->head == returned_.front());
        returned_.erase(returned_.begin());
        const open_request open = *model_[done->head];
        REQUIRE(*done == completion{.head = done->head, .written = *open.written, .capacity = open.capacity});
        std::size_t i = 0;
        for (const dma_buffer& memory : open.writable)
            for (const std::uint8_t byte : memory.memory) {
                REQUIRE(byte == (i < done->written ? open.sent.answer(i) : rig::stale));
                ++i;
            }
        release(open);
        model_[done->head].reset();
        --model_count_;
        ++completed_;
        return true;
    }

    void sleep() {
        switch (random_() % 4) {
        case 0:
            driver_.suppress_interrupts();
            driver_asleep_ = false;
            break;
        case 1:
            device_.suppress_kicks();
            device_asleep_ = false;
            break;
        case 2:
            driver_asleep_ = !driver_.enable_interrupts();
            REQUIRE(driver_asleep_ == returned_.empty());
            break;
        default:
            device_asleep_ = !device_.enable_kicks();
            REQUIRE(device_asleep_ == published_.empty());
            break;
        }
    }

    void release(const open_request& open) {
        if (open.table) REQUIRE(pool_.free(open.table->address));
        for (const dma_buffer& memory : open.readable) REQUIRE(pool_.free(memory.address));
        for (const dma_buffer& memory : open.writable) REQUIRE(pool_.free(memory.address));
    }

    struct in_work {
        chain_ticket ticket;
        std::uint32_t written;
    };

    std::mt19937 random_;
    bool tables_;
    std::unique_ptr<rig::memory<N, arena>> shared_ = std::make_unique<rig::memory<N, arena>>();
    flat_region region_ = shared_->region();
    dma_pool<arena / granule> pool_{shared_->payload_address(), shared_->payload(0, arena).memory, granule};
    driver_queue<N> driver_{};
    device_queue<max_chain, N> device_{};
    std::array<std::optional<open_request>, N> model_{};
    std::vector<std::uint16_t> added_{};
    std::vector<std::uint16_t> published_{};
    std::vector<in_work> taken_{};
    std::vector<std::uint16_t> returned_{};
    std::size_t model_count_ = 0;
    std::size_t completed_ = 0;
    bool driver_asleep_ = false;
    bool device_asleep_ = false;
};

/// One after the other without and with INDIRECT_DESC, without and with EVENT_IDX.
feature_set kind_of_queue(unsigned number) {
    feature_set kind{feature::version_1};
    if (number % 2 != 0) kind.set(feature::indirect_desc);
    if (number / 2 % 2 != 0) kind.set(feature::event_idx);
    return kind;
}

template <std::uint32_t N> void run_traffic(int steps) {
    for (unsigned seed = 1; seed <= 8; ++seed) {
        CAPTURE(N);
        CAPTURE(seed);
        traffic<N> run{seed, static_cast<std::uint16_t>(65536 - 20 * seed), kind_of_queue(seed)};
        for (int i = 0; i < steps; ++i) run.step();
        run.drain();
        CHECK(run.completed() > 150); // past 65535
    }
}

// Hostile memory.

/// Garbage that is often nearly right: small numbers, sizes, flags, addresses around the region.
std::uint64_t nearly(std::mt19937& random, std::uint32_t n) {
    switch (random() % 6) {
    case 0: return random() % (n + 2);
    case 1: return random() % 8;
    case 2: return rig::base + rig::memory<8>::region_size() - random() % 64;
    case 3: return rig::base + random() % rig::memory<8>::region_size();
    case 4: return 0xffff'ffff'ffff'ffff - random() % 16;
    default: break;
    }
    const std::uint64_t high = random();
    return high << 32 | random();
}

} // namespace

TEST_CASE("a block device from configuration to last request, with each kind of queue") {
    CX_CHECK(block_device_from_end_to_end(feature_set{}));
    CX_CHECK(block_device_from_end_to_end(feature_set{feature::indirect_desc}));
    CX_CHECK(block_device_from_end_to_end(feature_set{feature::event_idx}));
    CX_CHECK(block_device_from_end_to_end(split_queue_features));
}
TEST_CASE("EN1, EN3: an entropy device from end to end") { CX_CHECK(entropy_from_end_to_end()); }

TEST_CASE("random traffic behaves like the model, across 65536") {
    run_traffic<1>(6000);
    run_traffic<2>(6000);
    run_traffic<8>(6000);
    run_traffic<256>(6000);
}

TEST_CASE("SQ73: a device survives any ring, breaks at most once and stays inside the region") {
    for (unsigned seed = 1; seed <= 4000; ++seed) {
        CAPTURE(seed);
        std::mt19937 random{seed};
        const feature_set negotiated = kind_of_queue(seed);
        rig::device_end<8> end{{.position = static_cast<std::uint16_t>(random()),
                                .tables = random() % 2 != 0 ? long_chains::accept : long_chains::reject,
                                .negotiated = negotiated}};
        for (std::uint32_t i = 0; i < 8; ++i) {
            // Any of the payload may be a table.
            end.shared.set_entry(0, i, bus_address{rig::base + 512 + random() % 64}, 1 + random() % 64,
                                 static_cast<std::uint16_t>(random() % 4), static_cast<std::uint16_t>(random() % 9));
            end.shared.set_entry(0, 8 + i, bus_address{nearly(random, 8)},
                                 static_cast<std::uint32_t>(nearly(random, 64)),
                                 static_cast<std::uint16_t>(nearly(random, 8)), static_cast<std::uint16_t>(i + 1));
            const bool garbage = random() % 3 != 0;
            const std::uint64_t addr = garbage ? nearly(random, 8) : rig::base + 512 + random() % 64;
            const std::uint64_t len = garbage ? nearly(random, 64) : 1 + random() % 64;
            const std::uint64_t flags = garbage ? random() % 4 : nearly(random, 8);
            const std::uint64_t next = garbage ? i + 1 : nearly(random, 8);
            end.shared.set_descriptor(i, bus_address{addr}, static_cast<std::uint32_t>(len),
                                      static_cast<std::uint16_t>(flags), static_cast<std::uint16_t>(next));
            if (random() % 4 == 0)
                end.shared.set_descriptor(i, end.shared.payload_address(16 * (random() % 12)),
                                          static_cast<std::uint32_t>(16 * (random() % 10)), random() % 2 != 0 ? 4 : 6);
            end.shared.set_avail_ring(i, static_cast<std::uint16_t>(random() % 4 != 0 ? i : nearly(random, 8)));
        }
        end.shared.set_avail_idx(static_cast<std::uint16_t>(end.shared.avail_idx() + random() % 10));
        int taken = 0;
        for (int i = 0; i < 20; ++i) {
            const errc outcome = end.pop();
            if (outcome != errc::none) {
                REQUIRE((outcome == errc::would_block) == (end.queue.state() == queue_state::enabled));
                continue;
            }
            ++taken;
            std::array<std::uint8_t, 64> scratch{};
            chain_reader reader = end.chain.reader();
            while (reader.read(scratch) != 0) {}
            chain_writer writer = end.chain.writer();
            while (writer.write(scratch) != 0) {}
            REQUIRE(writer.written() == end.chain.writable_size());
        }
        REQUIRE(taken <= 8);
        REQUIRE(end.queue.faults().total() <= 1);
    }
}

TEST_CASE("SQ73: a driver survives any used ring and gets every buffer back once") {
    for (unsigned seed = 1; seed <= 4000; ++seed) {
        CAPTURE(seed);
        std::mt19937 random{seed};
        rig::driver_end<8> end{{.position = static_cast<std::uint16_t>(random()), .negotiated = kind_of_queue(seed)}};
        std::array<int, 8> open{};
        for (int round = 0; round < 10; ++round) {
            const bool writable = random() % 2 == 0;
            const std::uint16_t head = end.request(writable, 1 + random() % 64);
            if (head < 8) ++open[head];
            const std::uint64_t id = random() % 3 != 0 ? random() % 8 : nearly(random, 8);
            const std::uint64_t len = nearly(random, 64);
            end.shared.set_used(static_cast<std::uint32_t>(end.shared.used_idx() % 8), static_cast<std::uint32_t>(id),
                                static_cast<std::uint32_t>(len));
            end.shared.set_used_idx(static_cast<std::uint16_t>(end.shared.used_idx() + random() % 3));
            while (true) {
                const auto done = end.queue.poll_used();
                if (!done) break;
                REQUIRE(open[done->head]-- == 1);
                REQUIRE(done->written <= done->capacity);
            }
        }
        end.queue.detach();
        while (const auto done = end.queue.poll_used()) {
            REQUIRE(done->status == errc::aborted);
            REQUIRE(open[done->head]-- == 1);
        }
        for (const int left : open) REQUIRE(left == 0);
    }
}

namespace {

/// Numbered requests as fast as both sides can. `dozing`: each goes to sleep without asking for a wake-up again, which
/// holds of itself unless it was taken back.
void two_threads(feature_set negotiated, bool dozing) {
    constexpr std::uint32_t rounds = rounds_of(30'000);
    constexpr std::uint32_t n = 4;
    // A notification is a flag; a thread that has re-armed waits for it, and gives up if it never comes. It looks for a
    // while and then sleeps: on a busy machine a thread that yields would lose its turn each time.
    struct bell {
        std::atomic<bool> rung{false};
        std::mutex sleep{};
        std::condition_variable awake{};

        void ring() {
            rung = true;
            const std::lock_guard<std::mutex> lock{sleep};
            awake.notify_one();
        }
        bool wait() {
            for (int looks = 0; looks < 500; ++looks)
                if (rung.exchange(false)) return true;
            std::unique_lock<std::mutex> lock{sleep};
            return awake.wait_for(lock, std::chrono::seconds{20}, [this] { return rung.exchange(false); });
        }
    };
    const auto shared = std::make_unique<rig::memory<n>>();
    const auto region = shared->region();
    bell to_device;
    bell to_driver;
    driver_queue<n> driver;
    device_queue<2, n> device;
    REQUIRE(driver.attach(shared->areas(), n, {.negotiated = negotiated}));
    REQUIRE(device.enable(region, shared->addresses(), n, n, {.negotiated = negotiated}));

    std::atomic<bool> device_in_order{true};
    std::thread other{[&] {
        chain<2> request;
        for (std::uint32_t served = 0; served < rounds;) {
            const auto outcome = device.pop(region, request);
            if (!outcome) {
                if (outcome.error() != errc::would_block) break;
                if (!(!dozing && device.enable_kicks()) && !to_device.wait()) break;
                if (!dozing) device.suppress_kicks();
                continue;
            }
            std::array<std::uint8_t, 4> bytes{};
            request.reader().read(bytes);
            device_in_order = device_in_order && load_le<std::uint32_t>(bytes.data()) == served;
            chain_writer writer = request.writer();
            store_le(bytes.data(), ~served);
            writer.write(bytes);
            device_in_order = device_in_order && device.push(request, writer.written());
            ++served;
            if (device.interrupt_needed()) to_driver.ring();
        }
    }};

    std::array<std::uint32_t, n> number_of{};
    std::uint32_t sent = 0;
    std::uint32_t received = 0;
    bool right = true;
    while (received < rounds && right) {
        while (sent < rounds && driver.free_descriptors() >= 2 && driver.outstanding() < n) {
            const std::size_t at = sent % n * 64;
            std::array<std::uint8_t, 4> bytes{};
            store_le(bytes.data(), sent);
            shared::copy(shared->payload(at, 4).memory, bytes);
            const auto head =
                driver.add(shared->element(at, 4), shared->element(at + 8, 4), shared->payload(at + 16, 32));
            number_of[*head] = sent++;
            driver.publish();
            if (driver.kick_needed()) to_device.ring();
        }
        const auto done = driver.poll_used();
        if (!done) {
            right = done.error() == errc::would_block && ((!dozing && driver.enable_interrupts()) || to_driver.wait());
            if (!dozing) driver.suppress_interrupts();
            continue;
        }
        const std::uint32_t number = number_of[done->head];
        std::array<std::uint8_t, 4> bytes{};
        shared::copy(bytes, shared->payload(number % n * 64 + 8, 4).memory);
        right = right && done->written == 4 && load_le<std::uint32_t>(bytes.data()) == ~number;
        ++received;
    }
    CHECK(right);
    CHECK(received == rounds);
    to_device.ring();
    other.join();
    CHECK(device_in_order.load());
}

} // namespace

TEST_CASE(
    "SQ32, SQ33, SQ37, SQ39, SQ48, SQ58, trap 29, trap 30: two threads lose no notification and see no stale data") {
    for (unsigned kind = 0; kind < 4; ++kind) {
        CAPTURE(kind);
        two_threads(kind_of_queue(kind), false);
        two_threads(kind_of_queue(kind), true);
    }
}

namespace {

/// Lets two threads go at the same moment, again and again, one of them `skew` steps later.
struct gate {
    std::atomic<unsigned> passed{0};
    void wait(unsigned round, unsigned skew = 0) {
        passed.fetch_add(1);
        for (unsigned spins = 0; passed.load() < 2 * round; ++spins)
            if (spins > 2000) std::this_thread::yield();
        for (unsigned i = 0; i < skew; ++i) static_cast<void>(passed.load(std::memory_order_relaxed));
    }
};

/// Sweeps over what is earlier on one side and on the other.
constexpr unsigned skew_of_driver(unsigned round) { return round % 2 != 0 ? round / 2 % 256 : 0; }
constexpr unsigned skew_of_device(unsigned round) { return round % 2 != 0 ? 0 : round / 2 % 256; }

/// One queue whose areas have cache lines of their own, so that a load may overtake a store between them.
struct spread_queue {
    alignas(64) std::array<std::uint8_t, 512> bytes{};
    driver_queue<4> driver{};
    device_queue<4, 4> device{};
    flat_region region{bus_address{rig::base}, bytes};

    explicit spread_queue(feature_set negotiated) {
        const byte_span all{bytes};
        REQUIRE(driver.attach({all.first(64), all.drop(128).first(64), all.drop(256).first(64)}, 4,
                              {.negotiated = negotiated}));
        REQUIRE(device.enable(region,
                              {bus_address{rig::base}, bus_address{rig::base + 128}, bus_address{rig::base + 256}}, 4,
                              4, {.negotiated = negotiated}));
    }
};

constexpr unsigned litmus_rounds = rounds_of(3'000);

/// How often a kick and a device that falls asleep missed each other. `dozing` as with two threads: then it is `pop`
/// that asks for a notification.
unsigned missed_kicks(feature_set negotiated, bool dozing) {
    const auto queue = std::make_unique<spread_queue>(negotiated);
    gate ready;
    gate start;
    gate end;
    bool seen = false;
    std::thread other{[&] {
        chain<4> request;
        for (unsigned round = 1; round <= litmus_rounds; ++round) {
            if (!dozing) queue->device.suppress_kicks();
            ready.wait(round);
            if (!dozing) static_cast<void>(queue->device.pop(queue->region, request)); // has the index at hand
            start.wait(round, skew_of_device(round));
            const bool taken = dozing && queue->device.pop(queue->region, request);
            seen = dozing ? taken : queue->device.enable_kicks();
            end.wait(round);
            if (taken || queue->device.pop(queue->region, request)) static_cast<void>(queue->device.push(request, 0));
        }
    }};
    unsigned missed = 0;
    for (unsigned round = 1; round <= litmus_rounds; ++round) {
        static_cast<void>(queue->driver.add({}, buffer{bus_address{rig::base + 448}, 16}));
        ready.wait(round);
        static_cast<void>(queue->driver.poll_used()); // has the flags at hand
        start.wait(round, skew_of_driver(round));
        queue->driver.publish();
        const bool kicked = queue->driver.kick_needed();
        end.wait(round);
        missed += !kicked && !seen;
        while (!queue->driver.poll_used()) std::this_thread::yield();
    }
    other.join();
    return missed;
}

/// How often an interrupt and a driver that falls asleep missed each other.
unsigned missed_interrupts(feature_set negotiated, bool dozing) {
    const auto queue = std::make_unique<spread_queue>(negotiated);
    gate ready;
    gate start;
    gate end;
    bool interrupted = false;
    std::thread other{[&] {
        chain<4> request;
        chain<4> none;
        for (unsigned round = 1; round <= litmus_rounds; ++round) {
            while (!queue->device.pop(queue->region, request)) std::this_thread::yield();
            ready.wait(round);
            static_cast<void>(queue->device.pop(queue->region, none)); // has the flags at hand
            start.wait(round, skew_of_device(round));
            static_cast<void>(queue->device.push(request, 0));
            interrupted = queue->device.interrupt_needed();
            end.wait(round);
        }
    }};
    unsigned missed = 0;
    for (unsigned round = 1; round <= litmus_rounds; ++round) {
        if (!dozing) queue->driver.suppress_interrupts();
        static_cast<void>(queue->driver.add({}, buffer{bus_address{rig::base + 448}, 16}));
        queue->driver.publish();
        ready.wait(round);
        if (!dozing) static_cast<void>(queue->driver.poll_used()); // has the index at hand
        start.wait(round, skew_of_driver(round));
        const bool taken = dozing && queue->driver.poll_used();
        const bool seen = dozing ? taken : queue->driver.enable_interrupts();
        end.wait(round);
        missed += !interrupted && !seen;
        while (!taken && !queue->driver.poll_used()) std::this_thread::yield();
    }
    other.join();
    return missed;
}

} // namespace

TEST_CASE("SQ33, SQ58, trap 29: a kick and a device that falls asleep never miss each other") {
    CHECK(missed_kicks({}, false) == 0);
    CHECK(missed_kicks(feature_set{feature::event_idx}, false) == 0);
    CHECK(missed_kicks(feature_set{feature::event_idx}, true) == 0);
}
TEST_CASE("SQ51, SQ52, SQ58, trap 29: an interrupt and a driver that falls asleep never miss each other") {
    CHECK(missed_interrupts({}, false) == 0);
    CHECK(missed_interrupts(feature_set{feature::event_idx}, false) == 0);
    CHECK(missed_interrupts(feature_set{feature::event_idx}, true) == 0);
}
