// SPDX-License-Identifier: BSD-2-Clause
// Writes docs/quirks.md from the table of quirks. With the name of a file: says whether that is what is in it.
#include "compare.hpp"

#include <vmsg/quirk.hpp>

#include <cstddef>
#include <string>

namespace {

using namespace vmsg;

struct named_peer {
    known_peer what;
    const char* name;
    const char* description;
    const char* quirks;
};
constexpr named_peer peers[]{
    {known_peer::linux_rfc1, "linux_rfc1", "Linux RFC of July 2025, driver", "rfc2025"},
    {known_peer::linux_rfc2, "linux_rfc2", "Linux RFC V2, driver", "oasis_v1"},
    {known_peer::linux_poc2, "linux_poc2", "Linux PoC v2 of May 2026, driver and device", "oasis_v2"},
    {known_peer::qemu_amd, "qemu_amd", "QEMU of 2026, device and proxy", "oasis_v1"},
    {known_peer::qemu_arm, "qemu_arm", "the same with the Arm patches", "oasis_v2"},
    {known_peer::optee_l0, "optee_l0", "OP-TEE, Linaro 2025, 6-byte header, device", "rfc2025"},
    {known_peer::optee_l1, "optee_l1", "OP-TEE, Linaro 2025, 8-byte header, device", "oasis_v1"},
    {known_peer::optee_qa, "optee_qa", "OP-TEE, Qualcomm 2026, design A, device", "oasis_v1"},
    {known_peer::optee_qb, "optee_qb", "OP-TEE, Qualcomm 2026, design B, device", "oasis_v1"},
    {known_peer::trusty, "trusty", "Trusty, driver or device", "rfc2025"},
};
static_assert(std::size(peers) == known_peer_count);

std::string name_of(quirk_handling h) {
    switch (h) {
    case quirk_handling::revision: return "revision";
    case quirk_handling::always: return "always";
    case quirk_handling::option: return "**option**";
    case quirk_handling::setting: return "setting";
    case quirk_handling::defect: return "defect";
    }
    return "";
}

std::string document() {
    std::string out =
        "# Quirks\n\n"
        "What existing stacks do otherwise than the revision that they speak says, and what this library does about "
        "it.\n"
        "Made from the table in `include/vmsg/quirk.hpp`; a test compares, and each quirk has a test of its name.\n\n"
        "- *revision*: belongs to the revision that the peer speaks; nothing to choose.\n"
        "- *always*: met without being told.\n"
        "- **option**: off unless it is in the `quirks` of `driver_capacity` or `device_capacity`; what is not in it "
        "has no\n"
        "  code. `quirks_of::optee_l1` and so on are the options for one peer, and `|` joins them.\n"
        "- *setting*: an option of another kind, which the row names.\n"
        "- *defect*: never reproduced.\n\n"
        "| peer | stack | revision |\n|---|---|---|\n";
    for (const named_peer& p : peers) {
        out += std::string{"| `"} + p.name + "` | " + p.description + " | " + p.quirks + " |\n";
    }
    out += "\n| quirk | handling | peers | what this library does |\n|---|---|---|---|\n";
    for (std::size_t i = 0; i < quirk_count; ++i) {
        const quirk_row& r = quirk_row_of(static_cast<quirk>(i));
        out += std::string{"| `"} + r.name + "` | " + name_of(r.handling) + " |";
        for (const named_peer& p : peers)
            if (has(r.peers, p.what)) out += std::string{" "} + p.name;
        out += std::string{" | "} + r.effect + " |\n";
    }
    return out;
}

} // namespace

int main(int argc, char** argv) { return docs::print_or_compare(argc, argv, document()); }
