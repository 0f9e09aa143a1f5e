# SPDX-License-Identifier: BSD-2-Clause
# Every header, by the target that offers it.
set(VMSG_PORTABLE_HEADERS
    include/vmsg/bytes.hpp
    include/vmsg/codec.hpp
    include/vmsg/config.hpp
    include/vmsg/explain.hpp
    include/vmsg/feature.hpp
    include/vmsg/ffa/call_frame.hpp
    include/vmsg/ffa/direct.hpp
    include/vmsg/ffa/endpoint_id.hpp
    include/vmsg/ffa/explain.hpp
    include/vmsg/ffa/function_id.hpp
    include/vmsg/ffa/indirect.hpp
    include/vmsg/ffa/version.hpp
    include/vmsg/frame.hpp
    include/vmsg/message/all.hpp
    include/vmsg/message/bus.hpp
    include/vmsg/message/bus_address.hpp
    include/vmsg/message/config_space.hpp
    include/vmsg/message/device_info.hpp
    include/vmsg/message/event.hpp
    include/vmsg/message/features.hpp
    include/vmsg/message/ffa_bus.hpp
    include/vmsg/message/fifo.hpp
    include/vmsg/message/header.hpp
    include/vmsg/message/ids.hpp
    include/vmsg/message/inbound.hpp
    include/vmsg/message/info.hpp
    include/vmsg/message/shm.hpp
    include/vmsg/message/status.hpp
    include/vmsg/message/vqueue.hpp
    include/vmsg/proto/any_device.hpp
    include/vmsg/proto/device.hpp
    include/vmsg/proto/device_areas.hpp
    include/vmsg/proto/device_directory.hpp
    include/vmsg/proto/device_model.hpp
    include/vmsg/proto/device_rules.hpp
    include/vmsg/proto/device_table.hpp
    include/vmsg/proto/driver.hpp
    include/vmsg/proto/driver_areas.hpp
    include/vmsg/proto/driver_rules.hpp
    include/vmsg/proto/driver_types.hpp
    include/vmsg/proto/drop_counters.hpp
    include/vmsg/proto/negotiation.hpp
    include/vmsg/proto/negotiator.hpp
    include/vmsg/proto/number_map.hpp
    include/vmsg/proto/recognition.hpp
    include/vmsg/proto/requests.hpp
    include/vmsg/proto/retry_policy.hpp
    include/vmsg/random.hpp
    include/vmsg/result.hpp
    include/vmsg/revision.hpp
    include/vmsg/session/clock.hpp
    include/vmsg/session/driver_session.hpp
    include/vmsg/snapshot.hpp
    include/vmsg/tail.hpp
    include/vmsg/text.hpp
    include/vmsg/time.hpp
    include/vmsg/transport/fault_injector.hpp
    include/vmsg/transport/loopback.hpp
    include/vmsg/transport/tracer.hpp
    include/vmsg/transport/transport.hpp
    include/vmsg/uuid.hpp
    include/vmsg/version.hpp
    include/vmsg/virtio/bitmap.hpp
    include/vmsg/virtio/block.hpp
    include/vmsg/virtio/block_device.hpp
    include/vmsg/virtio/block_driver.hpp
    include/vmsg/virtio/buffer.hpp
    include/vmsg/virtio/chain.hpp
    include/vmsg/virtio/console.hpp
    include/vmsg/virtio/console_device.hpp
    include/vmsg/virtio/console_driver.hpp
    include/vmsg/virtio/device_queue.hpp
    include/vmsg/virtio/dma_pool.hpp
    include/vmsg/virtio/driver_queue.hpp
    include/vmsg/virtio/entropy.hpp
    include/vmsg/virtio/feature.hpp
    include/vmsg/virtio/notifications.hpp
    include/vmsg/virtio/queue_fault.hpp
    include/vmsg/virtio/resolver.hpp
    include/vmsg/virtio/shared_memory.hpp
    include/vmsg/virtio/split_layout.hpp
    include/vmsg/vmsg.hpp
    include/vmsg/wire.hpp)
set(VMSG_FMT_HEADERS include/vmsg/fmt.hpp)

# A header that no target offers would be neither verified nor installed.
function(vmsg_check_headers_are_listed)
  file(GLOB_RECURSE on_disk RELATIVE ${PROJECT_SOURCE_DIR} CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/include/*)
  foreach(header IN LISTS on_disk)
    if(NOT header IN_LIST VMSG_PORTABLE_HEADERS AND NOT header IN_LIST VMSG_FMT_HEADERS)
      message(FATAL_ERROR "${header} is in no file set: list it in cmake/headers.cmake")
    endif()
  endforeach()
endfunction()
