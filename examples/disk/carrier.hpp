// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// What is between the two sides of the demo: two ends that carry frames, memory that one side shares and the other one
// maps, and whoever lets the device side run. One object for each `--over`; the sides do not know which.

#include <vmsg/bytes.hpp>
#include <vmsg/message/fifo.hpp>
#include <vmsg/proto/driver_types.hpp>
#include <vmsg/result.hpp>
#include <vmsg/revision.hpp>
#include <vmsg/time.hpp>
#include <vmsg/transport/transport.hpp>

#include "options.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace disk {

/// A `vmsg::transport` of which the rest of the demo does not know the type.
class wire_end {
public:
    virtual ~wire_end() = default;
    virtual std::size_t max_msg_size() const = 0;
    virtual vmsg::result<void> send(vmsg::ffa::endpoint_id peer, vmsg::byte_view frame, vmsg::instant now) = 0;
    virtual vmsg::result<vmsg::inbound> receive(vmsg::byte_span buffer, vmsg::instant now) = 0;
    virtual vmsg::instant poll_timeout() const = 0;
    virtual void follow(const vmsg::fifo_link& link) = 0;
};
static_assert(vmsg::transport<wire_end>);

/// The driver side's way to share memory.
class lender {
public:
    virtual ~lender() = default;
    /// Memory of the driver side; whole pages.
    virtual void own(vmsg::byte_span) {}
    /// Shares whole pages and gives their handle.
    virtual vmsg::result<std::uint64_t> share(vmsg::byte_span pages) = 0;
    /// Takes them back. An error while the device side still has access.
    virtual vmsg::result<void> reclaim(std::uint64_t handle) = 0;
    virtual std::size_t shared_regions() const = 0;
};

/// The device side's way to memory of which it knows the handle.
class borrower {
public:
    virtual ~borrower() = default;
    /// The memory behind a handle, if it has at least that many pages.
    virtual vmsg::result<vmsg::byte_span> map(std::uint64_t handle, std::uint32_t page_count) = 0;
    virtual void unmap(std::uint64_t handle) = 0;
};

/// The device side as a program that somebody runs.
class device_program {
public:
    virtual ~device_program() = default;
    /// Does one thing. Gives `now` if there was something to do, else when it has to run again.
    virtual vmsg::instant step(vmsg::instant now) = 0;
    /// An answer could not leave yet.
    virtual bool holds_answer() const = 0;
};

/// What is left after everything was taken down, and should not be.
struct leftovers {
    std::size_t shares = 0;  ///< memory that the manager still knows as shared
    std::size_t buffers = 0; ///< RX buffers that nobody has given back
    std::size_t total() const { return shares + buffers; }
};

class carrier {
public:
    virtual ~carrier() = default;

    virtual wire_end& driver_end() = 0;
    virtual wire_end& device_end() = 0;
    virtual lender& driver_memory() = 0;
    virtual borrower& device_memory() = 0;

    /// What both engines are told of the carrier.
    virtual vmsg::bus_feature features() const = 0;
    virtual vmsg::proto::retry_policy driver_policy() const { return {}; }
    virtual vmsg::proto::retry_policy device_policy() const { return vmsg::proto::device_retry_policy; }
    virtual vmsg::proto::fifo_offer fifo() const { return {}; }
    /// Device side: the rings that the driver has made. Gives the notification by which it hears of new entries.
    virtual vmsg::result<std::uint16_t> open_fifo(vmsg::byte_span) { return vmsg::errc::not_supported; }

    /// Lets the program run from now on; until then nothing of it is called. Once.
    virtual void start(device_program& program) = 0;
    /// Lets the device side do what it can. Gives `now` if it did something, else when it has to run again.
    virtual vmsg::instant run_device(vmsg::instant now) = 0;
    /// The device side starts anew: what it knew and had mapped is gone.
    virtual void restart_device() = 0;

    /// The end: what the carrier itself has shared or mapped is given back.
    virtual leftovers take_down() { return {}; }
    /// What it has counted, a line each; empty if that is nothing.
    virtual std::string report() const { return {}; }
    /// Calls that were about memory, so far.
    virtual std::uint64_t memory_calls() const { return 0; }
};

/// The carrier that the options name. Throws `failure` if the manager or the revision does not have what it needs.
std::unique_ptr<carrier> make_carrier(const options& chosen);

/// A transport as a `wire_end`.
template <vmsg::transport T> class end_over : public wire_end {
public:
    template <class... Args> explicit end_over(Args&&... args) : wire_(std::forward<Args>(args)...) {}

    std::size_t max_msg_size() const override { return wire_.max_msg_size(); }
    vmsg::result<void> send(vmsg::ffa::endpoint_id peer, vmsg::byte_view frame, vmsg::instant now) override {
        return wire_.send(peer, frame, now);
    }
    vmsg::result<vmsg::inbound> receive(vmsg::byte_span buffer, vmsg::instant now) override {
        return wire_.receive(buffer, now);
    }
    vmsg::instant poll_timeout() const override { return vmsg::timeout_of(wire_); }
    void follow(const vmsg::fifo_link& link) override { vmsg::detail::tell(wire_, link); }

    T& wire() { return wire_; }
    const T& wire() const { return wire_; }

private:
    T wire_;
};

} // namespace disk
