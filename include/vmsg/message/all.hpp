// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// Every message.

#include <vmsg/message/bus.hpp>
#include <vmsg/message/config_space.hpp>
#include <vmsg/message/device_info.hpp>
#include <vmsg/message/event.hpp>
#include <vmsg/message/features.hpp>
#include <vmsg/message/ffa_bus.hpp>
#include <vmsg/message/shm.hpp>
#include <vmsg/message/status.hpp>
#include <vmsg/message/vqueue.hpp>
