// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/ffa/memory_rules.hpp>

#include "support/check.hpp"

#include <array>

using namespace vmsg;
using ffa::memory_flags;
using ffa::memory_operation;
using ffa::version;
using attributes = ffa::memory_attributes;
using permissions = ffa::memory_permissions;

namespace {

constexpr ffa::endpoint_id owner{1};
constexpr ffa::endpoint_id borrower{0x8001};
constexpr ffa::endpoint_id other{0x8002};
constexpr auto read_write = permissions::read_write;
constexpr auto read_only = permissions::read_only;
using receivers = std::array<ffa::memory_access, 2>;

// What a descriptor says; by default two receivers share memory.
struct sent {
    memory_operation op = memory_operation::share;
    ffa::memory_transaction transaction{owner, ffa::normal_memory, {}, {}, 7};
    receivers to{{{borrower, read_write, 0, 96, {}}, {other, read_only, 0, 96, {}}}};
    std::size_t count = 2;
    std::uint32_t access_size = 16;
    std::uint32_t composite_offset = 96;

    constexpr ffa::memory_descriptor descriptor() const {
        ffa::memory_descriptor d;
        d.transaction = transaction;
        d.receivers = ffa::memory_accesses{to.data(), count};
        d.access_size = access_size;
        d.composite_offset = composite_offset;
        return d;
    }
    constexpr errc judged(version v = version::v1_1, std::size_t most = 4) const {
        return ffa::validate_memory_send(descriptor(), op, owner, v, most).error();
    }
};

constexpr sent with(void (*change)(sent&)) {
    sent s;
    change(s);
    return s;
}
constexpr sent lent(void (*change)(sent&)) {
    sent s;
    s.op = memory_operation::lend;
    s.count = 1;
    s.transaction.attributes = attributes::unspecified;
    change(s);
    return s;
}
constexpr sent donated(void (*change)(sent&)) {
    sent s = lent([](sent&) {});
    s.op = memory_operation::donate;
    s.to[0].permissions = permissions::unspecified;
    change(s);
    return s;
}

// A request to retrieve what `sent` sent.
struct asked {
    ffa::memory_transaction transaction{owner, ffa::normal_memory, memory_flags::type_share, ffa::memory_handle{5}, 7};
    receivers by{{{borrower, read_write, 0, 0, {}}, {other, read_only, 0, 0, {}}}};
    std::size_t count = 1;
    std::uint32_t access_size = 16;
    std::uint32_t composite_offset = 0;
    ffa::endpoint_id caller = borrower;

    constexpr errc judged(sent s = {}) const {
        s.transaction.handle = ffa::memory_handle{5};
        ffa::memory_descriptor d;
        d.transaction = transaction;
        d.receivers = ffa::memory_accesses{by.data(), count};
        d.access_size = access_size;
        d.composite_offset = composite_offset;
        const ffa::sent_memory known{s.op, s.transaction, s.descriptor().receivers};
        return ffa::validate_memory_retrieve(d, known, caller, version::v1_1).error();
    }
};

constexpr errc request(void (*change)(asked&)) {
    asked a;
    change(a);
    return a.judged();
}

constexpr errc request_of_lent(memory_flags flags) {
    asked a;
    a.transaction.flags = flags;
    return a.judged(lent([](sent&) {}));
}

constexpr ffa::memory_region small[]{{0x8000'0000, 1}, {0x8001'0000, 4}};
constexpr ffa::memory_region odd[]{{0x8000'0001, 1}};

constexpr errc tallied(std::uint32_t region_count, std::uint32_t page_count, const ffa::memory_regions& all) {
    ffa::memory_tally tally{region_count, page_count};
    return tally.add(all).error();
}

constexpr bool counts_fragments() {
    ffa::memory_tally tally{3, 6};
    const ffa::memory_regions all{small};
    if (!tally.add(all) || tally.complete() || tally.regions_left() != 1) return false;
    if (tally.add(all).error() != errc::bad_length || tally.regions_left() != 1) return false;
    if (tally.add(odd).error() != errc::bad_value || tally.regions_left() != 1) return false;
    if (tally.add(all.drop(1)).error() != errc::bad_value || tally.regions_left() != 1) return false;
    return tally.add(all.first(1)).has_value() && tally.complete();
}

constexpr bool does_not_wrap() {
    constexpr ffa::memory_region large[]{{0, 0xffff'ffff}, {0, 2}};
    return tallied(2, 1, large) == errc::bad_value;
}

} // namespace

TEST_CASE("memory may be shared, lent and donated") {
    CX_CHECK(sent{}.judged() == errc::none);
    CX_CHECK(lent([](sent&) {}).judged() == errc::none);
    CX_CHECK(donated([](sent&) {}).judged() == errc::none);
    CX_CHECK(lent([](sent& s) { s.transaction.flags = memory_flags::zero; }).judged() == errc::none);
    CX_CHECK(lent([](sent& s) {
                 s.count = 2;
                 s.transaction.attributes = ffa::normal_memory;
             }).judged() == errc::none);
}

TEST_CASE("only the owner sends, to others, and to each once") {
    CX_CHECK(with([](sent& s) { s.transaction.sender = other; }).judged() == errc::denied);
    CX_CHECK(with([](sent& s) { s.to[1].receiver = owner; }).judged() == errc::bad_value);
    CX_CHECK(with([](sent& s) { s.to[1].receiver = borrower; }).judged() == errc::bad_value);
    CX_CHECK(sent{}.judged(version::v1_1, 1) == errc::no_memory);
    CX_CHECK(donated([](sent& s) {
                 s.count = 2;
                 s.to[1].permissions = permissions::unspecified;
             }).judged() == errc::bad_value);
}

TEST_CASE("a descriptor that is sent has regions, no handle and no flags of a request") {
    CX_CHECK(with([](sent& s) { s.composite_offset = 0; }).judged() == errc::bad_value);
    CX_CHECK(with([](sent& s) { s.transaction.handle = ffa::memory_handle{1}; }).judged() == errc::bad_value);
    CX_CHECK(with([](sent& s) { s.transaction.flags = memory_flags::type_share; }).judged() == errc::bad_value);
    CX_CHECK(with([](sent& s) { s.transaction.flags = memory_flags::time_slice; }).judged() == errc::none);
    CX_CHECK(with([](sent& s) { s.transaction.flags = memory_flags::zero; }).judged() == errc::bad_value);
    CX_CHECK(with([](sent& s) { s.to[0].flags = 1; }).judged() == errc::bad_value);
}

TEST_CASE("the part of a receiver is of a version that the sender may speak") {
    CX_CHECK(sent{}.judged(version::v1_2) == errc::none);
    CX_CHECK(with([](sent& s) { s.access_size = 32; }).judged(version::v1_1) == errc::bad_value);
    CX_CHECK(with([](sent& s) { s.access_size = 32; }).judged(version::v1_2) == errc::none);
    CX_CHECK(with([](sent& s) { s.access_size = 48; }).judged(version::v1_3) == errc::bad_value);
}

TEST_CASE("permissions say data when the owner stays, and never instructions") {
    CX_CHECK(with([](sent& s) { s.to[0].permissions = permissions::unspecified; }).judged() == errc::bad_value);
    CX_CHECK(with([](sent& s) { s.to[1].permissions = read_only | permissions::not_executable; }).judged() ==
             errc::bad_value);
    CX_CHECK(with([](sent& s) { s.to[1].permissions = permissions{3}; }).judged() == errc::bad_value);
    CX_CHECK(lent([](sent& s) { s.to[0].permissions = permissions::unspecified; }).judged() == errc::bad_value);
    CX_CHECK(donated([](sent& s) { s.to[0].permissions = read_write; }).judged() == errc::bad_value);
    CX_CHECK(lent([](sent& s) {
                 s.to[0].permissions = read_only;
                 s.transaction.flags = memory_flags::zero;
             }).judged() == errc::denied);
}

TEST_CASE("attributes are those of coherent memory, or none where the receiver is alone") {
    CX_CHECK(with([](sent& s) { s.transaction.attributes = {}; }).judged() == errc::bad_value);
    CX_CHECK(with([](sent& s) { s.transaction.attributes = ffa::normal_memory | attributes::non_secure; }).judged() ==
             errc::bad_value);
    CX_CHECK(with([](sent& s) { s.transaction.attributes = attributes{0x12f}; }).judged() == errc::bad_value);
    CX_CHECK(with([](sent& s) { s.transaction.attributes = attributes::device; }).judged() == errc::denied);
    CX_CHECK(with([](sent& s) { s.transaction.attributes = attributes{0x27}; }).judged() == errc::denied);
    CX_CHECK(with([](sent& s) { s.transaction.attributes = attributes{0x2e}; }).judged() == errc::denied);
    CX_CHECK(lent([](sent& s) { s.transaction.attributes = ffa::normal_memory; }).judged() == errc::bad_value);
    CX_CHECK(donated([](sent& s) { s.transaction.attributes = ffa::normal_memory; }).judged() == errc::bad_value);
    CX_CHECK(lent([](sent& s) { s.count = 2; }).judged() == errc::bad_value);
}

TEST_CASE("a borrower retrieves what it was given, or less") {
    CX_CHECK(request([](asked&) {}) == errc::none);
    CX_CHECK(request([](asked& a) { a.count = 2; }) == errc::none);
    CX_CHECK(request([](asked& a) { a.transaction.flags = memory_flags::type_any; }) == errc::none);
    CX_CHECK(request([](asked& a) { a.transaction.attributes = {}; }) == errc::none);
    CX_CHECK(request([](asked& a) { a.by[0].permissions = read_only | permissions::not_executable; }) == errc::none);
    CX_CHECK(request([](asked& a) { a.by[0].permissions = read_write | permissions::executable; }) == errc::denied);
    CX_CHECK(request([](asked& a) {
                 a.by[0] = a.by[1];
                 a.by[0].permissions = read_write;
                 a.caller = other;
             }) == errc::denied);
    CX_CHECK(request_of_lent(memory_flags::type_lend | memory_flags::zero_after_relinquish) == errc::none);
    CX_CHECK(request_of_lent(memory_flags::type_share) == errc::bad_value);
}

TEST_CASE("a request names what was sent") {
    CX_CHECK(request([](asked& a) { a.transaction.tag = 8; }) == errc::bad_value);
    CX_CHECK(request([](asked& a) { a.transaction.sender = other; }) == errc::bad_value);
    CX_CHECK(request([](asked& a) { a.transaction.handle = ffa::memory_handle{6}; }) == errc::bad_value);
    CX_CHECK(request([](asked& a) { a.transaction.flags = memory_flags::type_lend; }) == errc::bad_value);
    CX_CHECK(request([](asked& a) { a.transaction.flags = memory_flags{0x800}; }) == errc::bad_value);
    CX_CHECK(request([](asked& a) { a.transaction.flags = memory_flags::zero; }) == errc::bad_value);
    CX_CHECK(request([](asked& a) { a.transaction.attributes = attributes{0x6f}; }) == errc::bad_value);
    CX_CHECK(request([](asked& a) { a.composite_offset = 64; }) == errc::bad_value);
    CX_CHECK(request([](asked& a) { a.access_size = 32; }) == errc::bad_value);
    CX_CHECK(request([](asked& a) { a.by[0].impdef.bytes[15] = 1; }) == errc::bad_value);
    CX_CHECK(request([](asked& a) { a.by[0].flags = 2; }) == errc::bad_value);
}

TEST_CASE("only receivers retrieve") {
    CX_CHECK(request([](asked& a) { a.caller = other; }) == errc::denied);
    CX_CHECK(request([](asked& a) { a.caller = owner; }) == errc::denied);
    CX_CHECK(request([](asked& a) {
                 a.count = 2;
                 a.by[1].receiver = ffa::endpoint_id{0x8003};
             }) == errc::denied);
    CX_CHECK(request([](asked& a) {
                 a.count = 2;
                 a.by[1].receiver = borrower;
             }) == errc::bad_value);
    asked both;
    both.count = 2;
    CHECK(both.judged(lent([](sent&) {})) == errc::bad_value);
}

TEST_CASE("regions of all fragments add up to what the first one says") {
    CX_CHECK(tallied(2, 5, small) == errc::none);
    CX_CHECK(tallied(2, 4, small) == errc::bad_value);
    CX_CHECK(tallied(2, 6, small) == errc::bad_value);
    CX_CHECK(tallied(1, 5, small) == errc::bad_length);
    CX_CHECK(tallied(3, 6, small) == errc::none);
    CX_CHECK(tallied(1, 1, odd) == errc::bad_value);
    CX_CHECK(counts_fragments());
    CX_CHECK(does_not_wrap());
}

TEST_CASE("every refusal has a code") {
    CX_CHECK(ffa::error_of(errc::denied) == ffa::error::denied);
    CX_CHECK(ffa::error_of(errc::no_memory) == ffa::error::no_memory);
    CX_CHECK(ffa::error_of(errc::busy) == ffa::error::busy);
    CX_CHECK(ffa::error_of(errc::retry) == ffa::error::retry);
    CX_CHECK(ffa::error_of(errc::interrupted) == ffa::error::interrupted);
    CX_CHECK(ffa::error_of(errc::aborted) == ffa::error::aborted);
    CX_CHECK(ffa::error_of(errc::not_supported) == ffa::error::not_supported);
    for (const errc why : {errc::truncated, errc::oversize, errc::bad_length, errc::bad_value, errc::bad_type})
        CHECK(ffa::error_of(why) == ffa::error::invalid_parameters);
}
