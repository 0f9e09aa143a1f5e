// SPDX-License-Identifier: BSD-2-Clause
#include "register_image.hpp"

#include <vmsg/codec.hpp>

#include "registers.h"

namespace bench {

using namespace vmsg;

extern "C" {
#define DECLARE(name, type, rev) void c_image_registers_##name##_##rev(const c_header* h, const c_##name* m);
#define DECLARE_FIXED(rev) YARDSTICK_FIXED_MESSAGES(DECLARE, rev)
YARDSTICK_REVISIONS(DECLARE_FIXED)
}

namespace {

[[gnu::noinline]] void load(const word_image& image) { use_registers(&image[0]); }

template <revision R, class M> [[gnu::noinline]] void compose(const header& h, const M& m) {
    word_image image;
    if (encode<R>(image, h, m)) use_registers(&image[0]);
}

template <revision R, class M> [[gnu::noinline]] void store_and_load(const header& h, const M& m) {
    alignas(8) std::uint8_t bytes[word_image::size_bytes]{};
    if (!encode<R>(byte_span{bytes}, h, m)) return;
    std::uint64_t words[word_image::size];
    for (std::size_t i = 0; i < word_image::size; ++i) words[i] = load_le<std::uint64_t>(bytes + 8 * i);
    use_registers(words);
}

} // namespace

template <revision R> void fill(image_round& to, const vmsg_round& for_vmsg, const c_round& for_c) {
    to.for_vmsg = &for_vmsg;
    to.for_c = &for_c;
    std::size_t i = 0;
#define FILL(name, type, rev) static_cast<void>(encode<R>(to.ready[i++], for_vmsg.heads[kind::name], for_vmsg.name));
    YARDSTICK_FIXED_MESSAGES(FILL, )
#undef FILL
}

void registers_of_ready_image(const image_round& round) {
    for (const word_image& image : round.ready) load(image);
}

template <revision R> void registers_through_words(const image_round& round) {
#define COMPOSE(name, type, rev) compose<R>(round.for_vmsg->heads[kind::name], round.for_vmsg->name);
    YARDSTICK_FIXED_MESSAGES(COMPOSE, )
#undef COMPOSE
}

template <revision R> void registers_through_bytes(const image_round& round) {
#define STORE(name, type, rev) store_and_load<R>(round.for_vmsg->heads[kind::name], round.for_vmsg->name);
    YARDSTICK_FIXED_MESSAGES(STORE, )
#undef STORE
}

#define REGISTERS(name, type, rev)                                                                                     \
    c_image_registers_##name##_##rev(&round.for_c->heads[kind::name], &round.for_c->name);
#define FOR_REVISION(rev)                                                                                              \
    template <> void registers_through_c<revision::rev>(const image_round& round) {                                    \
        YARDSTICK_FIXED_MESSAGES(REGISTERS, rev)                                                                       \
    }                                                                                                                  \
    template void fill<revision::rev>(image_round&, const vmsg_round&, const c_round&);                                \
    template void registers_through_words<revision::rev>(const image_round&);                                          \
    template void registers_through_bytes<revision::rev>(const image_round&);
YARDSTICK_REVISIONS(FOR_REVISION)

} // namespace bench
