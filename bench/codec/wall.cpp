// SPDX-License-Identifier: BSD-2-Clause
// Wall clock of the codecs: name/revision/operation/buffers/codec. "streaming": each message has buffers of its own, in
// all more than a second-level cache holds. "hot": many distinct messages, one destination.
#include <benchmark/benchmark.h>

#include <string>

#include "agreement.hpp"
#include "codecs.hpp"
#include "register_image.hpp"
#include "samples.hpp"

namespace {

using namespace bench;
using vmsg::revision;

constexpr std::size_t hot_rounds = 128;        // 1,024 messages
constexpr std::size_t streaming_rounds = 4096; // 32,768 messages

template <revision R> const samples<R>& given(std::size_t rounds) {
    static const samples<R> hot{hot_rounds};
    static const samples<R> streaming{streaming_rounds};
    return rounds == hot_rounds ? hot : streaming;
}

void report(benchmark::State& state, std::size_t rounds) {
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(rounds * messages_per_round));
}

template <revision R, class Codec> void encode(benchmark::State& state, std::size_t rounds, bool streaming) {
    const samples<R>& s = given<R>(rounds);
    std::vector<wire_round> to(streaming ? rounds : 1);
    for (auto _ : state)
        for (std::size_t i = 0; i < rounds; ++i) Codec::encode(Codec::source_of(s, i), s.sizes, to[streaming ? i : 0]);
    report(state, rounds);
}

template <revision R, class Codec> void decode(benchmark::State& state, std::size_t rounds, bool streaming) {
    const samples<R>& s = given<R>(rounds);
    std::vector<typename Codec::target> to(streaming ? rounds : 1);
    for (auto _ : state)
        for (std::size_t i = 0; i < rounds; ++i) Codec::decode(s.on_wire[i], s.sizes, to[streaming ? i : 0]);
    report(state, rounds);
}

template <revision R, class Codec> void add(const std::string& rev, const std::string& codec) {
    const auto name = [&](const char* operation, const char* buffers) {
        return "codec/" + rev + "/" + operation + "/" + buffers + "/" + codec;
    };
    benchmark::RegisterBenchmark(name("encode", "hot").c_str(), encode<R, Codec>, hot_rounds, false);
    benchmark::RegisterBenchmark(name("encode", "streaming").c_str(), encode<R, Codec>, streaming_rounds, true);
    benchmark::RegisterBenchmark(name("decode", "hot").c_str(), decode<R, Codec>, hot_rounds, false);
    benchmark::RegisterBenchmark(name("decode", "streaming").c_str(), decode<R, Codec>, streaming_rounds, true);
}

template <revision R> void image(benchmark::State& state, void (*to_registers)(const image_round&)) {
    const samples<R>& s = given<R>(hot_rounds);
    std::vector<image_round> rounds(hot_rounds);
    for (std::size_t i = 0; i < hot_rounds; ++i) fill<R>(rounds[i], s.for_vmsg[i], s.for_c[i]);
    for (auto _ : state)
        for (const image_round& round : rounds) to_registers(round);
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(hot_rounds * image_messages));
}

template <revision R> void add_revision(const std::string& rev) {
    require_agreement(given<R>(hot_rounds));
    require_agreement(given<R>(streaming_rounds));
    add<R, memcpy_codec<R>>(rev, "memcpy");
    add<R, c_codec<R>>(rev, "c");
    add<R, c_codec<R>>(rev, "c_again"); // what it differs from "c" is noise
    add<R, c_out_of_line_codec<R>>(rev, "c_out_of_line");
    add<R, vmsg_codec<R>>(rev, "vmsg");
    const auto add_image = [&](const char* way, void (*to_registers)(const image_round&)) {
        benchmark::RegisterBenchmark(("image/" + rev + "/" + way).c_str(), image<R>, to_registers);
    };
    add_image("loads", registers_of_ready_image);
    add_image("words", registers_through_words<R>);
    add_image("bytes", registers_through_bytes<R>);
    add_image("c", registers_through_c<R>);
}

} // namespace

int main(int argc, char** argv) {
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
    add_revision<revision::rfc2025>("rfc2025");
    add_revision<revision::oasis_v1>("oasis_v1");
    add_revision<revision::oasis_v2>("oasis_v2");
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
}
