// SPDX-License-Identifier: BSD-2-Clause
// Every decoder of a call or an answer, with frames full of garbage.
#include <vmsg/ffa/console.hpp>
#include <vmsg/ffa/function_table.hpp>
#include <vmsg/ffa/indirect.hpp>
#include <vmsg/ffa/notification.hpp>
#include <vmsg/ffa/notification_info.hpp>
#include <vmsg/ffa/partition_info.hpp>
#include <vmsg/ffa/plain_direct.hpp>
#include <vmsg/ffa/rxtx_calls.hpp>
#include <vmsg/ffa/scheduling.hpp>
#include <vmsg/ffa/setup.hpp>
#include <vmsg/random.hpp>

#include "ffa/support/frames.hpp"
#include "support/check.hpp"

using namespace ffa_test;
using ffa::version;

namespace {

struct tally {
    unsigned decoded = 0;
    unsigned wrong = 0;
};

// What comes out of `frame` is what comes out of its own encoding, and that has no bit that the frame has not.
template <class Decode> void survives(tally& t, const ffa::call_frame& frame, Decode decode) {
    const auto first = decode(frame);
    if (!first) return;
    ++t.decoded;
    const ffa::call_frame again = encode(*first);
    const auto second = decode(again);
    bool good = second && *second == *first;
    for (std::size_t i = 1; i < 18; ++i) good = good && (again.x[i] & ~frame.x[i]) == 0;
    if (!good) ++t.wrong;
}

void try_all(tally& t, const ffa::call_frame& frame) {
    survives(t, frame, ffa::decode_version);
    survives(t, frame, ffa::decode_features);
    survives(t, frame, ffa::decode_id_get);
    survives(t, frame, ffa::decode_spm_id_get);
    survives(t, frame, ffa::decode_rxtx_map);
    survives(t, frame, ffa::decode_rxtx_unmap);
    survives(t, frame, ffa::decode_rx_release);
    survives(t, frame, ffa::decode_rx_acquire);
    survives(t, frame, ffa::decode_partition_info_get);
    survives(t, frame, ffa::decode_partition_info_get_regs);
    survives(t, frame, ffa::decode_msg_wait);
    survives(t, frame, ffa::decode_run);
    survives(t, frame, ffa::decode_yield);
    survives(t, frame, ffa::decode_interrupt);
    survives(t, frame, ffa::decode_normal_world_resume);
    survives(t, frame, ffa::decode_msg_send2);
    survives(t, frame, ffa::decode_notification_bitmap_create);
    survives(t, frame, ffa::decode_notification_bitmap_destroy);
    survives(t, frame, ffa::decode_notification_bind);
    survives(t, frame, ffa::decode_notification_unbind);
    survives(t, frame, ffa::decode_notification_set);
    survives(t, frame, ffa::decode_notification_get);
    survives(t, frame, ffa::decode_notification_info_get);
    survives(t, frame, [](const ffa::call_frame& f) { return ffa::decode_console_log(f, version::v1_2); });
}

void try_answers(tally& t, const ffa::call_frame& frame) {
    survives(t, frame, ffa::decode_features_answer);
    survives(t, frame, ffa::decode_id_answer);
    survives(t, frame, ffa::decode_partition_info_get_answer);
    survives(t, frame, ffa::decode_notification_get_answer);
    survives(t, frame, ffa::decode_notification_info_get_answer);
    survives(t, frame, [](const ffa::call_frame& f) { return ffa::decode_partition_info_get_regs_answer(f, 2); });
}

} // namespace

TEST_CASE("what is decoded from garbage encodes to what decodes to the same") {
    random_numbers random(7);
    tally calls;
    tally answers;
    for (const ffa::function_row& row : ffa::function_rows)
        for (unsigned i = 0; i < 400; ++i) {
            ffa::call_frame frame;
            for (std::uint64_t& x : frame.x) x = random() & (i % 2 == 0 ? ~std::uint64_t{0} : random());
            frame.x[0] = static_cast<std::uint64_t>(i % 3 == 0 ? form_64(id_of(row)) : id_of(row));
            if (i % 5 == 0) frame.x[1] &= 0x7f; // a plausible number of characters
            try_all(calls, frame);
            frame.x[0] = i % 2 == 0 ? 0x84000061 : 0xc4000061;
            frame.x[2] &= i % 4 < 2 ? 0xf87u : 0x003f'ffff'0007'0007u; // plausible counts and indices
            try_answers(answers, frame);
        }
    CHECK(calls.wrong == 0);
    CHECK(answers.wrong == 0);
    CHECK(calls.decoded > 5000);
    CHECK(answers.decoded > 50000);
}
