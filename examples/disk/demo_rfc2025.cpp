// SPDX-License-Identifier: BSD-2-Clause
#include "demo.hpp"

template <> bool disk::run<vmsg::revision::rfc2025>(const options& chosen, carrier& below, image& image) {
    return demo<vmsg::revision::rfc2025>{chosen, below, image}.run();
}
