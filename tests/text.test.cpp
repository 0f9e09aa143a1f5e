// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/text.hpp>

#include "support/check.hpp"

#include <string>
#include <string_view>

using namespace vmsg;
using std::string_view;

namespace {

constexpr errc_row expected_errors[]{
    {errc::none, "none", "0"},
    {errc::truncated, "truncated", "-EMSGSIZE"},
    {errc::oversize, "oversize", "-EMSGSIZE"},
    {errc::bad_length, "bad_length", "-EMSGSIZE"},
    {errc::bad_type, "bad_type", "-EPROTO"},
    {errc::unknown_id, "unknown_id", "-EPROTO"},
    {errc::bad_value, "bad_value", "-EPROTO"},
    {errc::not_representable, "not_representable", "-ERANGE"},
    {errc::bad_state, "bad_state", "-EPROTO"},
    {errc::stale_token, "stale_token", "-EPROTO"},
    {errc::unsupported_revision, "unsupported_revision", "-EOPNOTSUPP"},
    {errc::not_supported, "not_supported", "-EOPNOTSUPP"},
    {errc::busy, "busy", "-EBUSY"},
    {errc::no_answer, "no_answer", "-EBUSY"},
    {errc::would_block, "would_block", "-EAGAIN"},
    {errc::retry, "retry", "-EAGAIN"},
    {errc::interrupted, "interrupted", "-EINTR"},
    {errc::timed_out, "timed_out", "-ETIMEDOUT"},
    {errc::denied, "denied", "-EACCES"},
    {errc::no_memory, "no_memory", "-ENOMEM"},
    {errc::aborted, "aborted", "-ECANCELED"},
    {errc::no_device, "no_device", "-ENODEV"},
    {errc::full, "full", "-ENOSPC"},
    {errc::peer_error, "peer_error", "-EIO"},
    {errc::invalid_argument, "invalid_argument", "-EINVAL"},
};

constexpr bool errors_are_as_expected() {
    if (sizeof expected_errors / sizeof expected_errors[0] != errc_count) return false;
    for (std::size_t i = 0; i < errc_count; ++i) {
        const errc_row& want = expected_errors[i];
        const errc_row& row = row_of_error(static_cast<errc>(i));
        if (want.code != static_cast<errc>(i) || row.code != want.code || row.name != want.name ||
            row.linux_errno != want.linux_errno || row.meaning.empty() || name_of(want.code) != want.name)
            return false;
    }
    return true;
}

constexpr bool revisions_are_named() {
    for (const revision_row& row : revision_rows) {
        const auto named = revision_named(row.name);
        if (!named || *named != row.rev || name_of(row.rev) != row.name) return false;
    }
    return true;
}

// Whether the names of the ids of class `C` are those of the table, for every number.
template <class Id, msg_class C> constexpr bool ids_are_named() {
    for (unsigned id = 0; id < 256; ++id) {
        string_view name = "?";
        for (const message_info& m : messages)
            if (m.cls == C && m.id == id) name = m.name;
        if (name_of(static_cast<Id>(id)) != name) return false;
    }
    return true;
}

template <revision R = revision::oasis_v2, class M>
std::string line(const M& m, const header& h = {.dev_num = 1, .token = 7}) {
    char room[400];
    text_writer out{room};
    write_line<R>(out, h, m);
    CHECK(!out.cut());
    return std::string{out.view()};
}

template <revision R = revision::oasis_v2, class M>
std::string full(const M& m, const header& h = {.type = 1, .msg_id = 2, .dev_num = 1, .token = 7, .msg_size = 52}) {
    char room[1000];
    text_writer out{room};
    write_full<R>(out, h, m);
    CHECK(!out.cut());
    return std::string{out.view()};
}

// The text of a message without values.
struct texts {
    char line_room[400]{};
    char full_room[1000]{};
    text_writer line{line_room};
    text_writer full{full_room};
    const char* names[16]{};
    std::size_t fields = 0;

    template <class T> void operator()(const char* name, const T&) { names[fields++] = name; }
};

constexpr std::uint8_t bytes[]{0x00, 0x7f, 0xff};
constexpr std::uint32_t words[]{0x20, 0x80000001};

// The text starts with what the message is and names every field.
void check_texts(const message_row& row, const texts& t) {
    const std::string head = std::string{row.name} + ' ' + std::string{name_of(row.kind)};
    CAPTURE(head);
    const string_view one_line = t.line.view();
    const string_view all_lines = t.full.view();
    CHECK(!t.line.cut());
    CHECK(!t.full.cut());
    CHECK(one_line.substr(0, head.size()) == head);
    CHECK(all_lines.substr(0, head.size()) == head);
    CHECK(one_line.find('\n') == string_view::npos);
    for (std::size_t i = 0; i < t.fields; ++i) {
        CHECK(one_line.find(' ' + std::string{t.names[i]} + '=') != string_view::npos);
        CHECK(all_lines.find("\n  " + std::string{t.names[i]} + ' ') != string_view::npos);
    }
}

template <class M, revision R> void text_of() {
    if constexpr (present_in<M, R>) {
        const M m;
        texts t;
        layout_of<M, R>::visit(m, t);
        write_line<R>(t.line, {}, m);
        write_full<R>(t.full, {}, m);
        check_texts(row_of<M>, t);
    }
}
template <class M> void text_in_each_revision() {
    text_of<M, revision::rfc2025>();
    text_of<M, revision::oasis_v1>();
    text_of<M, revision::oasis_v2>();
}
template <class... M> void text_of_all(message_list<M...>) { (text_in_each_revision<M>(), ...); }

// What a writer of `room` characters keeps of "ab", 1024 in both bases and padding.
constexpr std::size_t kept(std::size_t room) {
    char memory[40]{};
    for (char& c : memory) c = '#';
    text_writer out{memory, room};
    out.put("ab");
    out.put_decimal(1024);
    out.put_hex(1024, 4);
    out.pad_to(14);
    out.put('|');
    const string_view whole = "ab10240400    |";
    if (out.view() != whole.substr(0, room) || out.cut() != (room < whole.size())) return 99;
    for (std::size_t i = out.view().size(); i < sizeof memory; ++i)
        if (memory[i] != '#') return 99;
    return out.view().size();
}

template <class Write> constexpr bool writes(string_view expected, Write write) {
    char room[40]{};
    text_writer out{room};
    write(out);
    return out.view() == expected && !out.cut();
}

} // namespace

TEST_CASE("every error has a name, an errno and a meaning") {
    CX_CHECK(errors_are_as_expected());
    CX_CHECK(name_of(static_cast<errc>(errc_count)) == "none");
    CX_CHECK(name_of(static_cast<errc>(0xffff'ffff)) == "none");
}

TEST_CASE("every revision is found by its name") {
    CX_CHECK(revisions_are_named());
    CX_CHECK(name_of(revision::rfc2025) == "rfc2025");
    CX_CHECK(name_of(revision::oasis_v1) == "oasis_v1");
    CX_CHECK(name_of(revision::oasis_v2) == "oasis_v2");
    CX_CHECK(name_of(static_cast<revision>(3)) == "?");
    CX_CHECK(revision_named("oasis").error() == errc::invalid_argument);
    CX_CHECK(revision_named("").error() == errc::invalid_argument);
    CX_CHECK(revision_named("auto").error() == errc::invalid_argument);
}

TEST_CASE("classes, kinds and directions have names") {
    CX_CHECK(name_of(msg_class::transport) == "transport");
    CX_CHECK(name_of(msg_class::bus) == "bus");
    CX_CHECK(name_of(msg_class::ffa_bus) == "ffa-bus");
    CX_CHECK(name_of(msg_kind::request) == "request");
    CX_CHECK(name_of(msg_kind::response) == "response");
    CX_CHECK(name_of(msg_kind::event) == "event");
    CX_CHECK(name_of(direction::driver_to_device) == "driver to device");
    CX_CHECK(name_of(direction::device_to_driver) == "device to driver");
    CX_CHECK(name_of(direction::either) == "either way");
}

TEST_CASE("every id of each class has the name of its message") {
    CX_CHECK(ids_are_named<transport_msg_id, msg_class::transport>());
    CX_CHECK(ids_are_named<bus_msg_id, msg_class::bus>());
    CX_CHECK(ids_are_named<ffa_bus_msg_id, msg_class::ffa_bus>());
    CX_CHECK(name_of(transport_msg_id::set_vqueue) == "SET_VQUEUE");
    CX_CHECK(name_of(ffa_bus_msg_id::error) == "FFA_ERROR");
    CX_CHECK(name_of(bus_msg_id{0x02}) == "GET_DEVICES");
    CX_CHECK(name_of(transport_msg_id{0x01}) == "?");
}

TEST_CASE("a text_writer cuts off what does not fit") {
    for (std::size_t room = 0; room <= 15; ++room) CHECK(kept(room) == room);
    CHECK(kept(16) == 15);
    CX_CHECK(kept(0) == 0);
    CX_CHECK(kept(7) == 7);
    CX_CHECK(kept(15) == 15);
}

TEST_CASE("a text_writer writes numbers") {
    CX_CHECK(writes("0", [](text_writer& out) { out.put_decimal(0); }));
    CX_CHECK(writes("18446744073709551615", [](text_writer& out) { out.put_decimal(~0ull); }));
    CX_CHECK(writes("0", [](text_writer& out) { out.put_hex(0, 1); }));
    CX_CHECK(writes("0f", [](text_writer& out) { out.put_hex(15, 2); }));
    CX_CHECK(writes("123456789abcdef0", [](text_writer& out) { out.put_hex(0x123456789abcdef0, 1); }));
    CX_CHECK(writes("65535", [](text_writer& out) { out.put_number(65535); }));
    CX_CHECK(writes("0x10000", [](text_writer& out) { out.put_number(65536); }));
    CX_CHECK(writes("ab\nc  d", [](text_writer& out) {
        out.put("ab\nc");
        out.pad_to(3);
        out.pad_to(1);
        out.put('d');
    }));
}

TEST_CASE("a UUID has its text form") {
    CX_CHECK(
        writes("c66028b5-2498-4aa1-9de7-77da6122abf0", [](text_writer& out) { write_text(out, device_role_uuid); }));
}

TEST_CASE("every message has text in every revision") { text_of_all(all_messages{}); }

TEST_CASE("one line for a message") {
    CHECK(line(get_device_status_request{}) == "GET_DEVICE_STATUS request dev_num=1 token=7");
    CHECK(line<revision::rfc2025>(get_device_status_request{}, {.dev_num = 1}) == "GET_DEVICE_STATUS request dev_id=1");
    CHECK(line(set_device_status_request{device_status::acknowledge | device_status::driver}) ==
          "SET_DEVICE_STATUS request dev_num=1 token=7 status=ACKNOWLEDGE|DRIVER");
    CHECK(line(ping_request{70000}, {.token = 7}) == "PING request token=7 data=0x11170");
    CHECK(line(error_response{5}, {.dev_num = 3, .token = 7}) ==
          "FFA_ERROR response dev_num=3 token=7 original_msg_id=5");
    CHECK(line(event_used{3}) == "EVENT_USED event dev_num=1 token=7 vq_index=3");
    CHECK(line<revision::oasis_v1>(get_shm_response{.shmid = 1, .length = 2, .address = 3}) ==
          "GET_SHM response dev_num=1 token=7 index=1 length=2 address=3");
}

TEST_CASE("sets of bits are written as the names of their bits and the rest") {
    CHECK(line(get_device_status_response{device_status{0xdf}})
              .find("status=ACKNOWLEDGE|DRIVER|DRIVER_OK|FEATURES_OK|SUSPEND|NEEDS_RESET|FAILED") != std::string::npos);
    CHECK(line(get_device_status_response{device_status{0x121}}).find("status=ACKNOWLEDGE|0x120") != std::string::npos);
    CHECK(line(get_device_status_response{device_status{0x20}}).find("status=32") != std::string::npos);
    CHECK(line(get_device_status_response{}).find("status=0") != std::string::npos);
    CHECK(line(version_response{.bus_features = bus_feature{0x7f}})
              .find("bus_features=DIRECT_RX|DIRECT_TX|INDIRECT_RX|INDIRECT_TX|NOTIF_RX|NOTIF_TX|FIFO ") !=
          std::string::npos);
    CHECK(line(set_vqueue_request{.flags = vqueue_flags{0x3d}})
              .find("flags=ENABLE|SIZE_IGNORE|DESC_ADDR_IGNORE|DRIVER_ADDR_IGNORE|DEVICE_ADDR_IGNORE ") !=
          std::string::npos);
    CHECK(line(set_vqueue_request{.flags = vqueue_flags::keep_state}).find("flags=KEEP_STATE ") != std::string::npos);
}

TEST_CASE("enumerations are written as a name, or as the number if they have none") {
    const auto result = [](std::uint16_t n) { return line(reset_response{bus_result{n}}, {}); };
    CHECK(result(0) == "FFA_RESET response token=0 result=SUCCESS");
    CHECK(result(1) == "FFA_RESET response token=0 result=ERROR");
    CHECK(result(2) == "FFA_RESET response token=0 result=BUSY");
    CHECK(result(3) == "FFA_RESET response token=0 result=3");
    const auto state = [](std::uint16_t n) { return line(event_device{5, device_state{n}}, {}); };
    CHECK(state(1) == "EVENT_DEVICE event token=0 dev_num=5 dev_state=ADDED");
    CHECK(state(2) == "EVENT_DEVICE event token=0 dev_num=5 dev_state=REMOVED");
    CHECK(state(0x8000) == "EVENT_DEVICE event token=0 dev_num=5 dev_state=32768");
    const auto method = [](std::uint8_t n) { return line(event_configure_request{.method = event_method{n}}, {}); };
    CHECK(method(0).find("event_method=POLL ") != std::string::npos);
    CHECK(method(1).find("event_method=NOTIF ") != std::string::npos);
    CHECK(method(2).find("event_method=INDIRECT ") != std::string::npos);
    CHECK(method(3).find("event_method=FIFO ") != std::string::npos);
    CHECK(method(4).find("event_method=4 ") != std::string::npos);
    CHECK(line(set_vqueue_request{.descriptor_addr = bus_address{0x1000000001000}})
              .find("descriptor_addr=0x1000000001000 ") != std::string::npos);
}

TEST_CASE("tails are written in hexadecimal") {
    CHECK(line(get_config_response{.length = 3, .config = bytes}).find("config=[007fff]") != std::string::npos);
    CHECK(line(set_driver_features_request{.num_blocks = 2, .features = words}).find("features=[00000020 80000001]") !=
          std::string::npos);
    CHECK(line(get_config_response{}).find("config=[]") != std::string::npos);
}

TEST_CASE("the full form of a message has a line for each field") {
    CHECK(full(get_device_info_response{.device_id = 2,
                                        .vendor_id = 0x10000,
                                        .device_uuid = device_role_uuid,
                                        .num_feature_blocks = 2,
                                        .config_size = 60,
                                        .max_virtqueues = 1}) ==
          "GET_DEVICE_INFO response (oasis_v2, transport, device to driver)\n"
          "  type                  1\n"
          "  msg_id                2\n"
          "  dev_num               1\n"
          "  token                 7\n"
          "  msg_size              52 (0x34)\n"
          "  device_id             2\n"
          "  vendor_id             0x10000 (65536)\n"
          "  device_uuid           c66028b5-2498-4aa1-9de7-77da6122abf0\n"
          "  num_feature_blocks    2\n"
          "  config_size           60 (0x3c)\n"
          "  max_virtqueues        1\n"
          "  admin_vq_start        0\n"
          "  admin_vq_count        0");
    CHECK(full<revision::rfc2025>(get_device_status_response{device_status::driver},
                                  {.type = 1, .msg_id = 7, .dev_num = 9, .msg_size = 10}) ==
          "GET_DEVICE_STATUS response (rfc2025, transport, device to driver)\n"
          "  type                  1\n"
          "  msg_id                7\n"
          "  dev_id                9\n"
          "  msg_size              10 (0xa)\n"
          "  status                DRIVER (2)");
    CHECK(full(get_config_response{.length = 3, .config = bytes}).find("\n  config                [007fff]") !=
          std::string::npos);
}
