// SPDX-License-Identifier: BSD-2-Clause
// Writes docs/negotiation.md from the table of the bus. With the name of a file: says whether that is what is in it.
#include "compare.hpp"

#include <vmsg/proto/negotiation.hpp>
#include <vmsg/text.hpp>

#include <set>
#include <string>

namespace {

using namespace vmsg::proto;

std::string name_of(bus_state s) {
    switch (s) {
    case bus_state::down: return "down";
    case bus_state::probing: return "probing";
    case bus_state::agreeing: return "agreeing";
    case bus_state::offering: return "offering";
    case bus_state::configuring: return "configuring";
    case bus_state::enumerating: return "enumerating";
    case bus_state::ready: return "ready";
    case bus_state::resetting: return "resetting";
    case bus_state::failed: return "failed";
    }
    return "";
}

std::string name_of(bus_input i) {
    switch (i) {
    case bus_input::start: return "start";
    case bus_input::accepted: return "accepted";
    case bus_input::fifo_wanted: return "accepted, with a FIFO";
    case bus_input::more: return "more devices";
    case bus_input::refused: return "refused or unanswered";
    case bus_input::fall_back: return "refused, with a simpler method";
    case bus_input::reenumerate: return "look again";
    case bus_input::reset: return "reset";
    case bus_input::lost: return "peer lost";
    }
    return "";
}

std::string name_of(bus_action a) {
    switch (a) {
    case bus_action::none: return "";
    case bus_action::send_probe: return "VERSION (0, 0)";
    case bus_action::send_version: return "VERSION";
    case bus_action::send_fifo_configure: return "FIFO_CONFIGURE";
    case bus_action::send_event_configure: return "EVENT_CONFIGURE";
    case bus_action::send_get_devices: return "GET_DEVICES";
    case bus_action::send_next_window: return "GET_DEVICES, next window";
    case bus_action::announce_ready: return "bus_ready";
    case bus_action::send_reset: return "RESET";
    case bus_action::announce_down: return "bus_down";
    case bus_action::announce_failure: return "bus_failed";
    }
    return "";
}

template <vmsg::revision R> std::string diagram() {
    std::string out = "## " + std::string{vmsg::name_of(R)} + "\n\n```mermaid\nstateDiagram-v2\n    [*] --> down\n";
    // States that this revision goes past have no way in.
    std::set<bus_state> reached{bus_state::down};
    for (std::size_t before = 0; before != reached.size();) {
        before = reached.size();
        for (const bus_transition& t : bus_table<R>::lines)
            if (reached.contains(t.from)) reached.insert(t.to);
    }
    for (const bus_transition& t : bus_table<R>::lines) {
        if (!reached.contains(t.from)) continue;
        out += "    " + name_of(t.from) + " --> " + name_of(t.to) + " : " + name_of(t.input);
        if (const std::string action = name_of(t.action); !action.empty()) out += " / " + action;
        out += '\n';
    }
    return out + "```\n";
}

std::string document() {
    return "# Negotiation\n\n"
           "The life of a bus, as the driver side sees it: `state --> state : input / what is done`. Every start "
           "begins a\n"
           "new epoch; a frame of an older one finds no request that it could answer. What has no arrow is not "
           "allowed\n"
           "and changes nothing. Made from the table in `include/vmsg/proto/negotiation.hpp`; a test compares.\n\n" +
           diagram<vmsg::revision::oasis_v2>() + '\n' + diagram<vmsg::revision::oasis_v1>() + '\n' +
           diagram<vmsg::revision::rfc2025>();
}

} // namespace

int main(int argc, char** argv) { return docs::print_or_compare(argc, argv, document()); }
