# SPDX-License-Identifier: BSD-2-Clause
# What this project's own programs are compiled with; users of the headers choose for themselves.
add_library(vmsg_warnings INTERFACE)
target_compile_options(
  vmsg_warnings INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow
                          -Wold-style-cast -Wnon-virtual-dtor -Werror>)
