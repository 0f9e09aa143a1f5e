// SPDX-License-Identifier: BSD-2-Clause
#pragma once
// What every program does around its work: no output where it does not belong, one line for what went wrong, an exit
// status that says so.

#include <fcntl.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <exception>

namespace program {

inline constexpr int failure_status = 1;
inline constexpr int usage_status = 2;

/// One line on standard error; the exit status for it.
inline int failed(const char* name, const char* what) {
    std::fputs(name, stderr);
    std::fputs(": ", stderr);
    std::fputs(what, stderr);
    std::fputc('\n', stderr);
    return failure_status;
}

/// Opens what is closed of the three standard streams, for reading: no file that is opened later gets its number, and
/// a write to it still fails.
inline void hold_standard_streams() {
    for (int stream = 0; stream < 3; ++stream)
        if (fcntl(stream, F_GETFD) == -1 && errno == EBADF) static_cast<void>(open("/dev/null", O_RDONLY));
}

/// The exit status of the program `name`, whose work is `work()`. An exception, or a standard stream that cannot be
/// used, is told in one line.
template <class Work> int run(const char* name, Work work) {
    hold_standard_streams();
    std::signal(SIGXFSZ, SIG_IGN); // a write beyond the limit gives an error instead
    int status = failure_status;
    const char* wrong = nullptr;
    try {
        status = work();
    } catch (const std::exception& error) {
        if (std::ferror(stdout) == 0) status = failed(name, error.what());
    }
    if (std::ferror(stdin) != 0) wrong = "cannot read standard input";
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) wrong = "cannot write to standard output";
    return wrong != nullptr ? failed(name, wrong) : status;
}

} // namespace program
