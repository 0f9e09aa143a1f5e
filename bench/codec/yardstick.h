/* SPDX-License-Identifier: BSD-2-Clause */
/* The eight messages by which the codec is measured: GET_DEVICE_INFO response, SET_VQUEUE request, GET_DEVICE_FEATURES
 * response with 2 blocks, SET_CONFIG request with 16 bytes, EVENT_AVAIL, GET_DEVICES response with a bitmap of 32
 * bytes, FFA_VERSION response, FFA_AREA_SHARE request. X(name in the benchmark, type in the library, revision). */
#ifndef VMSG_BENCH_YARDSTICK_H
#define VMSG_BENCH_YARDSTICK_H

#define YARDSTICK_MESSAGES(X, rev)                                                                                     \
    YARDSTICK_FIXED_MESSAGES(X, rev)                                                                                   \
    X(features, get_device_features_response, rev)                                                                     \
    X(set_config, set_config_request, rev)                                                                             \
    X(devices, get_devices_response, rev)

/* Those without a tail. */
#define YARDSTICK_FIXED_MESSAGES(X, rev)                                                                               \
    X(device_info, get_device_info_response, rev)                                                                      \
    X(set_vqueue, set_vqueue_request, rev)                                                                             \
    X(event_avail, event_avail, rev)                                                                                   \
    X(version, version_response, rev)                                                                                  \
    X(area_share, area_share_request, rev)

/* X(revision), for every revision or only for number YARDSTICK_ONLY. */
#if !defined(YARDSTICK_ONLY)
#    define YARDSTICK_REVISIONS(X) X(rfc2025) X(oasis_v1) X(oasis_v2)
#elif YARDSTICK_ONLY == 1
#    define YARDSTICK_REVISIONS(X) X(rfc2025)
#elif YARDSTICK_ONLY == 2
#    define YARDSTICK_REVISIONS(X) X(oasis_v1)
#else
#    define YARDSTICK_REVISIONS(X) X(oasis_v2)
#endif

#endif
