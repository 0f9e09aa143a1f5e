// SPDX-License-Identifier: BSD-2-Clause
// The programs of examples/firmware as they are, with each other: the driver's SMC enters the manager, the manager the
// partition, whose SMC leaves it.
#include "arch/instructions.hpp"
#include "firmware/clock.hpp"
#include "support/check.hpp"

#include <vmsg/bytes.hpp>
#include <vmsg/ffa/arch/aarch64_smc.hpp>
#include <vmsg/ffa/scheduling.hpp>
#include <vmsg/message/bus_address.hpp>
#include <vmsg/revision.hpp>
#include <vmsg/session/direct_client.hpp>
#include <vmsg/sim/spmc.hpp>
#include <vmsg/uuid.hpp>

#include <cstddef>
#include <cstdint>

#include <ucontext.h>

extern "C" {
int driver_main(std::uint16_t self, std::uint16_t partition, std::uint64_t mem_handle);
void partition_main();
std::uint8_t* platform_map(std::uint64_t mem_handle, std::uint32_t pages);
void platform_unmap(std::uint64_t mem_handle);
void platform_random(std::uint8_t* to, std::size_t size);
}

namespace {

using namespace vmsg;

constexpr ffa::endpoint_id driver_id{1};
constexpr ffa::endpoint_id partition_id{0x8001};
constexpr std::uint64_t handle = 0x77;

alignas(4096) std::uint8_t shared[4096];
std::uint64_t mapped = 0;
std::uint32_t mapped_pages = 0;

/// A program that runs until its next SMC.
class program {
public:
    explicit program(void (*entry)()) {
        getcontext(&inside_);
        inside_.uc_stack = {.ss_sp = stack_, .ss_flags = 0, .ss_size = sizeof stack_};
        inside_.uc_link = &outside_;
        makecontext(&inside_, entry, 0);
    }
    program(const program&) = delete;
    program& operator=(const program&) = delete;

    /// What it was answered becomes its next call.
    void operator()(ffa::call_frame& frame) {
        frame_ = frame;
        runs_ = true;
        swapcontext(&outside_, &inside_);
        runs_ = false;
        frame = frame_;
    }
    bool runs() const { return runs_; }
    void leave(ffa::call_frame& frame) {
        frame_ = frame;
        swapcontext(&inside_, &outside_);
        frame = frame_;
    }

private:
    ucontext_t inside_{};
    ucontext_t outside_{};
    ffa::call_frame frame_{};
    bool runs_ = false;
    alignas(16) std::uint8_t stack_[0x4'0000];
};

struct machine {
    sim::spmc<> spmc{sim::profiles::generic};
    program partition{partition_main};
    arch_test::trap trap{answer, this};

    static void answer(void* context, arch_test::instruction, ffa::call_frame& frame) {
        auto& self = *static_cast<machine*>(context);
        if (self.partition.runs())
            self.partition.leave(frame);
        else
            self.spmc.conduit_for(driver_id)(frame);
    }
};

} // namespace

std::uint8_t* platform_map(std::uint64_t mem_handle, std::uint32_t pages) {
    mapped = mem_handle;
    mapped_pages = pages;
    return shared;
}
void platform_unmap(std::uint64_t) { mapped = 0; }
void platform_random(std::uint8_t* to, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) to[i] = static_cast<std::uint8_t>(0x80 + i);
}

namespace {

// Behind the rings, which the driver has at 0, 0x100 and 0x200 of area 1.
constexpr std::size_t buffer = 0x400;
constexpr std::uint16_t device_number = 1;

int run_driver() {
    return driver_main(static_cast<std::uint16_t>(driver_id), static_cast<std::uint16_t>(partition_id), handle);
}

/// A machine whose partition waits, and a buffer of 32 bytes that the driver has made available. `flags`: of the
/// descriptor.
struct prepared : machine {
    explicit prepared(std::uint16_t flags) {
        REQUIRE(spmc.add({.id = driver_id}).has_value());
        REQUIRE(spmc.add({.id = partition_id,
                          .services = {{.protocol = device_role_uuid}},
                          .entry = sim::entry_of(partition)})
                    .has_value());
        ffa::call_frame first;
        partition(first);
        REQUIRE(ffa::decode_msg_wait(first).has_value());
        for (std::uint8_t& byte : shared) byte = 0;
        store_le(shared, static_cast<std::uint64_t>(*make_bus_address<newest_revision>(1, buffer)));
        store_le(shared + 8, std::uint32_t{32});
        store_le(shared + 12, flags);
        store_le(shared + 0x102, std::uint16_t{1}); // one is available, number 0
    }
    device_status status() {
        ffa::smc_conduit call;
        firmware::counter clock;
        direct_client<newest_revision, ffa::smc_conduit, firmware::counter> bus{call, clock, driver_id, partition_id};
        const auto got = bus.ask(device_number, get_device_status_request{});
        REQUIRE(got.has_value());
        return got->status;
    }
};

} // namespace

TEST_CASE("the driver of examples/firmware gets random bytes from its partition") {
    prepared m{2}; // the device writes
    CHECK(run_driver() == 0);
    CHECK(mapped == handle);
    CHECK(mapped_pages == 1);
    CHECK(load_le<std::uint16_t>(shared + 0x202) == 1);
    CHECK(load_le<std::uint32_t>(shared + 0x208) == 32);
    for (std::size_t i = 0; i < 32; ++i) CHECK(shared[buffer + i] == 0x80 + i);
    CHECK(!has(m.status(), device_status::needs_reset));
}

TEST_CASE("the partition of examples/firmware says that a queue is broken") {
    prepared m{0}; // nothing that the device could write to
    CHECK(run_driver() == 0);
    CHECK(load_le<std::uint16_t>(shared + 0x202) == 0);
    CHECK(has(m.status(), device_status::needs_reset));
}

TEST_CASE("the driver of examples/firmware says why there is no device") {
    machine m;
    REQUIRE(m.spmc.add({.id = driver_id}).has_value());
    CHECK(run_driver() == static_cast<int>(errc::invalid_argument));
}
