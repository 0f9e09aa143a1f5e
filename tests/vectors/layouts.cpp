// SPDX-License-Identifier: BSD-2-Clause
// `layout-*.json`: every message and every field of a revision against the library's table and layouts, and the
// constants of the revision.
#include "vectors/section.hpp"

#include <doctest/doctest.h>
#include <vmsg/message/fifo.hpp>
#include <vmsg/text.hpp>

#include <bit>
#include <map>
#include <type_traits>

using namespace vmsg;

namespace {

std::string integer_type(std::size_t size) { return size == 1 ? "u8" : "le_u" + std::to_string(8 * size); }

struct field_facts {
    std::string name;
    std::size_t offset;
    std::size_t size; // 0 for a tail
    std::string type;
    std::string count_field;
};

// The name that a layout gives to a member.
template <auto Wanted, std::size_t Offset, auto Member, wire::literal Name, class Wire>
void name_member(field<Offset, Member, Name, Wire> f, std::string& name) {
    if constexpr (std::is_same_v<decltype(Wanted), decltype(Member)>)
        if (Wanted == Member) name = f.name();
}
template <auto Wanted, class Other> void name_member(const Other&, std::string&) {}

template <std::size_t Offset, auto Member, wire::literal Name, class Wire, class... Field>
field_facts facts_of(field<Offset, Member, Name, Wire> f, const fields<Field...>&) {
    const bool is_number = std::is_integral_v<Wire>;
    return {f.name(), Offset, sizeof(Wire), is_number ? integer_type(sizeof(Wire)) : "bytes:16", ""};
}
template <std::size_t Offset, auto Data, auto Count, wire::literal Name, wire::tail_rule Rule, class... Field>
field_facts facts_of(wire::tail_field<Offset, Data, Count, Name, Rule> f, const fields<Field...>&) {
    std::string count_field;
    (name_member<Count>(Field{}, count_field), ...);
    const std::string element = std::to_string(8 * sizeof(typename decltype(f)::element));
    return {f.name(), Offset, 0, "var:u" + element, count_field};
}

template <class... Field> std::vector<field_facts> facts_of_all(const fields<Field...>& layout) {
    return {facts_of(Field{}, layout)...};
}
std::vector<field_facts> facts_of_all(const absent&) { return {}; }

// In the order of the table of messages.
template <revision R, class... M> std::vector<std::vector<field_facts>> layouts_of(message_list<M...>) {
    return {facts_of_all(layout_of<M, R>{})...};
}

std::string check_field(const json::value& wanted, const field_facts& f, std::size_t header_size) {
    if (wanted["name"].text() != f.name) return "is called " + f.name;
    const bool is_tail = f.size == 0;
    if (wanted["offset"].number() != f.offset || wanted["offset_in_message"].number() != header_size + f.offset)
        return f.name + " is elsewhere";
    if (!is_tail && wanted["size"].number() != f.size) return f.name + " has another size";
    if (wanted["type"].text() != f.type) return f.name + " is " + f.type;
    if (wanted.has("count_field") ? wanted["count_field"].text() != f.count_field : !f.count_field.empty())
        return f.name + " is counted by \"" + f.count_field + '"';
    return "";
}

std::string check_message(const json::value& wanted, const message_info& info, const message_shape& shape,
                          const std::vector<field_facts>& layout, std::size_t header_size) {
    constexpr const char* directions[]{"driver->device", "device->driver", "either"};
    if (wanted["name"].text() != info.name || wanted["direction"].text() != directions[static_cast<int>(info.dir)])
        return "another name or direction";
    if (wanted["id_hex"].hex_number() != info.id || wanted["type_byte"].number() != info.type())
        return "another id or type";
    if (wanted["variable"].truth() != shape.has_tail || wanted["fixed_message_size"].number() != shape.fixed_size ||
        wanted["fixed_payload_size"].number() + header_size != shape.fixed_size)
        return "another size";
    const auto wanted_fields = wanted["fields"].items();
    if (wanted_fields.size() != layout.size()) return "another number of fields";
    for (std::size_t i = 0; i < layout.size(); ++i)
        if (const std::string wrong = check_field(wanted_fields[i], layout[i], header_size); !wrong.empty())
            return wrong;
    return "";
}

const message_info* find_row(const json::value& wanted) {
    for (const message_info& m : messages)
        if (name_of(m.cls) == wanted["class"].text() && name_of(m.kind) == wanted["kind"].text() &&
            m.id == wanted["id"].number())
            return &m;
    return nullptr;
}

template <revision R> void check_layouts() {
    const std::string file = "layout-" + std::string{name_of(R)} + ".json";
    section s(file, "messages");
    const auto layouts = layouts_of<R>(all_messages{});
    std::size_t present = 0;
    for (const message_info& m : messages)
        if (m.in(R).present) ++present;
    for (const json::value& wanted : vector_file(file)["messages"].items()) {
        const message_info* const m = find_row(wanted);
        const std::string name = wanted["name"].text() + '.' + wanted["kind"].text();
        if (m == nullptr || !m->in(R).present)
            s.judge(name, "the library does not have it");
        else
            s.judge(name, check_message(wanted, *m, m->in(R), layouts[static_cast<std::size_t>(m - messages)],
                                        header_size<R>));
    }
    s.finish(present);
}

using numbers = std::map<std::string, std::uint64_t>;

template <class E> std::uint64_t number(E value) { return static_cast<std::uint64_t>(value); }

template <class E> std::uint64_t shift(E mask) { return static_cast<std::uint64_t>(std::countr_zero(number(mask))); }

// The constants of all revisions under the names of the layout files.
numbers common_constants(const revision_constants& c) {
    return {
        {"transport_revision", c.transport_revision},
        {"min_size", c.min_max_msg_size},
        {"max_size", c.max_max_msg_size},
        {"ffa_bus_msg_size", c.ffa_max_msg_size},
        {"area_shift", c.area_shift},
        {"area_id_max", c.max_area_id},
        {"bus_version", c.bus_version},
        {"header_size", c.header_size},
        {"result.SUCCESS", number(bus_result::success)},
        {"result.OK", number(bus_result::success)},
        {"result.ERROR", number(bus_result::error)},
        {"result.BUSY", number(bus_result::busy)},
        {"event_delivery.POLL", number(event_method::poll)},
        {"event_delivery.NOTIF", number(event_method::notif)},
        {"event_delivery.INDIRECT", number(event_method::indirect)},
        {"event_delivery.FIFO", number(event_method::fifo)},
        {"bus_features.DIRECT_RX", number(bus_feature::direct_rx)},
        {"bus_features.DIRECT_TX", number(bus_feature::direct_tx)},
        {"bus_features.INDIRECT_RX", number(bus_feature::indirect_rx)},
        {"bus_features.INDIRECT_TX", number(bus_feature::indirect_tx)},
        {"bus_features.NOTIF_RX", number(bus_feature::notif_rx)},
        {"bus_features.NOTIF_TX", number(bus_feature::notif_tx)},
        {"bus_features.FIFO", number(bus_feature::fifo)},
        {"area_attrs.share", number(area_attrs::share)},
        {"area_attrs.lend", number(area_attrs::lend)},
        {"transport_features.STRICT_CONFIG_GENERATION", strict_config_generation},
        {"notif_id_range.0", 0},
        {"notif_id_range.1", max_notif_id},
        {"set_vqueue_flags.state_mask", number(vqueue_flags::state_mask)},
        {"set_vqueue_flags.keep_disabled", number(vqueue_flags::keep_disabled)},
        {"set_vqueue_flags.enable", number(vqueue_flags::enable)},
        {"set_vqueue_flags.keep", number(vqueue_flags::keep_state)},
        {"set_vqueue_flags.reserved_state", number(vqueue_flags::state_mask)},
        {"set_vqueue_flags.size_ignore", number(vqueue_flags::size_ignore)},
        {"set_vqueue_flags.desc_addr_ignore", number(vqueue_flags::descriptor_addr_ignore)},
        {"set_vqueue_flags.driver_addr_ignore", number(vqueue_flags::driver_addr_ignore)},
        {"set_vqueue_flags.device_addr_ignore", number(vqueue_flags::device_addr_ignore)},
        {"set_vqueue_flags.reserved_mask", ~vqueue_flags_mask},
        {"get_vqueue_flags.enabled", vqueue_enabled},
        {"area_attrs.type_mask", number(area_attrs::type_mask)},
        {"area_attrs.writeable", number(area_attrs::writeable)},
        {"area_attrs.executable", number(area_attrs::executable)},
        {"area_attrs.shareability_shift", shift(area_attrs::shareability_mask)},
        {"area_attrs.cacheability_shift", shift(area_attrs::cacheability_mask)},
        {"area_attrs.mem_type_shift", shift(area_attrs::memory_type_mask)},
        {"area_attrs.non_secure", number(area_attrs::non_secure)},
        {"area_attrs.driver_retention_requested", number(area_attrs::driver_retention_requested)},
        {"area_attrs.linux_default", number(area_attrs::usual)},
        {"area_attrs.linux_sent", number(area_attrs::usual | area_attrs::driver_retention_requested)},
        {"fifo.version", fifo_header{}.version},
        {"fifo.header_size", fifo_header_size},
        {"fifo.message_area_offset", fifo_header_size},
    };
}

// What one implementation chose, or text.
bool is_no_constant(const std::string& name) {
    return name == "revision" || name == "date" || name == "recommended_max_size" ||
           name == "fifo.linux_message_size" || name == "fifo.linux_depth";
}

class constants_check {
public:
    constants_check(section& s, const numbers& ours) : section_(s), ours_(ours) {}

    void check(const std::string& name, const json::value& wanted) {
        if (is_no_constant(name)) return;
        if (wanted.is_object()) {
            for (const auto& [key, value] : wanted.members()) check(name + '.' + key, value);
        } else if (name == "notif_id_range") {
            const auto range = wanted.items();
            for (std::size_t i = 0; i < range.size(); ++i) check(name + '.' + std::to_string(i), range[i]);
        } else if (name == "fifo.magic") {
            std::uint8_t magic[8];
            store_le(magic, fifo_magic);
            compare(name, wanted.text(), std::string(magic, magic + 8));
        } else {
            const auto found = ours_.find(name);
            const std::uint64_t value = wanted.is_text() ? wanted.hex_number() : wanted.number();
            compare(name, std::to_string(value), found == ours_.end() ? "unknown" : std::to_string(found->second));
        }
    }
    std::size_t count() const { return count_; }

private:
    void compare(const std::string& name, const std::string& wanted, const std::string& ours) {
        section_.judge(name, wanted, ours);
        ++count_;
    }

    section& section_;
    const numbers& ours_;
    std::size_t count_ = 0;
};

template <revision R> void check_constants(std::size_t at_least) {
    const std::string file = "layout-" + std::string{name_of(R)} + ".json";
    CHECK(vector_file(file)["revision"].text() == name_of(R));
    section s(file, "constants");
    const numbers ours = common_constants(constants_of<R>);
    constants_check each(s, ours);
    for (const auto& [key, value] : vector_file(file).members())
        if (key != "messages" && key != "header") each.check(key, value);

    const auto header_layout = facts_of_all(layout_of<header, R>{});
    const auto header_fields = vector_file(file)["header"].items();
    bool same = header_fields.size() == header_layout.size();
    for (std::size_t i = 0; same && i < header_layout.size(); ++i) {
        const field_facts& f = header_layout[i];
        same = header_fields[i]["name"].text() == f.name && header_fields[i]["offset"].number() == f.offset &&
               header_fields[i]["size"].number() == f.size &&
               header_fields[i]["type"].text() == 'u' + std::to_string(8 * f.size);
    }
    s.judge("header", same ? "" : "another header");
    CHECK(each.count() >= at_least);
    s.finish(each.count() + 1);
}

} // namespace

TEST_CASE("layout-rfc2025.json messages") { check_layouts<revision::rfc2025>(); }
TEST_CASE("layout-oasis_v1.json messages") { check_layouts<revision::oasis_v1>(); }
TEST_CASE("layout-oasis_v2.json messages") { check_layouts<revision::oasis_v2>(); }
TEST_CASE("layout-rfc2025.json constants") { check_constants<revision::rfc2025>(14); }
TEST_CASE("layout-oasis_v1.json constants") { check_constants<revision::oasis_v1>(24); }
TEST_CASE("layout-oasis_v2.json constants") { check_constants<revision::oasis_v2>(50); }
