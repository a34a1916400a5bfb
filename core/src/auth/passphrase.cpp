// Passphrase hashes by libsodium: no key of ours is involved. Digests of content are in
// job/canonical_json.cpp.
#include "sodium.hpp"

#include <postrider/core/vault.hpp>

#include <array>
#include <new>

namespace postrider::core {

std::string hash_passphrase(Secret const& passphrase) {
    start_sodium();
    std::array<char, crypto_pwhash_STRBYTES> hash{};
    int const failed = ::crypto_pwhash_str(hash.data(),
                                           passphrase.expose().data(),
                                           passphrase.expose().size(),
                                           crypto_pwhash_OPSLIMIT_INTERACTIVE,
                                           crypto_pwhash_MEMLIMIT_INTERACTIVE);
    if (failed) throw std::bad_alloc();
    return hash.data();
}

bool verify_passphrase(std::string_view hash, Secret const& passphrase) {
    start_sodium();
    if (hash.size() >= crypto_pwhash_STRBYTES) return false;
    // libsodium reads the whole array.
    std::array<char, crypto_pwhash_STRBYTES> padded{};
    hash.copy(padded.data(), hash.size());
    return ::crypto_pwhash_str_verify(
               padded.data(), passphrase.expose().data(), passphrase.expose().size()) == 0;
}

bool equal_in_constant_time(std::string_view one, std::string_view other) noexcept {
    return one.size() == other.size() && ::sodium_memcmp(one.data(), other.data(), one.size()) == 0;
}

}  // namespace postrider::core
