# What every target of the tree shares: flags, where programs land, how tests and adapters are declared.
include(GNUInstallDirs)
include(GoogleTest OPTIONAL)

# The build tree has the layout of an installation, so that programs find each other the same way in both:
#   bin/postrider   libexec/postrider/<helper>   lib/postrider/adapters/<network>.so
set(POSTRIDER_BIN_DIR ${CMAKE_BINARY_DIR}/bin)
set(POSTRIDER_LIBEXEC_DIR ${CMAKE_BINARY_DIR}/libexec/postrider)
set(POSTRIDER_MODULE_DIR ${CMAKE_BINARY_DIR}/lib/postrider/adapters)

find_program(POSTRIDER_CCACHE ccache)
if(POSTRIDER_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${POSTRIDER_CCACHE})
endif()
find_program(POSTRIDER_MOLD mold)
if(POSTRIDER_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

if(POSTRIDER_SANITIZE)
  add_compile_options(-fsanitize=${POSTRIDER_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${POSTRIDER_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    # clang 14 cannot represent this check across the sections that coroutines are put in.
    add_compile_options(-fno-sanitize=function)
    add_link_options(-fno-sanitize=function)
  endif()
endif()

if(POSTRIDER_FUZZ)
  # Everything counts its edges, so that a fuzzer sees into the libraries that it is linked with.
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

# Flags for one target of ours.
function(postrider_defaults target)
  target_compile_features(${target} PUBLIC cxx_std_20)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor)
  if(POSTRIDER_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # g++ 12 at -O2 takes the frames of Asio's coroutines for memory that one function allocates and another's frees.
    target_compile_options(${target} PRIVATE $<$<NOT:$<CONFIG:Debug>>:-Wno-mismatched-new-delete>)
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_UNITY_BUILD)
    # In a unity build the file that holds a coroutine is an included one, and its lambdas look like a header's.
    target_compile_options(${target} PRIVATE -Wno-subobject-linkage)
  endif()
  # Boost.DLL with the standard library's filesystem; Asio without its deprecated names.
  target_compile_definitions(${target} PRIVATE BOOST_DLL_USE_STD_FS BOOST_ASIO_NO_DEPRECATED)
endfunction()

# postrider_library(NAME core SOURCES ... LINKS ... PRIVATE_LINKS ...): the target postrider_core, alias
# postrider::core, with ./include as its public root and ./src as its private one.
function(postrider_library)
  cmake_parse_arguments(arg "" "NAME" "SOURCES;LINKS;PRIVATE_LINKS" ${ARGN})
  add_library(postrider_${arg_NAME} STATIC ${arg_SOURCES})
  add_library(postrider::${arg_NAME} ALIAS postrider_${arg_NAME})
  postrider_defaults(postrider_${arg_NAME})
  target_include_directories(postrider_${arg_NAME}
    PUBLIC $<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/include>
    PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/src)
  target_link_libraries(postrider_${arg_NAME} PUBLIC ${arg_LINKS} PRIVATE ${arg_PRIVATE_LINKS})
endfunction()

# postrider_helper(NAME probe SOURCES ... LINKS ...): a program beside the binary, in libexec.
function(postrider_helper)
  cmake_parse_arguments(arg "" "NAME" "SOURCES;LINKS" ${ARGN})
  add_executable(postrider-${arg_NAME} ${arg_SOURCES})
  postrider_defaults(postrider-${arg_NAME})
  target_link_libraries(postrider-${arg_NAME} PRIVATE ${arg_LINKS})
  set_target_properties(postrider-${arg_NAME} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${POSTRIDER_LIBEXEC_DIR})
  install(TARGETS postrider-${arg_NAME} RUNTIME DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/postrider)
endfunction()

# postrider_adapter(NAME x SOURCES ... MODULE_SOURCE module.cpp LINKS ...): one adapter, compiled once and linked twice:
# postrider::adapter_x (static, for tests) and lib/postrider/adapters/x.so (what the program loads).
function(postrider_adapter)
  cmake_parse_arguments(arg "" "NAME;MODULE_SOURCE" "SOURCES;LINKS" ${ARGN})
  set(static postrider_adapter_${arg_NAME})
  add_library(${static} STATIC ${arg_SOURCES})
  add_library(postrider::adapter_${arg_NAME} ALIAS ${static})
  postrider_defaults(${static})
  target_include_directories(${static} PUBLIC ${CMAKE_CURRENT_SOURCE_DIR}/..)
  target_link_libraries(${static} PUBLIC postrider::adapter_api ${arg_LINKS})
  set_target_properties(${static} PROPERTIES CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)

  add_library(${static}_module MODULE ${arg_MODULE_SOURCE})
  postrider_defaults(${static}_module)
  target_link_libraries(${static}_module PRIVATE ${static})
  set_target_properties(${static}_module PROPERTIES
    PREFIX "" OUTPUT_NAME ${arg_NAME} LIBRARY_OUTPUT_DIRECTORY ${POSTRIDER_MODULE_DIR}
    CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  install(TARGETS ${static}_module LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/postrider/adapters)
  set_property(GLOBAL APPEND PROPERTY POSTRIDER_RUNTIME_TARGETS ${static}_module)
endfunction()

# postrider_simulated(NAME x SOURCES ... LINKS ...): a network for the simulator, linked whole because nothing names it.
function(postrider_simulated)
  cmake_parse_arguments(arg "" "NAME" "SOURCES;LINKS" ${ARGN})
  set(target postrider_simulated_${arg_NAME})
  add_library(${target} OBJECT ${arg_SOURCES})
  postrider_defaults(${target})
  target_link_libraries(${target} PUBLIC postrider::simulate_ground ${arg_LINKS})
  set_property(GLOBAL APPEND PROPERTY POSTRIDER_SIMULATED_NETWORKS ${target})
endfunction()

# postrider_test(NAME core_rate SOURCES ... LINKS ... [LABELS slow]): one GoogleTest program, its cases known to ctest.
function(postrider_test)
  cmake_parse_arguments(arg "" "NAME" "SOURCES;LINKS;LABELS;DEFINITIONS;DEPENDS" ${ARGN})
  if(NOT POSTRIDER_TESTS)
    return()
  endif()
  add_executable(${arg_NAME}_test ${arg_SOURCES})
  postrider_defaults(${arg_NAME}_test)
  target_link_libraries(${arg_NAME}_test PRIVATE ${arg_LINKS} GTest::gtest GTest::gmock GTest::gtest_main)
  target_compile_definitions(${arg_NAME}_test PRIVATE
    POSTRIDER_SOURCE_DIR="${CMAKE_SOURCE_DIR}" POSTRIDER_BUILD_DIR="${CMAKE_BINARY_DIR}" ${arg_DEFINITIONS})
  set_target_properties(${arg_NAME}_test PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  if(arg_DEPENDS)
    add_dependencies(${arg_NAME}_test ${arg_DEPENDS})
  endif()
  set(labels quick)  # an empty label would swallow the property after it
  if(arg_LABELS)
    set(labels "${arg_LABELS}")
  endif()
  gtest_discover_tests(${arg_NAME}_test TEST_PREFIX "${arg_NAME}." DISCOVERY_MODE PRE_TEST
    PROPERTIES LABELS "${labels}" TIMEOUT 300)
endfunction()

# postrider_fuzzer(NAME x SOURCES ... LINKS ... CORPUS folder [DICTIONARY file]): the libFuzzer program fuzz/x of the build
# tree, and beside it x.arguments, by which ./dev finds its seeds and its dictionary. Only where POSTRIDER_FUZZ is on.
function(postrider_fuzzer)
  cmake_parse_arguments(arg "" "NAME;CORPUS;DICTIONARY" "SOURCES;LINKS;DEFINITIONS" ${ARGN})
  if(NOT POSTRIDER_FUZZ)
    return()
  endif()
  add_executable(fuzz_${arg_NAME} ${arg_SOURCES})
  postrider_defaults(fuzz_${arg_NAME})
  target_include_directories(fuzz_${arg_NAME} PRIVATE ${CMAKE_SOURCE_DIR}/core/fuzz)
  target_link_libraries(fuzz_${arg_NAME} PRIVATE ${arg_LINKS})
  target_compile_definitions(fuzz_${arg_NAME} PRIVATE ${arg_DEFINITIONS})
  target_link_options(fuzz_${arg_NAME} PRIVATE -fsanitize=fuzzer)
  set_target_properties(fuzz_${arg_NAME} PROPERTIES
    OUTPUT_NAME ${arg_NAME} RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
  set(arguments "${CMAKE_CURRENT_SOURCE_DIR}/${arg_CORPUS}\n")
  if(arg_DICTIONARY)
    string(APPEND arguments "-dict=${CMAKE_CURRENT_SOURCE_DIR}/${arg_DICTIONARY}\n")
  endif()
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/fuzz/${arg_NAME}.arguments CONTENT "${arguments}" @ONLY)
  set_property(GLOBAL APPEND PROPERTY POSTRIDER_FUZZERS fuzz_${arg_NAME})
endfunction()
