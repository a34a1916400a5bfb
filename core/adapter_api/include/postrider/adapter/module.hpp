// The one C function that an adapter module exports, and the tag by which both sides know that they
// fit together.
#pragma once

#include <postrider/adapter/adapter.hpp>

#include <boost/version.hpp>

#include <cstdint>

namespace postrider::adapter {

/// Raised whenever a type of adapter_api changes its layout or meaning.
inline constexpr std::uint32_t interface_number = 1;

#define POSTRIDER_TEXT_(x) #x
#define POSTRIDER_TEXT(x) POSTRIDER_TEXT_(x)
/// Compiler's ABI, standard library and Boost: values of these cross the line between program and
/// module.
inline constexpr char const* build_tag = "c++" POSTRIDER_TEXT(__cplusplus) "/abi" POSTRIDER_TEXT(
    __GXX_ABI_VERSION) "/boost" POSTRIDER_TEXT(BOOST_VERSION);

struct Module {
    std::uint32_t interface;
    char const* build;
    char const* network;
    char const* version;
    Adapter const* (
        *adapter)();  ///< owned by the module, lives for ever; modules are never unloaded
};

}  // namespace postrider::adapter

/// Defined by each module: `extern "C" postrider::adapter::Module const*
/// postrider_adapter_module();`
#define POSTRIDER_EXPORT_ADAPTER(network_name, version_text, get_adapter)                    \
    extern "C" __attribute__((visibility("default"))) postrider::adapter::Module const*      \
    postrider_adapter_module() {                                                             \
        static postrider::adapter::Module const module{postrider::adapter::interface_number, \
                                                       postrider::adapter::build_tag,        \
                                                       network_name,                         \
                                                       version_text,                         \
                                                       get_adapter};                         \
        return &module;                                                                      \
    }
