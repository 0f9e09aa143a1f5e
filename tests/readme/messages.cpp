// SPDX-License-Identifier: BSD-2-Clause
// Prints the table of messages as it has to stand in README.md: a line for each message, its sizes in each revision.
#include <vmsg/message/info.hpp>
#include <vmsg/text.hpp>

#include <fmt/core.h>

#include <string>

namespace {

const vmsg::message_info* response_to(const vmsg::message_info& request) {
    for (const auto& m : vmsg::messages)
        if (m.kind == vmsg::msg_kind::response && m.cls == request.cls && m.id == request.id) return &m;
    return nullptr;
}

std::string size_in(const vmsg::message_info& m, vmsg::revision r) {
    const auto& shape = m.in(r);
    return shape.present ? std::to_string(shape.fixed_size) + (shape.has_tail ? "+" : "") : "-";
}

std::string sizes_in(const vmsg::message_info& m, vmsg::revision r) {
    const auto* response = m.kind == vmsg::msg_kind::request ? response_to(m) : nullptr;
    if (response == nullptr || !m.in(r).present) return size_in(m, r);
    return size_in(m, r) + " / " + size_in(*response, r);
}

bool only_a_response(const vmsg::message_info& m) {
    return m.kind == vmsg::msg_kind::response &&
           vmsg::find_message(vmsg::newest_revision, static_cast<std::uint8_t>(m.type() & vmsg::type_bus), m.id) ==
               nullptr;
}

} // namespace

int main() {
    fmt::print(
        "| message | id | class | kind | from | rfc2025 | oasis_v1 | oasis_v2 |\n|---|---|---|---|---|---|---|---|\n");
    for (const auto& m : vmsg::messages) {
        if (m.kind == vmsg::msg_kind::response && !only_a_response(m)) continue;
        const char* from = m.dir == vmsg::direction::either             ? "either side"
                           : m.dir == vmsg::direction::driver_to_device ? "driver"
                                                                        : "device";
        fmt::print("| {} | {:#04x} | {} | {} | {} | {} | {} | {} |\n", m.name, m.id, vmsg::name_of(m.cls),
                   vmsg::name_of(m.kind), from, sizes_in(m, vmsg::revision::rfc2025),
                   sizes_in(m, vmsg::revision::oasis_v1), sizes_in(m, vmsg::revision::oasis_v2));
    }
}
