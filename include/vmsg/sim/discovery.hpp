// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// The manager's side of FFA_PARTITION_INFO_GET and its form in registers.

#include <cstddef>
#include <cstdint>

#include <vmsg/ffa/partition_info.hpp>
#include <vmsg/sim/setup.hpp>

namespace vmsg::sim::detail {

constexpr ffa::partition_properties without(ffa::partition_properties p, ffa::partition_properties gone) {
    return static_cast<ffa::partition_properties>(static_cast<std::uint32_t>(p) & ~static_cast<std::uint32_t>(gone));
}

/// What `viewer` is told of what `p` can do.
constexpr ffa::partition_properties seen_by(const machine& m, const partition& viewer, const partition& p,
                                            ffa::partition_properties all) {
    using enum ffa::partition_properties;
    if (viewer.version < ffa::version::v1_2) all = without(all, receives_direct2 | sends_direct2);
    if (!m.rules.relative_properties) return all;
    if (!viewer.secure()) all = without(all, sends_direct | sends_direct2);
    if (p.version < ffa::version::v1_2) all = without(all, receives_direct2 | sends_direct2);
    return all;
}

/// The entries that `viewer` gets for `wanted`, which are passed to `take`: one per service from FF-A 1.2 on, else one
/// per partition. Gives their number.
template <class Take>
constexpr std::uint32_t list_partitions(const machine& m, const partition& viewer, const uuid& wanted, Take&& take) {
    std::uint32_t count = 0;
    const bool each_service = viewer.version >= ffa::version::v1_2;
    for (const partition& p : m.partitions()) {
        if (p.id() == ffa::hypervisor_id || (!p.secure() && !m.rules.lists_virtual_machines)) continue;
        if (&p == &viewer && m.rules.hides_caller_before_v1_2 && !each_service) continue;
        for (std::size_t i = 0; i < p.config.service_count; ++i) {
            const service& s = p.config.services[i];
            const bool by_image = m.rules.descriptor_size >= 48 && !p.config.image.is_nil() && p.config.image == wanted;
            if (!wanted.is_nil() && s.protocol != wanted && !by_image) continue;
            const bool any = wanted.is_nil() && !each_service;
            ffa::partition_info info{p.id(), p.config.execution_contexts};
            info.properties = seen_by(m, viewer, p, any ? properties_of(p) : s.properties);
            if (wanted.is_nil() && !any) info.protocol = s.protocol;
            if (any && p.config.service_count == 1) info.protocol = s.protocol;
            info.image = p.config.image;
            info.speaks = p.version;
            take(count++, info);
            if (any || by_image) break;
        }
    }
    return count;
}

struct count_only {
    constexpr void operator()(std::uint32_t, const ffa::partition_info&) const {}
};

struct into_buffer {
    byte_span out;
    std::size_t stride;
    constexpr void operator()(std::uint32_t i, const ffa::partition_info& info) const {
        if ((i + std::size_t{1}) * stride > out.size()) return; // counted, and refused afterwards
        static_cast<void>(ffa::encode_partition_descriptor(out.drop(i * stride).first(stride), info));
    }
};

struct into_window {
    ffa::partition_info_get_regs_answer& out;
    std::size_t start;
    constexpr void operator()(std::uint32_t i, const ffa::partition_info& info) const {
        if (i < start || out.count >= ffa::partitions_per_answer(out.descriptor_size)) return;
        out.entries[out.count++] = info;
        out.current_index = static_cast<std::uint16_t>(i);
    }
};

constexpr answer partition_info_answer(std::uint32_t count, std::uint32_t size) {
    return {ffa::encode(ffa::partition_info_get_answer{count, size}), 4};
}

constexpr answer answer_partition_info(machine& m, partition& p, const ffa::call_frame& frame) {
    const ffa::partition_info_get_call call = *ffa::decode_partition_info_get(frame);
    const bool v1_0 = p.version < ffa::version::v1_1;
    if (ffa::word_in(frame, 5) >> (v1_0 ? 0 : 1) != 0) return refuse(ffa::error::invalid_parameters);
    const std::uint32_t count = list_partitions(m, p, call.service, count_only{});
    if (count == 0) return refuse(ffa::error::invalid_parameters);
    if (call.count_only) return partition_info_answer(count, 0);
    if (!rx_free(m, p, ffa::function_id::partition_info_get, p.id())) return refuse(ffa::error::busy);
    const std::uint32_t size = v1_0 ? 8 : m.rules.descriptor_size;
    if (std::uint64_t{count} * size > p.box.rx.size()) return refuse(ffa::error::no_memory);
    list_partitions(m, p, call.service, into_buffer{p.box.rx, size});
    hand_over_rx(p, std::size_t{count} * size);
    return partition_info_answer(count, v1_0 ? 0 : size);
}

constexpr answer answer_partition_info_regs(machine& m, partition& p, const ffa::call_frame& frame) {
    const ffa::partition_info_get_regs_call call = *ffa::decode_partition_info_get_regs(frame);
    const std::uint16_t tag = m.rules.tagged_windows ? m.generation : std::uint16_t{0};
    if (p.version < ffa::version::v1_2) return refuse(ffa::error::not_supported);
    if (m.rules.tagged_windows && call.start == 0 && call.tag != 0) return refuse(ffa::error::invalid_parameters);
    if (call.start != 0 || call.tag != 0)
        if (call.tag != tag) return refuse(ffa::error::retry);
    ffa::partition_info_get_regs_answer a;
    a.descriptor_size = static_cast<std::uint16_t>(m.rules.descriptor_size);
    a.tag = tag;
    const std::uint32_t count = list_partitions(m, p, call.service, into_window{a, call.start});
    if (count == 0) return refuse(ffa::error::invalid_parameters);
    if (call.start >= count) return refuse(ffa::error::invalid_parameters);
    a.last_index = static_cast<std::uint16_t>(count - 1);
    return {ffa::encode(a), 18};
}

} // namespace vmsg::sim::detail
