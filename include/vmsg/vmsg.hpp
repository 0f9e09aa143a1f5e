// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// Everything portable.

#include <vmsg/bytes.hpp>
#include <vmsg/codec.hpp>
#include <vmsg/config.hpp>
#include <vmsg/explain.hpp>
#include <vmsg/ffa/call_frame.hpp>
#include <vmsg/ffa/direct.hpp>
#include <vmsg/ffa/endpoint_id.hpp>
#include <vmsg/ffa/explain.hpp>
#include <vmsg/ffa/function_id.hpp>
#include <vmsg/ffa/indirect.hpp>
#include <vmsg/ffa/version.hpp>
#include <vmsg/frame.hpp>
#include <vmsg/message/all.hpp>
#include <vmsg/message/fifo.hpp>
#include <vmsg/message/inbound.hpp>
#include <vmsg/message/info.hpp>
#include <vmsg/proto/device.hpp>
#include <vmsg/proto/driver.hpp>
#include <vmsg/result.hpp>
#include <vmsg/revision.hpp>
#include <vmsg/snapshot.hpp>
#include <vmsg/text.hpp>
#include <vmsg/time.hpp>
#include <vmsg/transport/loopback.hpp>
#include <vmsg/transport/transport.hpp>
#include <vmsg/uuid.hpp>
#include <vmsg/version.hpp>
#include <vmsg/wire.hpp>
