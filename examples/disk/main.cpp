// SPDX-License-Identifier: BSD-2-Clause
// Reads a disk image through virtio-msg: see options.cpp for what it can be told.
#include "common/program.hpp"
#include "carrier.hpp"
#include "image.hpp"
#include "options.hpp"
#include "run.hpp"

#include <fmt/core.h>

namespace {

int run(const disk::options& chosen) {
    disk::image image{chosen.image, chosen.in_place};
    if (chosen.flip && *chosen.flip >= image.size())
        throw disk::failure{fmt::format("--flip {}: the image has only {} bytes", *chosen.flip, image.size())};
    const auto below = disk::make_carrier(chosen);
    bool good = false;
    switch (chosen.revision) {
    case vmsg::revision::rfc2025: good = disk::run<vmsg::revision::rfc2025>(chosen, *below, image); break;
    case vmsg::revision::oasis_v1: good = disk::run<vmsg::revision::oasis_v1>(chosen, *below, image); break;
    case vmsg::revision::oasis_v2: good = disk::run<vmsg::revision::oasis_v2>(chosen, *below, image); break;
    }
    return good ? 0 : 1;
}

} // namespace

int main(int argc, char** argv) {
    return program::run("examples/demo", [&] {
        try {
            return run(disk::read_options(argc, argv));
        } catch (const disk::usage_shown& shown) {
            return shown.status;
        } catch (const disk::image_error& e) {
            return program::failed("error", e.message.c_str());
        } catch (const disk::failure& e) {
            return program::failed("error", e.message.c_str());
        }
    });
}
