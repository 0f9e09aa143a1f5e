// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/fmt.hpp>
#include <vmsg/vmsg.hpp>

int main() {
    using namespace vmsg;
    std::uint8_t frame[104];
    const set_vqueue_request setup{.index = 0, .flags = vqueue_flags::enable, .size = 256};
    const auto size = encode<revision::oasis_v2>(frame, {.dev_num = 1, .token = 7}, setup);
    if (!size) return 1;

    framed<set_vqueue_request> got;
    const auto accepted = accept<revision::oasis_v2>({frame, *size}, got);
    fmt::print("{} bytes: {}\n{:#}\n", *size, accepted.error(), got);
    static_assert(sizeof(packed<set_vqueue_request, revision::rfc2025>) == 42);
}
