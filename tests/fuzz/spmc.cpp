// SPDX-License-Identifier: BSD-2-Clause
// The manager in memory against endpoints that call anything in any order, with partitions that leave with anything:
// every answer is one that FF-A has, a call changes no memory but what its caller or receiver can access, and after all
// endpoints have started anew nobody has what belongs to another.
#include <vmsg/ffa/memory_retriever.hpp>
#include <vmsg/sim/spmc.hpp>

#include "fuzz/script.hpp"

#include <cstdio>
#include <cstring>
#include <iterator>

using namespace vmsg;

namespace {

constexpr std::size_t pages = 6; // of each endpoint: TX, RX, and four to share
constexpr ffa::endpoint_id endpoints[]{ffa::endpoint_id{0}, ffa::endpoint_id{1}, ffa::endpoint_id{0x8001},
                                       ffa::endpoint_id{0x8002}};
constexpr const sim::profile* profiles[]{&sim::profiles::generic, &sim::profiles::hafnium, &sim::profiles::tfa_el3,
                                         &sim::profiles::optee, &sim::profiles::xen};

enum : std::size_t { mapped, sent, retrieved, relinquished, reclaimed, message, notified, answered, resumed, kinds };
constexpr const char* kind_names[kinds]{"maps",         "sends memory", "retrieves",
                                        "relinquishes", "reclaims",     "sends a message",
                                        "notifies",     "is answered",  "resumes"};
bool seen[kinds];

constexpr std::uint64_t base_of(std::size_t i) { return (i + std::uint64_t{1}) << 32; }
constexpr std::uint64_t page_of(std::size_t i, std::size_t page) { return base_of(i) + page * ffa::page_size; }

alignas(4096) std::uint8_t memory[std::size(endpoints)][pages * ffa::page_size];

class life {
public:
    explicit life(script input) : input_(input), manager_(*profiles[input_.byte() % std::size(profiles)]) {
        for (std::size_t i = 0; i < std::size(endpoints); ++i) {
            std::memset(memory[i], 0, sizeof memory[i]);
            sim::partition_config config{.id = endpoints[i]};
            config.services[0].protocol = device_role_uuid;
            if (ffa::is_secure(config.id)) config.entry = sim::entry_of(*this);
            require(manager_.add(config).has_value(), "there is room for a partition");
            require(manager_.add_memory(endpoints[i], base_of(i), memory[i]).has_value(), "there is room for an area");
        }
    }

    void run() {
        while (!input_.empty()) step();
        for (const ffa::endpoint_id id : endpoints) manager_.restart(id);
        for (std::size_t owner = 0; owner < std::size(endpoints); ++owner)
            for (std::size_t p = 0; p < pages; ++p) check_page(owner, p);
    }

    // A partition that was entered.
    void operator()(ffa::call_frame& frame) {
        require(++depth_ <= 2, "calls nest no deeper than there are partitions");
        const std::uint8_t how = input_.byte();
        const ffa::endpoint_pair ends = ffa::endpoints_in(frame.x[1]);
        const auto id = ffa::form_64(ffa::function_of(frame));
        if ((how & 3) == 3) static_cast<void>(call(ends.dst, anything()));
        if ((how & 12) == 12) {
            frame = anything();
        } else if (id == ffa::function_id::msg_send_direct_req2 || id == ffa::function_id::msg_send_direct_req_64) {
            frame.x[0] += 1;
            frame.x[1] = ffa::to_register(ffa::endpoint_pair{ends.dst, ends.src});
            if (id == ffa::function_id::msg_send_direct_req2) frame.x[2] = frame.x[3] = 0;
        } else {
            frame = ffa::encode(ffa::msg_wait_call{(how & 4) != 0});
        }
        --depth_;
    }

private:
    // At most one other has a page after all have started anew, and then its owner has not: it was donated.
    void check_page(std::size_t owner, std::size_t page) {
        std::size_t others = 0;
        for (std::size_t i = 0; i < std::size(endpoints); ++i) {
            const auto bytes = manager_.memory(endpoints[i], page_of(owner, page), ffa::page_size);
            if (!bytes) continue;
            require(bytes->data() == memory[owner] + page * ffa::page_size, "an address is the same memory for all");
            if (i != owner) ++others;
        }
        const bool mine = manager_.memory(endpoints[owner], page_of(owner, page), ffa::page_size).has_value();
        require(others == (mine ? 0 : 1), "a page has one owner");
    }

    // A register with a meaning somewhere.
    std::uint64_t value() {
        const std::uint8_t b = input_.byte();
        const std::uint16_t id = static_cast<std::uint16_t>(endpoints[b & 3]);
        const auto other = static_cast<std::uint16_t>(endpoints[b >> 2 & 3]);
        switch (b >> 4) {
        case 0: return b & 15;
        case 1: return std::uint64_t{id} << 16 | other;
        case 2: return id;
        case 3: return page_of(b & 3, b >> 2 & 3);
        case 4: return 16u * (b & 15);
        case 5: return device_role_uuid.low();
        case 6: return device_role_uuid.high();
        case 7: return std::uint64_t{id} << 16;
        case 8: return 0x1'0000u + (b & 3);
        case 9: return ~std::uint64_t{0};
        default: return input_.half();
        }
    }
    ffa::call_frame anything() {
        ffa::call_frame frame;
        const std::uint8_t b = input_.byte();
        frame.x[0] = ((b & 0x80) != 0 ? 0xc400'0060 : 0x8400'0060) + (b & 0x3f);
        const std::uint8_t n = input_.byte();
        for (std::size_t i = 1; i < 1u + n % 7; ++i) frame.x[i] = value();
        if (n > 0xf0) frame.x[n & 15] = value();
        return frame;
    }

    ffa::call_frame call(ffa::endpoint_id who, const ffa::call_frame& what) {
        bool known = false;
        for (const ffa::endpoint_id id : endpoints) known = known || id == who;
        if (!known) return {};
        ffa::call_frame frame = what;
        manager_.conduit_for(who)(frame);
        check_answer(what, frame);
        return frame;
    }
    static void check_answer(const ffa::call_frame& what, const ffa::call_frame& answer) {
        using enum ffa::function_id;
        if (ffa::function_of(what) == version) {
            const auto v = ffa::decode_version_answer(answer);
            require(v || v.error() == errc::not_supported, "a version or a refusal");
            return;
        }
        const ffa::function_id id = ffa::function_of(answer);
        constexpr ffa::function_id answers[]{success,
                                             success_64,
                                             error,
                                             interrupt,
                                             yield,
                                             msg_wait,
                                             msg_send_direct_resp,
                                             msg_send_direct_resp_64,
                                             msg_send_direct_resp2,
                                             mem_retrieve_resp,
                                             mem_frag_rx,
                                             mem_frag_tx,
                                             mem_op_pause};
        bool known = false;
        for (const ffa::function_id a : answers) known = known || id == a;
        require(known, "an answer is one that FF-A has");
    }
    bool note(std::size_t kind, const ffa::call_frame& answer) {
        const bool good = ffa::outcome_of(answer).has_value();
        seen[kind] = seen[kind] || good;
        return good;
    }

    void step() {
        const std::uint8_t b = input_.byte();
        const std::size_t i = b & 3;
        const ffa::endpoint_id who = endpoints[i];
        const std::size_t peer = 2 + (b >> 2 & 1);
        const ffa::endpoint_id to = endpoints[peer];
        std::uint8_t* const tx = memory[i];
        switch (b >> 3) {
        case 0:
            note(mapped, call(who, ffa::encode(ffa::rxtx_map_call{page_of(i, 0), page_of(i, 1), 1, ffa::form::smc64})));
            break;
        case 1: send_memory(i, to); break;
        case 2: retrieve(peer); break;
        case 3: {
            static_cast<void>(ffa::encode_memory_relinquish({memory[peer], ffa::page_size}, {last_.handle, {}, to}));
            note(relinquished, call(to, ffa::encode(ffa::mem_relinquish_call{})));
            break;
        }
        case 4: note(reclaimed, call(who, ffa::encode(ffa::mem_reclaim_call{last_.handle}))); break;
        case 5:
            static_cast<void>(ffa::encode_indirect({tx, ffa::page_size}, ffa::version::v1_2, who, to, uuid{}, 8));
            note(message, call(who, ffa::encode(ffa::msg_send2_call{})));
            break;
        case 6: call(to, ffa::encode(ffa::notification_bind_call{who, to, false, 3})); break;
        case 7: note(notified, call(who, ffa::encode(ffa::notification_set_call{who, to, false, false, 0, 1}))); break;
        case 8: call(who, ffa::encode(ffa::notification_get_call{who, 0, ffa::sources_for(who)})); break;
        case 9: call(who, ffa::encode(ffa::rx_release_call{})); break;
        case 10: request(who, to); break;
        case 11:
            if (ffa::decode_direct(call(who, ffa::encode(ffa::run_call{{to, 0}})))) seen[resumed] = true;
            break;
        case 12: manager_.restart(who); break;
        case 13: strike(b, to); break;
        case 14: manager_.clear_faults(); break;
        case 15:
            call(who, ffa::encode(ffa::version_call{static_cast<ffa::version>(0x1'0000u + input_.byte() % 5)}));
            break;
        case 16: input_.fill({tx, input_.byte()}); break;
        default: call(who, anything()); break;
        }
    }
    void request(ffa::endpoint_id who, ffa::endpoint_id to) {
        const auto answer = call(who, ffa::encode_direct_request(who, to, device_role_uuid, word_image{}));
        if (const auto m = ffa::decode_direct(answer)) {
            require(m->src == to && m->dst == who, "a response is from whom the request was for");
            seen[answered] = true;
        }
    }
    void strike(std::uint8_t b, ffa::endpoint_id to) {
        const std::uint8_t what = input_.byte();
        const std::uint32_t times = (b & 2) != 0 ? sim::for_ever : what >> 4 & 3u;
        static_cast<void>(manager_.add_fault({.kind = static_cast<sim::fault_kind>(what % 10),
                                              .times = times,
                                              .after = what >> 6 & 3u,
                                              .names = {to, 0}}));
    }
    void send_memory(std::size_t i, ffa::endpoint_id to) {
        const std::uint8_t how = input_.byte();
        const auto op = static_cast<ffa::memory_operation>(how % 3);
        ffa::memory_transaction t;
        t.sender = endpoints[i];
        if (op == ffa::memory_operation::share) t.attributes = ffa::normal_memory;
        ffa::memory_access access{to, ffa::memory_permissions::read_write, 0, 0, {}};
        if (op == ffa::memory_operation::donate) access.permissions = {};
        const ffa::memory_region regions[]{{page_of(i, 2 + (how >> 2 & 3)), 1}};
        const auto d = ffa::encode_memory_descriptor({memory[i], ffa::page_size}, manager_.version(t.sender), t,
                                                     ffa::memory_accesses{&access, 1}, regions);
        if (!d) return;
        const auto frame = call(t.sender, ffa::encode(ffa::mem_send_call{op, d->total_length, d->fragment_length}));
        if (!note(sent, frame)) return;
        last_ = t;
        last_.handle = ffa::decode_mem_send_answer(frame)->handle;
    }
    void retrieve(std::size_t i) {
        ffa::memory_transaction t = last_;
        t.attributes = {};
        const ffa::memory_access access{endpoints[i], {}, 0, 0, {}};
        const auto length = ffa::encode_memory_retrieve({memory[i], ffa::page_size}, manager_.version(endpoints[i]), t,
                                                        ffa::memory_accesses{&access, 1});
        if (!length) return;
        const auto frame = call(endpoints[i], ffa::encode(ffa::mem_retrieve_call{*length, *length}));
        if (ffa::decode_mem_retrieve_answer(frame)) seen[retrieved] = true;
    }

    script input_;
    sim::spmc<> manager_;
    ffa::memory_transaction last_{};
    std::size_t depth_ = 0;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    life{{data, size}}.run();
    return 0;
}

extern "C" bool seeds_are_complete();
extern "C" bool seeds_are_complete() {
    bool complete = true;
    for (std::size_t i = 0; i < kinds; ++i) {
        if (seen[i]) continue;
        complete = false;
        std::printf("no seed %s\n", kind_names[i]);
    }
    return complete;
}
