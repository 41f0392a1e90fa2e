# SPDX-License-Identifier: Apache-2.0
# Compiler settings, dependencies, and the three functions that every CMakeLists.txt below uses:
# ix_module (a folder of src/), ix_program (something to install), ix_test (a test on given rank counts).

include(${CMAKE_CURRENT_LIST_DIR}/build_info.cmake)

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()

add_library(ix_flags INTERFACE)
target_include_directories(ix_flags INTERFACE ${PROJECT_SOURCE_DIR}/src)
target_compile_definitions(ix_flags INTERFACE _GNU_SOURCE)
# No fast-math: we look for NaN and compare runs. The two exceptions leave every result as it is.
# Fused multiply-add is allowed only where a kernel says so (src/tensor).
target_compile_options(ix_flags INTERFACE
  -Wall -Wextra -Wshadow -Wconversion -Werror -fno-math-errno -fno-trapping-math -ffp-contract=off)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  target_compile_options(ix_flags INTERFACE -march=x86-64-v3)
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Debug")
  target_compile_definitions(ix_flags INTERFACE IX_DEBUG)
endif()
if(IMPEX_SANITIZE)
  target_compile_options(ix_flags INTERFACE -O1 -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
  target_link_options(ix_flags INTERFACE -fsanitize=address,undefined)
  # Open MPI and its plugins leak a little at exit; tests/lsan.supp names them, so our own leaks still fail.
  set(IX_SANITIZER_ENVIRONMENT "ASAN_OPTIONS=detect_leaks=1:fast_unwind_on_malloc=0:allocator_may_return_null=1"
    "LSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tests/lsan.supp:print_suppressions=0"
    "UBSAN_OPTIONS=print_stacktrace=1")
endif()
if(IMPEX_COVERAGE)
  target_compile_options(ix_flags INTERFACE --coverage)
  target_link_options(ix_flags INTERFACE --coverage)
endif()

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
find_package(OpenMP REQUIRED COMPONENTS C)
find_package(MPI REQUIRED COMPONENTS C)
find_package(PkgConfig REQUIRED)
pkg_check_modules(YAML REQUIRED IMPORTED_TARGET yaml-0.1)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)
pkg_check_modules(UTF8PROC REQUIRED IMPORTED_TARGET libutf8proc)
pkg_check_modules(CRYPTO REQUIRED IMPORTED_TARGET libcrypto)
pkg_search_module(HDF5 REQUIRED IMPORTED_TARGET hdf5-serial hdf5)
find_library(HDF5_HL_LIBRARY NAMES hdf5_serial_hl hdf5_hl REQUIRED)
pkg_check_modules(CMOCKA IMPORTED_TARGET cmocka)
find_library(BLIS_LIBRARY blis REQUIRED)
find_library(SLEEF_LIBRARY sleef REQUIRED)

# ix_module(name [MODULES m...] [LIBRARIES l...] [FLAGS f...]): every .c file of this folder becomes library ix_<name>.
function(ix_module name)
  cmake_parse_arguments(arg "" "" "MODULES;LIBRARIES;FLAGS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.c)
  if(NOT sources)
    add_library(ix_${name} INTERFACE)
    set(scope INTERFACE)
  else()
    add_library(ix_${name} STATIC ${sources})
    set(scope PUBLIC)
    target_compile_options(ix_${name} PRIVATE ${arg_FLAGS})
  endif()
  list(TRANSFORM arg_MODULES PREPEND ix_)
  target_link_libraries(ix_${name} ${scope} ix_flags ${arg_MODULES} ${arg_LIBRARIES} m)
endfunction()

# ix_program(name SOURCES f... MODULES m...): an executable that `cmake --install` installs.
function(ix_program name)
  cmake_parse_arguments(arg "" "" "SOURCES;MODULES" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  list(TRANSFORM arg_MODULES PREPEND ix_)
  target_link_libraries(${name} PRIVATE ix_flags ${arg_MODULES})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})
  install(TARGETS ${name} RUNTIME)
endfunction()

# ix_test(file.c MODULES m... [RANKS n...] [PARTS p...] [LABELS l...] [TIMEOUT s]): one program, run once per rank
# count. Without RANKS it runs alone, without a launcher; once per part if parts are named, with the part's name as
# its argument. Exit 0 passed, 77 skipped.
function(ix_test source)
  if(NOT TARGET PkgConfig::CMOCKA)
    message(FATAL_ERROR "the tests need cmocka (libcmocka-dev); -DIMPEX_TESTS=OFF builds without them")
  endif()
  cmake_parse_arguments(arg "" "TIMEOUT" "MODULES;RANKS;PARTS;LABELS" ${ARGN})
  get_filename_component(folder ${CMAKE_CURRENT_SOURCE_DIR} NAME)
  get_filename_component(base ${source} NAME_WE)
  set(program ${folder}_${base})
  add_executable(${program} ${source})
  if(IMPEX_SANITIZE)
    target_sources(${program} PRIVATE ${PROJECT_SOURCE_DIR}/tests/keep_plugins.c)
  endif()
  list(TRANSFORM arg_MODULES PREPEND ix_)
  target_link_libraries(${program} PRIVATE ix_flags ${arg_MODULES} PkgConfig::CMOCKA)
  target_include_directories(${program} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  target_compile_definitions(${program} PRIVATE IX_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  foreach(part IN LISTS arg_PARTS)
    ix_add_test(${folder}/${base}-${part} "${arg_LABELS}" ${arg_TIMEOUT} $<TARGET_FILE:${program}> ${part})
  endforeach()
  if(NOT arg_RANKS AND NOT arg_PARTS)
    ix_add_test(${folder}/${base} "${arg_LABELS}" ${arg_TIMEOUT} $<TARGET_FILE:${program}>)
  endif()
  foreach(n IN LISTS arg_RANKS)
    ix_add_test(${folder}/${base}-${n} "${arg_LABELS}" ${arg_TIMEOUT}
      ${MPIEXEC_EXECUTABLE} ${MPIEXEC_NUMPROC_FLAG} ${n} $<TARGET_FILE:${program}>)
    set_tests_properties(${folder}/${base}-${n} PROPERTIES PROCESSORS ${n})
  endforeach()
endfunction()

# ix_add_test(name labels timeout command...): any command as a test, with the environment tests need.
function(ix_add_test name labels timeout)
  add_test(NAME ${name} COMMAND ${PROJECT_SOURCE_DIR}/scripts/with-environment ${ARGN})
  set_tests_properties(${name} PROPERTIES LABELS "${labels}" TIMEOUT ${timeout} SKIP_RETURN_CODE 77
    ENVIRONMENT "OMP_NUM_THREADS=1;IMPEX_SHARED=$ENV{IMPEX_SHARED};${IX_SANITIZER_ENVIRONMENT}")
endfunction()
