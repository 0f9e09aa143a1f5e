// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// What surrounds a message on its way: nothing, the registers of a direct FF-A message, or the header of an indirect
// one.

#include <vmsg/ffa/endpoint_id.hpp>
#include <vmsg/message/ids.hpp>
#include <vmsg/uuid.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace tool {

/// The value of `--as`. `send2` is read in either form; one of the other two is written.
enum class carriage { message, direct, send2, send2_1_1, send2_1_2 };

/// The names that each verb takes.
inline const std::map<std::string, carriage> decode_carriages{
    {"message", carriage::message}, {"direct", carriage::direct}, {"send2", carriage::send2}};
inline const std::map<std::string, carriage> encode_carriages{{"message", carriage::message},
                                                              {"direct", carriage::direct},
                                                              {"send2-1.1", carriage::send2_1_1},
                                                              {"send2-1.2", carriage::send2_1_2}};

/// A frame as it was delivered.
struct delivery {
    std::vector<std::uint8_t> bytes; ///< from the first byte of the message on
    std::size_t size{};              ///< how many of them the carrier counts to the message
    bool padded{};                   ///< whether zero bytes may follow the message, up to the end of `bytes`
};

/// Takes the frame out of what the user gave. Throws `rejected`.
delivery unpack(carriage how, std::string_view text);

/// Who sends to whom.
struct address {
    vmsg::ffa::endpoint_id src{};
    vmsg::ffa::endpoint_id dst{};
    vmsg::uuid service{};
};

/// A frame as the user gets it. Throws `rejected`.
std::string pack(carriage how, const address& to, vmsg::msg_kind kind, const std::vector<std::uint8_t>& frame);

} // namespace tool
