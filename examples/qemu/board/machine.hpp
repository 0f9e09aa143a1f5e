// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// Where things are on the machine `virt` of QEMU with `secure=on`, and where this example puts its three programs.
// The linker scripts of the programs have the same addresses.

#include <cstddef>
#include <cstdint>

namespace board {

inline constexpr std::uint64_t flash = 0; ///< the monitor; only the secure world sees it
inline constexpr std::uint64_t interrupt_controller =
    0x0800'0000;                                            ///< GICv2: distributor, and the CPU interface behind it
inline constexpr std::uint64_t uart = 0x0900'0000;          ///< PL011
inline constexpr std::uint64_t secure_memory = 0x0e00'0000; ///< 16 MiB: data of the monitor, then the partition
inline constexpr std::uint64_t partition_base = 0x0e20'0000;
inline constexpr std::uint64_t partition_data = 0x0e40'0000;
inline constexpr std::uint64_t secure_memory_end = 0x0f00'0000;
inline constexpr std::uint64_t memory = 0x4000'0000; ///< the normal world's
inline constexpr std::uint64_t hypervisor_base = 0x4010'0000;
inline constexpr std::uint64_t driver_base = 0x4020'0000;
inline constexpr std::uint64_t driver_data = 0x4040'0000;
inline constexpr std::uint64_t driver_end = 0x4060'0000;
inline constexpr std::uint64_t settings_address = 0x4ff0'0000; ///< `settings`
inline constexpr std::uint64_t disk = 0x5000'0000;             ///< the image; the window of examples/qemu/run
inline constexpr std::uint64_t memory_end = 0x6000'0000;

/// How the driver makes its calls, and at which exception level it runs.
enum class conduit_kind : std::uint64_t {
    smc,     ///< SMC at EL1
    smc_el2, ///< SMC at EL2
    hvc,     ///< HVC at EL1, relayed by EL2
    trapped, ///< SMC at EL1, trapped and relayed by EL2
};

/// What goes otherwise than usual. The table in faults.inc has the names and what each means.
enum class fault : std::uint64_t {
    none,
#define BOARD_FAULT(name, text, what) name,
#include "../faults.inc"
#undef BOARD_FAULT
};

/// What examples/qemu/run writes into memory before the machine starts.
struct settings {
    std::uint64_t conduit; ///< `conduit_kind`
    std::uint64_t what;    ///< `fault`
    std::uint64_t size;    ///< bytes of the disk image
};

} // namespace board
