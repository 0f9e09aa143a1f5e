// SPDX-License-Identifier: BSD-2-Clause
// Exits with 0 if a message survives the way to bytes and back.
#include <vmsg/vmsg.hpp>

int main() {
    constexpr auto rev = vmsg::revision::oasis_v2;
    std::uint8_t frame[64];
    const auto size = vmsg::encode<rev>(frame, {.dev_num = 1, .token = 7}, vmsg::get_vqueue_request{3});
    if (!size) return 1;
    const auto m = vmsg::decode<vmsg::get_vqueue_request, rev>({frame, *size});
    return m && m->index == 3 ? 0 : 1;
}
