# SPDX-License-Identifier: BSD-2-Clause
# cmake -D OUT=FILE -P headers.cmake: writes a translation unit that includes every portable header.
include(${CMAKE_CURRENT_LIST_DIR}/../../cmake/headers.cmake)
set(text "// Every portable header.\n")
foreach(header IN LISTS VMSG_PORTABLE_HEADERS)
  string(REGEX REPLACE "^include/" "" header ${header})
  string(APPEND text "#include <${header}>\n")
endforeach()
file(WRITE ${OUT} "${text}")
