// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/ffa/plain_direct.hpp>

#include "ffa/support/frames.hpp"
#include "support/check.hpp"

using namespace ffa_test;
using ffa::direct_kind;
using ffa::form;
using ffa::version;

namespace {

// 1, 2, ... in as many registers as the message has.
constexpr ffa::plain_direct_message counted(direct_kind kind, form f, std::size_t registers) {
    ffa::plain_direct_message m{kind, f, driver, device, 0, {}};
    if (kind == direct_kind::response) m.src = device, m.dst = driver;
    for (std::size_t i = 0; i < registers; ++i) m.payload[i] = i + 1;
    return m;
}

constexpr bool passes(const ffa::plain_direct_message& m, const ffa::call_frame& frame, version v) {
    return both_ways(m, encode(m, v), frame, [v](const ffa::call_frame& f) { return decode_plain_direct(f, v); });
}

constexpr ffa::vm_lifecycle_message created{device, ffa::endpoint_id{5}, true};
constexpr ffa::vm_lifecycle_message destroyed{device, ffa::endpoint_id{5}, false};

constexpr errc answered(const ffa::vm_lifecycle_message& asked, const ffa::plain_direct_message& answer) {
    return outcome_of(asked, answer).error();
}

} // namespace

TEST_CASE("a plain direct message has 5 registers") {
    CX_CHECK(passes(counted(direct_kind::request, form::smc32, 5),
                    ffa::call_frame{{0x8400006f, 0x0001'8003, 0, 1, 2, 3, 4, 5}}, version::v1_1));
    CX_CHECK(passes(counted(direct_kind::response, form::smc32, 5),
                    ffa::call_frame{{0x84000070, 0x8003'0001, 0, 1, 2, 3, 4, 5}}, version::v1_3));
    CX_CHECK(passes(counted(direct_kind::request, form::smc64, 5),
                    ffa::call_frame{{0xc400006f, 0x0001'8003, 0, 1, 2, 3, 4, 5}}, version::v1_2));
    CX_CHECK(passes(counted(direct_kind::response, form::smc64, 5),
                    ffa::call_frame{{0xc4000070, 0x8003'0001, 0, 1, 2, 3, 4, 5}}, version::v1_2));
}

TEST_CASE("from FF-A 1.3 on a 64-bit one has 15") {
    constexpr auto m = counted(direct_kind::request, form::smc64, 15);
    constexpr ffa::call_frame frame{{0xc400006f, 0x0001'8003, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}};
    CX_CHECK(passes(m, frame, version::v1_3));
    CX_CHECK(*decode_plain_direct(frame, version::v1_2) == counted(direct_kind::request, form::smc64, 5));
    CX_CHECK(encode(m, version::v1_2) == ffa::call_frame{{0xc400006f, 0x0001'8003, 0, 1, 2, 3, 4, 5}});
}

TEST_CASE("a 32-bit message is cut to its lower halves") {
    auto m = counted(direct_kind::request, form::smc32, 5);
    m.payload[0] = 0x1234'5678'9abc'def0;
    CHECK(encode(m, version::v1_2).x[3] == 0x9abc'def0);
    m.width = form::smc64;
    CHECK(encode(m, version::v1_2).x[3] == 0x1234'5678'9abc'def0);
}

TEST_CASE("messages with a UUID are others") {
    CX_CHECK(ffa::decode_plain_direct(ffa::call_frame{{0xc400008d}}, version::v1_3).error() == errc::bad_type);
    CX_CHECK(ffa::decode_plain_direct(ffa::call_frame{{0xc400008e}}, version::v1_3).error() == errc::bad_type);
    CX_CHECK(ffa::decode_plain_direct(ffa::call_frame{}, version::v1_3).error() == errc::bad_type);
}

TEST_CASE("the framework says that a VM was made or is gone") {
    CX_CHECK(encode(message_of(created), version::v1_1) ==
             ffa::call_frame{{0x8400006f, 0x0000'8003, 0x8000'0004, 0, 0, 5}});
    CX_CHECK(encode(message_of(destroyed), version::v1_1) ==
             ffa::call_frame{{0x8400006f, 0x0000'8003, 0x8000'0006, 0, 0, 5}});
    CX_CHECK(*vm_lifecycle_in(message_of(created)) == created);
    CX_CHECK(*vm_lifecycle_in(message_of(destroyed)) == destroyed);
    CX_CHECK(is_framework(message_of(created)));
    CX_CHECK(framework_message_in(message_of(created)) == ffa::framework_message::vm_created);
}

TEST_CASE("other messages say nothing of VMs") {
    CX_CHECK(vm_lifecycle_in(counted(direct_kind::request, form::smc32, 5)).error() == errc::bad_type);
    CX_CHECK(vm_lifecycle_in(response_to(created, {})).error() == errc::bad_type);
    auto psci = message_of(created);
    psci.flags = ffa::framework_flag;
    CHECK(vm_lifecycle_in(psci).error() == errc::bad_type);
    auto plain = message_of(created);
    plain.flags &= ~ffa::framework_flag;
    CHECK(vm_lifecycle_in(plain).error() == errc::bad_type);
}

TEST_CASE("a partition accepts or refuses a VM") {
    CX_CHECK(encode(response_to(created, {}), version::v1_1) ==
             ffa::call_frame{{0x84000070, 0x8003'0000, 0x8000'0005}});
    CX_CHECK(encode(response_to(destroyed, ffa::error::denied), version::v1_1) ==
             ffa::call_frame{{0x84000070, 0x8003'0000, 0x8000'0007, 0xffff'fffa}});
    CX_CHECK(answered(created, response_to(created, {})) == errc::none);
    CX_CHECK(answered(created, response_to(created, ffa::error::denied)) == errc::denied);
    CX_CHECK(answered(created, response_to(destroyed, {})) == errc::bad_type);
    CX_CHECK(answered(created, message_of(created)) == errc::bad_type);
    CX_CHECK(answered(created, ffa::response_to({driver, {}, true}, {})) == errc::bad_type);
}
