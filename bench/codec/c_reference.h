/* SPDX-License-Identifier: BSD-2-Clause */
/* The C reference: the eight yardstick messages the way a C kernel driver writes them, from packed little-endian
 * structs, with every check that the library makes. Host structures here; the code is in c_reference.inc, which is
 * compiled once for each revision. */
#ifndef VMSG_BENCH_C_REFERENCE_H
#define VMSG_BENCH_C_REFERENCE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { C_MAX_TAIL = 96 };

struct c_header {
    uint16_t dev_num;
    uint16_t token;
};

struct c_device_info {
    uint32_t device_id, vendor_id;
    uint8_t device_uuid[16];
    uint32_t num_feature_blocks, num_feature_bits;
    uint32_t config_size, max_virtqueues, admin_vq_start, admin_vq_count;
};

struct c_set_vqueue {
    uint32_t index, flags, size, reserved;
    uint64_t descriptor_addr, driver_addr, device_addr;
};

struct c_features {
    uint32_t block_index, num_blocks;
    uint32_t features[C_MAX_TAIL / 4];
};

struct c_set_config {
    uint32_t generation, offset, length;
    uint8_t config[C_MAX_TAIL];
};

struct c_event_avail {
    uint32_t vq_index, next_offset;
};

struct c_devices {
    uint16_t offset, next_offset, count;
    uint8_t bitmap[C_MAX_TAIL];
};

struct c_version {
    uint32_t bus_version, transport_revision, ffa_version, feature_bits, bus_features;
    uint16_t max_areas;
};

struct c_area_share {
    uint16_t area_id;
    uint64_t mem_handle, mem_tag;
    uint32_t page_count, sharing_attrs;
};

/* encode: bytes written or a negative errno. decode: 0 or a negative errno. */
#define C_DECLARE(prefix, rev, name)                                                                                   \
    int prefix##_encode_##name##_##rev(uint8_t* out, size_t room, const struct c_header* h, const struct c_##name* m); \
    int prefix##_decode_##name##_##rev(const uint8_t* in, size_t size, struct c_header* h, struct c_##name* m);
#define C_DECLARE_EIGHT(prefix, rev)                                                                                   \
    C_DECLARE(prefix, rev, device_info)                                                                                \
    C_DECLARE(prefix, rev, set_vqueue)                                                                                 \
    C_DECLARE(prefix, rev, features)                                                                                   \
    C_DECLARE(prefix, rev, set_config)                                                                                 \
    C_DECLARE(prefix, rev, event_avail)                                                                                \
    C_DECLARE(prefix, rev, devices)                                                                                    \
    C_DECLARE(prefix, rev, version)                                                                                    \
    C_DECLARE(prefix, rev, area_share)
/* c: everything inline; cool: prepare and validate of the header in another translation unit, as kernels call them. */
C_DECLARE_EIGHT(c, rfc2025)
C_DECLARE_EIGHT(c, oasis_v1)
C_DECLARE_EIGHT(c, oasis_v2)
C_DECLARE_EIGHT(cool, rfc2025)
C_DECLARE_EIGHT(cool, oasis_v1)
C_DECLARE_EIGHT(cool, oasis_v2)

#ifdef __cplusplus
}
#endif

#endif
