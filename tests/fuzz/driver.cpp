// SPDX-License-Identifier: BSD-2-Clause
// A driver engine against a device side that any bytes lead: they decide what the user wants, what time it is, which
// frames of a real device side are lost or changed, and which frames nobody has sent. What must hold is that of
// tests/soak.
#include "fuzz/script.hpp"
#include "proto/support/random_use.hpp"

using namespace proto_test;

namespace {

/// Numbers that are the bytes of an input. At its end nothing rare happens any more.
class numbers {
public:
    explicit numbers(const script& input) : input_(input) {}
    std::uint64_t operator()() {
        std::uint8_t bytes[8]{};
        input_.fill(bytes);
        return load_le<std::uint64_t>(bytes);
    }
    std::uint32_t below(std::uint32_t n) { return (n <= 256 ? input_.byte() : input_.half()) % n; }
    bool one_in(std::uint32_t n) { return below(n) == n - 1; }
    bool empty() const { return input_.empty(); }

private:
    script input_;
};

std::uint64_t seen_answered;
std::uint64_t seen_failed;
std::uint64_t seen_events;

template <revision R> void drive(const script& input, bool polls, bool is_up) {
    constexpr faults hostile{
        .to_device = {.drop = 200}, .to_driver = {.delay = 500, .reorder = 500}, .damaged = 24, .invented = 12};
    random_run<R, numbers> run(numbers{input}, 1, polls, hostile);
    if (is_up) run.bring_up();
    const char* wrong = nullptr;
    while (wrong == nullptr && !run.numbers().empty()) wrong = run.advance();
    wrong = run.finish();
    require(wrong == nullptr, wrong);
    seen_answered += run.answered;
    seen_failed += run.failed;
    seen_events += run.driver_seen().events;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    script input{data, size};
    const std::uint8_t first = input.byte();
    const bool polls = (first & 4) != 0;
    const bool is_up = (first & 8) != 0;
    switch (first % 4) {
    case 0: drive<revision::rfc2025>(input, polls, is_up); break;
    case 1: drive<revision::oasis_v1>(input, polls, is_up); break;
    default: drive<revision::oasis_v2>(input, polls, is_up); break;
    }
    return 0;
}

extern "C" bool seeds_are_complete();
extern "C" bool seeds_are_complete() {
    std::printf("%llu answered, %llu failed, %llu events\n", static_cast<unsigned long long>(seen_answered),
                static_cast<unsigned long long>(seen_failed), static_cast<unsigned long long>(seen_events));
    return seen_answered != 0 && seen_failed != 0 && seen_events != 0;
}
