// SPDX-License-Identifier: BSD-2-Clause
// A device engine against a driver that any bytes lead: raw frames, requests with any fields in any state, an owner of
// the memory that does what it likes. Each request has the answers that it is owed, every frame out is a message that
// is legal, and memory resolves only inside the areas that are mapped.
#include <vmsg/message/info.hpp>
#include <vmsg/text.hpp>

#include "fuzz/script.hpp"
#include "proto/support/answer_book.hpp"
#include "proto/support/engines.hpp"
#include "proto/support/test_device.hpp"

#include <cstring>
#include <iterator>
#include <map>
#include <memory>
#include <vector>

using namespace proto_test;

namespace {

constexpr std::uint32_t most_pages = 2; // of an area that is mapped

bool seen_answer[std::size(messages)][3];

/// What leaves the device side has to be legal.
template <revision R> struct judge {
    template <class M> void operator()(const header& h, const M& m) const {
        require(validate<R>(h, m).has_value() || is_refusal(m), "what a device side sends is legal");
    }
    /// The answer to a request for an area that cannot be names that area.
    template <class M> static bool is_refusal(const M&) { return false; }
    static bool is_refusal(const area_share_response& m) { return m.result == bus_result::error; }
    static bool is_refusal(const area_unshare_response& m) { return m.result == bus_result::error; }
};

template <revision R> class life {
    using areas_type = typename device_bus<R>::areas_type;

public:
    explicit life(script input) : input_(input), flags_(input_.byte()), bus_(options_from(flags_)) {}

    void run() {
        require(bus_.attach(3, ports_[0]).has_value(), "a device can be attached");
        for (int stage = 0; stage < (flags_ >> 5 & 7); ++stage) prepare(stage);
        while (!input_.empty()) step();
        end();
    }

private:
    static device_options options_from(std::uint8_t flags) {
        device_options options;
        options.max_msg_size = constants_of<R>.ffa_max_msg_size;
        options.can_push = (flags & 4) != 0;
        options.feature_bits = (flags & 8) != 0 ? strict_config_generation : 0;
        options.any_area_attrs = (flags & 16) != 0;
        return options;
    }

    /// What a driver does to bring a device up, so that an input can begin anywhere.
    void prepare(int stage) {
        const auto status = [this](unsigned wanted) { send(3, set_device_status_request{device_status{wanted}}); };
        const auto at = [](std::uint64_t offset) { return *make_bus_address<R>(1, offset); };
        switch (stage) {
        case 0:
            return send(0, version_request{.bus_version = constants_of<R>.bus_version,
                                           .transport_revision = constants_of<R>.transport_revision});
        case 1:
            if constexpr (present_in<event_configure_request, R>)
                send(0, event_configure_request{.method = event_method::poll});
            return;
        case 2:
            return send(0, area_share_request{.area_id = 1,
                                              .page_count = 1,
                                              .sharing_attrs =
                                                  R == revision::oasis_v2 ? area_attrs::usual : area_attrs::share});
        case 3: status(0x1); return status(0x3);
        case 4: {
            const std::uint32_t wanted[]{0x200, 0x103};
            send(3, set_driver_features_request{0, 2, wanted});
            return status(0xb);
        }
        case 5:
            return send(3, set_vqueue_request{.index = 0,
                                              .flags = R == revision::oasis_v2 ? vqueue_flags::enable : vqueue_flags{},
                                              .size = 64,
                                              .descriptor_addr = at(0),
                                              .driver_addr = at(0x400),
                                              .device_addr = at(0x800)});
        default: return status(0xf);
        }
    }

    void step() {
        const std::uint8_t what = input_.byte();
        switch (what % 8) {
        case 0: {
            std::uint8_t frame[128]{};
            return deliver({frame, input_.fill(byte_span{frame}.first(what / 8 * 4))});
        }
        case 1:
        case 2: return ask(what / 8);
        case 3: return transmit(what / 8 % 4 == 0 ? errc::busy : what / 8 % 4 == 1 ? errc::denied : errc::none);
        case 4: return own_memory(what / 8 % 4 == 0);
        case 5: return use_device(what / 8);
        case 6: now_ += duration{1} << what / 8; return;
        default: return reach();
        }
    }

    /// A message of the revision whose payload is the next bytes, under any token and for any device.
    void ask(unsigned how) {
        const message_info& m = messages[input_.byte() % std::size(messages)];
        if (!m.in(R).present) return;
        std::uint8_t frame[128]{};
        const std::size_t most = constants_of<R>.ffa_max_msg_size;
        std::size_t size = m.in(R).fixed_size;
        if (m.in(R).has_tail) size += 4 * (how % 8u);
        if (size > most) size = most;
        frame[0] = m.type();
        frame[1] = m.id;
        constexpr std::uint16_t numbers[]{3, 3, 300, 7};
        store_le(frame + 2, m.cls == msg_class::transport ? numbers[how / 8 % 4] : std::uint16_t{0});
        if (constants_of<R>.has_token) store_le(frame + 4, input_.half());
        store_le(frame + header_size<R> - 2, static_cast<std::uint16_t>(size));
        input_.fill({frame + header_size<R>, size - header_size<R>});
        deliver({frame, size});
    }
    template <class M> void send(std::uint16_t dev_num, const M& m) {
        std::uint8_t frame[128]{};
        const auto size = encode<R>(byte_span{frame}, header{.dev_num = dev_num, .token = 0x55}, m);
        require(size.has_value(), "a message that can be sent");
        deliver({frame, *size});
        own_memory(false);
        transmit(errc::none);
    }

    void deliver(byte_view given) {
        // Memory of its own, so that a sanitizer sees any access beyond it.
        const std::unique_ptr<std::uint8_t[]> frame{new std::uint8_t[given.size()]};
        copy_bytes(frame.get(), given.data(), given.size());
        const std::uint32_t epoch = bus_.epoch();
        const byte_view delivered{frame.get(), given.size()};
        const errc why = bus_.handle_frame(delivered, now_).error();
        require(bus_.epoch() - epoch <= 1, "an epoch follows the other");
        if (why != errc::would_block) book_.received(delivered, why, bus_.epoch() != epoch);
        check();
    }

    void transmit(errc outcome) {
        const auto frame = bus_.poll_transmit(now_);
        if (!frame) return;
        require(decode_any<R>(*frame, judge<R>{}).has_value(), "a frame out is a message");
        const auto h = decode_header<R>(*frame);
        require(h && h->msg_size == frame->size() && frame->size() <= constants_of<R>.ffa_max_msg_size,
                "a frame has its size");
        const std::uint64_t lost = bus_.counters().lost;
        bus_.handle_sent(outcome != errc::none ? result<void>{outcome} : result<void>{}, now_);
        if (outcome != errc::none && bus_.counters().lost == lost) return; // it is tried again
        require(book_.left(*h), "a request has at most one answer, with its token");
        const message_info* m = find_message(R, h->type, h->msg_id);
        seen_answer[m - messages][static_cast<std::size_t>(R)] = true;
    }

    /// The owner of the memory does the next task, or refuses.
    void own_memory(bool refuses) {
        const area_task t = bus_.poll_task();
        auto& areas = bus_.areas();
        if (t.what == area_task::kind::none) return;
        if (t.what == area_task::kind::unmap) {
            mapped_.erase(t.area_id);
            require(areas.unmapped(t.area_id).has_value(), "an area that was to be unmapped can be");
        } else if (refuses || t.page_count > most_pages) {
            require(areas.refused(t.area_id, bus_result::error).has_value(), "an area can be refused");
        } else {
            const std::size_t size = t.page_count * area_page_size;
            require(mapped_.count(t.area_id) == 0, "an area is mapped once");
            auto& memory = mapped_[t.area_id];
            memory.assign(size, 0);
            require(areas.mapped(t.area_id, memory).has_value(), "an area that was to be mapped can be");
        }
    }

    void use_device(unsigned how) {
        const std::uint16_t number = how % 2 == 0 ? 3 : 300;
        const std::uint8_t b = input_.byte();
        switch (how / 2 % 8) {
        case 0: static_cast<void>(bus_.attach(number, ports_[number == 300])); break;
        case 1: static_cast<void>(bus_.detach(number)); break;
        case 2: static_cast<void>(bus_.config_changed(number, b % 16, b / 16)); break;
        case 3: static_cast<void>(bus_.needs_reset(number)); break;
        case 4: models_[number == 300].takes_features = b % 2 != 0; break;
        case 5: models_[number == 300].takes_queues = b % 2 != 0; break;
        default: static_cast<void>(bus_.used(number, b % 4)); break;
        }
        check();
    }

    /// Any address, most often near the ends of an area.
    void reach() {
        const std::uint8_t how = input_.byte();
        const std::uint64_t offset = how % 4 == 3 ? ~std::uint64_t{0} >> how / 4 : input_.half() % (3 * area_page_size);
        const std::uint64_t length = how % 4 == 2 ? ~std::uint64_t{0} >> how / 4 : input_.half();
        const bus_address where{(std::uint64_t{how % 8u} << constants_of<R>.area_shift) + offset};
        const auto got = bus_.areas().resolve(where, length);
        if (!got) return;
        const auto area = mapped_.find(area_of<R>(where));
        require(area != mapped_.end(), "memory resolves only in areas that are mapped");
        const std::uint64_t from = offset_of<R>(where);
        require(got->size() == length && from + length <= area->second.size() &&
                    got->data() == area->second.data() + from,
                "memory resolves inside its area");
        if (!got->empty()) std::memset(got->data(), 0x5a, got->size());
    }

    void check() {
        require(bus_.counters().dropped.total() <= bus_.counters().received, "a frame is dropped for one reason");
        for (int which = 0; which < 2; ++which) {
            require(models_[which].misuses == 0, "a device is called as its contract says");
            for (std::uint32_t i = 0; i < test_device::queue_count; ++i) {
                const queue_state& q = ports_[which].queue(i);
                require(q.enabled == models_[which].enabled[i], "a device and its bus agree on what is enabled");
                for (const bus_address a : {q.setup.descriptor_addr, q.setup.driver_addr, q.setup.device_addr})
                    require(!q.enabled || bus_.areas().resolve(a, 1), "a queue that is enabled pins its memory");
            }
        }
    }

    /// All that can be done without the driver is done.
    void rest() {
        now_ += 10 * seconds;
        for (int i = 0; i < 200; ++i) {
            own_memory(false);
            transmit(errc::none);
        }
        require(bus_.poll_timeout() > now_ && bus_.poll_task().what == area_task::kind::none,
                "a device side comes to rest");
    }

    void end() {
        rest();
        require(book_.settled(), "a request has an answer");
        send(0, reset_request{});
        rest();
        require(book_.settled() && !bus_.negotiated(), "a reset is answered");
        require(bus_.areas().size() == 0 && mapped_.empty(), "no area is left");
        for (const test_device& m : models_)
            for (const bool enabled : m.enabled) require(!enabled, "no queue is left");
    }

    script input_;
    std::uint8_t flags_;
    device_bus<R> bus_;
    test_device models_[2]{};
    attached<test_device> ports_[2]{attached<test_device>{models_[0]}, attached<test_device>{models_[1]}};
    answer_book<R> book_;
    std::map<std::uint16_t, std::vector<std::uint8_t>> mapped_; // memory by area
    instant now_ = 1000;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const script input{data, size};
    switch (size == 0 ? 0 : data[0] % 4) {
    case 0: life<revision::rfc2025>{input}.run(); break;
    case 1: life<revision::oasis_v1>{input}.run(); break;
    default: life<revision::oasis_v2>{input}.run(); break;
    }
    return 0;
}

extern "C" bool seeds_are_complete();
extern "C" bool seeds_are_complete() {
    bool complete = true;
    for (const message_info& m : messages)
        for (const revision_row& r : revision_rows) {
            const bool acknowledges = m.cls == msg_class::ffa_bus && m.id == row_of<event_ack_response>.id;
            const bool sent = m.kind == msg_kind::response && m.dir != direction::driver_to_device && !acknowledges;
            if (!sent || !m.in(r.rev).present || seen_answer[&m - messages][static_cast<std::size_t>(r.rev)]) continue;
            complete = false;
            std::printf("no seed leads to a %s response of %s\n", m.name, r.name.data());
        }
    return complete;
}
