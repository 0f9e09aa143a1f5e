# SPDX-License-Identifier: BSD-2-Clause
# A big-endian machine: clang, with the library and the linker of Debian's cross compiler; programs run by qemu-user.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR s390x)
set(CMAKE_CXX_COMPILER clang++)
set(CMAKE_CXX_COMPILER_TARGET s390x-linux-gnu)
set(CMAKE_CXX_FLAGS_INIT -DVMSG_TEST_BIG_ENDIAN)
set(CMAKE_EXE_LINKER_FLAGS_INIT -static)
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-s390x)
