# The third-party libraries, as Debian and Ubuntu package them. What the client library needs comes first.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
pkg_check_modules(NATS REQUIRED IMPORTED_TARGET libnats)

# Debian 12 calls the configuration FlatBuffers, Debian 13 flatbuffers.
find_package(flatbuffers NAMES flatbuffers FlatBuffers CONFIG REQUIRED)

if(WEIR_BUILD_PROGRAMS OR WEIR_BUILD_TESTS)
  find_package(Boost 1.74 CONFIG REQUIRED)
  if(WEIR_SANITIZE MATCHES "thread")
    # The thread sanitizer knows no fences (a warning of GCC, so an error here). Asio's only add to its mutexes.
    set_property(TARGET Boost::headers APPEND PROPERTY INTERFACE_COMPILE_DEFINITIONS BOOST_ASIO_DISABLE_FENCED_BLOCK)
  endif()
  find_package(spdlog REQUIRED)
  find_package(fmt REQUIRED)
  find_package(yaml-cpp REQUIRED)
  find_package(CLI11 REQUIRED)
  find_package(nlohmann_json REQUIRED)
  find_package(ZLIB REQUIRED)
  pkg_check_modules(ISAL REQUIRED IMPORTED_TARGET libisal)
  # The namespaced target comes with yaml-cpp 0.8.
  if(NOT TARGET yaml-cpp::yaml-cpp)
    add_library(yaml-cpp::yaml-cpp ALIAS yaml-cpp)
  endif()
endif()
if(WEIR_BUILD_TESTS)
  find_package(GTest REQUIRED)
endif()
