// SPDX-License-Identifier: BSD-2-Clause
#include "vectors/section.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <utility>

namespace {

std::size_t judged = 0;

std::string folder() {
    const char* const named = std::getenv("VMSG_VECTORS");
    return named != nullptr && *named != 0 ? named : VMSG_DEFAULT_VECTORS;
}

struct deviation {
    std::string file;
    std::string section;
    std::string name;
    std::string vector;
    std::string library;
};

const std::vector<deviation>& deviations() {
    static const std::vector<deviation> all = [] {
        std::vector<deviation> read;
        for (const json::value& d : json::load(VMSG_DEFAULT_VECTORS "/deviations.json")["deviations"].items()) {
            if (d["reason"].text().empty() || d["rule"].text().empty())
                throw std::runtime_error("a deviation without a reason: " + d["name"].text());
            read.push_back(
                {d["file"].text(), d["section"].text(), d["name"].text(), d["vector"].text(), d["library"].text()});
        }
        return read;
    }();
    return all;
}

bool contains(const std::vector<std::string>& all, const std::string& one) {
    return std::find(all.begin(), all.end(), one) != all.end();
}

} // namespace

json::value vector_file(const std::string& name) { return json::load(folder() + '/' + name); }

section::section(std::string file, std::string name) : file_(std::move(file)), name_(std::move(name)) {}

void section::judge(const std::string& vector, const std::string& expected, const std::string& ours) {
    ++judged;
    bool good = ours == expected;
    for (const deviation& d : deviations()) {
        if (d.file != file_ || d.section != name_ || d.name != vector) continue;
        used_.push_back(vector);
        // A deviation that does not differ, or differs otherwise, is as wrong as one that is not noted.
        good = !good && d.vector == expected && d.library == ours;
    }
    if (contains(seen_, vector)) good = false;
    seen_.push_back(vector);
    ++(good ? passed_ : failed_);
    if (!good)
        FAIL_CHECK(file_, ' ', name_, ' ', vector, ": the vector says \"", expected, "\", the library \"", ours, '"');
}

void section::finish(std::size_t count) {
    std::printf("%s %s: vectors: %zu passed, %zu failed\n", file_.c_str(), name_.c_str(), passed_, failed_);
    CHECK_MESSAGE(count > 0, file_, ' ', name_, ": the section is empty");
    CHECK_MESSAGE(passed_ + failed_ == count, file_, ' ', name_, ": not every vector was checked");
    for (const deviation& d : deviations())
        if (d.file == file_ && d.section == name_ && !contains(used_, d.name))
            FAIL_CHECK(file_, ' ', name_, ": the deviation of \"", d.name, "\" is of no vector");
}

TEST_CASE("every deviation is of a section that is checked") {
    const std::vector<std::string> sections{"rfc2025.json behaviour",
                                            "oasis_v2.json behaviour",
                                            "rfc2025.json messages",
                                            "rfc2025.json bus_addr",
                                            "rfc2025.json malformed",
                                            "oasis_v1.json messages",
                                            "oasis_v1.json bus_addr",
                                            "oasis_v2.json messages",
                                            "oasis_v2.json bus_addr",
                                            "oasis_v2.json malformed",
                                            "oasis_v2.json fifo.layout",
                                            "oasis_v2.json fifo.headers",
                                            "oasis_v2.json fifo.region",
                                            "oasis_v2.json fifo.enqueue",
                                            "oasis_v2.json fifo.dequeue",
                                            "ffa.json partition_msg_header",
                                            "ffa.json direct_req2",
                                            "ffa.json mem_transaction",
                                            "ffa.json fragmentation",
                                            "ffa.json retrieve_req_v1_2",
                                            "ffa.json relinquish",
                                            "ffa.json rxtx_map_forward_desc",
                                            "ffa.json sizes of memory descriptors",
                                            "ffa.json offsets of memory descriptors",
                                            "layout-rfc2025.json messages",
                                            "layout-rfc2025.json constants",
                                            "layout-oasis_v1.json messages",
                                            "layout-oasis_v1.json constants",
                                            "layout-oasis_v2.json messages",
                                            "layout-oasis_v2.json constants"};
    for (const deviation& d : deviations()) CHECK_MESSAGE(contains(sections, d.file + ' ' + d.section), d.name);
}

int main(int argc, char** argv) {
    doctest::Context context(argc, argv);
    const int status = context.run();
    if (context.shouldExit() || status != 0) return status;
    if (judged == 0) std::puts("vectors: nothing was checked");
    return judged == 0 ? 1 : 0;
}
