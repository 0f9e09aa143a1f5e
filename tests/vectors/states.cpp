// SPDX-License-Identifier: BSD-2-Clause
#include "vectors/states.hpp"

namespace vectors {

namespace {

void use_up_a_token(driver_v2& bench) {
    const auto t = bench.engine.ping(7);
    REQUIRE(t);
    bench.reply(bench.expect<ping_request>(), ping_response{7});
    bench.engine.release(*t, bench.now);
}

// All tokens have been used once: the next one is 2.
driver_v2 around() {
    driver_v2 bench{driver_options_for<revision::oasis_v2>(event_method::indirect)};
    bench.bring_up({0, 3, 5, 7});
    const get_device_info_response info{
        .device_id = 2, .num_feature_blocks = 2, .config_size = 64, .max_virtqueues = 2};
    REQUIRE(bench.exchange(3, get_device_info_request{}, info) == errc::none);
    for (const unsigned s : {0x0u, 0x1u, 0x3u}) bench.status(3, s);
    const std::uint32_t wanted[]{0, 1};
    REQUIRE(bench.exchange(3, set_driver_features_request{0, 2, wanted}, {}) == errc::none);
    for (const unsigned s : {0xbu, 0xfu}) bench.status(3, s);
    do use_up_a_token(bench);
    while (decode_header<revision::oasis_v2>(byte_view{bench.last_frame()})->token != 0xffff);
    return bench;
}

} // namespace

driver_v2 driver_at(std::uint16_t token) {
    static const driver_v2 from = around();
    driver_v2 bench = from;
    for (std::uint16_t next = 2; next != token; ++next) use_up_a_token(bench);
    return bench;
}

} // namespace vectors
