// SPDX-License-Identifier: BSD-2-Clause
#include "demo.hpp"

template <> bool disk::run<vmsg::revision::oasis_v2>(const options& chosen, carrier& below, image& image) {
    return demo<vmsg::revision::oasis_v2>{chosen, below, image}.run();
}
