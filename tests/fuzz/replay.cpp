// SPDX-License-Identifier: BSD-2-Clause
// A fuzz target over the files of the folders it is given, with any compiler.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

/// Whether the inputs so far were all that the target needs as seeds; a target that has no opinion leaves it out.
extern "C" [[gnu::weak]] bool seeds_are_complete();

int main(int argc, char** argv) {
    std::size_t count = 0;
    for (int i = 1; i < argc; ++i)
        for (const auto& entry : std::filesystem::directory_iterator(argv[i])) {
            std::ifstream file(entry.path(), std::ios::binary);
            std::vector<std::uint8_t> bytes{std::istreambuf_iterator<char>(file), {}};
            bytes.shrink_to_fit(); // so that a sanitizer sees any access beyond them
            LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
            ++count;
        }
    std::printf("%zu inputs\n", count);
    const bool complete = seeds_are_complete == nullptr || seeds_are_complete();
    return count != 0 && complete ? 0 : 1;
}
