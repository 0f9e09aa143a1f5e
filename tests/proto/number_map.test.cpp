// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/proto/number_map.hpp>
#include <vmsg/random.hpp>

#include "support/check.hpp"

#include <map>
#include <memory>

using namespace vmsg::proto;
using vmsg::random_numbers;

namespace {

constexpr bool keeps_records() {
    number_map<int, 4> m;
    if (m.size() != 0 || m.find(7) != nullptr || m.slots() != 0) return false;
    *m.insert(7) = 70;
    *m.insert(0) = 1;
    *m.insert(65535) = 2;
    const auto& c = m;
    return m.size() == 3 && *c.find(7) == 70 && *c.find(0) == 1 && *m.find(65535) == 2 && c.find(8) == nullptr;
}

constexpr bool inserting_twice_is_finding() {
    number_map<int, 1> m;
    int* first = m.insert(5);
    *first = 9;
    return m.insert(5) == first && *first == 9 && m.size() == 1 && m.insert(6) == nullptr && m.find(6) == nullptr;
}

constexpr bool erases() {
    number_map<int, 2> m;
    *m.insert(1) = 10;
    *m.insert(2) = 20;
    m.erase(3); // not there
    if (m.size() != 2) return false;
    m.erase(1);
    if (m.find(1) != nullptr || m.size() != 1 || *m.find(2) != 20) return false;
    int* again = m.insert(9); // in the place of 1, as a default record
    return again != nullptr && *again == 0 && *m.find(2) == 20 && m.insert(10) == nullptr;
}

constexpr bool lists_places() {
    number_map<int, 3> m;
    *m.insert(30) = 1;
    *m.insert(20) = 2;
    *m.insert(10) = 3;
    m.erase(20);
    const auto& c = m;
    return m.slots() == 3 && *m.at_slot(0) == 1 && m.at_slot(1) == nullptr && c.at_slot(1) == nullptr &&
           *c.at_slot(2) == 3 && m.number_at(0) == 30 && m.number_at(2) == 10;
}

constexpr bool clears() {
    number_map<int, 3> m;
    m.clear(); // nothing to do
    *m.insert(1) = 1;
    *m.insert(2) = 2;
    m.erase(1);
    m.clear();
    if (m.size() != 0 || m.slots() != 0 || m.find(1) != nullptr || m.find(2) != nullptr) return false;
    for (std::uint16_t n = 5; n < 8; ++n)
        if (*m.insert(n) != 0) return false; // all three places, as default records
    return m.insert(8) == nullptr;
}

/// Random inserts and erases of the numbers 0 to `spread - 1` times `stride`, beside a map that is known to be right.
/// The first step after which the two differ, 0 if none.
template <std::size_t Capacity> unsigned differs_from_map(unsigned seed, unsigned spread, unsigned stride) {
    random_numbers random(seed);
    number_map<unsigned, Capacity> m;
    std::map<std::uint16_t, unsigned*> model; // where a record stands, which has the number of the step as its value
    for (unsigned step = 1; step <= 4000; ++step) {
        const auto n = static_cast<std::uint16_t>(random.below(spread) * stride);
        const auto there = model.find(n);
        if (random.one_in(2)) {
            m.erase(n);
            if (there != model.end()) model.erase(there);
        } else if (unsigned* record = m.insert(n); record == nullptr) {
            if (there != model.end() || model.size() < Capacity) return step;
        } else {
            if (there != model.end() ? there->second != record : *record != 0) return step;
            if (model.size() == Capacity && there == model.end()) return step;
            *record = n + 1u;
            model[n] = record;
        }
        if (m.size() != model.size() || (m.find(n) != nullptr) != (model.count(n) != 0)) return step;
        for (const auto& [number, record] : model) // none has moved or changed
            if (m.find(number) != record || *record != number + 1u) return step;
    }
    std::size_t listed = 0;
    for (std::size_t i = 0; i < m.slots(); ++i) {
        if (m.at_slot(i) == nullptr) continue;
        ++listed;
        if (model.at(m.number_at(i)) != m.at_slot(i)) return ~0u;
    }
    return listed == model.size() ? 0 : ~0u;
}

} // namespace

TEST_CASE("number_map: records stand under their numbers") {
    CX_CHECK(keeps_records());
    CX_CHECK(inserting_twice_is_finding());
}

TEST_CASE("number_map: an erased record leaves its place to the next one") { CX_CHECK(erases()); }

TEST_CASE("number_map: places can be visited") { CX_CHECK(lists_places()); }

TEST_CASE("number_map: clear") { CX_CHECK(clears()); }

TEST_CASE("number_map: random inserts and erases, numbers that collide in the index included") {
    for (unsigned seed = 1; seed <= 4; ++seed) {
        CHECK(differs_from_map<1>(seed, 3, 1) == 0);
        CHECK(differs_from_map<8>(seed, 12, 1) == 0);
        CHECK(differs_from_map<8>(seed, 12, 16) == 0);   // as many places as the index has
        CHECK(differs_from_map<8>(seed, 60, 1000) == 0); // all over the number space
        CHECK(differs_from_map<24>(seed, 40, 64) == 0);
    }
}

TEST_CASE("number_map: the largest capacity takes every number") {
    const auto m = std::make_unique<number_map<std::uint16_t, 65536>>();
    for (std::uint32_t n = 0; n < 65536; ++n)
        *m->insert(static_cast<std::uint16_t>(n)) = static_cast<std::uint16_t>(~n);
    CHECK(m->size() == 65536);
    bool all = true;
    for (std::uint32_t n = 0; n < 65536; ++n) {
        const std::uint16_t* found = m->find(static_cast<std::uint16_t>(n));
        all = all && found != nullptr && *found == static_cast<std::uint16_t>(~n);
    }
    CHECK(all);
    for (std::uint32_t n = 0; n < 65536; n += 2) m->erase(static_cast<std::uint16_t>(n));
    CHECK(m->size() == 32768);
    CHECK(m->find(2) == nullptr);
    CHECK(m->find(3) != nullptr);
}
