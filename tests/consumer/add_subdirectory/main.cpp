// SPDX-License-Identifier: BSD-2-Clause
// Exits with 0 if a message has its name.
#include <vmsg/text.hpp>

int main() {
    char room[80];
    vmsg::text_writer out{room};
    vmsg::write_line<vmsg::revision::oasis_v1>(out, {.dev_num = 1, .token = 7}, vmsg::event_used{3});
    return out.view() == "EVENT_USED event dev_num=1 token=7 vq_index=3" ? 0 : 1;
}
