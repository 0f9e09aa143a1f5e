// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// Message ids and the one table that lists every message: name, kind, id (which implies the class) and direction.
// Source: virtio-msg, "Message Types"; FF-A bus ids: the Linux headers of the three revisions.

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace vmsg {

/// Who interprets a message. `transport` is the specification's word for messages between a driver and a device; the
/// carrier that takes them from one to the other is called transport in the rest of this library.
enum class msg_class : std::uint8_t {
    transport, ///< driver and device; type bit 1 clear
    bus,       ///< the two ends of any bus; type bit 1 set, ids 0x00..0x7f
    ffa_bus,   ///< the two ends of an FF-A bus; type bit 1 set, ids 0x80..0xff and the event acknowledgement
};

enum class msg_kind : std::uint8_t {
    request,  ///< wants one response
    response, ///< type bit 0 set
    event,    ///< wants none; id bit 6 set
};

enum class direction : std::uint8_t { driver_to_device, device_to_driver, either };

enum class transport_msg_id : std::uint8_t {
    get_device_info = 0x02,
    get_device_features = 0x03,
    set_driver_features = 0x04,
    get_config = 0x05,
    set_config = 0x06,
    get_device_status = 0x07,
    set_device_status = 0x08,
    get_vqueue = 0x09,
    set_vqueue = 0x0a,
    reset_vqueue = 0x0b,
    get_shm = 0x0c,
    event_config = 0x40,
    event_avail = 0x41,
    event_used = 0x42,
};

enum class bus_msg_id : std::uint8_t {
    get_devices = 0x02,
    ping = 0x03,
    event_device = 0x40,
};

enum class ffa_bus_msg_id : std::uint8_t {
    event_ack = 0x00, ///< only as a response
    version = 0x80,
    area_share = 0x81,
    area_unshare = 0x82,
    reset = 0x83,
    event_poll = 0x84,
    event_configure = 0x85,
    fifo_configure = 0x86,
    error = 0x87, ///< only as a response; the one bus message that may name a device
    event_area_release = 0xc0,
};

inline constexpr std::uint8_t type_response = 0x01; ///< type bit 0
inline constexpr std::uint8_t type_bus = 0x02;      ///< type bit 1
inline constexpr std::uint8_t type_bits = 0x03;     ///< the defined type bits; the others are ignored on receive
inline constexpr std::uint8_t event_id_bit = 0x40;  ///< message ids with this bit are events

/// One line of the table of messages.
struct message_row {
    const char* name{}; ///< without kind, in capitals; FF-A bus messages carry the prefix "FFA_"
    msg_class cls{};
    msg_kind kind{};
    std::uint8_t id{};
    direction dir{};

    /// The type byte on the wire.
    constexpr std::uint8_t type() const {
        return static_cast<std::uint8_t>((kind == msg_kind::response ? type_response : 0) |
                                         (cls == msg_class::transport ? 0 : type_bus));
    }
};

/// The row of message type `M`.
template <class M> struct row : message_row {
    consteval row(const char* text, msg_kind what, transport_msg_id number, direction way)
        : message_row{text, msg_class::transport, what, static_cast<std::uint8_t>(number), way} {}
    consteval row(const char* text, msg_kind what, bus_msg_id number, direction way)
        : message_row{text, msg_class::bus, what, static_cast<std::uint8_t>(number), way} {}
    consteval row(const char* text, msg_kind what, ffa_bus_msg_id number, direction way)
        : message_row{text, msg_class::ffa_bus, what, static_cast<std::uint8_t>(number), way} {}
};

/// A list of message types.
template <class... M> struct message_list { static constexpr std::size_t size = sizeof...(M); };

/// A row for each message type.
template <class... M> struct message_table : row<M>... { using messages = message_list<M...>; };
template <class... M> message_table(row<M>...) -> message_table<M...>;

struct get_device_info_request;
struct get_device_info_response;
struct get_device_features_request;
struct get_device_features_response;
struct set_driver_features_request;
struct set_driver_features_response;
struct get_config_request;
struct get_config_response;
struct set_config_request;
struct set_config_response;
struct get_device_status_request;
struct get_device_status_response;
struct set_device_status_request;
struct set_device_status_response;
struct get_vqueue_request;
struct get_vqueue_response;
struct set_vqueue_request;
struct set_vqueue_response;
struct reset_vqueue_request;
struct reset_vqueue_response;
struct get_shm_request;
struct get_shm_response;
struct event_config;
struct event_avail;
struct event_used;
struct get_devices_request;
struct get_devices_response;
struct ping_request;
struct ping_response;
struct event_device;
struct version_request;
struct version_response;
struct area_share_request;
struct area_share_response;
struct area_unshare_request;
struct area_unshare_response;
struct reset_request;
struct reset_response;
struct event_poll_request;
struct event_poll_response;
struct event_configure_request;
struct event_configure_response;
struct fifo_configure_request;
struct fifo_configure_response;
struct error_response;
struct event_area_release;
struct event_ack_response;

namespace detail {
using enum msg_kind;
using enum direction;

// clang-format off
inline constexpr message_table table{
    row<get_device_info_request>     {"GET_DEVICE_INFO",     request,  transport_msg_id::get_device_info,     driver_to_device},
    row<get_device_info_response>    {"GET_DEVICE_INFO",     response, transport_msg_id::get_device_info,     device_to_driver},
    row<get_device_features_request> {"GET_DEVICE_FEATURES", request,  transport_msg_id::get_device_features, driver_to_device},
    row<get_device_features_response>{"GET_DEVICE_FEATURES", response, transport_msg_id::get_device_features, device_to_driver},
    row<set_driver_features_request> {"SET_DRIVER_FEATURES", request,  transport_msg_id::set_driver_features, driver_to_device},
    row<set_driver_features_response>{"SET_DRIVER_FEATURES", response, transport_msg_id::set_driver_features, device_to_driver},
    row<get_config_request>          {"GET_CONFIG",          request,  transport_msg_id::get_config,          driver_to_device},
    row<get_config_response>         {"GET_CONFIG",          response, transport_msg_id::get_config,          device_to_driver},
    row<set_config_request>          {"SET_CONFIG",          request,  transport_msg_id::set_config,          driver_to_device},
    row<set_config_response>         {"SET_CONFIG",          response, transport_msg_id::set_config,          device_to_driver},
    row<get_device_status_request>   {"GET_DEVICE_STATUS",   request,  transport_msg_id::get_device_status,   driver_to_device},
    row<get_device_status_response>  {"GET_DEVICE_STATUS",   response, transport_msg_id::get_device_status,   device_to_driver},
    row<set_device_status_request>   {"SET_DEVICE_STATUS",   request,  transport_msg_id::set_device_status,   driver_to_device},
    row<set_device_status_response>  {"SET_DEVICE_STATUS",   response, transport_msg_id::set_device_status,   device_to_driver},
    row<get_vqueue_request>          {"GET_VQUEUE",          request,  transport_msg_id::get_vqueue,          driver_to_device},
    row<get_vqueue_response>         {"GET_VQUEUE",          response, transport_msg_id::get_vqueue,          device_to_driver},
    row<set_vqueue_request>          {"SET_VQUEUE",          request,  transport_msg_id::set_vqueue,          driver_to_device},
    row<set_vqueue_response>         {"SET_VQUEUE",          response, transport_msg_id::set_vqueue,          device_to_driver},
    row<reset_vqueue_request>        {"RESET_VQUEUE",        request,  transport_msg_id::reset_vqueue,        driver_to_device},
    row<reset_vqueue_response>       {"RESET_VQUEUE",        response, transport_msg_id::reset_vqueue,        device_to_driver},
    row<get_shm_request>             {"GET_SHM",             request,  transport_msg_id::get_shm,             driver_to_device},
    row<get_shm_response>            {"GET_SHM",             response, transport_msg_id::get_shm,             device_to_driver},
    row<event_config>                {"EVENT_CONFIG",        event,    transport_msg_id::event_config,        device_to_driver},
    row<event_avail>                 {"EVENT_AVAIL",         event,    transport_msg_id::event_avail,         driver_to_device},
    row<event_used>                  {"EVENT_USED",          event,    transport_msg_id::event_used,          device_to_driver},

    row<get_devices_request>         {"GET_DEVICES",         request,  bus_msg_id::get_devices,         driver_to_device},
    row<get_devices_response>        {"GET_DEVICES",         response, bus_msg_id::get_devices,         device_to_driver},
    row<ping_request>                {"PING",                request,  bus_msg_id::ping,                either},
    row<ping_response>               {"PING",                response, bus_msg_id::ping,                either},
    row<event_device>                {"EVENT_DEVICE",        event,    bus_msg_id::event_device,        device_to_driver},

    row<version_request>             {"FFA_VERSION",         request,  ffa_bus_msg_id::version,             driver_to_device},
    row<version_response>            {"FFA_VERSION",         response, ffa_bus_msg_id::version,             device_to_driver},
    row<area_share_request>          {"FFA_AREA_SHARE",      request,  ffa_bus_msg_id::area_share,          driver_to_device},
    row<area_share_response>         {"FFA_AREA_SHARE",      response, ffa_bus_msg_id::area_share,          device_to_driver},
    row<area_unshare_request>        {"FFA_AREA_UNSHARE",    request,  ffa_bus_msg_id::area_unshare,        driver_to_device},
    row<area_unshare_response>       {"FFA_AREA_UNSHARE",    response, ffa_bus_msg_id::area_unshare,        device_to_driver},
    row<reset_request>               {"FFA_RESET",           request,  ffa_bus_msg_id::reset,               driver_to_device},
    row<reset_response>              {"FFA_RESET",           response, ffa_bus_msg_id::reset,               device_to_driver},
    row<event_poll_request>          {"FFA_EVENT_POLL",      request,  ffa_bus_msg_id::event_poll,          driver_to_device},
    row<event_poll_response>         {"FFA_EVENT_POLL",      response, ffa_bus_msg_id::event_poll,          device_to_driver},
    row<event_configure_request>     {"FFA_EVENT_CONFIGURE", request,  ffa_bus_msg_id::event_configure,     driver_to_device},
    row<event_configure_response>    {"FFA_EVENT_CONFIGURE", response, ffa_bus_msg_id::event_configure,     device_to_driver},
    row<fifo_configure_request>      {"FFA_FIFO_CONFIGURE",  request,  ffa_bus_msg_id::fifo_configure,      driver_to_device},
    row<fifo_configure_response>     {"FFA_FIFO_CONFIGURE",  response, ffa_bus_msg_id::fifo_configure,      device_to_driver},
    row<error_response>              {"FFA_ERROR",           response, ffa_bus_msg_id::error,               device_to_driver},
    row<event_area_release>          {"FFA_AREA_RELEASE",    event,    ffa_bus_msg_id::event_area_release,  device_to_driver},
    row<event_ack_response>          {"FFA_EVENT_ACK",       response, ffa_bus_msg_id::event_ack,           device_to_driver},
};
// clang-format on
} // namespace detail

/// All message types, in the order of the table.
using all_messages = decltype(detail::table)::messages;

/// A type that stands in the table.
template <class M>
concept message = std::is_base_of_v<row<M>, std::remove_const_t<decltype(detail::table)>>;

/// The table row of message type `M`.
template <message M> inline constexpr message_row row_of = static_cast<const row<M>&>(detail::table);

namespace detail {

template <class Request, class... M> struct response_among;
template <class Request, class M, class... Rest> struct response_among<Request, M, Rest...> {
    static constexpr bool answers = row_of<M>.kind == msg_kind::response && row_of<M>.cls == row_of<Request>.cls &&
                                    row_of<M>.id == row_of<Request>.id;
    using type = typename std::conditional_t<answers, std::type_identity<M>, response_among<Request, Rest...>>::type;
};
template <class Request, class... M> response_among<Request, M...> search_response(message_list<M...>);

} // namespace detail

/// The message that answers `Request`.
template <message Request>
using response_of = typename decltype(detail::search_response<Request>(all_messages{}))::type;

} // namespace vmsg
