// SPDX-License-Identifier: BSD-2-Clause
// Writes the table of docs/spmc.md from the profiles. With the name of a file: says whether the table is in it.
#include "compare.hpp"

#include <vmsg/sim/profiles.hpp>

#include <string>

namespace {

using namespace vmsg;
using sim::profile;

std::string yes(bool b) { return b ? "yes" : "no"; }

std::string name_of(sim::unused_registers u) {
    switch (u) {
    case sim::unused_registers::zero: return "zero";
    case sim::unused_registers::keep: return "as before";
    case sim::unused_registers::garbage: return "garbage";
    }
    return "";
}

std::string name_of(ffa::error e) {
    switch (e) {
    case ffa::error::not_supported: return "NOT_SUPPORTED";
    case ffa::error::invalid_parameters: return "INVALID_PARAMETERS";
    case ffa::error::denied: return "DENIED";
    default: return "another error";
    }
}

std::string name_of(ffa::version v) {
    const auto bits = static_cast<std::uint32_t>(v);
    return std::to_string(bits >> 16) + "." + std::to_string(bits & 0xffff);
}

std::string worlds(const profile& p, ffa::function_id id) {
    const bool normal = p.normal_world.has(id);
    const bool secure = p.secure.has(id);
    return normal && secure ? "both worlds" : normal ? "normal world" : secure ? "secure world" : "no";
}

std::string name_of(sim::fragment_rule f) {
    switch (f) {
    case sim::fragment_rule::any: return "yes";
    case sim::fragment_rule::none: return "no";
    case sim::fragment_rule::not_to_secure: return "not to secure partitions";
    }
    return "";
}

std::string limit(std::uint64_t n) { return n == 0 ? "capacity" : std::to_string(n); }

template <ffa::function_id Id> std::string where(const profile& p) { return worlds(p, Id); }

struct row {
    const char* what;
    std::string (*value)(const profile&);
};

const row rows[] = {
    {"FF-A version", [](const profile& p) { return name_of(p.newest); }},
    {"FFA_VERSION, incompatible", [](const profile& p) { return std::string{p.strict_version ? "-1" : "its own"}; }},
    {"another version after the first call",
     [](const profile& p) { return std::string{p.locks_version ? "-1" : "taken"}; }},
    {"a virtual machine's calls before FFA_VERSION",
     [](const profile& p) { return std::string{p.version_first ? "NOT_SUPPORTED" : "as after it"}; }},
    {"error codes in x2",
     [](const profile& p) { return std::string{p.sign_extends_errors ? "sign-extended" : "zero-extended"}; }},
    {"unused x1 to x7", [](const profile& p) { return name_of(p.unused_low); }},
    {"unused x8 to x17", [](const profile& p) { return name_of(p.unused_high); }},
    {"the same, caller before 1.2", [](const profile& p) { return name_of(p.unused_high_before_v1_2); }},
    {"FFA_RXTX_MAP, 32 bits", where<ffa::function_id::rxtx_map>},
    {"pages of RX and TX, at most", [](const profile& p) { return std::to_string(p.max_buffer_pages); }},
    {"FFA_RX_RELEASE, RX-full notification unread",
     [](const profile& p) { return std::string{p.release_needs_notification_get ? "DENIED" : "done"}; }},
    {"FFA_RXTX_UNMAP with RX full",
     [](const profile& p) { return std::string{p.unmap_refuses_owned_rx ? "DENIED" : "done"}; }},
    {"FFA_PARTITION_INFO_GET, bytes", [](const profile& p) { return std::to_string(p.descriptor_size); }},
    {"FFA_PARTITION_INFO_GET_REGS", where<ffa::function_id::partition_info_get_regs>},
    {"its tag", [](const profile& p) { return std::string{p.tagged_windows ? "changes with the list" : "0"}; }},
    {"properties relative to the caller", [](const profile& p) { return yes(p.relative_properties); }},
    {"lists virtual machines", [](const profile& p) { return yes(p.lists_virtual_machines); }},
    {"REQ2 for an unknown UUID",
     [](const profile& p) { return std::string{p.delivers_unknown_service ? "delivered" : "INVALID_PARAMETERS"}; }},
    {"REQ2 below 1.2",
     [](const profile& p) { return std::string{p.direct2_needs_v1_2 ? "NOT_SUPPORTED" : "loses x8 to x17"}; }},
    {"a method that the receiver lacks", [](const profile& p) { return name_of(p.unsupported_method); }},
    {"RESP to REQ2, RESP2 to REQ", [](const profile& p) { return name_of(p.mixed_pair); }},
    {"x8 to x17 of RUN, MSG_WAIT, RESP",
     [](const profile& p) { return std::string{p.checks_extended_arguments ? "have to be zero" : "not looked at"}; }},
    {"FFA_ERROR as a response",
     [](const profile& p) { return std::string{p.forwards_error_reply ? "to the requester" : "refused"}; }},
    {"FFA_INTERRUPT before a request, if something is pending",
     [](const profile& p) { return yes(p.interrupts_before_request); }},
    {"FFA_MSG_SEND2", where<ffa::function_id::msg_send2>},
    {"... to one without RX buffer",
     [](const profile& p) {
         if (!p.normal_world.has(ffa::function_id::msg_send2)) return std::string{"-"};
         return std::string{p.order == sim::check_order::xen ? "DENIED" : "BUSY"};
     }},
    {"... header that arrives",
     [](const profile& p) {
         if (!p.normal_world.has(ffa::function_id::msg_send2)) return std::string{"-"};
         return std::string{p.order == sim::check_order::xen ? "written anew" : "the sender's"};
     }},
    {"FFA_NOTIFICATION_BIND, SET, GET", where<ffa::function_id::notification_set>},
    {"FFA_NOTIFICATION_BITMAP_CREATE", where<ffa::function_id::notification_bitmap_create>},
    {"FFA_NOTIFICATION_INFO_GET", where<ffa::function_id::notification_info_get>},
    {"FFA_MEM_SHARE", where<ffa::function_id::mem_share>},
    {"FFA_MEM_LEND", where<ffa::function_id::mem_lend>},
    {"FFA_MEM_DONATE", where<ffa::function_id::mem_donate>},
    {"FFA_MEM_RETRIEVE_REQ", where<ffa::function_id::mem_retrieve_req>},
    {"descriptors in fragments", [](const profile& p) { return name_of(p.fragments); }},
    {"the last fragment once more", [](const profile& p) { return yes(p.retransmits_fragments); }},
    {"descriptors outside of TX", [](const profile& p) { return yes(p.dynamic_buffers); }},
    {"pages of one share, at most", [](const profile& p) { return limit(p.max_share_pages); }},
    {"shares at a time, at most", [](const profile& p) { return limit(p.max_shares); }},
    {"FFA_CONSOLE_LOG", where<ffa::function_id::console_log>},
};

std::string table() {
    std::string out = "| |";
    for (const profile* p : sim::profiles::all) out += " `" + std::string{p->name} + "` |";
    out += "\n|---|---|---|---|---|\n";
    for (const row& r : rows) {
        out += "| " + std::string{r.what} + " |";
        for (const profile* p : sim::profiles::all) out += " " + r.value(*p) + " |";
        out += '\n';
    }
    return out;
}

} // namespace

int main(int argc, char** argv) {
    const std::string wanted = table();
    return docs::print_or_compare(argc, argv, wanted, "does not have the table of the profiles, which is",
                                  [&](const std::string& there) { return there.find(wanted) != std::string::npos; });
}
