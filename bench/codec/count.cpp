// SPDX-License-Identifier: BSD-2-Clause
// Runs every codec twice over one round per revision; callgrind counts the second time. Run it under
// `valgrind --tool=callgrind`; bench/tools/callgrind_costs.py reads the dump.
#include <valgrind/callgrind.h>

#include "agreement.hpp"
#include "codecs.hpp"
#include "samples.hpp"

namespace {

using namespace bench;

template <class Codec, class Samples> void pass(const Samples& given) {
    wire_round written;
    typename Codec::target decoded;
    Codec::encode(Codec::source_of(given, 0), given.sizes, written);
    Codec::decode(given.on_wire[0], given.sizes, decoded);
}

template <vmsg::revision R> void pass_all(const samples<R>& given) {
    pass<memcpy_codec<R>>(given);
    pass<c_codec<R>>(given);
    pass<c_out_of_line_codec<R>>(given);
    pass<vmsg_codec<R>>(given);
}

} // namespace

int main() {
    const samples<vmsg::revision::rfc2025> rfc2025{1};
    const samples<vmsg::revision::oasis_v1> oasis_v1{1};
    const samples<vmsg::revision::oasis_v2> oasis_v2{1};
    require_agreement(rfc2025);
    require_agreement(oasis_v1);
    require_agreement(oasis_v2);
    for (int i = 0; i < 2; ++i) {
        if (i == 1) CALLGRIND_ZERO_STATS;
        pass_all(rfc2025);
        pass_all(oasis_v1);
        pass_all(oasis_v2);
    }
    CALLGRIND_DUMP_STATS_AT("second pass");
}
