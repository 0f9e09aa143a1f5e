// SPDX-License-Identifier: BSD-2-Clause
// What a request costs an engine: `engine count` once for callgrind, with a dump for each size; otherwise wall clock.
#include <benchmark/benchmark.h>
#include <valgrind/callgrind.h>

#include <vmsg/proto/device.hpp>
#include <vmsg/proto/driver.hpp>
#include <vmsg/random.hpp>

#include <cstdio>
#include <cstdlib>
#include <deque>
#include <memory>
#include <string_view>
#include <vector>

using namespace vmsg;
using namespace vmsg::proto;

namespace {

constexpr auto rev = revision::oasis_v2;
constexpr std::size_t round_size = 64; // requests; bench/tools/engine.py divides by it
constexpr std::size_t device_counts[]{1, 256, 65536};
constexpr std::size_t area_counts[]{1, 256, 65535};
constexpr std::size_t open_counts[]{64, 1024, 4096};

struct plain_device {
    static constexpr std::uint32_t queue_count = 1;
    device_identity identity() const { return {.device_id = 2}; }
    feature_set offered_features() const { return {}; }
    bool accept_features(const feature_set&) { return true; }
    void read_config(std::uint32_t, byte_span) const {}
    bool write_config(std::uint32_t, byte_view) { return false; }
    std::uint32_t queue_max_size(std::uint32_t) const { return 256; }
    bool enable_queue(std::uint32_t, const queue_setup&) { return true; }
    void disable_queue(std::uint32_t) {}
    void start() {}
    void notify(std::uint32_t, std::uint32_t) {}
    void reset() {}
};

using frame = std::vector<std::uint8_t>;
using frames = std::vector<frame>;

void require(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "engine: expected %s\n", what);
    std::exit(1);
}

/// Both sides of a bus with so many devices, which is ready.
class bus {
public:
    explicit bus(std::size_t devices) : count_(devices) {
        for (std::size_t i = 0; i < devices; ++i) {
            ports_.emplace_back(model_);
            require(dev.attach(static_cast<std::uint16_t>(i), ports_.back()).has_value(), "room for a device");
        }
        require(drv.start(now).has_value(), "a bus that starts");
        for (;;) {
            for (const frame& f : asked()) {
                require(dev.handle_frame(f, now).has_value(), "a request that is taken");
                drv.handle_frame(answer(), now);
            }
            if (drv.state() == bus_state::ready) break;
        }
        require(drv.device_count() == devices, "all devices");
        while (drv.poll_event().kind != driver_event_kind::none) {}
    }

    /// All that the driver side has to send.
    frames asked() {
        frames out;
        while (const auto f = drv.poll_transmit(now)) {
            out.emplace_back(f->begin(), f->end());
            drv.handle_sent({}, now);
        }
        return out;
    }
    frame answer() {
        const auto f = dev.poll_transmit(now);
        require(f.has_value(), "an answer");
        frame out(f->begin(), f->end());
        dev.handle_sent({}, now);
        return out;
    }
    /// So many GET_DEVICE_STATUS to random devices are open; so many answers to some of them.
    frames open(std::size_t count, std::size_t answered = round_size) {
        for (std::size_t i = 0; i < count; ++i) {
            const auto n = static_cast<std::uint16_t>(random_.below(static_cast<std::uint32_t>(count_)));
            const auto t = drv.request(n, get_device_status_request{}, now);
            require(t.has_value(), "room for a request");
            tickets_.push_back(*t);
        }
        frames requests = asked();
        require(requests.size() == count, "all requests");
        frames answers;
        for (std::size_t i = 0; i < answered; ++i) {
            const std::size_t which = i * (count / answered);
            require(dev.handle_frame(requests[which], now).has_value(), "a request that is taken");
            answers.push_back(answer());
        }
        return answers;
    }
    void close() {
        for (const auto t : tickets_) drv.release(t, now);
        tickets_.clear();
        now += 60 * seconds;
        drv.handle_timeout(now);
    }
    frames requests() {
        frames out;
        for (std::size_t i = 0; i < round_size; ++i) {
            frame f(64);
            const auto n = static_cast<std::uint16_t>(random_.below(static_cast<std::uint32_t>(count_)));
            const auto size = encode<rev>(byte_span{f}, {.dev_num = n, .token = 7}, get_device_status_request{});
            f.resize(*size);
            out.push_back(f);
        }
        return out;
    }

    device_bus<rev, device_capacity{.devices = 65536}> dev{device_options{}};
    driver<rev, driver_capacity{.devices = 65536, .requests = 4096}> drv{
        driver_options{.events = event_method::indirect}};
    instant now = 1;

private:
    std::size_t count_;
    plain_device model_;
    std::deque<attached<plain_device>> ports_;
    std::vector<ticket<get_device_status_request>> tickets_;
    random_numbers random_{1};
};

} // namespace

/// So many areas of a driver, all mapped, and places in some of them.
struct shared_areas {
    explicit shared_areas(std::size_t count) {
        for (std::size_t id = 1; id <= count; ++id) {
            const area_share_request m{.area_id = static_cast<std::uint16_t>(id),
                                       .mem_handle = id,
                                       .page_count = 1,
                                       .sharing_attrs = area_attrs::usual};
            require(all.offer(m, 1) == bus_result::success, "room for an area");
            require(all.poll_task().what == area_task::kind::map, "an area to map");
            require(all.mapped(m.area_id, memory).has_value(), "an area that is mapped");
            require(all.poll_response().what == area_notice::kind::share_response, "an answer");
        }
        random_numbers random{1};
        for (std::size_t i = 0; i < round_size; ++i) {
            const auto id = static_cast<std::uint16_t>(1 + random.below(static_cast<std::uint32_t>(count)));
            places.push_back(*make_bus_address<rev>(id, random.below(4000)));
        }
    }
    device_areas<rev, 65535> all{};
    std::uint8_t memory[area_page_size]{};
    std::vector<bus_address> places;
};

// What is counted: apart from each other, and under names that callgrind gives back.
extern "C" [[gnu::noinline]] void dispatch(void* to, const void* given);
extern "C" void dispatch(void* to, const void* given) {
    bus& b = *static_cast<bus*>(to);
    for (const frame& f : *static_cast<const frames*>(given)) {
        require(b.dev.handle_frame(f, b.now).has_value(), "a request that is taken");
        benchmark::DoNotOptimize(b.dev.poll_transmit(b.now));
        b.dev.handle_sent({}, b.now);
    }
}
extern "C" [[gnu::noinline]] void match(void* to, const void* given);
extern "C" void match(void* to, const void* given) {
    bus& b = *static_cast<bus*>(to);
    for (const frame& f : *static_cast<const frames*>(given)) b.drv.handle_frame(f, b.now);
}
extern "C" [[gnu::noinline]] void told(void* to, const void* given);
extern "C" void told(void* to, const void* given) {
    bus& b = *static_cast<bus*>(to);
    for (std::size_t i = 0; i < static_cast<const frames*>(given)->size(); ++i)
        require(b.drv.poll_event().kind == driver_event_kind::completed, "the end of a request");
}

extern "C" [[gnu::noinline]] void wait(void* to, const void* given);
extern "C" void wait(void* to, const void* given) {
    bus& b = *static_cast<bus*>(to);
    for (std::size_t i = 0; i < static_cast<const frames*>(given)->size(); ++i) {
        require(b.drv.poll_timeout() > b.now, "nothing that is due");
        b.drv.handle_timeout(b.now);
    }
}

extern "C" [[gnu::noinline]] void resolve(void* to, const void* given);
extern "C" void resolve(void* to, const void*) {
    shared_areas& areas = *static_cast<shared_areas*>(to);
    for (const bus_address at : areas.places) {
        require(areas.all.pin(at, at, at), "an area that can be pinned");
        require(areas.all.resolve(at, 64).has_value(), "memory at the address");
        areas.all.unpin(at, at, at);
        require(areas.all.poll_task().what == area_task::kind::none, "nothing to do");
        require(areas.all.poll_response().what == area_notice::kind::none, "nothing to say");
    }
}

namespace {

/// One round of `what` under callgrind.
template <class T> void count(void (*what)(void*, const void*), T& to, const frames& given) {
    CALLGRIND_ZERO_STATS;
    what(&to, &given);
    CALLGRIND_DUMP_STATS;
}

/// One round of `match` with an empty table but for the request that is answered.
void count_alone(bus& b) {
    CALLGRIND_ZERO_STATS;
    for (std::size_t i = 0; i < round_size; ++i) {
        const frames given = b.open(1, 1);
        match(&b, &given);
        b.close();
    }
    CALLGRIND_DUMP_STATS;
}

void count_all() {
    for (const std::size_t n : device_counts) {
        const auto b = std::make_unique<bus>(n);
        count(dispatch, *b, b->requests());
        count(match, *b, b->open(round_size));
        require(b->drv.counters().dropped.total() == 0, "no drop");
    }
    const auto b = std::make_unique<bus>(256);
    count_alone(*b);
    for (const std::size_t n : open_counts) {
        const frames given = b->open(n);
        count(match, *b, given);
        count(told, *b, given);
        count(wait, *b, given);
        b->close();
    }
    for (const std::size_t n : area_counts) {
        const auto areas = std::make_unique<shared_areas>(n);
        count(resolve, *areas, {});
    }
}

void dispatch_wall(benchmark::State& state) {
    const auto b = std::make_unique<bus>(static_cast<std::size_t>(state.range(0)));
    const frames given = b->requests();
    for (auto _ : state) dispatch(b.get(), &given);
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(round_size));
}
BENCHMARK(dispatch_wall)->Name("engine/dispatch/devices")->Arg(1)->Arg(256)->Arg(65536);

} // namespace

int main(int argc, char** argv) {
    if (argc == 2 && std::string_view{argv[1]} == "count") {
        count_all();
        return 0;
    }
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
}
