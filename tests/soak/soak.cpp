// SPDX-License-Identifier: BSD-2-Clause
// soak [OPERATIONS] [SEED] [REVISION] [CARRIAGE]: so many random operations (a million) on both engines of each
// revision, over a loopback and over each transport through a partition manager, in runs that start from nothing and
// end with nothing left. Run n has seed SEED + n, which decides what goes wrong in it.
#include <vmsg/text.hpp>

#include "proto/support/ffa_carriages.hpp"
#include "proto/support/random_use.hpp"

#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <type_traits>

using namespace proto_test;

namespace {

constexpr unsigned operations_per_run = 10'000;

/// Each alone, all together, and none; every second run of the same kind has sides that start anew.
constexpr faults both_ways(const transports::fault_rates& rates, unsigned damaged = 0, unsigned invented = 0) {
    return {.to_device = rates, .to_driver = rates, .damaged = damaged, .invented = invented};
}
constexpr faults kinds[]{
    {},
    both_ways({.busy = 1000}),
    both_ways({.drop = 250}),
    both_ways({.delay = 250}),
    both_ways({.reorder = 500}),
    {.to_device = {.busy = 500, .drop = 100}, .to_driver = {.busy = 500, .drop = 100, .delay = 200, .reorder = 300}},
    both_ways({.duplicate = 500}),
    both_ways({.corrupt = 500}),
    both_ways({.busy = 300, .drop = 100, .delay = 100, .duplicate = 200, .corrupt = 300, .reorder = 200}, 40, 50),
};
constexpr std::size_t kind_count = sizeof kinds / sizeof kinds[0];

/// False if something did not hold.
template <revision R, class Carriage>
bool soak(const char* carriage, std::uint64_t operations, std::uint64_t seed) {
    const std::string_view name = name_of(R);
    const auto began = std::chrono::steady_clock::now();
    std::uint64_t answered = 0;
    std::uint64_t failed = 0;
    for (std::uint64_t done = 0; done < operations; ++seed) {
        const std::uint64_t left = operations - done;
        const auto steps = static_cast<unsigned>(left < operations_per_run ? left : operations_per_run);
        faults wrong = kinds[seed % kind_count];
        wrong.restarts = seed / kind_count % 2 != 0 ? 1'000 : 0;
        random_run<R, random_numbers, Carriage> run(seed, seed % 4 < 2, wrong);
        if (const char* const broken = run.run(steps)) {
            std::printf("%s, %s, seed %" PRIu64 ", operation %u: does not hold: %s\n", name.data(), carriage, seed,
                        run.done(), broken);
            std::printf("again: soak %u %" PRIu64 " %s %s\n", steps, seed, name.data(), carriage);
            return false;
        }
        done += steps;
        answered += run.answered;
        failed += run.failed;
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    std::printf("%s, %s: %" PRIu64 " operations, %" PRIu64 " requests answered, %" PRIu64 " failed, %.1f s\n",
                name.data(), carriage, operations, answered, failed, took.count());
    return true;
}

} // namespace

int main(int argc, char** argv) {
    const std::uint64_t operations = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1'000'000;
    const std::uint64_t seed = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1;
    const std::string_view wanted = argc > 3 ? argv[3] : "";
    const std::string_view over = argc > 4 ? argv[4] : "";
    bool known = false;
    bool good = true;
    const auto each = [&](revision r, const char* carriage, auto run) {
        if (!wanted.empty() && wanted != name_of(r)) return;
        if (!over.empty() && over != carriage) return;
        known = true;
        good = run(carriage, operations, seed) && good;
    };
    const auto all = [&]<revision R>(std::integral_constant<revision, R>) {
        each(R, "loopback", soak<R, loopback_carriage>);
        each(R, "direct", soak<R, direct_carriage<R>>);
        each(R, "indirect", soak<R, indirect_carriage<R>>);
    };
    all(std::integral_constant<revision, revision::rfc2025>{});
    all(std::integral_constant<revision, revision::oasis_v1>{});
    all(std::integral_constant<revision, revision::oasis_v2>{});
    each(revision::oasis_v2, "fifo", soak<revision::oasis_v2, fifo_carriage>);
    if (operations == 0 || !known || argc > 5) {
        std::fprintf(stderr, "usage: soak [OPERATIONS] [SEED] [REVISION] [loopback | direct | indirect | fifo]\n");
        return 2;
    }
    return good ? 0 : 1;
}
