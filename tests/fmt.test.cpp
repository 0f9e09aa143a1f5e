// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/fmt.hpp>

#include "support/check.hpp"

#include <string>
#include <vector>

using namespace vmsg;

namespace {

template <class... M> constexpr bool all_formattable(message_list<M...>) {
    return (true && ... && (fmt::is_formattable<M>::value && fmt::is_formattable<framed<M>>::value));
}

constexpr framed<reset_response> some_reset{{.type = 3, .msg_id = 0x83, .token = 7, .msg_size = 10},
                                            {bus_result::busy}};

} // namespace

TEST_CASE("every message can be formatted, alone and with its header") { CX_CHECK(all_formattable(all_messages{})); }

TEST_CASE("a message is one line") {
    CHECK(fmt::format("{}", some_reset) == "FFA_RESET response token=7 result=BUSY");
    CHECK(fmt::format("<{}>", reset_response{}) == "<FFA_RESET response token=0 result=SUCCESS>");
}

TEST_CASE("a message in its full form") {
    CHECK(fmt::format("{:#}", some_reset) == "FFA_RESET response (oasis_v2, ffa-bus, device to driver)\n"
                                             "  type                  3\n"
                                             "  msg_id                131 (0x83)\n"
                                             "  dev_num               0\n"
                                             "  token                 7\n"
                                             "  msg_size              10 (0xa)\n"
                                             "  result                BUSY (2)");
}

TEST_CASE("a message in another revision") {
    CHECK(fmt::format("{:rfc2025}", some_reset) == "FFA_RESET response");
    CHECK(fmt::format("{:oasis_v1}", some_reset) == "FFA_RESET response token=7 result=BUSY");
    CHECK(fmt::format("{:oasis_v2}", some_reset) == "FFA_RESET response token=7 result=BUSY");
    CHECK(fmt::format("{:#rfc2025}", some_reset).find("(rfc2025, ffa-bus,") != std::string::npos);
    CHECK(fmt::format("{:oasis_v1}", error_response{5}) == "FFA_ERROR is not in this revision");
}

TEST_CASE("an unknown revision name is an error at run time too") {
    CHECK_THROWS_AS(static_cast<void>(fmt::format(fmt::runtime("{:oasis}"), some_reset)), fmt::format_error);
    CHECK_THROWS_AS(static_cast<void>(fmt::format(fmt::runtime("{:# }"), some_reset)), fmt::format_error);
}

TEST_CASE("what is too long is cut off and says so") {
    const std::vector<std::uint8_t> bytes(5000, 0xab);
    const std::string text = fmt::format("{}", get_config_response{.length = 5000, .config = bytes});
    CHECK(text.size() == 8192 + 3);
    CHECK(text.substr(8190) == "ab...");
}

TEST_CASE("errors, revisions, ids, kinds and classes are formatted as their names") {
    CHECK(fmt::format("{}", errc::bad_length) == "bad_length");
    CHECK(fmt::format("{:>9}|", errc::busy) == "     busy|");
    CHECK(fmt::format("{}", revision::oasis_v1) == "oasis_v1");
    CHECK(fmt::format("{}", transport_msg_id::set_vqueue) == "SET_VQUEUE");
    CHECK(fmt::format("{}", bus_msg_id::ping) == "PING");
    CHECK(fmt::format("{}", ffa_bus_msg_id::event_poll) == "FFA_EVENT_POLL");
    CHECK(fmt::format("{}", msg_kind::event) == "event");
    CHECK(fmt::format("{}", msg_class::ffa_bus) == "ffa-bus");
}
