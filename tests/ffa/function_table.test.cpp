// SPDX-License-Identifier: BSD-2-Clause
#include <vmsg/ffa/function_table.hpp>

#include "support/check.hpp"

using namespace vmsg;
using ffa::function_id;
using ffa::version;

namespace {

constexpr bool same_text(const char* a, const char* b) {
    for (; *a != 0 && *a == *b; ++a) ++b;
    return *a == *b;
}

constexpr bool ordered_and_findable() {
    unsigned before = 0;
    for (const ffa::function_row& row : ffa::function_rows) {
        if (row.number <= before) return false;
        before = row.number;
        if (!has_32_bit_form(row) && !has_64_bit_form(row)) return false;
        if (ffa::row_of(id_of(row))->number != row.number) return false;
        const bool has_other = ffa::row_of(form_64(id_of(row))).has_value();
        if (has_other != has_64_bit_form(row)) return false;
        if (row.until != version{} && row.until < row.since_32) return false;
    }
    return true;
}

constexpr unsigned functions_in(version v) {
    unsigned count = 0;
    for (const ffa::function_row& row : ffa::function_rows) {
        const bool there = exists_in(id_of(row), v) || exists_in(form_64(id_of(row)), v);
        count += there ? 1 : 0;
    }
    return count;
}

constexpr ffa::function_use use_of(function_id id) { return ffa::row_of(id)->use; }

} // namespace

TEST_CASE("every function has one row, found by its ids") {
    CX_CHECK(ordered_and_findable());
    CX_CHECK(sizeof ffa::function_rows / sizeof ffa::function_rows[0] == 53);
    CX_CHECK(id_of(ffa::function_rows[0]) == function_id::error);
    for (const ffa::function_row& row : ffa::function_rows) CHECK(same_text(name_of(id_of(row)), row.name));
}

TEST_CASE("names are those of the specification, for both forms") {
    CX_CHECK(same_text(name_of(function_id::rxtx_map), "FFA_RXTX_MAP"));
    CX_CHECK(same_text(name_of(function_id::rxtx_map_64), "FFA_RXTX_MAP"));
    CX_CHECK(same_text(name_of(function_id::msg_send_direct_req2), "FFA_MSG_SEND_DIRECT_REQ2"));
    CX_CHECK(same_text(name_of(function_id{0x8400'008d}), "unknown"));
    CX_CHECK(same_text(name_of(function_id{0xc400'0063}), "unknown"));
    CX_CHECK(same_text(name_of(function_id{0x8400'0091}), "unknown"));
    CX_CHECK(same_text(name_of(function_id{0x8400'005f}), "unknown"));
    CX_CHECK(same_text(name_of(function_id{0x8400'0160}), "unknown"));
    CX_CHECK(same_text(name_of(function_id{0x8000'0063}), "unknown"));
    CX_CHECK(same_text(name_of(function_id{}), "unknown"));
}

TEST_CASE("a version has the functions of its own and of older versions") {
    CX_CHECK(exists_in(function_id::rxtx_map_64, version::v1_0));
    CX_CHECK(!exists_in(function_id::msg_send2, version::v1_0));
    CX_CHECK(exists_in(function_id::msg_send2, version::v1_1));
    CX_CHECK(!exists_in(function_id::msg_send_direct_req2, version::v1_1));
    CX_CHECK(exists_in(function_id::msg_send_direct_req2, version::v1_2));
    CX_CHECK(exists_in(function_id::partition_info_get_regs, version::v1_3));
    CX_CHECK(!exists_in(function_id::run_64, version::v1_2));
    CX_CHECK(exists_in(function_id::run_64, version::v1_3));
    CX_CHECK(exists_in(function_id::msg_send, version::v1_0));
    CX_CHECK(!exists_in(function_id::msg_send, version::v1_1));
    CX_CHECK(!exists_in(function_id{0x8400'0091}, version::v1_3));
    CX_CHECK(functions_in(version{0}) == 0);
    CX_CHECK(functions_in(version::v1_0) == 29);
    CX_CHECK(functions_in(version::v1_1) == 40);
    CX_CHECK(functions_in(version::v1_2) == 45);
    CX_CHECK(functions_in(version::v1_3) == 51);
}

TEST_CASE("the way of a function tells whether it is called, answers, or both") {
    CX_CHECK(use_of(function_id::success) == ffa::function_use::answer);
    CX_CHECK(use_of(function_id::interrupt_64) == ffa::function_use::answer);
    CX_CHECK(use_of(function_id::rx_release) == ffa::function_use::call);
    CX_CHECK(use_of(function_id::yield) == ffa::function_use::both);
    CX_CHECK(use_of(function_id::msg_send_direct_resp2) == ffa::function_use::both);
    CX_CHECK(use_of(function_id::mem_frag_rx) == ffa::function_use::both);
    CX_CHECK(ffa::row_of(function_id::rx_acquire)->caller == ffa::function_caller::hypervisor);
    CX_CHECK(ffa::row_of(function_id::notification_info_get_64)->caller == ffa::function_caller::scheduler);
    CX_CHECK(ffa::row_of(function_id::el3_intr_handle)->caller == ffa::function_caller::manager);
    CX_CHECK(ffa::row_of(function_id::msg_send2)->caller == ffa::function_caller::endpoint);
}
